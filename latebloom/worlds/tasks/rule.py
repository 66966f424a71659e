"""Questions that a rule answers, and no table of facts: sums, permutations, parities, formulas.

These are the worlds in which grokking was found and in which most of what is known of it was
measured. There are no atomic facts and nothing is composed: a share of all questions is trained on,
and the others are held out.

Source: Power et al. 2022, arXiv:2201.02177, section 2 (binary operation tables).
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import Split, SplitMeaning
from latebloom.worlds.tasks.task import Task

HELD_OUT: Mapping[str, SplitMeaning] = {
    Split.TRAIN_INFERRED: SplitMeaning("questions that are trained on"),
    Split.TEST_ID: SplitMeaning("questions held out at random", judged=True),
}
"""What the splits hold where nothing but chance decides what is held out."""


@dataclass(frozen=True)
class RuleTask(Task):
    """Questions that a rule answers."""

    def fields(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    @abstractmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "RuleTask":
        """The task whose `fields` these are."""

    @abstractmethod
    def vocabulary_words(self) -> tuple[str, ...]:
        """All words, in the order of their tokens."""

    def meaning(self, split: str) -> SplitMeaning:
        return HELD_OUT.get(split, SplitMeaning())


@dataclass(frozen=True)
class OperationTask(RuleTask):
    """A binary operation on n elements, asked as `a b =`; the elements are the tokens 0 to n - 1.

    Differs from Power et al.: no token stands for the operation. In a run there is but one, so its
    token would be the same in every question and say nothing (Nanda et al. leave it out, too).
    """

    sign: ClassVar[str] = "o"
    """How the operation is written between its operands."""

    @property
    @abstractmethod
    def elements(self) -> int:
        """How many elements there are."""

    @abstractmethod
    def combine(self, a: Int[ndarray, " row"], b: Int[ndarray, " row"]) -> Int[ndarray, " row"]:
        """The elements that the operation makes of two."""

    def second_operands(self) -> Int[ndarray, " element"]:
        """The elements that may stand as the second operand."""
        return np.arange(self.elements)

    def table(self) -> Int[ndarray, "question 4"]:
        """Every question with its answer: the whole table of the operation."""
        a, b = np.meshgrid(np.arange(self.elements), self.second_operands(), indexing="ij")
        a, b = a.ravel(), b.ravel()
        rows = (a, b, np.full_like(a, self.elements), self.combine(a, b))
        return np.stack(rows, axis=1).astype(np.int32)

    def places(self, n_tokens: int) -> tuple[str, ...]:
        return ("first operand", "second operand", "equals sign")

    def hops(self, n_tokens: int) -> int:
        return 1

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        return np.arange(self.elements), self.second_operands(), np.empty(0, np.int64)

    def written(self, tokens: Sequence[int]) -> list[int]:
        """The equals sign may be left out."""
        return [*tokens, self.elements] if len(tokens) == 2 else list(tokens)

    def names(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row name"]:
        return tokens[:, :2]

    def lay(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        return np.insert(names, 2, self.elements, axis=1)

    def topics(self, names: Int[ndarray, "row _"]) -> Int[ndarray, "row topic"]:
        return names[:, :0]

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        return self.combine(questions[:, 0], questions[:, 1])

    def fact_in_words(self, row: Sequence[int], words: Sequence[str]) -> str:
        a, b, answer = (words[i] for i in (row[0], row[1], row[-1]))
        return f"{a} {self.sign} {b} = {answer}."

    def question_in_words(self, tokens: Sequence[int], words: Sequence[str]) -> str:
        return f"What is {words[tokens[0]]} {self.sign} {words[tokens[1]]}?"
