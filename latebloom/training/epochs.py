"""The order in which training examples are taken: epoch by epoch, known for every step at once."""

from functools import lru_cache

import numpy as np
from jaxtyping import Int
from numpy import ndarray


class Epochs:
    """`n` examples, `count` a step, every one once an epoch, each epoch in an order of its own.

    key: what the orders are seeded with. A step's examples depend on nothing else, so a resumed
    run goes on with those that an uninterrupted one would have taken.
    """

    def __init__(self, n: int, count: int, key: list[int]) -> None:
        self.n = n
        self.count = count
        self.key = key
        self.order = lru_cache(maxsize=2)(self._order)

    def _order(self, epoch: int) -> Int[ndarray, " example"]:
        return np.random.default_rng([*self.key, epoch]).permutation(self.n)

    def taken(self, step: int) -> Int[ndarray, " row"]:
        """The numbers of the examples that a step (from 1) takes."""
        place = np.arange((step - 1) * self.count, step * self.count)
        epoch, within = np.divmod(place, self.n)
        numbers = np.empty(self.count, np.int64)
        for e in np.unique(epoch):
            numbers[epoch == e] = self.order(int(e))[within[epoch == e]]
        return numbers
