"""The scale: told values as steps from the least to the greatest, and what comparisons say there.

Enters: a memory of values and comparisons. Leaves: every (entity, attribute) with a number of its
own, its value where one is told, and each comparison said from both sides. An entity that is
greater than one of value 7 has at least 8: so each comparison bounds its one side by the other.

Covers: tasks whose questions are comparisons. Does not cover: chains of facts.
"""

from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.rivals.memory import Memory
from latebloom.rivals.reply import Reply, reply
from latebloom.worlds.ordering import GREATER, LESS, compare
from latebloom.worlds.tasks.task import NOTHING

Bounds = tuple[Int[ndarray, " pair"], Int[ndarray, " pair"]]
"""The least and the greatest value that each pair can have."""


class Scale:
    """The pairs (entity, attribute) of a memory, by number, on one scale.

    bottom, top: the least and the greatest value that is told, as tokens.
    value: of each pair; `NOTHING` where it is hidden.
    one, other, label: each comparison twice, once from each side: how `one` compares with `other`.
    """

    def __init__(self, memory: Memory) -> None:
        subject, relation, value = memory.atomic.T
        attribute, first, second, label = memory.statements.T
        self.first_label = memory.task.labels(3)[0]
        self.attributes = np.unique(np.concatenate((relation, attribute)))
        self.bottom, self.top = int(value.min()), int(value.max())
        n_pairs = len(memory.vocabulary) * len(self.attributes)  # any name may be asked about
        self.value = np.full(n_pairs, NOTHING, np.int64)
        self.value[self.pair(subject, relation)] = value
        first, second = (self.pair(entity, attribute) for entity in (first, second))
        label = label - self.first_label
        self.one = np.concatenate((first, second))
        self.other = np.concatenate((second, first))
        self.label = np.concatenate((label, GREATER - label))

    def pair(
        self, entity: Int[ndarray, " row"], attribute: Int[ndarray, " row"]
    ) -> Int[ndarray, " row"]:
        """The number of each (entity, attribute)."""
        place = np.searchsorted(self.attributes, attribute)
        return entity.astype(np.int64) * len(self.attributes) + place

    def pairs_of(
        self, questions: Int[ndarray, "question 3"]
    ) -> tuple[Int[ndarray, " question"], Int[ndarray, " question"]]:
        """The two pairs that each question `attribute e1 e2` compares."""
        attribute, first, second = questions.T
        return self.pair(first, attribute), self.pair(second, attribute)

    def widest(self) -> Bounds:
        """Bounds before any comparison: a told value is certain, a hidden one may be any."""
        hidden = self.value == NOTHING
        return np.where(hidden, self.bottom, self.value), np.where(hidden, self.top, self.value)

    def by_known(self) -> Bool[ndarray, " comparison"]:
        """Which comparisons say something of a hidden value by a told one."""
        return (self.value[self.one] == NOTHING) & (self.value[self.other] != NOTHING)

    def said(
        self, bounds: Bounds, which: Bool[ndarray, " comparison"]
    ) -> tuple[Int[ndarray, " which"], Int[ndarray, " which"], Int[ndarray, " which"]]:
        """The pairs `one` of some comparisons, and the bounds that each comparison sets by itself,
        with the bounds of `other` as they are."""
        one, other, label = self.one[which], self.other[which], self.label[which]
        low = np.where(label == LESS, self.bottom, bounds[0][other] + (label == GREATER))
        high = np.where(label == GREATER, self.top, bounds[1][other] - (label == LESS))
        return one, low, high

    def narrow(self, bounds: Bounds, which: Bool[ndarray, " comparison"]) -> Bounds:
        """The bounds with what some comparisons say of their `one` taken in.

        Where comparisons contradict each other the bounds cross; they leave the scale by one step
        at most.
        """
        one, least, most = self.said(bounds, which)
        low, high = bounds[0].copy(), bounds[1].copy()
        np.maximum.at(low, one, np.minimum(least, self.top + 1))
        np.minimum.at(high, one, np.maximum(most, self.bottom - 1))
        return low, high


class ValueGuess:
    """A rival that guesses each hidden value and compares the guesses; it always answers.

    twice: twice the guess for each pair, so that the middle of two values is whole.
    """

    name: ClassVar[str]

    def __init__(self, scale: Scale, twice: Int[ndarray, " pair"]) -> None:
        self.scale = scale
        self.twice = np.where(scale.value == NOTHING, twice, 2 * scale.value)

    def answer(self, questions: Int[ndarray, "question 3"]) -> list[Reply]:
        """One reply for each question `attribute e1 e2`."""
        first, second = self.scale.pairs_of(questions)
        label = compare(self.twice[first], self.twice[second])
        return [reply(answer) for answer in (self.scale.first_label + label).tolist()]
