"""Self-attention: the projections, who sees whom, and the cache of keys and values.

Enters: the normalised state `[batch, pos, d_model]`. Leaves: `Heads`, the queries, keys and values
of a layer, and the mask that its rule gives. What is then done with them is handed in, an `Attend`:
`FullPass` here (training and every plain pass), `Continued` here (after positions whose keys and
values are kept: decoding, causal tracing), and whatever an instrument needs, where it needs it.

Attention is causal, or goes *both ways*: every token of a question then sees every other. A
`window` of w hides what is w tokens away or farther, under any position scheme; with causal
attention what a token computes then cannot depend on the length of the question.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latebloom.model.positions import Positions

FEW_KEYS = 4
"""Up to so many keys a broadcast product is faster (four times at three) than torch's kernel, which
on a CPU pays for each row and head."""


class SelfAttention(nn.Module):
    """The projections of multi-head attention, and its rule of who sees whom.

    both_ways: whether a token sees later tokens too. window: how near a token is that is seen,
    itself 0 away; 0 means all.
    Parameters that the position scheme has in every layer are attributes, by their name there.
    """

    def __init__(
        self,
        *,
        d_model: int,
        n_heads: int,
        positions: Positions,
        both_ways: bool,
        window: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.both_ways = both_ways
        self.window = window
        self.dropout = dropout
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        for name, parameter in positions.layer_parameters(n_heads).items():
            self.register_parameter(name, parameter)

    def get_parameter(self, target: str) -> Any:
        """A parameter of the position scheme, or what `torch.func.functional_call` has put there.

        torch's own refuses the latter, which is a plain tensor.
        """
        return getattr(self, target)

    def project(
        self,
        seen: Float[Tensor, "batch pos d_model"],
        query: Float[Tensor, "batch query d_model"] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each `[batch, head, pos, d_head]`.

        seen: what keys and values are made of. query: what queries are made of; None: `seen`.
        """
        d_model = seen.shape[-1]
        if query is None:
            q, k, v = self.qkv(seen).split(d_model, dim=-1)
        else:
            weight_q, weight_kv = self.qkv.weight.split((d_model, 2 * d_model))
            bias_q, bias_kv = self.qkv.bias.split((d_model, 2 * d_model))
            q = F.linear(query, weight_q, bias_q)
            k, v = F.linear(seen, weight_kv, bias_kv).split(d_model, dim=-1)
        return self.heads(q), self.heads(k), self.heads(v)

    def heads(
        self, x: Float[Tensor, "batch pos d_model"]
    ) -> Float[Tensor, "batch head pos d_head"]:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def visible(
        self,
        distance: Int[Tensor, "*batch query pos"],
        queries: Int[Tensor, "*batch query"],
        strict: bool,
    ) -> Bool[Tensor, "*batch query pos"]:
        """Where a query may see a key.

        strict: a token does not see itself, but for the first, which has nothing else to see.
        """
        visible = torch.ones_like(distance, dtype=torch.bool) if self.both_ways else distance >= 0
        if self.window:
            visible = visible & (distance.abs() < self.window)
        if strict:
            visible = visible & ((distance > 0) | (queries == 0)[..., None])
        return visible


@dataclass(frozen=True, slots=True)
class Heads:
    """The queries, keys and values of one layer, and what decides who sees whom.

    q: `[batch, head, query, d_head]`; k, v: `[batch, head, pos, d_head]`; turned by the scheme.
    queries: the positions of the queries. places: those of the keys.
    strict: a token does not see itself, but for the first, which has nothing else to see.
    """

    q: Float[Tensor, "batch head query d_head"]
    k: Float[Tensor, "batch head pos d_head"]
    v: Float[Tensor, "batch head pos d_head"]
    queries: Int[Tensor, "*batch query"]
    places: Int[Tensor, " pos"]
    attention: SelfAttention
    scheme: Positions
    strict: bool = False

    def mask(
        self, places: Int[Tensor, " seen"] | None = None, visible: Tensor | None = None
    ) -> Tensor:
        """Where a score is allowed, or, if the scheme has a bias, what is added to it.

        places: the positions of all keys that are attended to; None: of the keys at hand.
        visible: what takes the place of the layer's rule, `[query, pos]` or
            `[batch, 1, query, pos]`.
        """
        distance = self.queries[..., None] - (self.places if places is None else places)
        if visible is None:
            visible = self.attention.visible(distance, self.queries, self.strict)
            if visible.ndim == 3:
                visible = visible.unsqueeze(1)
        bias = self.scheme.bias(distance, self.attention)
        if bias is None:
            return visible
        if bias.ndim == 4:
            bias = bias.transpose(0, 1)
        return bias.masked_fill(~visible, -math.inf)


