"""Arithmetic modulo p: `a b =`, answered with `a op b mod p`.

Source: Power et al. 2022, arXiv:2201.02177, appendix A.1 (the operations, p = 97); Nanda et al.
2023, arXiv:2301.05217 (addition, p = 113, and the circuit that is learned).
"""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.tasks.rule import OperationTask

Residues = Int[ndarray, " row"]
ASKED = re.compile(r"(\d+) *([^\d\s=?]*) *(\d+) *=? *\??")


def inverse(b: Residues, p: int) -> Residues:
    """b to the power p - 2, which is its inverse modulo a prime p (Fermat)."""
    found, power, left = np.ones_like(b), b % p, p - 2
    while left:
        if left % 2:
            found = found * power % p
        power, left = power * power % p, left // 2
    return found


@dataclass(frozen=True, slots=True)
class Operation:
    """A binary operation on the residues modulo p.

    sign: how it is written between two numbers. of: the residue of a, b and p. divides: whether b
    needs an inverse, so that p must be prime and b not 0. cycle: the residues modulo p in an order
    in which it is addition or subtraction of places; None: there is none.
    """

    sign: str
    of: Callable[[Residues, Residues, int], Residues]
    divides: bool = False
    cycle: Callable[[int], Residues | None] = lambda p: None


def powers(p: int) -> Residues | None:
    """g^0, g^1, ..., g^(p-2) of the least g that reaches every residue but 0; None for want of one.

    A prime p has such a generator.
    """
    for g in range(2, p):
        found = [1]
        while (after := found[-1] * g % p) not in (0, 1) and len(found) < p:
            found.append(after)
        if len(found) == p - 1:
            return np.array(found)
    return None


OPERATIONS: Mapping[str, Operation] = {
    "+": Operation("+", lambda a, b, p: (a + b) % p, cycle=np.arange),
    "-": Operation("-", lambda a, b, p: (a - b) % p, cycle=np.arange),
    "*": Operation("*", lambda a, b, p: a * b % p, cycle=powers),
    "/": Operation("/", lambda a, b, p: a * inverse(b, p) % p, divides=True, cycle=powers),
    "a^2+ab+b^2": Operation("o", lambda a, b, p: (a * a + a * b + b * b) % p),
}
"""The operations by their names in a config."""


@dataclass(frozen=True)
class ModularTask(OperationTask):
    """Arithmetic modulo p.

    p: the modulus. operation: a key of `OPERATIONS`.
    """

    p: int = 97
    operation: str = "+"

    name: ClassVar[str] = "modular"

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "ModularTask":
        return cls(
            p=int(table["p"]), operation=next(o for o in OPERATIONS if o == table["operation"])
        )

    @property
    def sign(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How the operation is written between two numbers."""
        return OPERATIONS[self.operation].sign

    @property
    def elements(self) -> int:
        return self.p

    def vocabulary_words(self) -> tuple[str, ...]:
        return (*map(str, range(self.p)), "=")

    def second_operands(self) -> Int[ndarray, " element"]:
        return np.arange(int(OPERATIONS[self.operation].divides), self.p)

    def cycle(self) -> Residues | None:
        """The residues in an order in which the operation is addition or subtraction of places:
        0, 1, ... for + and -, the powers of a generator for * and /, which leaves out 0."""
        return OPERATIONS[self.operation].cycle(self.p)

    def combine(self, a: Residues, b: Residues) -> Residues:
        return OPERATIONS[self.operation].of(a.astype(np.int64), b.astype(np.int64), self.p)

    def spoken(self, words: Sequence[str], names: Container[str]) -> list[str]:
        """The two numbers of `3 + 5`, `3+5=` or `3 5`.

        Raises: LatebloomError for another sign, a number out of range, or what is no sum at all.
        """
        text = " ".join(words)
        found = ASKED.fullmatch(text.strip())
        if found is None:
            raise LatebloomError(
                f'{text!r} is no question of this run; ask, for example, "3 {self.sign} 5"'
            )
        a, sign, b = found.groups()
        if sign not in ("", self.sign):
            raise LatebloomError(
                f"this run was trained on {self.operation} modulo {self.p}, not on {sign!r}; ask,"
                f' for example, "3 {self.sign} 5"'
            )
        for number in (a, b):
            if number not in names:
                raise LatebloomError(f"{number} is out of range; the numbers are 0 to {self.p - 1}")
        return [a, b]
