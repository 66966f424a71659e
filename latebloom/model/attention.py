"""Causal self-attention and the ways in which it can know where a token stands.

Enters: the normalised state `[batch, pos, d_model]`. Leaves: the attention output, same shape.

Four position schemes. `learned` is GPT-2's: the position enters with the embedding, attention
sees none. `rotary` turns queries and keys by an angle that grows with the position (Su et al.,
arXiv:2104.09864). `relative` adds to every score a learned bias for the distance, clipped at
`max_distance`, so that all farther tokens look alike (Shaw et al., arXiv:1803.02155, as a bias
for each head). `sinusoidal` is the fixed table of arXiv:1706.03762, added to the embedding.
A `window` of w lets a token see itself and the w - 1 tokens before it, under any scheme: what a
token computes then cannot depend on the length of the question.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


class CausalAttention(nn.Module):
    """Multi-head causal attention with fused query/key/value projection.

    window: tokens that a token sees, itself included; 0 means all earlier ones.
    max_distance: number of distances told apart by `relative` positions.
    """

    def __init__(
        self,
        *,
        d_model: int,
        n_heads: int,
        positions: str,
        window: int,
        max_distance: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.window = window
        self.rotary = positions == "rotary"
        self.dropout = dropout
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        self.distance_bias = (
            nn.Parameter(torch.zeros(n_heads, max_distance + 1))
            if positions == "relative"
            else None
        )

    def forward(
        self,
        x: Float[Tensor, "batch query d_model"],
        *,
        context: Float[Tensor, "batch pos d_model"] | None = None,
        at: Int[Tensor, "batch query"] | None = None,
        visible: Bool[Tensor, "..."] | None = None,
        strict: bool = False,
    ) -> Float[Tensor, "batch query d_model"]:
        """The attention output of every query.

        context: what keys and values are made of; None: `x`.
        at: the positions of the queries in the context; None: 0, 1, 2, ...
        visible: `[pos, pos]` or `[batch, 1, pos, pos]`, true where a query (row) may see a key
            (column); None: causal, and windowed where the config says so.
        strict: a token does not see itself, but for the first, which has nothing else to see.
        """
        batch, n_queries, d_model = x.shape
        if context is None:
            context, qkv = x, self.qkv(x)
            q, k, v = (self.heads(part) for part in qkv.split(d_model, dim=-1))
        else:
            weight_q, weight_kv = self.qkv.weight.split((d_model, 2 * d_model))
            bias_q, bias_kv = self.qkv.bias.split((d_model, 2 * d_model))
            q = self.heads(F.linear(x, weight_q, bias_q))
            kv = F.linear(context, weight_kv, bias_kv)
            k, v = (self.heads(part) for part in kv.split(d_model, dim=-1))
        keys = torch.arange(context.shape[1], device=x.device)
        queries = keys if at is None else at
        if self.rotary:
            q, k = rotate(q, queries), rotate(k, keys)
        mask = None
        if not self.plain or strict or at is not None or visible is not None:
            mask = self.mask(queries, keys, visible, strict=strict)
        y = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=mask is None,
        )
        return self.out(y.transpose(1, 2).reshape(batch, n_queries, d_model))

    def heads(
        self, x: Float[Tensor, "batch pos d_model"]
    ) -> Float[Tensor, "batch head pos d_head"]:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    @property
    def plain(self) -> bool:
        """Whether causality is all there is to the mask."""
        return self.distance_bias is None and not self.window

    def mask(
        self,
        queries: Int[Tensor, "*batch query"],
        keys: Int[Tensor, " pos"],
        visible: Tensor | None,
        *,
        strict: bool,
    ) -> Tensor:
        """What is added to the scores, or where they are allowed."""
        distance = queries[..., None] - keys
        if visible is None:
            visible = distance >= 0
            if self.window:
                visible = visible & (distance < self.window)
            if strict:
                visible = visible & ((distance > 0) | (queries == 0)[..., None])
            if visible.ndim == 3:
                visible = visible.unsqueeze(1)
        if self.distance_bias is None:
            return visible
        bias = self.distance_bias[:, distance.clamp(0, self.distance_bias.shape[1] - 1)]
        if bias.ndim == 4:
            bias = bias.transpose(0, 1)
        return bias.masked_fill(~visible, -math.inf)


def rotate(
    x: Float[Tensor, "batch head pos d_head"], positions: Int[Tensor, "*batch pos"]
) -> Float[Tensor, "batch head pos d_head"]:
    """Rotary positions: pairs (i, i + d_head/2) turned by pos / 10000^(2i / d_head) radians."""
    half = x.shape[-1] // 2
    rate = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = positions[..., None].float() * rate
    if angle.ndim == 3:
        angle = angle.unsqueeze(1)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)
