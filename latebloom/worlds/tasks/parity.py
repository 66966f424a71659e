"""Sparse parity: n bits, of which k count, answered with 1 if an odd number of the k are 1.

Nothing in the question says which k those are.

Source: Barak et al. 2022, arXiv:2207.08799; Merrill et al. 2023, arXiv:2303.11873.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.tasks.rule import RuleTask

EQUALS = 2
"""The token of the equals sign, after those of the two bits."""


@dataclass(frozen=True)
class ParityTask(RuleTask):
    """The parity of some of n bits, asked as the bits and `=`.

    bits: n. counted: the places, from 0, of the bits that count, ascending.
    """

    bits: int = 20
    counted: tuple[int, ...] = (0, 1, 2)

    name: ClassVar[str] = "parity"

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "ParityTask":
        return cls(bits=int(table["bits"]), counted=tuple(map(int, table["counted"])))

    def vocabulary_words(self) -> tuple[str, ...]:
        return ("0", "1", "=")

    def places(self, n_tokens: int) -> tuple[str, ...]:
        return (*(f"bit {i + 1}" for i in range(n_tokens - 1)), "equals sign")

    def hops(self, n_tokens: int) -> int:
        return 1

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        return (*[np.arange(2)] * self.bits, np.empty(0, np.int64))

    def labels(self, n_tokens: int) -> tuple[int, ...]:
        return (0, 1)

    def answers_in_words(self) -> dict[str, int]:
        return {"0": 0, "1": 1}

    def written(self, tokens: Sequence[int]) -> list[int]:
        """The equals sign may be left out."""
        return [*tokens, EQUALS] if len(tokens) == self.bits else list(tokens)

    def spoken(self, words: Sequence[str], names: Container[str]) -> list[str]:
        """The bits of `0110...`, with or without spaces.

        Raises: LatebloomError for another number of bits.
        """
        bits = "".join(words).replace("=", "").replace("?", "").replace(" ", "")
        if len(bits) != self.bits:
            raise LatebloomError(f"{bits!r} has {len(bits)} bits; this run asks {self.bits}")
        return list(bits)

    def topics(self, names: Int[ndarray, "row _"]) -> Int[ndarray, "row topic"]:
        return names[:, :0]

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        return questions[:, list(self.counted)].sum(axis=1) % 2
