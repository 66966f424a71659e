"""Causal tracing: which states the answer depends on.

Enters: the `States` of two passes over questions that differ in a few tokens. Leaves: an `Effect`,
how often the answer changes when one state of the base pass is replaced by the same state of the
other, at every (loop, boundary, position).

Three uses of one operation. *Corruption*: the base is the clean pass, the source a corrupted one;
the effect is the share of questions whose answer changes (the causal strength). *Noise* (ROME):
the base has noise on one embedding, the source is clean; the effect is the share of answers
restored. *Cross-query*: the base is corrupted, the source another question with the same bridge
as the clean one; restored answers show that the bridge's state is used, not merely decodable. With
another bridge instead, as a control, hardly any should be.

What cannot have an effect is not computed: in a causal model states before the first changed token,
and states that make the run the base or the source again.

Sources: arXiv:2405.15071, section 3.3 (strength); arXiv:2202.05262, section 2.1 (noise);
arXiv:2505.23653 (cross-query patching).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.circuits.corruption import Corruption
from latebloom.circuits.donors import lead_in
from latebloom.circuits.states import (
    Patched,
    States,
    go_from,
    patch_everywhere,
    read_answers,
    run_states,
)
from latebloom.intervals import wilson
from latebloom.model.transformer import Transformer


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of every single patch, over `n` questions.

    strength: share in [0, 1] of the questions on which the patch has its effect.
    low, high: Wilson's 95 % interval of the strength.
    log_prob_change: mean change, in nats, of the clean answer's log-probability.
    n_left_out: questions that could not take part (no corruption or no donor exists).
    """

    name: str
    n: int
    n_left_out: int
    strength: Float[ndarray, "loop boundary pos"]
    low: Float[ndarray, "loop boundary pos"]
    high: Float[ndarray, "loop boundary pos"]
    log_prob_change: Float[ndarray, "loop boundary pos"]

    @property
    def strength_ci95(self) -> Float[ndarray, "bound loop boundary pos"]:
        return np.stack((self.low, self.high))


def effect_of(
    name: str,
    hits: Bool[Tensor, "loop boundary pos row"],
    log_prob_change: Float[Tensor, "loop boundary pos row"],
    n_left_out: int,
) -> Effect:
    """Counts over the questions, with intervals."""
    n = hits.shape[-1]
    counts = hits.sum(-1).numpy()
    bounds = np.array([wilson(k, n) for k in range(n + 1)])
    empty = np.full(counts.shape, np.nan)
    return Effect(
        name=name,
        n=n,
        n_left_out=n_left_out,
        strength=counts / n if n else empty,
        low=bounds[counts, 0],
        high=bounds[counts, 1],
        log_prob_change=log_prob_change.mean(-1).double().numpy() if n else empty,
    )


def patch_grid(
    model: Transformer,
    base: States,
    source: States,
    tokens: Int[Tensor, " row"],
    *,
    changed: Sequence[int],
    rows: Int[Tensor, " row"] | None = None,
    positions: Sequence[int] | None = None,
) -> Patched:
    """Answers and log-probabilities for a patch at every `[loop, boundary, pos, row]`.

    tokens: whose log-probability is told. changed: the positions whose embeddings differ between
    the passes, ascending. rows: the rows of `base` beside the source's; None: all. positions:
    those that are patched, in the order of the result; None: all.
    """
    if rows is None:
        rows = torch.arange(base.n_rows, device=base.start.device)
    rows = rows.to(base.start.device)
    unpatched = read_answers(model, base.final[rows], tokens)
    replaced = read_answers(model, source.final, tokens)
    grid = (base.n_loops, base.n_layers + 1)
    answers, log_probs = [], []
    for position in range(base.n_positions) if positions is None else positions:
        same, other = settled(model, base, position, changed)
        wanted = ~(same | other)
        again = repeated_boundaries(model, *grid)
        where = torch.zeros(*grid, base.n_positions, dtype=torch.bool, device="cpu")
        where[..., position] = wanted & ~again
        patched = patch_everywhere(model, base, source, where, tokens, rows=rows)
        answer, log_prob = patched.answer, patched.log_prob
        answer[same], log_prob[same] = unpatched
        answer[other], log_prob[other] = replaced
        if again.any():
            copied = again & wanted
            before = copied.roll(-1, 0)[:, :1]  # the loop before, whose last boundary it is
            answer[copied] = answer[:, -1][before[:, 0]]
            log_prob[copied] = log_prob[:, -1][before[:, 0]]
        answers.append(answer)
        log_probs.append(log_prob)
    return Patched(answer=torch.stack(answers, dim=2), log_prob=torch.stack(log_probs, dim=2))


