"""Propositional logic: does a formula follow from the premises before it?

A question is `premises |= formula`, answered with yes or no. Formulas are written in prefix order,
a gate before its two parts, so they need no brackets: `and p or ~q r` is p and (not q or r). All
are full binary trees, so a formula of depth d has 2^(d+1) - 1 words; leaves are variables, plain or
negated. Where the premises are one literal for each variable (`p ~q r |= ...`), they say what is
true, and the question is the value of the formula; else it is entailment.

The answer is exact: a formula's truth table over all assignments is one 64-bit number, a gate works
on all its rows at once, and a formula follows if it is true wherever all the premises are.

Covers: up to six variables, so that a table fits 64 bits.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Int, UInt64
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import Split, SplitMeaning
from latebloom.worlds.tasks.rule import HELD_OUT, RuleTask

Tables = UInt64[ndarray, " row"]
"""Truth tables: bit i is the value under assignment i, where variable j is true if i has bit j."""
GATES: Mapping[str, Callable[[Tables, Tables], Tables]] = {
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "implies": lambda a, b: ~a | b,
    "nand": lambda a, b: ~(a & b),
    "nor": lambda a, b: ~(a | b),
    "iff": lambda a, b: ~(a ^ b),
}
"""The gates, by their words."""
VARIABLES = "pqrstu"


def length_of(depth: int) -> int:
    """The words of a formula of this depth."""
    return 2 ** (depth + 1) - 1


@dataclass(frozen=True)
class LogicTask(RuleTask):
    """Whether a formula follows.

    variables: how many. gates: their words. premises: how many; premise_depth: of each.
    """

    variables: int = 4
    gates: tuple[str, ...] = ("and", "or", "xor", "implies")
    premises: int = 4
    premise_depth: int = 0

    name: ClassVar[str] = "logic"

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "LogicTask":
        numbers = {name: int(table[name]) for name in ("variables", "premises", "premise_depth")}
        return cls(gates=tuple(gate for gate in table["gates"] if gate in GATES), **numbers)

    @property
    def literals(self) -> int:
        """Tokens of literals: of variable j, 2j is the plain one and 2j + 1 the negated one."""
        return 2 * self.variables

    @property
    def turnstile(self) -> int:
        """The token of `|=`."""
        return self.literals + len(self.gates)

    @property
    def yes(self) -> int:
        """The token of the answer yes; that of no follows."""
        return self.turnstile + 1

    @property
    def before(self) -> int:
        """Words before the formula that is asked about."""
        return self.premises * length_of(self.premise_depth) + 1

    def vocabulary_words(self) -> tuple[str, ...]:
        names = VARIABLES[: self.variables]
        literals = (word for name in names for word in (name, f"~{name}"))
        return (*literals, *self.gates, "|=", "yes", "no")

    def depth(self, n_tokens: int) -> int:
        """The depth of the formula that a question of so many tokens asks about."""
        return (n_tokens - self.before + 1).bit_length() - 2

    def check_length(self, n_tokens: int) -> None:
        """Raises: LatebloomError if no question has so many tokens."""
        depth = self.depth(n_tokens) if n_tokens > self.before else -1
        if depth < 0 or self.before + length_of(depth) != n_tokens:
            raise LatebloomError(
                f"{n_tokens} words are no question of this run: it takes {self.premises} premises"
                f" of depth {self.premise_depth}, then |=, then one formula that is a full tree of"
                " gates before their two parts, such as: and p q"
            )

    def roles(self, n_tokens: int) -> tuple[str, ...]:
        """`literal`, `gate` or `turnstile` at each position."""
        self.check_length(n_tokens)
        premise = formula_roles(self.premise_depth)
        return (*premise * self.premises, "turnstile", *formula_roles(self.depth(n_tokens)))

    def places(self, n_tokens: int) -> tuple[str, ...]:
        roles = self.roles(n_tokens)
        return tuple(f"{role} at {i + 1}" for i, role in enumerate(roles))

    def hops(self, n_tokens: int) -> int:
        return max(1, self.depth(n_tokens))

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        of_role = {
            "literal": np.arange(self.literals),
            "gate": np.arange(self.literals, self.turnstile),
            "turnstile": np.array([self.turnstile]),
        }
        return tuple(of_role[role] for role in self.roles(n_tokens))

    def labels(self, n_tokens: int) -> tuple[int, ...]:
        return (self.yes, self.yes + 1)

    def answers_in_words(self) -> dict[str, int]:
        return {"yes": self.yes, "no": self.yes + 1}

    def spoken(self, words: Sequence[str], names: Container[str]) -> list[str]:
        """The words without commas and the question mark."""
        return " ".join(words).replace(",", " ").replace("?", " ").split()

    def topics(self, names: Int[ndarray, "row _"]) -> Int[ndarray, "row topic"]:
        return names[:, :0]

    def length_in_words(self, n_tokens: int) -> str:
        return f"{self.depth(n_tokens)} levels of gates"

    def tables(self, formula: Int[ndarray, "row word"]) -> Tables:
        """The truth tables of formulas of one depth."""
        first, width = formula[:, 0], formula.shape[1]
        if width == 1:
            return literal_tables(self.variables)[first]
        a, b = (self.tables(part) for part in parts(formula))
        made = [GATES[gate](a, b) for gate in self.gates]
        return np.select([first == self.literals + i for i in range(len(self.gates))], made)

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        width = length_of(self.premise_depth)
        possible = np.full(len(questions), np.iinfo(np.uint64).max, np.uint64)
        for i in range(self.premises):
            possible = possible & self.tables(questions[:, i * width : (i + 1) * width])
        open_ = possible & ~self.tables(questions[:, self.before :])
        # Of assignments beyond 2^variables the tables repeat, so nothing has to be cut off.
        return self.yes + (open_ != 0)

    def meaning(self, split: str) -> SplitMeaning:
        if split == Split.TEST_OOD:
            return SplitMeaning("a gate inside a gate, as training never has it", True, True)
        kind, _, depth = split.partition("_depth_")
        if depth:
            trained = kind == "train"
            some = "that are trained on" if trained else "deeper than in training"
            return SplitMeaning(f"formulas of depth {depth}, {some}", ood=not trained)
        return HELD_OUT.get(split, SplitMeaning())


def formula_roles(depth: int) -> tuple[str, ...]:
    """What stands at each word of a formula."""
    if depth == 0:
        return ("literal",)
    return ("gate", *formula_roles(depth - 1) * 2)


def parts(
    formula: Int[ndarray, "row word"],
) -> tuple[Int[ndarray, "row half"], Int[ndarray, "row half"]]:
    """The two parts of formulas that begin with a gate."""
    half = formula.shape[1] // 2
    return formula[:, 1 : 1 + half], formula[:, 1 + half :]


def literal_tables(variables: int) -> UInt64[ndarray, " literal"]:
    """The truth table of every literal, by its token."""
    assignment = np.arange(64)
    plain = [((assignment >> j) & 1).astype(bool) for j in range(variables)]
    bits = np.uint64(1) << np.arange(64, dtype=np.uint64)
    table = np.array([bits[true].sum(dtype=np.uint64) for true in plain])
    return np.stack((table, ~table), axis=1).ravel()


def has_pair(
    formula: Int[ndarray, "row word"], pairs: Bool[ndarray, "gate gate"], first_gate: int
) -> Bool[ndarray, " row"]:
    """Whether a formula has, somewhere, a gate right inside another as a pair says.

    pairs: `[outer, inner]`. first_gate: the token of the first gate.
    """
    found = np.zeros(len(formula), bool)
    if formula.shape[1] <= 3:
        return found
    for part in parts(formula):
        found |= pairs[formula[:, 0] - first_gate, part[:, 0] - first_gate]
        found |= has_pair(part, pairs, first_gate)
    return found
