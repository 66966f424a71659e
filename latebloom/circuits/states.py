"""The states of one forward pass, and how to go on from them with something changed.

Enters: a model and questions `[row, pos]`, answered from their last position. Leaves: `States`,
the residual stream at every boundary (loop, layer, position) with the keys and values, so that a
variant of the pass computes only what differs from it: the positions from the change on, and the
layers after it. Earlier positions cannot see the change.

A *boundary* `(loop, b)` is the stream before layer `b`, or after the last layer where `b` is
`n_layers`: `n_layers + 1` boundaries a loop. `(0, 0)` is the embedding.

Covers: every shape, feedback, norm and position scheme of the model. Does not cover: questions of
different lengths in one pass, sites inside a layer (`latebloom.model.taps` reads and writes them).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from latebloom.model.attention import rotate
from latebloom.model.transformer import Block, Transformer

LOGITS_AT_ONCE = 1 << 25
"""Numbers in one chunk of logits (128 MiB of float32)."""
FEW_KEYS = 4
"""Up to so many keys a broadcast product is faster (four times at three) than torch's kernel, which
on a CPU pays for each row and head."""


class KeysValues(NamedTuple):
    """What a layer's attention sees of some positions, each `[row, head, pos, d_head]`."""

    keys: Tensor
    values: Tensor

    def rows(self, index: Tensor, first: int) -> "KeysValues":
        """The positions before `first` of some rows."""
        return KeysValues(self.keys[index, :, :first], self.values[index, :, :first])

    def then(self, later: "KeysValues") -> "KeysValues":
        """These positions, then the `later` ones."""
        return KeysValues(
            torch.cat((self.keys, later.keys), dim=2),
            torch.cat((self.values, later.values), dim=2),
        )


@dataclass(frozen=True, slots=True)
class States:
    """One pass, position by position.

    start: the embedding `[row, pos, d_model]`, from which restarted loops begin again.
    stream: `[loop, boundary, row, pos, d_model]`.
    seen: keys and values of each loop and layer.
    """

    start: Float[Tensor, "row pos d_model"]
    stream: Float[Tensor, "loop boundary row pos d_model"]
    seen: tuple[tuple[KeysValues, ...], ...]

    @property
    def n_loops(self) -> int:
        return self.stream.shape[0]

    @property
    def n_layers(self) -> int:
        return self.stream.shape[1] - 1

    @property
    def n_rows(self) -> int:
        return self.stream.shape[2]

    @property
    def n_positions(self) -> int:
        return self.stream.shape[3]

    @property
    def final(self) -> Float[Tensor, "row d_model"]:
        """The state that the answer is read from."""
        return self.stream[-1, -1, :, -1]


@contextmanager
def at_rest(model: Transformer) -> Iterator[None]:
    """No dropout and no gradients inside; the model's mode is put back."""
    training = model.training
    if training:
        model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        if training:
            model.train()


def run_states(
    model: Transformer,
    questions: Int[Tensor, "row pos"],
    *,
    n_loops: int | None = None,
    base: States | None = None,
    first: int = 0,
    rows: Int[Tensor, " row"] | None = None,
) -> States:
    """All states of a pass over questions.

    n_loops: passes through the layers; None: `config.n_loops`.
    base, first, rows: a pass whose rows `rows` agree with the questions before position `first`;
        these positions are taken from there.
    """
    with at_rest(model):
        start = model.embedded(questions)
    return go_from(
        model, start, n_loops=n_loops or model.config.n_loops, base=base, first=first, rows=rows
    )


def go_from(
    model: Transformer,
    start: Float[Tensor, "row pos d_model"],
    *,
    n_loops: int,
    base: States | None = None,
    first: int = 0,
    rows: Int[Tensor, " row"] | None = None,
) -> States:
    """The same as `run_states`, from embeddings (which may have been changed)."""
    if base is None:
        first = 0
    beside = torch.arange(len(start)) if rows is None else rows
    ahead = model.config.feedback == "ahead"
    stream, seen = [], []
    own = state = start[:, first:]
    with at_rest(model):
        for loop in range(n_loops):
            boundaries, attended = [state], []
            for layer, block in enumerate(model.blocks):
                assert isinstance(block, Block)
                past = None if base is None else base.seen[loop][layer].rows(beside, first)
                stays = own if ahead and layer == 0 else None
                state, known = later_positions(block, state, past, own=stays)
                boundaries.append(state)
                attended.append(known)
            stream.append(torch.stack(boundaries))
            seen.append(tuple(attended))
            if loop < n_loops - 1:
                state = model.next_start(own, state, loop, None, first_pos=first)
    later = torch.stack(stream)
    if base is not None and first:
        later = torch.cat((base.stream[:, :, beside, :first], later), dim=3)
    return States(start=start, stream=later, seen=tuple(seen))


