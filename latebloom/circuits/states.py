"""The states of one forward pass, and how to go on from them with something changed.

Enters: a model and questions `[row, pos]`, answered from their last position. Leaves: `States`,
the residual stream at every boundary (loop, layer, position) with the keys and values, so that a
variant of the pass computes only what differs from it: the positions that can see the change (in a
causal model those from it on, else all), and the layers after it.

A *boundary* `(loop, b)` is the stream before layer `b`, or after the last layer where `b` is
`n_layers`: `n_layers + 1` boundaries a loop. `(0, 0)` is the embedding.

States lie on the model's device; what is counted from them (answers, log-probabilities) comes back
to the CPU. Questions, rows and tokens may lie anywhere.

Covers: every shape, feedback, norm and position scheme of the model. Does not cover: questions of
different lengths in one pass, sites inside a layer (`latebloom.model.taps` reads and writes them).
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from latebloom.model.attention import Continued, KeysValues, Watched
from latebloom.model.transformer import Transformer

LOGITS_AT_ONCE = 1 << 25
"""Numbers in one chunk of logits (128 MiB of float32)."""


@dataclass(frozen=True, slots=True)
class States:
    """One pass, position by position.

    start: the embedding `[row, pos, d_model]`, from which restarted loops begin again.
    stream: `[loop, boundary, row, pos, d_model]`.
    seen: keys and values of each loop and layer.
    patterns: of a pass that was watched, the attention of each loop and layer: what each query
        gives to each key.
    """

    start: Float[Tensor, "row pos d_model"]
    stream: Float[Tensor, "loop boundary row pos d_model"]
    seen: tuple[tuple[KeysValues, ...], ...]
    patterns: tuple[tuple[Float[Tensor, "row head query pos"], ...], ...] = ()

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


@dataclass(frozen=True, slots=True)
class Put:
    """A state that takes the place of the one at (loop, boundary, position), in every row; the
    places count from 0."""

    loop: int
    boundary: int
    position: int
    state: Float[Tensor, " d_model"]

    def into(
        self, loop: int, boundary: int, states: Float[Tensor, "row pos d_model"]
    ) -> Float[Tensor, "row pos d_model"]:
        """The states of a boundary, with this one among them if it belongs there."""
        if (loop, boundary) != (self.loop, self.boundary):
            return states
        changed = states.clone()
        changed[:, self.position] = self.state
        return changed


@contextmanager
def at_rest(model: Transformer) -> Generator[None, None, None]:
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
    watched: bool = False,
) -> States:
    """All states of a pass over questions.

    n_loops: passes through the layers; None: `config.n_loops`.
    base, first, rows: a pass whose rows `rows` agree with the questions before position `first`;
        these positions are taken from there.
    watched: whether the attention is kept as well, of the positions that are computed.
    """
    with at_rest(model):
        start = model.embedded(questions.to(model.device))
    return go_from(
        model,
        start,
        n_loops=n_loops or model.config.n_loops,
        base=base,
        first=first,
        rows=rows,
        watched=watched,
    )


def go_from(
    model: Transformer,
    start: Float[Tensor, "row pos d_model"],
    *,
    n_loops: int,
    base: States | None = None,
    first: int = 0,
    rows: Int[Tensor, " row"] | None = None,
    put: Put | None = None,
    watched: bool = False,
) -> States:
    """The same as `run_states`, from embeddings (which may have been changed).

    put: a state that replaces one of the pass, without a `base`. One that replaces an embedding is
    what later loops begin from, too, where they begin again.
    """
    assert put is None or base is None
    start = start if put is None else put.into(0, 0, start)
    first = 0 if base is None else model.first_to_see(first)
    beside = torch.arange(len(start), device=model.device) if rows is None else rows
    beside, places = beside.to(model.device), model.places(first, start.shape[1])
    stream, seen, patterns = [], [], []
    attending = Watched if watched else Continued
    own = state = start[:, first:]
    with at_rest(model):
        for loop in range(n_loops):
            state = state if put is None else put.into(loop, 0, state)
            boundaries, attended = [state], list[Continued]()
            for layer, block in enumerate(model.layers):
                past = base.seen[loop][layer].rows(beside, first) if base and first else None
                attend = attending(past)
                stays = own if model.feedback.apart and layer == 0 else None
                state = block(state, attend, model.positions, places, own=stays)
                state = state if put is None else put.into(loop, layer + 1, state)
                boundaries.append(state)
                attended.append(attend)
            stream.append(torch.stack(boundaries))
            seen.append(tuple(one.known for one in attended))
            patterns.append(tuple(one.pattern for one in attended if isinstance(one, Watched)))
            if loop < n_loops - 1:
                state, _ = model.next_start(own, state, first_pos=first)
    later = torch.stack(stream)
    if base is not None and first:
        later = torch.cat((base.stream[:, :, beside, :first], later), dim=3)
    kept = tuple(patterns) if watched else ()
    return States(start=start, stream=later, seen=tuple(seen), patterns=kept)


def read_answers(
    model: Transformer,
    final: Float[Tensor, "row d_model"],
    tokens: Int[Tensor, " row"],
) -> tuple[Int[Tensor, " row"], Float[Tensor, " row"]]:
    """The most likely token of each row (of equals, the lowest id), and the log-probability in
    nats of the given tokens; on the CPU."""
    best, log_prob = [], []
    at_once = max(1, LOGITS_AT_ONCE // model.d_vocab)
    with at_rest(model):
        pairs = zip(final.split(at_once), tokens.to(final.device).split(at_once), strict=True)
        for state, token in pairs:
            logits = model.logits(state)
            best.append(logits.argmax(-1).cpu())
            chosen = logits.gather(1, token[:, None]).squeeze(1)
            log_prob.append((chosen - logits.logsumexp(-1)).cpu())
    return torch.cat(best), torch.cat(log_prob)


@dataclass(frozen=True, slots=True)
class Patched:
    """What a model answers when one state of each row is replaced.

    answer: most likely tokens. log_prob: of the wanted tokens, in nats. Both are on the CPU, with
    the axes `[loop, boundary, row]` for patches at one position, `[loop, boundary, pos, row]` for
    a grid.
    """

    answer: Int[Tensor, "loop boundary *pos row"]
    log_prob: Float[Tensor, "loop boundary *pos row"]


def patch_everywhere(
    model: Transformer,
    base: States,
    source: States,
    where: Bool[Tensor, "loop boundary pos"],
    tokens: Int[Tensor, " row"],
    *,
    rows: Int[Tensor, " row"],
) -> Patched:
    """Runs `base` with its states at some positions of a boundary replaced by `source`'s, once for
    each boundary that has any.

    All variants go through the layers together: a boundary's variants join the batch there.

    where: the positions that are replaced together at each boundary, on the CPU. rows: those of
    `base` beside the source's; tokens: whose log-probability is told.
    Boundaries at which nothing is replaced hold -1 and nan.
    """
    wanted = where.any(-1)
    first = model.first_to_see(int(where.any(0).any(0).nonzero().min())) if wanted.any() else 0
    rows, places = rows.to(model.device), model.places(first, base.n_positions)
    own = base.start.new_empty(0, base.n_positions - first, base.start.shape[-1])
    state, index = own, rows.new_empty(0)
    assert not where[-1, -1, :-1].any(), "after the last layer only the last position matters"
    with at_rest(model):
        for loop in range(base.n_loops):
            for layer in range(base.n_layers + 1):
                if wanted[loop, layer]:
                    kept = base.start[rows, first:]
                    swapped = base.stream[loop, layer][rows, first:]
                    taken = where[loop, layer].nonzero().flatten().to(model.device)
                    swapped[:, taken - first] = source.stream[loop, layer][:, taken]
                    if loop == layer == 0:
                        kept[:, taken - first] = source.start[:, taken]
                    own, state = torch.cat((own, kept)), torch.cat((state, swapped))
                    index = torch.cat((index, rows))
                if layer == base.n_layers or not len(state):
                    continue
                past = base.seen[loop][layer].rows(index, first) if first else None
                last = loop == base.n_loops - 1 and layer == base.n_layers - 1
                state = model.layers[layer](
                    state,
                    Continued(past),
                    model.positions,
                    places,
                    own=own if model.feedback.apart and layer == 0 else None,
                    at=slice(-1, None) if last else None,
                )
            if loop < base.n_loops - 1 and len(state):
                state, _ = model.next_start(own, state, first_pos=first)
    n_variants, shape = int(wanted.sum()), (*wanted.shape, len(rows))
    answer, log_prob = read_answers(model, state[:, -1], tokens.repeat(n_variants))
    patched = Patched(
        answer=torch.full(shape, -1, device="cpu"),
        log_prob=torch.full(shape, torch.nan, dtype=base.start.dtype, device="cpu"),
    )
    patched.answer[wanted] = answer.view(n_variants, len(rows))
    patched.log_prob[wanted] = log_prob.view(n_variants, len(rows))
    return patched
