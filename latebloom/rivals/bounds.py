"""The bounds rule: hidden values narrowed down by their comparisons with known ones.

Enters: a memory of values and comparisons. Leaves: an answer to every comparison. An entity whose
value is hidden lies above every known value that it was found greater than and below every one that
it was found less than; values are steps of one scale, so "greater than 7" means at least 8. Of
these bounds the middle is taken for the value, and two middles are compared. In SQL it is one GROUP
BY. It follows no chain of comparisons, and it guesses where the bounds leave several values.

Covers: tasks whose questions are comparisons. Does not cover: chains of facts.
"""

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.rivals.memory import Memory
from latebloom.rivals.reply import Reply, reply
from latebloom.worlds.ordering import GREATER, LESS, compare
from latebloom.worlds.tasks.task import NOTHING


class BoundsRule:
    """The rival that knows the least and the greatest value that each entity can have, no more."""

    name = "bounds rule"

    def __init__(self, memory: Memory) -> None:
        subject, relation, value = memory.atomic.T
        statements = memory.statements
        self.first_label = memory.task.labels(3)[0]
        self.attributes = np.unique(np.concatenate((relation, statements[:, 0])))
        entities = int(max(subject.max(initial=0), statements[:, 1:3].max(initial=0))) + 1
        pairs = entities * len(self.attributes)
        self.low = np.full(pairs, value.min(), np.int64)
        self.high = np.full(pairs, value.max(), np.int64)
        known = np.full(pairs, NOTHING, np.int64)
        told = self.pair(subject, relation)
        known[told] = value
        for turned in (False, True):
            self.narrow(statements, known, turned)
        self.low[told] = self.high[told] = value

    def pair(
        self, entity: Int[ndarray, " row"], attribute: Int[ndarray, " row"]
    ) -> Int[ndarray, " row"]:
        """The number of each (entity, attribute)."""
        place = np.searchsorted(self.attributes, attribute)
        return entity.astype(np.int64) * len(self.attributes) + place

    def narrow(
        self, statements: Int[ndarray, "statement 4"], known: Int[ndarray, " pair"], turned: bool
    ) -> None:
        """Takes in what the comparisons say of one entity, from the value of the other."""
        attribute, first, second, label = statements.T
        label = label - self.first_label
        if turned:
            first, second, label = second, first, GREATER - label
        value = known[self.pair(second, attribute)]
        there = value >= 0
        one = self.pair(first, attribute)[there]
        value, label = value[there], label[there]
        np.maximum.at(self.low, one[label != LESS], (value + (label == GREATER))[label != LESS])
        np.minimum.at(self.high, one[label != GREATER], (value - (label == LESS))[label != GREATER])

    def answer(self, questions: Int[ndarray, "question 3"]) -> list[Reply]:
        """One reply for each question `attribute e1 e2`."""
        attribute, first, second = questions.T
        middle = self.low + self.high  # twice the middle
        one, two = (middle[self.pair(entity, attribute)] for entity in (first, second))
        return [reply(answer) for answer in (self.first_label + compare(one, two)).tolist()]
