"""The stop rule of a run: `test_ood>=0.99`, or several of these joined by `and`.

Enters: the rule as text, and the accuracies of an evaluation. Leaves: whether it holds.
"""

import re
from collections.abc import Iterable, Mapping

from latebloom.errors import LatebloomError
from latebloom.worlds.splits import HOPS, Split

IN_A_ROW = 3
"""Evaluations in a row for which a level must be held to count as sustained."""

_CLAUSE = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(>=|>)\s*([0-9.]+%?)\s*")


def parse_until(text: str) -> list[tuple[str, float]]:
    """The rule as (split, least accuracy) pairs; empty text gives an empty list: never stop.

    Raises: LatebloomError if a clause cannot be read or a level lies outside [0, 1].
    """
    clauses = []
    for part in filter(None, re.split(r"\band\b|,", text.strip())):
        match = _CLAUSE.fullmatch(part)
        if not match:
            raise LatebloomError(f'--until {text!r}: write it like "test_ood>=0.99"')
        level = float(match[3].rstrip("%")) / (100 if match[3].endswith("%") else 1)
        if not 0 <= level <= 1:
            raise LatebloomError(f"--until {text!r}: {match[3]} is no accuracy in [0, 1]")
        clauses.append((match[1], level))
    return clauses


def rule_for(text: str, splits: Iterable[str]) -> list[tuple[str, float]]:
    """The clauses of the rule that these splits can fulfil.

    A split with a name of latebloom's that this world does not hold out asks for nothing: the rule
    of a recipe names `test_ood`, and with `--world.ood-frac 0` there is none.
    Raises: LatebloomError for a name that no world has, or if no clause is left.
    """
    there, known = list(splits), {str(split) for split in Split}
    clauses = parse_until(text)
    for split, _ in clauses:
        if split not in there and split not in known and not HOPS.fullmatch(split):
            raise LatebloomError(
                f"--until {text!r}: there is no split {split!r}; this world has {', '.join(there)}"
            )
    left = [(split, level) for split, level in clauses if split in there]
    if clauses and not left:
        raise LatebloomError(
            f"--until {text!r}: this world has none of these splits; it has {', '.join(there)};"
            ' say --until "" to run all steps'
        )
    return left


def passed_over(text: str, splits: Iterable[str]) -> list[str]:
    """The splits that the rule names and that are not there."""
    there = list(splits)
    return [split for split, _ in parse_until(text) if split not in there]


def holds(clauses: list[tuple[str, float]], accuracy: Mapping[str, float]) -> bool:
    """Whether every clause holds in one evaluation."""
    return bool(clauses) and all(accuracy[split] >= level for split, level in clauses)
