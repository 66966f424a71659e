"""A probe: questions with everything that the instruments need to know of them.

Enters: a world and a split. Leaves: a `Probe`: the questions, the tokens that may appear inside
the model on the way to the answer, corrupted questions and donors.

Covers: chains of any number of hops (`chain_probe`), comparisons (`comparison_probe`), and any
other questions that look up operands side by side (`operand_probe`, from arrays and an answer
function). `make_probe` chooses by the world's task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray

from latebloom.circuits.corruption import (
    Answer,
    Corruption,
    corrupt,
    corrupt_chains,
    follow_chains,
    same_bridge_donors,
)
from latebloom.circuits.lens import Named
from latebloom.errors import LatebloomError
from latebloom.worlds.ordering import compare
from latebloom.worlds.streams import Draw
from latebloom.worlds.world import World


class ProbeError(LatebloomError):
    """Questions that the instruments cannot be put to."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that has to be found on the way to the answer.

    name: a key of `Probe.named` (`bridge 1`, `first value`).
    position: the first position that can know it. corruption: the one that changes it.
    """

    name: str
    position: int
    corruption: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Questions of one split, prepared.

    places: a name for each position. steps: what is found on the way, in order.
    chained: each step needs the one before (hops), else all stand side by side (operands).
    donors: for each step of a chain, questions with the same bridge; -1 where there is none.
    """

    split: str
    questions: Int[ndarray, "row pos"]
    answers: Int[ndarray, " row"]
    places: tuple[str, ...]
    named: Mapping[str, Int[ndarray, " row"] | Int[ndarray, "row choice"]]
    steps: tuple[Step, ...]
    chained: bool
    corruptions: tuple[Corruption, ...]
    donors: tuple[Int[ndarray, "row pos"], ...] = ()

    def named_tensors(self) -> Named:
        return {name: torch.from_numpy(tokens).long() for name, tokens in self.named.items()}

    def question_tensor(self) -> torch.Tensor:
        return torch.from_numpy(self.questions).long()


def draw_rows(
    rows: Int[ndarray, "example token"], n: int, rng: np.random.Generator
) -> Int[ndarray, "drawn token"]:
    """At most `n` random rows, in the order of the split."""
    return rows[np.sort(rng.permutation(len(rows))[:n])]


def bridges(world: World, rows: Int[ndarray, "example token"]) -> Int[ndarray, "example bridge"]:
    """The objects on the way of each example, the answer left out; -1 where a fact is missing."""
    return follow_chains(world.facts, rows[:, :-1])[:, :-1]


def chain_probe(
    world: World, split: str, *, n: int = 300, seed: int = 0, pool: str | None = None
) -> Probe:
    """The probe of questions `subject r_1 ... r_k`.

    n: questions at most. pool: the split that donors come from; None: the same.
    Raises: ProbeError if the split's questions are no chains of the world's facts.
    """
    everything = world.examples(split)
    if everything.shape[1] < 4:
        raise ProbeError(f"split {split!r} holds questions of one hop: there is no bridge to find")
    rng = np.random.default_rng([seed, Draw.PROBE])
    rows = draw_rows(everything, n, rng).astype(np.int64)
    questions, answers = rows[:, :-1], rows[:, -1]
    reached = follow_chains(world.facts, questions)
    wrong = (reached[:, -1] != answers).sum()
    if wrong:
        raise ProbeError(
            f"{wrong} of {len(rows)} questions of split {split!r} do not follow from the facts"
        )
    hops = questions.shape[1] - 1
    others = world.examples(pool or split)
    others = others[:, :-1] if others.shape[1] == rows.shape[1] else questions
    other_bridges = follow_chains(world.facts, others)
    donors = []
    for hop in range(1, hops):
        found = same_bridge_donors(
            questions, others, reached[:, hop - 1], other_bridges[:, hop - 1], rng
        )
        donors.append(np.where(found[:, None] >= 0, others[found], -1).astype(np.int64))
    named = {"subject": questions[:, 0]}
    named |= {f"relation {j}": questions[:, j] for j in range(1, hops + 1)}
    named |= {f"bridge {j}": reached[:, j - 1] for j in range(1, hops)}
    named["answer"] = answers
    return Probe(
        split=split,
        questions=questions,
        answers=answers,
        places=("subject", *(f"relation {j}" for j in range(1, hops + 1))),
        named=named,
        steps=tuple(
            Step(name=f"bridge {j}", position=j, corruption="subject") for j in range(1, hops)
        ),
        chained=True,
        corruptions=tuple(corrupt_chains(world.facts, questions, rng)),
        donors=tuple(donors),
    )


