"""A probe: questions with everything that the instruments need to know of them.

Enters: a world and a split. Leaves: a `Probe`: the questions, the tokens that may appear inside
the model on the way to the answer, corrupted questions and donors.

Covers: every task that says what is found on the way to its answers; chains of any number of hops
and comparisons among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray

from latebloom.circuits.corruption import Corruption, corrupt
from latebloom.circuits.donors import Donors, draw_donors
from latebloom.circuits.lens import Named
from latebloom.errors import LatebloomError
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.task import Step
from latebloom.worlds.world import World


class ProbeError(LatebloomError):
    """Questions that the instruments cannot be put to."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Questions of one split, prepared.

    places: a name for each position. steps: what is found on the way, in order. hops: look-ups in
    a row that a question takes.
    chained: each step needs the one before (hops), else all stand side by side (operands).
    donors: for each step of a chain, by its name, questions with the same bridge and with another.
    alone: the last look-up on the way, asked alone; of a chain.
    """

    split: str
    questions: Int[ndarray, "row pos"]
    answers: Int[ndarray, " row"]
    places: tuple[str, ...]
    named: Mapping[str, Int[ndarray, " row"] | Int[ndarray, "row choice"]]
    steps: tuple[Step, ...]
    hops: int
    chained: bool
    corruptions: tuple[Corruption, ...]
    donors: Mapping[str, Donors] = field(default_factory=dict)
    alone: Int[ndarray, "row short"] | None = None

    def named_tensors(self) -> Named:
        return {name: torch.from_numpy(tokens).long() for name, tokens in self.named.items()}

    def question_tensor(self) -> torch.Tensor:
        return torch.from_numpy(self.questions).long()


def draw_rows(
    rows: Int[ndarray, "example token"], n: int, rng: np.random.Generator
) -> Int[ndarray, "drawn token"]:
    """At most `n` random rows, in the order of the split."""
    return rows[np.sort(rng.permutation(len(rows))[:n])]


def make_probe(
    world: World, split: str, *, n: int = 300, seed: int = 0, pool: str | None = None
) -> Probe:
    """The probe of a split's questions, as the world's task describes them.

    n: questions at most. pool: the split that donors come from; None: the same.
    Raises: ProbeError if nothing is to be found inside such questions, or they do not follow from
    the world's facts.
    """
    task, facts = world.task, world.facts
    everything = world.in_one_order(split)
    n_tokens = everything.shape[1] - 1
    if why := task.untraceable(n_tokens):
        raise ProbeError(f"split {split!r} holds {why}")
    rng = np.random.default_rng([seed, Draw.PROBE])
    rows = draw_rows(everything, n, rng).astype(np.int64)
    questions, answers = rows[:, :-1], rows[:, -1]

    def solve(asked: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        return task.solve(facts, asked)

    wrong = (solve(questions) != answers).sum()
    if wrong:
        raise ProbeError(
            f"{wrong} of {len(rows)} questions of split {split!r} do not follow from the facts"
        )
    places, steps, found = task.places(n_tokens), task.steps(n_tokens), task.found(facts, questions)
    donors, alone = {}, None
    if task.is_chain(n_tokens):
        others = world.in_one_order(pool or split)
        others = others[:, :-1] if others.shape[1] == rows.shape[1] else questions
        other_found = task.found(facts, others)
        control = np.random.default_rng([seed, Draw.OTHER_BRIDGE])
        for step in steps:
            reached, others_reach = found[step.name], other_found[step.name]
            donors[step.name] = draw_donors(
                questions,
                others,
                reached,
                others_reach,
                step.led_by,
                solve,
                rng,
                control,
                subject=places.index(step.corruption),
            )
        alone = task.last_hop(facts, questions).astype(np.int64)
    else:
        # Operands were drawn apart from the start; what was measured so stays the same.
        rng = np.random.default_rng([seed, Draw.OPERANDS])
    candidates = task.candidates(facts, n_tokens)
    return Probe(
        split=split,
        questions=questions,
        answers=answers,
        places=places,
        named={place: questions[:, i] for i, place in enumerate(places)}
        | {name: tokens.astype(np.int64) for name, tokens in found.items()}
        | {"answer": answers},
        steps=steps,
        hops=task.hops(n_tokens),
        chained=task.is_chain(n_tokens),
        corruptions=tuple(
            corrupt(place, questions, i, tokens, solve, rng)
            for i, (place, tokens) in enumerate(zip(places, candidates, strict=True))
            if len(tokens)
        ),
        donors=donors,
        alone=alone,
    )
