"""Chains and comparisons over the same facts, asked in one vocabulary.

An attribute is a relation whose object is a value, so its fact is told like any other (`a of e ?`)
and a chain may end in one (`a of r of h ?`). Besides, two entities are compared by an attribute:

| `order`          | a fact    | a chain         | a comparison  |
|------------------|-----------|-----------------|---------------|
| `subject-first`  | `h of r ?`| `h of r of a ?` | `e1 e2 of a ?`|
| `relation-first` | `r of h ?`| `a of r of h ?` | `a of e1 e2 ?`|

With `mixed` facts are told in both orders, and half of the questions stand in each. What kind of
question it is one tells from how many tokens it has: comparisons alone have five.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import Split, SplitMeaning
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.comparison import ComparisonTask
from latebloom.worlds.tasks.task import Step, Told
from latebloom.worlds.vocabulary import Vocabulary

COMPARED = 5
"""Tokens of a comparison; chains, which have fillers here, have 4, 6, 8, ..."""
ENTITIES_FIRST, ATTRIBUTE_FIRST = [3, 0, 1], [0, 2, 3]
"""Where the attribute and the two entities stand, where the relation comes last and first."""

MEANINGS: Mapping[str, SplitMeaning] = {
    Split.TRAIN_COMPARED: SplitMeaning("comparisons that are trained on"),
    Split.TEST_COMPARED_ID: SplitMeaning(
        "new comparisons of values that training compares", judged=True
    ),
    Split.TEST_COMPARED_OOD: SplitMeaning(
        "comparisons of values that training never compares", ood=True, judged=True
    ),
}
"""The splits that a world of chains does not have."""


@dataclass(frozen=True)
class MixedTask(ChainTask):
    """Questions that follow a chain of facts, and questions that compare two values.

    entities: how many there are; they are the first of the vocabulary.
    first_label: the token of `<`; those of `=` and `>` follow it.
    """

    entities: int = 0
    first_label: int = 0

    name: ClassVar[str] = "mixed"  # pyright: ignore[reportIncompatibleVariableOverride]
    derives: ClassVar[str] = ""  # two ways, by the kind of question
    phases: ClassVar[tuple[tuple[str, str], ...]] = (
        ("systematic", Split.TEST_COMPARED_OOD),
        ("generalising", Split.TEST_ID),
    )

    def __post_init__(self) -> None:
        assert self.layout.has_fillers, "without fillers the kinds of question are not told apart"

    @property
    def comparison(self) -> ComparisonTask:
        """What says all about comparisons, from their names `attribute e1 e2`."""
        return ComparisonTask(self.first_label)

    def fields(self) -> dict[str, Any]:
        table = {"entities": self.entities, "first_label": self.first_label}
        return {**self.layout.fields(), **table}

    # What a question is.

    def of_compared(self, order: str) -> list[int]:
        """Where the attribute and the two entities of a comparison stand in an order."""
        return ATTRIBUTE_FIRST if order == "relation-first" else ENTITIES_FIRST

    def places(self, n_tokens: int) -> tuple[str, ...]:
        if n_tokens != COMPARED:
            return super().places(n_tokens)
        at = dict(
            zip(self.of_compared(self.layout.one.order), self.comparison.places(3), strict=True)
        )
        return tuple(at.get(i, "?" if i == COMPARED - 1 else "of") for i in range(COMPARED))

    def hops(self, n_tokens: int) -> int:
        return self.comparison.hops(3) if n_tokens == COMPARED else super().hops(n_tokens)

    def is_chain(self, n_tokens: int) -> bool:
        return n_tokens != COMPARED

    def names(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row name"]:
        """Of a comparison `attribute e1 e2`."""
        if tokens.shape[1] != COMPARED:
            return super().names(tokens)
        attribute_first = (tokens[:, 0] >= self.entities)[:, None]
        return np.where(attribute_first, tokens[:, ATTRIBUTE_FIRST], tokens[:, ENTITIES_FIRST])

    def lay(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        """All rows are chains or all are comparisons, which begin with no entity.

        Mixed: the attribute stands first where the sum of a row's tokens is odd.
        """
        if names.shape[1] != 3 or not len(names) or names[0, 0] < self.entities:
            return super().lay(names)
        if self.layout.mixed:
            odd = (names.sum(axis=1) % 2 == 1)[:, None]
            one, other = (self.compared(names, one.order) for one in self.layout.each)
            return np.where(odd, other, one)
        return self.compared(names, self.layout.order)

    def compared(self, names: Int[ndarray, "row 3"], order: str) -> Int[ndarray, "row pos"]:
        """Comparisons as they are asked in one order, from `attribute e1 e2`."""
        tokens = np.full((len(names), COMPARED), self.layout.of, names.dtype)
        tokens[:, self.of_compared(order)] = names
        tokens[:, -1] = self.layout.end
        return tokens

    def written(self, tokens: Sequence[int]) -> list[int]:
        """Three names with two entities among them are a comparison."""
        bare = [token for token in tokens if token not in (self.layout.of, self.layout.end)]
        compared = [token for token in bare if token < self.entities]
        if len(bare) != 3 or len(compared) != 2:
            return super().written(tokens)
        attribute = next(token for token in bare if token >= self.entities)
        as_typed = "relation-first" if bare[0] == attribute else "subject-first"
        order = as_typed if self.layout.mixed else self.layout.order
        return self.compared(np.array([[attribute, *compared]], np.int64), order)[0].tolist()

    def in_one_order(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row pos"]:
        if tokens.shape[1] != COMPARED or not self.layout.mixed:
            return super().in_one_order(tokens)
        return self.compared(self.names(tokens), self.layout.one.order)

    def untraceable(self, n_tokens: int) -> str:
        return "" if n_tokens == COMPARED else super().untraceable(n_tokens)

    def steps(self, n_tokens: int) -> tuple[Step, ...]:
        if n_tokens != COMPARED:
            return super().steps(n_tokens)
        _, *entities = self.of_compared(self.layout.one.order)
        return tuple(
            Step(name=step.name, position=at, corruption=step.corruption)
            for step, at in zip(self.comparison.steps(3), entities, strict=True)
        )

    def labels(self, n_tokens: int) -> tuple[int, ...]:
        return self.comparison.labels() if n_tokens == COMPARED else ()

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        if n_tokens != COMPARED:
            return super().candidates(facts, n_tokens)
        valued = facts.object >= self.entities
        some = [np.empty(0, np.int64)] * COMPARED
        attribute, *entities = self.of_compared(self.layout.one.order)
        some[attribute] = np.unique(facts.relation[valued])
        for place in entities:
            some[place] = np.unique(facts.subject[valued])
        return tuple(some)

    def check(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        if len(tokens) != COMPARED:
            super().check(tokens, facts, vocabulary)
            return
        valued = facts.object >= self.entities
        rows = facts.rows()[valued]
        names = self.names(np.array([tokens]))[0].tolist()
        try:
            self.comparison.check(names, Facts.of_rows(rows), vocabulary)
        except LatebloomError as error:
            raise LatebloomError(f"{error}, or a chain: {self.way_to_chain()}") from error

    def way_to_chain(self) -> str:
        """How a chain is asked."""
        return " ".join(self.layout.spread("SUBJECT", ["RELATION", "RELATION"]))

    # What is true.

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        if questions.shape[1] != COMPARED:
            return super().solve(facts, questions)
        return self.comparison.solve(facts, self.names(questions))

    def found(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Mapping[str, Int[ndarray, " row"]]:
        if questions.shape[1] != COMPARED:
            return super().found(facts, questions)
        return self.comparison.found(facts, self.names(questions))

    def tell(self, facts: Facts, tokens: Sequence[int], vocabulary: Vocabulary) -> Told:
        if len(tokens) != COMPARED:
            return super().tell(facts, tokens, vocabulary)
        names = self.names(np.array([tokens]))[0].tolist()
        return self.comparison.tell(facts, names, vocabulary)

    def missing(
        self,
        atomic: Int[ndarray, "fact 3"],
        inferred: Int[ndarray, "statement width"],
        question: Sequence[int],
    ) -> list[tuple[int, int]]:
        if len(question) != COMPARED:
            return super().missing(atomic, inferred, question)
        facts = Facts.of_rows(atomic)
        attribute, *entities = self.names(np.array([question]))[0].tolist()
        pairs = [(entity, attribute) for entity in entities]
        at = facts.find(np.array(entities), np.array([attribute, attribute]))
        return [pair for pair, fact in zip(pairs, at.tolist(), strict=True) if fact < 0]

    def needed(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Int[ndarray, "row needed"]:
        if questions.shape[1] != COMPARED:
            return super().needed(facts, questions)
        return self.comparison.needed(facts, self.names(questions))

    # In words, and its splits.

    def kind_of_question(self, n_tokens: int) -> str:
        return "comparison" if n_tokens == COMPARED else super().kind_of_question(n_tokens)

    def length_in_words(self, n_tokens: int) -> str:
        return "a comparison" if n_tokens == COMPARED else super().length_in_words(n_tokens)

    def fact_in_words(self, row: Sequence[int], words: Sequence[str]) -> str:
        if row[0] < self.entities or len(row) != 4 or row[2] >= self.entities:
            return super().fact_in_words(row, words)
        return self.comparison.fact_in_words(row, words)

    def question_in_words(self, tokens: Sequence[int], words: Sequence[str]) -> str:
        if len(tokens) != COMPARED:
            return super().question_in_words(tokens, words)
        names = self.names(np.array([tokens]))[0].tolist()
        return self.comparison.question_in_words(names, words)

    def meaning(self, split: str) -> SplitMeaning:
        return MEANINGS.get(split) or super().meaning(split)

    def phase(self, accuracy: Mapping[str, float], level: float) -> str:
        """The lower of the two phases that chains and comparisons are in."""

        def all_of(*splits: str) -> bool:
            return all(accuracy.get(split, 0) >= level for split in splits)

        if all_of(Split.TEST_OOD, Split.TEST_COMPARED_OOD):
            return "systematic"
        return "generalising" if all_of(Split.TEST_ID, Split.TEST_COMPARED_ID) else "memorising"
