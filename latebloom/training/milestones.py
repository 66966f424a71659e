"""When a run got there: the first and the sustained step of every split, and how late it bloomed.

Enters: the records of the evaluations. Leaves: steps and words. Both steps are kept since they
can lie far apart (6 to 11 times on structural tasks).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latebloom.training.until import IN_A_ROW
from latebloom.worlds.data import Data
from latebloom.worlds.splits import ENOUGH, Split, as_valid, for_choosing

LEVEL = 0.99
"""Accuracy that counts as having got there."""
MOST = 0.75
"""Accuracy that guessing does not reach in any world: of two orders one is right half the time."""


def phase_of(data: Data, accuracy: Mapping[str, float]) -> str:
    """What a model is doing, by one evaluation; empty where the phases are told by splits with too
    few questions, the test and its validation together."""
    few = {split for _, split in data.task.phases if n_questions(data, split) < ENOUGH}
    if few and all(split in few for _, split in data.task.phases):
        return ""
    told = for_choosing(accuracy)
    return data.task.phase({name: told[name] for name in told if name not in few}, MOST)


def n_questions(data: Data, split: str) -> int:
    """How many questions a test and its validation split have together."""
    return sum(len(data.splits[name]) for name in (split, as_valid(split)) if name in data.splits)


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


BLOOMED = 0.95
"""Accuracy on held-out questions that counts as having bloomed."""


@dataclass(frozen=True, slots=True)
class Bloom:
    """How late a split came, beside the questions that were trained on.

    fitted: the sustained step of the training questions at `LEVEL`. reached: that of the held-out
    ones at `BLOOMED`. None: never. when_fitted, at_last: accuracy of the held-out ones at the step
    `fitted` and at the last evaluation.
    """

    fitted: int | None
    reached: int | None
    when_fitted: float | None
    at_last: float | None

    @property
    def times(self) -> float | None:
        """How many times the steps of fitting it took; None if it never came."""
        return self.reached / self.fitted if self.reached and self.fitted else None

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "fitted_step": self.fitted,
            "bloomed_step": self.reached,
            "times": self.times,
            "accuracy_when_fitted": self.when_fitted,
            "accuracy_at_last": self.at_last,
        }


def bloom_of(
    records: Sequence[Mapping[str, Any]], split: str, trained: str = Split.TRAIN_INFERRED
) -> Bloom:
    """How late `split` came in a run, beside the questions of `trained`."""
    fitted = sustained_step(records, trained)
    then = next((r["accuracy"].get(split) for r in records if r["step"] == fitted), None)
    last = records[-1]["accuracy"].get(split) if records else None
    return Bloom(fitted, sustained_step(records, split, BLOOMED), then, last)
