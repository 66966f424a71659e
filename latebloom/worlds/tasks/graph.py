"""Chains over a graph: questions that follow relations where several facts may answer each hop.

`aspirin inhibits` may have three answers, and `aspirin inhibits pathway` all pathways of all three:
the bridge is a set, and so is the answer. All else is as for chains
(`latebloom.worlds.tasks.chain`); where that names one answer of a question, it is the first of its
set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.answers import AnswerSets, FactSets, follow_sets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import Split, SplitMeaning
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.tasks.task import NOTHING, Told
from latebloom.worlds.vocabulary import Vocabulary

MEANINGS: Mapping[str, SplitMeaning] = {
    Split.ATOMIC_ID: SplitMeaning("pairs of subject and relation that training also composes"),
    Split.ATOMIC_OOD: SplitMeaning(
        "pairs of subject and relation that training never composes", ood=True
    ),
    Split.TEST_ID: SplitMeaning(
        "new questions whose answers all follow from facts that were told", judged=True
    ),
    Split.TEST_LINKS: SplitMeaning("facts that were never told, asked alone", ood=True),
    Split.TEST_MISSING: SplitMeaning(
        "two-hop answers that need a fact which was never told", ood=True, judged=True
    ),
    Split.TEST_MISSING_3: SplitMeaning(
        "three-hop answers that need a fact which was never told", ood=True
    ),
}
"""The splits whose meaning is another than in a world with one answer a question."""


@dataclass(frozen=True)
class GraphTask(ChainTask):
    """Questions that follow relations through sets of facts.

    entities: how many names may be answers; they are the first of the vocabulary.
    """

    entities: int = 0

    name: ClassVar[str] = "graph"  # pyright: ignore[reportIncompatibleVariableOverride]
    several: ClassVar[bool] = True

    def fields(self) -> dict[str, Any]:
        return {**self.layout.fields(), "entities": self.entities}

    def over(self, entities: int, layout: Layout) -> "GraphTask":
        return replace(self, layout=layout, entities=entities)

    def n_competing(self, n_words: int) -> int:
        return self.entities

    def answers(self, facts: Facts, examples: Int[ndarray, "row token"]) -> AnswerSets:
        return self.reached(facts, examples[:, :-1])[-1]

    def reached(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> list[AnswerSets]:
        """The sets that questions lead to after each hop, the answers last."""
        return follow_sets(self.names(questions), [FactSets(facts)])

    def untraceable(self, n_tokens: int) -> str:
        return "questions with several answers: tracing moves one bridge, and here it is a set"

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        return first_of(self.reached(facts, questions)[-1])

    def found(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Mapping[str, Int[ndarray, " row"]]:
        reached = self.reached(facts, questions)[:-1]
        return {f"bridge {j}": first_of(sets) for j, sets in enumerate(reached, start=1)}

    def on_the_way(self, facts: Facts, tokens: Sequence[int]) -> frozenset[int]:
        reached = self.reached(facts, np.array([tokens]))[:-1]
        return frozenset(token for sets in reached for token in sets.member.tolist())

    def tell(self, facts: Facts, tokens: Sequence[int], vocabulary: Vocabulary) -> Told:
        reached = self.reached(facts, np.array([tokens]))
        path = tuple(int(sets.member[0]) for sets in reached if len(sets.member))
        return Told(answer=path[-1] if len(path) == len(reached) else None, path=path)

    def meaning(self, split: str) -> SplitMeaning:
        return MEANINGS.get(split) or super().meaning(split)


def first_of(sets: AnswerSets) -> Int[ndarray, " question"]:
    """One answer of each question, `NOTHING` where there is none."""
    found = np.full(len(sets), NOTHING, np.int64)
    some = sets.sizes > 0
    found[some] = sets.member[sets.first[:-1][some]]
    return found