def settled(
    model: Transformer, base: States, position: int, changed: Sequence[int]
) -> tuple[Bool[Tensor, "loop boundary"], Bool[Tensor, "loop boundary"]]:
    """Boundaries where a patch at `position` leaves the base's answer, or gives the source's.

    Both tables are on the CPU, as what is looked up in them is.
    """
    same = torch.zeros(base.n_loops, base.n_layers + 1, dtype=torch.bool, device="cpu")
    other = same.clone()
    last = base.n_positions - 1
    causal = not model.config.both_ways
    if not changed or (causal and position < changed[0]):
        same[:] = True
        return same, other
    if position not in changed:
        same[0, 0] = True
    elif len(changed) == 1:
        other[0, 0] = True
    if position != last:
        same[-1, -1] = True
    elif causal and tuple(changed) == (last,):
        # Nothing before differs, so the state is all there is, unless a loop begins again.
        carried = model.feedback.carries
        other[slice(None) if carried else slice(-1, None), 1:] = True
        if base.n_loops > 1:
            other[slice(1, None) if carried else slice(-1, None), 0] |= not model.feedback.apart
    else:
        other[-1, -1] = True
    return same, other


def repeated_boundaries(
    model: Transformer, n_loops: int, n_boundaries: int
) -> Bool[Tensor, "loop boundary"]:
    """Where a loop begins with the very state that the loop before left."""
    again = torch.zeros(n_loops, n_boundaries, dtype=torch.bool, device="cpu")
    if model.feedback.carries:
        again[1:, 0] = True
    return again


def run_corrupted(
    model: Transformer, clean: States, corruptions: Sequence[Corruption]
) -> list[States]:
    """The pass over each corruption's questions; what stands before the change is the clean one."""
    return [
        run_states(
            model,
            torch.from_numpy(corruption.questions).long(),
            n_loops=clean.n_loops,
            base=clean,
            first=corruption.position,
            rows=torch.from_numpy(corruption.rows).long(),
        )
        for corruption in corruptions
    ]


def trace_corruptions(
    model: Transformer,
    clean: States,
    answers: Int[ndarray, " row"],
    corruptions: Sequence[Corruption],
    corrupted: Sequence[States],
) -> dict[str, Effect]:
    """The causal strength of every state under each corruption.

    answers: the right answers of the clean questions. corrupted: from `run_corrupted`.
    """
    effects = {}
    right = torch.from_numpy(answers).long()
    for corruption, other in zip(corruptions, corrupted, strict=True):
        rows = torch.from_numpy(corruption.rows).long()
        tokens = right[rows]
        grid = patch_grid(model, clean, other, tokens, changed=(corruption.position,), rows=rows)
        said, log_prob = read_answers(model, clean.final[rows], tokens)
        effects[corruption.name] = effect_of(
            corruption.name,
            grid.answer != said,
            grid.log_prob - log_prob,
            corruption.n_unchangeable,
        )
    return effects


