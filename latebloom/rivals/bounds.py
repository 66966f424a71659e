"""Bounds: hidden values guessed from their comparisons with told ones.

Enters: a memory of values and comparisons. Leaves: an answer to every comparison. An entity whose
value is hidden lies above every told value that it was found greater than and below every one that
it was found less than. Two rules make a guess of it:

- the bounds rule takes the middle between the greatest of the lower bounds and the least of the
  upper ones. In SQL it is one GROUP BY. A single wrong comparison may displace it.
- the majority rule takes the value that agrees with most of the comparisons. Where none is wrong it
  is the bounds rule.

Both follow no chain of comparisons, and guess where several values are left.

Covers: tasks whose questions are comparisons. Does not cover: chains of facts.
"""

import numpy as np

from latebloom.rivals.memory import Memory
from latebloom.rivals.scale import Scale, ValueGuess


class BoundsRule(ValueGuess):
    """The rival that knows the least and the greatest value that each entity can have, no more."""

    name = "bounds rule"

    def __init__(self, memory: Memory) -> None:
        scale = Scale(memory)
        self.low, self.high = scale.narrow(scale.widest(), scale.by_known())
        super().__init__(scale, self.low + self.high)


class MajorityRule(ValueGuess):
    """The rival that takes the value which the fewest comparisons speak against; of several such
    the middle between the least and the greatest."""

    name = "majority rule"

    def __init__(self, memory: Memory) -> None:
        scale = Scale(memory)
        pair, low, high = scale.said(scale.widest(), scale.by_known())
        n_values = scale.top - scale.bottom + 1
        steps = np.zeros((len(scale.value), n_values + 2), np.int64)
        np.add.at(steps, (pair, low - scale.bottom), 1)
        np.add.at(steps, (pair, np.maximum(high + 1, low) - scale.bottom), -1)
        agree = steps.cumsum(axis=1)[:, :n_values]
        most = agree == agree.max(axis=1, keepdims=True)
        first, last = most.argmax(axis=1), n_values - 1 - most[:, ::-1].argmax(axis=1)
        super().__init__(scale, 2 * scale.bottom + first + last)
