"""The stop rule of a run: `test_ood>=0.99`, or several of these joined by `and`.

Enters: the rule as text, and the accuracies of an evaluation. Leaves: whether it holds.
"""

import re
from collections.abc import Iterable, Mapping

from latebloom.errors import LatebloomError

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


def check_until(text: str, splits: Iterable[str]) -> None:
    """Whether every split that the rule names is there.

    Raises: LatebloomError naming those that are.
    """
    there = list(splits)
    for split, _ in parse_until(text):
        if split not in there:
            raise LatebloomError(
                f"--until {text!r}: there is no split {split!r}; this world has {', '.join(there)}"
            )


def holds(clauses: list[tuple[str, float]], accuracy: Mapping[str, float]) -> bool:
    """Whether every clause holds in one evaluation."""
    return bool(clauses) and all(accuracy[split] >= level for split, level in clauses)