Attend = Callable[[Heads], Tensor]
"""What each query gets, `[batch, head, query, d_head]`."""


@dataclass(frozen=True, slots=True)
class FullPass:
    """All tokens of a question at once, through torch's fused kernel; with dropout in training.

    visible: who sees whom, as in `Heads.mask`; None: the layer's rule.
    """

    visible: Tensor | None = None

    def __call__(self, heads: Heads) -> Float[Tensor, "batch head query d_head"]:
        attention = heads.attention
        mask: Tensor | None = heads.mask(visible=self.visible)
        everyone_asks = heads.queries is heads.places and self.visible is None
        if everyone_asks and not (heads.strict or attention.window) and mask.dtype == torch.bool:
            mask = None  # the kernel knows the plain rules itself, and is faster at them
        return F.scaled_dot_product_attention(
            heads.q,
            heads.k,
            heads.v,
            attn_mask=mask,
            dropout_p=attention.dropout if attention.training else 0.0,
            is_causal=mask is None and not attention.both_ways,
        )


class KeysValues(NamedTuple):
    """What a layer's attention sees of some positions, each `[row, head, pos, d_head]`."""

    keys: Tensor
    values: Tensor

    @property
    def n_positions(self) -> int:
        return self.keys.shape[2]

    def rows(self, index: Tensor, first: int) -> "KeysValues":
        """The positions before `first` of some rows."""
        return KeysValues(self.keys[index, :, :first], self.values[index, :, :first])

    def then(self, later: "KeysValues") -> "KeysValues":
        """These positions, then the `later` ones."""
        return KeysValues(
            torch.cat((self.keys, later.keys), dim=2),
            torch.cat((self.values, later.values), dim=2),
        )


class Continued:
    """The last positions of a question, after those whose keys and values are kept.

    past: the kept ones, from position 0 on; None: there are none.
    known: once a layer has attended, `past` and the keys and values of the layer's own positions.
    """

    def __init__(self, past: KeysValues | None = None) -> None:
        self.past = past
        self.known: KeysValues

    def __call__(self, heads: Heads) -> Float[Tensor, "row head query d_head"]:
        # Copied, so that what is kept does not hold the queries' memory as well.
        new = KeysValues(heads.k.contiguous(), heads.v.contiguous())
        self.known = new if self.past is None else self.past.then(new)
        places = torch.arange(self.known.n_positions, device=heads.q.device)
        return attend(heads.q, self.known, heads.mask(places))


class Watched(Continued):
    """The same, and what each query looked at is kept.

    pattern: once a layer has attended, what each query gave to each key.
    """

    pattern: Float[Tensor, "row head query pos"]

    def __call__(self, heads: Heads) -> Float[Tensor, "row head query d_head"]:
        told = super().__call__(heads)
        places = torch.arange(self.known.n_positions, device=heads.q.device)
        scores = heads.q @ self.known.keys.transpose(-1, -2) / heads.q.shape[-1] ** 0.5
        self.pattern = weights_of(scores, heads.mask(places))
        return told


def attend(
    q: Float[Tensor, "row head query d_head"], known: KeysValues, mask: Tensor
) -> Float[Tensor, "row head query d_head"]:
    """The values that each query sees, weighted; without dropout.

    mask: what is added to the scores, or where they are allowed.
    """
    if known.n_positions > FEW_KEYS:
        return F.scaled_dot_product_attention(q, known.keys, known.values, attn_mask=mask)
    scores = (q[:, :, :, None] * known.keys[:, :, None]).sum(-1) / q.shape[-1] ** 0.5
    return (weights_of(scores, mask)[..., None] * known.values[:, :, None]).sum(-2)


def weights_of(
    scores: Float[Tensor, "row head query pos"], mask: Tensor
) -> Float[Tensor, "row head query pos"]:
    """The attention pattern: what each query gives to each key, from a mask as above."""
    if mask.dtype == torch.bool:
        return scores.masked_fill(~mask, -math.inf).softmax(-1)
    return (scores + mask).softmax(-1)