def operand_probe(
    split: str,
    rows: Int[ndarray, "example token"],
    *,
    places: Sequence[str],
    candidates: Mapping[str, Int[ndarray, " candidate"]],
    answer: Answer,
    named: Mapping[str, Int[ndarray, " example"]],
    steps: Sequence[Step],
    seed: int = 0,
) -> Probe:
    """The probe of questions that look up operands side by side.

    places: a name for each position of the question. candidates: for each place that is to be
    corrupted, the tokens that may stand there. answer: the right answers to any such questions.
    named: tokens that may appear inside (values), a row each; the answer is added.
    Raises: ProbeError if a corrupted place is no place of the question.
    """
    rng = np.random.default_rng([seed, Draw.OPERANDS])
    questions, answers = rows[:, :-1].astype(np.int64), rows[:, -1].astype(np.int64)
    for place in candidates:
        if place not in places:
            raise ProbeError(f"{place!r} is no place of the question; it has {', '.join(places)}")
    return Probe(
        split=split,
        questions=questions,
        answers=answers,
        places=tuple(places),
        named={name: tokens.astype(np.int64) for name, tokens in named.items()}
        | {"answer": answers},
        steps=tuple(steps),
        chained=False,
        corruptions=tuple(
            corrupt(place, questions, list(places).index(place), tokens, answer, rng)
            for place, tokens in candidates.items()
        ),
    )


def comparison_probe(world: World, split: str, *, n: int = 300, seed: int = 0) -> Probe:
    """The probe of questions `attribute e1 e2`, answered by one of the last three tokens.

    Raises: ProbeError if the split's questions are no comparisons of the world's values.
    """
    facts = world.facts
    everything = world.examples(split)
    if everything.shape[1] != 4:
        raise ProbeError(f"split {split!r} holds no comparisons: they have three tokens")
    rows = draw_rows(everything, n, np.random.default_rng([seed, Draw.PROBE]))

    def value(questions: Int[ndarray, "row pos"], entity: int) -> Int[ndarray, " row"]:
        at = facts.find(questions[:, entity], questions[:, 0])
        return np.where(at >= 0, facts.object[at], -1)

    def answer(questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        first, second = value(questions, 1), value(questions, 2)
        label = len(world.vocabulary) - 3 + compare(first, second)
        return np.where((first >= 0) & (second >= 0), label, -1)

    wrong = (answer(rows[:, :-1]) != rows[:, -1]).sum()
    if wrong:
        raise ProbeError(
            f"{wrong} of {len(rows)} questions of split {split!r} do not follow from the values"
        )
    entities = np.unique(facts.subject)
    places = ("attribute", "first entity", "second entity")
    return operand_probe(
        split,
        rows,
        places=places,
        candidates={
            "attribute": np.unique(facts.relation),
            "first entity": entities,
            "second entity": entities,
        },
        answer=answer,
        named={"first value": value(rows, 1), "second value": value(rows, 2)}
        | {name: rows[:, i] for i, name in enumerate(places)},
        steps=(
            Step(name="first value", position=1, corruption="first entity"),
            Step(name="second value", position=2, corruption="second entity"),
        ),
        seed=seed,
    )


def make_probe(world: World, split: str, *, n: int = 300, seed: int = 0) -> Probe:
    """The probe of a split of any world.

    Raises: ProbeError if the split's questions are neither chains nor comparisons.
    """
    if world.task == "composition":
        return chain_probe(world, split, n=n, seed=seed)
    return comparison_probe(world, split, n=n, seed=seed)
