"""When a run got there: phases, and the first and the sustained step of every split.

Enters: the records of the evaluations. Leaves: steps and words. Both steps are kept since they
can lie far apart (6 to 11 times on structural tasks).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from latebloom.training.until import IN_A_ROW

LEVEL = 0.99
"""Accuracy that counts as having got there."""
MOST = 0.75
"""Accuracy that guessing does not reach in any world: of two orders one is right half the time."""


def first_step(
    records: Sequence[Mapping[str, Any]], split: str, level: float = LEVEL
) -> int | None:
    """The first evaluated step at which the split's accuracy reached `level`."""
    return next((r["step"] for r in records if r["accuracy"].get(split, 0) >= level), None)


def sustained_step(
    records: Sequence[Mapping[str, Any]], split: str, level: float = LEVEL
) -> int | None:
    """The first step of the earliest `IN_A_ROW` evaluations in a row that all reached `level`."""
    reached = [r["accuracy"].get(split, 0) >= level for r in records]
    for i in range(len(reached) - IN_A_ROW + 1):
        if all(reached[i : i + IN_A_ROW]):
            return records[i]["step"]
    return None
