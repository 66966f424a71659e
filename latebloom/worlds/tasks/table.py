"""A table's questions: chains over sets of names, numbers that chains may end in, and comparisons.

A number is a *value*: a name of its own that stands for a place in the order of one relation's
numbers, the same names for all relations (`rank 1` is the smallest of each). So a fact `imatinib
half-life` is answered by a value like any other fact by a name, and a chain may end in one. Two
things are compared by `e1 a e2 a ?`: each half is laid out as the fact itself is, so that what
looks a fact up looks up the half.

| asked                 | tokens          | answered by             |
|-----------------------|-----------------|-------------------------|
| a fact, a chain       | `h r`, `h r r`  | a set of names or values|
| a comparison          | `e1 a e2 a ?`   | `<`, `=` or `>`         |

A comparison has five tokens, which no other question of such a world has: chains of four hops are
not asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.answers import AnswerSets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import Split, SplitMeaning
from latebloom.worlds.tasks.comparison import LABELS, ComparisonTask
from latebloom.worlds.tasks.graph import GraphTask
from latebloom.worlds.tasks.mixed import MEANINGS
from latebloom.worlds.tasks.task import Told
from latebloom.worlds.vocabulary import Vocabulary

COMPARED = 5
"""Tokens of a comparison."""
NAMES_AT = (1, 0, 2)
"""Where in a comparison the attribute and the two entities stand first."""


@dataclass(frozen=True)
class TableTask(GraphTask):
    """Questions about a table of names and numbers.

    first_value: the token of the least value; values end where the names that may be answers end.
    first_label: the token of `<`; those of `=`, `>` and `?` follow it.
    measured: of each measured relation, by its token, its numbers, ascending: the i-th has the i-th
        value.
    """

    first_value: int = 0
    first_label: int = 0
    measured: Mapping[int, tuple[float, ...]] = field(default_factory=dict)

    name: ClassVar[str] = "table"  # pyright: ignore[reportIncompatibleVariableOverride]
    phases: ClassVar[tuple[tuple[str, str], ...]] = (
        ("systematic", Split.TEST_COMPARED_OOD),
        ("generalising", Split.TEST_COMPARED_ID),
    )

    def __hash__(self) -> int:
        return hash((self.layout, self.entities, self.first_value, self.first_label))

    @property
    def comparison(self) -> ComparisonTask:
        """What says all about comparisons, from their names `attribute e1 e2`."""
        return ComparisonTask(self.first_label)

    @property
    def numbers(self) -> Mapping[int, tuple[float, ...]]:
        return self.measured

    @property
    def value_tokens(self) -> tuple[int, int]:
        return self.first_value, self.entities - 1

    @property
    def end(self) -> int:
        """The token of `?`."""
        return self.first_label + len(LABELS)

    def fields(self) -> dict[str, Any]:
        return {
            **super().fields(),
            "first_value": self.first_value,
            "first_label": self.first_label,
            "measured": [[token, *numbers] for token, numbers in self.measured.items()],
        }

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "TableTask":
        """The task that `fields` wrote."""
        rows: Sequence[Sequence[float]] = table["measured"]
        return cls(
            entities=int(table["entities"]),
            first_value=int(table["first_value"]),
            first_label=int(table["first_label"]),
            measured={int(row[0]): tuple(float(one) for one in row[1:]) for row in rows},
        )

    # What a question is.

    def places(self, n_tokens: int) -> tuple[str, ...]:
        if n_tokens != COMPARED:
            return super().places(n_tokens)
        return ("first entity", "attribute", "second entity", "attribute", "?")

    def hops(self, n_tokens: int) -> int:
        return self.comparison.hops(3) if n_tokens == COMPARED else super().hops(n_tokens)

    def repeats(self, n_tokens: int) -> bool:
        return n_tokens == COMPARED

    def is_chain(self, n_tokens: int) -> bool:
        return n_tokens != COMPARED

    def names(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row name"]:
        """Of a comparison `attribute e1 e2`."""
        return tokens[:, NAMES_AT] if tokens.shape[1] == COMPARED else super().names(tokens)

    def lay(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        """All rows are chains, or all are comparisons, which begin with a measured relation."""
        if names.shape[1] != 3 or not len(names) or int(names[0, 0]) not in self.measured:
            return super().lay(names)
        attribute, first, second = names.T
        end = np.full(len(names), self.end, names.dtype)
        return np.stack((first, attribute, second, attribute, end), axis=1)

    def written(self, tokens: Sequence[int]) -> list[int]:
        """Three names of which one is a measured relation and two are none are a comparison."""
        bare = [token for token in tokens if token != self.end]
        attributes = {token for token in bare if token in self.measured}
        compared = [token for token in bare if token < self.entities]
        if len(attributes) != 1 or len(compared) != 2 or len(bare) not in (3, 4):
            return super().written(tokens)
        asked = np.array([[attributes.pop(), *compared]], np.int64)
        return self.lay(asked)[0].tolist() if len({*bare, *compared}) <= 3 else list(tokens)

    def steps(self, n_tokens: int) -> tuple[Any, ...]:
        """Of a comparison none: it has no bridge."""
        return () if n_tokens == COMPARED else super().steps(n_tokens)

    def labels(self, n_tokens: int) -> tuple[int, ...]:
        return self.comparison.labels() if n_tokens == COMPARED else ()

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        if n_tokens != COMPARED:
            return super().candidates(facts, n_tokens)
        attributes = np.array(list(self.measured), np.int64)
        entities = np.unique(facts.subject[np.isin(facts.relation, attributes)])
        return (entities, attributes, entities, attributes, np.empty(0, np.int64))

    def check(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        """A value that nobody told is no mistake; what cannot be compared is."""
        if len(tokens) != COMPARED:
            super().check(tokens, facts, vocabulary)
        elif tokens[-1] != self.end:
            raise LatebloomError(
                "a question of four hops is not asked of a table with numbers, whose comparisons"
                " have as many names; ask its beginning, and go on from the answer"
            )

    # What is true.

    def answers(self, facts: Facts, examples: Int[ndarray, "row token"]) -> AnswerSets:
        if examples.shape[1] == COMPARED + 1:
            return AnswerSets.of_one(examples[:, -1])
        return super().answers(facts, examples)

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        if questions.shape[1] != COMPARED:
            return super().solve(facts, questions)
        return self.comparison.solve(facts, self.names(questions))

    def found(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Mapping[str, Int[ndarray, " row"]]:
        return {} if questions.shape[1] == COMPARED else super().found(facts, questions)

    def tell(self, facts: Facts, tokens: Sequence[int], vocabulary: Vocabulary) -> Told:
        if len(tokens) != COMPARED:
            return super().tell(facts, tokens, vocabulary)
        names = self.names(np.array([tokens]))[0].tolist()
        return self.comparison.tell(facts, names, vocabulary)

    # In words, and its splits.

    def kind_of_question(self, n_tokens: int) -> str:
        return "comparison" if n_tokens == COMPARED else super().kind_of_question(n_tokens)

    def length_in_words(self, n_tokens: int) -> str:
        return "a comparison" if n_tokens == COMPARED else super().length_in_words(n_tokens)

    def question_in_words(self, tokens: Sequence[int], words: Sequence[str]) -> str:
        if len(tokens) != COMPARED:
            return super().question_in_words(tokens, words)
        names = self.names(np.array([tokens]))[0].tolist()
        return self.comparison.question_in_words(names, words)

    def meaning(self, split: str) -> SplitMeaning:
        return MEANINGS.get(split) or super().meaning(split)
