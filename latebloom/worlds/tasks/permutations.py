"""Permutations of n things composed: `a b =`, answered with a after b.

A permutation is written as the images of 1 to n in a row: `21345` exchanges 1 and 2. The elements
stand in the order of these words. The group of n = 5, S5, is not commutative, and 120 x 120
questions make up its table.

Source: Power et al. 2022, arXiv:2201.02177, appendix A.1 (composition in S5).
"""

import itertools
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.tasks.rule import OperationTask


@cache
def all_permutations(n: int) -> Int[ndarray, "element n"]:
    """Every permutation of 0 to n - 1, in lexicographic order."""
    return np.array(list(itertools.permutations(range(n))))


@dataclass(frozen=True)
class PermutationsTask(OperationTask):
    """Composition of the permutations of n things."""

    n: int = 5

    name: ClassVar[str] = "permutations"
    sign: ClassVar[str] = "after"

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "PermutationsTask":
        return cls(n=int(table["n"]))

    @property
    def elements(self) -> int:
        return len(all_permutations(self.n))

    def vocabulary_words(self) -> tuple[str, ...]:
        return (*("".join(map(str, one + 1)) for one in all_permutations(self.n)), "=")

    def combine(self, a: Int[ndarray, " row"], b: Int[ndarray, " row"]) -> Int[ndarray, " row"]:
        every = all_permutations(self.n)
        made = np.take_along_axis(every[a], every[b], axis=1)  # i goes to a[b[i]]
        weight = self.n ** np.arange(self.n)[::-1]
        return np.searchsorted(every @ weight, made @ weight)

    def spoken(self, words: Sequence[str], names: Container[str]) -> list[str]:
        """The two permutations of `21345 after 23451`."""
        every = " ".join(words).replace("=", " ").replace("?", " ").split()
        return [word for word in every if word not in (self.sign, "o")]