def trace_inputs(
    model: Transformer,
    clean: States,
    corruptions: Sequence[Corruption],
    corrupted: Sequence[States],
    places: Sequence[tuple[int, int, int]],
) -> dict[str, list[float]]:
    """How often each corruption changes the lens's first token at some states.

    places: (loop, boundary, position). Returns a share in [0, 1] a place, for each corruption.
    """
    shares: dict[str, list[float]] = {}
    for corruption, other in zip(corruptions, corrupted, strict=True):
        rows = torch.from_numpy(corruption.rows).long()
        shares[corruption.name] = []
        for loop, boundary, position in places:
            before = clean.stream[loop, boundary, rows, position]
            after = other.stream[loop, boundary, :, position]
            said = [read_answers(model, state, rows * 0)[0] for state in (before, after)]
            shares[corruption.name].append(float((said[0] != said[1]).double().mean()))
    return shares


def trace_cross_query(
    model: Transformer,
    questions: Int[ndarray, "row pos"],
    answers: Int[ndarray, " row"],
    corruption: Corruption,
    corrupted: States,
    donors: Int[ndarray, "row pos"],
    *,
    leads: tuple[int, ...] = (0, 1),
    positions: Sequence[int] = (1,),
    together: Bool[ndarray, "loop boundary pos"] | None = None,
    name: str = "a bridge from another question",
) -> Effect:
    """How often the state of another question brings the right answer back to a corrupted run.

    corruption, corrupted: of the subject; its run is the base. donors: for each question another
    one, or -1 in its first column where there is none. leads: the positions of the tokens, in
    order, that lead to the bridge: they are taken from the donor, so that its run and the question
    ask for the same after the bridge. positions: those that are patched, in the order of the
    effect's last axis. together: at each boundary the positions whose states are moved as one, in
    place of each position alone; each of them then has the effect of all, and the others none.
    """
    kept = np.flatnonzero(donors[corruption.rows, 0] >= 0)
    rows = corruption.rows[kept]
    tokens = torch.from_numpy(answers[rows]).long()
    base_rows = torch.from_numpy(kept)
    led = torch.from_numpy(lead_in(questions[rows], donors[rows], leads)).long()
    source = run_states(model, led, n_loops=corrupted.n_loops)
    _, log_prob = read_answers(model, corrupted.final[base_rows], tokens)
    if together is None:
        grid = patch_grid(
            model, corrupted, source, tokens, changed=leads, rows=base_rows, positions=positions
        )
    else:
        where = torch.from_numpy(together)
        moved = patch_everywhere(model, corrupted, source, where, tokens, rows=base_rows)
        grid = Patched(
            answer=torch.where(where[..., None], moved.answer[:, :, None], -1),
            log_prob=torch.where(where[..., None], moved.log_prob[:, :, None], log_prob),
        )
    return effect_of(
        name, grid.answer == tokens, grid.log_prob - log_prob, len(questions) - len(rows)
    )


def trace_noise(
    model: Transformer,
    clean: States,
    answers: Int[ndarray, " row"],
    position: int,
    *,
    seed: int,
    scale: float = 3.0,
) -> Effect:
    """How often the clean state at one place brings the right answer back to a noised run.

    scale: deviation of the noise, in units of the deviation of the token embeddings (ROME: 3).
    """
    generator = torch.Generator().manual_seed(seed)
    deviation = scale * model.embed.weight.detach().std().item()
    start = clean.start.clone()
    shape = start[:, position].shape
    # Drawn on the CPU, so that the noise is the same on every device.
    noise = torch.randn(shape, generator=generator, device="cpu")
    start[:, position] += deviation * noise.to(start.device)
    noised = go_from(model, start, n_loops=clean.n_loops, base=clean, first=position)
    tokens = torch.from_numpy(answers).long()
    grid = patch_grid(model, noised, clean, tokens, changed=(position,))
    _, log_prob = read_answers(model, noised.final, tokens)
    return effect_of(
        f"noise at position {position}", grid.answer == tokens, grid.log_prob - log_prob, 0
    )