def later_positions(
    block: Block,
    state: Float[Tensor, "row later d_model"],
    past: KeysValues | None,
    *,
    own: Float[Tensor, "row later d_model"] | None = None,
    last_only: bool = False,
) -> tuple[Float[Tensor, "row query d_model"], KeysValues]:
    """One layer over the last positions of a question.

    past: keys and values of the positions before them; None: there are none.
    own: the stream that a token keeps for itself while later ones see `state`; None: `state`.
    last_only: compute the stream of the very last position alone.
    Returns the stream after the layer, and the keys and values of all positions.
    """
    attn, d_model = block.attn, state.shape[-1]
    context = block.ln_1(state) if block.pre_norm else state
    stream = state if own is None else own
    if last_only:
        stream = stream[:, -1:]
    query = context[:, -stream.shape[1] :]
    if own is not None:
        query = block.ln_1(stream) if block.pre_norm else stream
    weight_q, weight_kv = attn.qkv.weight.split((d_model, 2 * d_model))
    bias_q, bias_kv = attn.qkv.bias.split((d_model, 2 * d_model))
    q = attn.heads(F.linear(query, weight_q, bias_q))
    k, v = (
        attn.heads(part) for part in F.linear(context, weight_kv, bias_kv).split(d_model, dim=-1)
    )
    n = state.shape[1] + (0 if past is None else past.keys.shape[2])
    places = torch.arange(n, device=state.device)
    if attn.rotary:
        q, k = rotate(q, places[n - q.shape[2] :]), rotate(k, places[n - k.shape[2] :])
    known = KeysValues(k, v) if past is None else past.then(KeysValues(k, v))
    mask = attn.mask(places[n - q.shape[2] :], places, None, strict=own is not None)
    a = attend(q, known, mask)
    a = attn.out(a.transpose(1, 2).reshape(stream.shape))
    x = stream + a if block.pre_norm else block.ln_1(stream + a)
    m = block.mlp(block.ln_2(x) if block.pre_norm else x)
    return (x + m if block.pre_norm else block.ln_2(x + m)), known


def attend(
    q: Float[Tensor, "row head query d_head"], known: KeysValues, mask: Tensor
) -> Float[Tensor, "row head query d_head"]:
    """The values that each query sees, weighted.

    mask: what is added to the scores, or where they are allowed.
    """
    if known.keys.shape[2] > FEW_KEYS:
        return F.scaled_dot_product_attention(q, known.keys, known.values, attn_mask=mask)
    scores = (q[:, :, :, None] * known.keys[:, :, None]).sum(-1) / q.shape[-1] ** 0.5
    if mask.dtype == torch.bool:
        scores = scores.masked_fill(~mask, -torch.inf)
    else:
        scores = scores + mask
    return (scores.softmax(-1)[..., None] * known.values[:, :, None]).sum(-2)


def read_answers(
    model: Transformer,
    final: Float[Tensor, "row d_model"],
    tokens: Int[Tensor, " row"],
) -> tuple[Int[Tensor, " row"], Float[Tensor, " row"]]:
    """The most likely token of each row (of equals, the lowest id), and the log-probability in
    nats of the given tokens."""
    best, log_prob = [], []
    at_once = max(1, LOGITS_AT_ONCE // model.d_vocab)
    with at_rest(model):
        for state, token in zip(final.split(at_once), tokens.split(at_once), strict=True):
            logits = model.logits(state)
            best.append(logits.argmax(-1))
            chosen = logits.gather(1, token[:, None]).squeeze(1)
            log_prob.append(chosen - logits.logsumexp(-1))
    return torch.cat(best), torch.cat(log_prob)


@dataclass(frozen=True, slots=True)
class Patched:
    """What a model answers when one state of each row is replaced.

    answer: most likely tokens. log_prob: of the wanted tokens, in nats. Both have the axes
    `[loop, boundary, row]` for patches at one position, `[loop, boundary, pos, row]` for a grid.
    """

    answer: Int[Tensor, "loop boundary *pos row"]
    log_prob: Float[Tensor, "loop boundary *pos row"]


def patch_everywhere(
    model: Transformer,
    base: States,
    source: States,
    position: int,
    tokens: Int[Tensor, " row"],
    *,
    wanted: Bool[Tensor, "loop boundary"],
    rows: Int[Tensor, " row"],
) -> Patched:
    """Runs `base` with its state at one position replaced by `source`'s, at each wanted boundary.

    All variants go through the layers together: a boundary's variants join the batch there.

    rows: the rows of `base` that `source` stands beside; tokens: whose log-probability is told.
    Boundaries that are not wanted hold -1 and nan.
    """
    own = base.start.new_empty(0, base.n_positions - position, base.start.shape[-1])
    state, index = own, rows.new_empty(0)
    ahead = model.config.feedback == "ahead"
    at_end = position == base.n_positions - 1
    assert at_end or not wanted[-1, -1], "after the last layer only the last position matters"
    with at_rest(model):
        for loop in range(base.n_loops):
            for layer in range(base.n_layers + 1):
                if wanted[loop, layer]:
                    kept = base.start[rows, position:]
                    swapped = base.stream[loop, layer][rows, position:]
                    swapped[:, 0] = source.stream[loop, layer, :, position]
                    if loop == layer == 0:
                        kept[:, 0] = source.start[:, position]
                    own, state = torch.cat((own, kept)), torch.cat((state, swapped))
                    index = torch.cat((index, rows))
                if layer == base.n_layers or not len(state):
                    continue
                block = model.blocks[layer]
                assert isinstance(block, Block)
                past = base.seen[loop][layer].rows(index, position) if position else None
                last = loop == base.n_loops - 1 and layer == base.n_layers - 1
                stays = own if ahead and layer == 0 else None
                state, _ = later_positions(block, state, past, own=stays, last_only=last)
            if loop < base.n_loops - 1 and len(state):
                state = model.next_start(own, state, loop, None, first_pos=position)
    n_variants = int(wanted.sum())
    answer, log_prob = read_answers(model, state[:, -1], tokens.repeat(n_variants))
    patched = Patched(
        answer=tokens.new_full((*wanted.shape, len(rows)), -1),
        log_prob=base.start.new_full((*wanted.shape, len(rows)), torch.nan),
    )
    patched.answer[wanted] = answer.view(n_variants, len(rows))
    patched.log_prob[wanted] = log_prob.view(n_variants, len(rows))
    return patched
