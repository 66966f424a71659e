"""What a claim demands of a run: rules that can be applied and that say themselves in words.

Enters: one seed's outcome, as `benchmarks.results` keeps it: a summary with its `curve` and its
`peak_lr`. Leaves: whether the rule holds. The words of a rule stand in the table beside the claim,
so that what was judged, and when, is read there and not looked up here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from latebloom.training.milestones import bloom_of
from latebloom.training.until import IN_A_ROW

Outcome = Mapping[str, Any]
"""`splits` as in `summary.json`; `curve`, a record for each evaluation with `step`, `lr` and the
accuracy of some splits; `peak_lr`, the rate that the schedule falls from."""

STILL_LEARNING = 0.1
"""The share of its peak above which the learning rate still moves the model. What is measured below
it was frozen, not held."""


class Rule(Protocol):
    """A demand."""

    @property
    def words(self) -> str:
        """The demand, and at which evaluations it is judged."""
        ...

    def holds(self, outcome: Outcome) -> bool:
        """Whether a run meets it."""
        ...


@dataclass(frozen=True)
class AtEnd:
    """Accuracies of whole splits after the last step."""

    levels: Mapping[str, float]

    @property
    def words(self) -> str:
        return f"{in_words(self.levels)} at the end"

    def holds(self, outcome: Outcome) -> bool:
        return all(accuracy(outcome, split) >= level for split, level in self.levels.items())


@dataclass(frozen=True)
class AtMost:
    """Accuracies of whole splits after the last step that may not be higher: a control."""

    levels: Mapping[str, float]

    @property
    def words(self) -> str:
        most = ", ".join(f"{split} <= {level:.2f}" for split, level in self.levels.items())
        return f"{most} at the end"

    def holds(self, outcome: Outcome) -> bool:
        return all(accuracy(outcome, split) <= level for split, level in self.levels.items())


@dataclass(frozen=True)
class Held:
    """Generalisation that stays while the model is still learning, and is there at the end."""

    level: float
    split: str = "test_ood"

    @property
    def words(self) -> str:
        return (
            f"{self.split} >= {self.level:.2f} at the last {IN_A_ROW} evaluations with the learning"
            f" rate above {STILL_LEARNING:g} of its peak, and at the end"
        )

    def holds(self, outcome: Outcome) -> bool:
        learning = [r for r in outcome["curve"] if r["lr"] > STILL_LEARNING * outcome["peak_lr"]]
        late = [record[self.split] for record in learning[-IN_A_ROW:]]
        return len(late) == IN_A_ROW and min(*late, accuracy(outcome, self.split)) >= self.level


@dataclass(frozen=True)
class LateBloom:
    """ID questions that are not answered yet when training is fitted, and are at last."""

    before: float = 0.85
    after: float = 0.95
    ood: float = 0.1
    times: float = 1.0

    @property
    def words(self) -> str:
        late = f" at {self.times:g} times the steps or more," if self.times > 1 else ""
        return (
            f"test_id < {self.before:.2f} when training keeps .99,{late} >= {self.after:.2f} at the"
            f" end; test_ood <= {self.ood:.2f} at the end"
        )

    def holds(self, outcome: Outcome) -> bool:
        bloom = bloom_of([{"step": r["step"], "accuracy": r} for r in outcome["curve"]], "test_id")
        return (
            bloom.times is not None
            and bloom.times >= self.times
            and bloom.when_fitted is not None
            and bloom.when_fitted < self.before
            and accuracy(outcome, "test_id") >= self.after
            and accuracy(outcome, "test_ood") <= self.ood
        )


@dataclass(frozen=True)
class FarHops:
    """Chains longer than any that was trained, over ID facts and over OOD facts."""

    near: tuple[int, ...] = (4, 5, 6, 7, 8, 9, 10)
    far: tuple[int, ...] = (20,)
    near_level: float = 0.99
    far_level: float = 0.95

    @property
    def words(self) -> str:
        return (
            f"{self.near[0]} to {self.near[-1]} hops >= {self.near_level:.2f},"
            f" {' and '.join(map(str, self.far))} hops >= {self.far_level:.2f}, ID and OOD, at the"
            " end"
        )

    def holds(self, outcome: Outcome) -> bool:
        return (
            lowest_of_hops(outcome, self.near) >= self.near_level
            and lowest_of_hops(outcome, self.far) >= self.far_level
        )


def accuracy(outcome: Outcome, split: str) -> float:
    """A whole split's accuracy at the end."""
    return outcome["splits"][split]["accuracy"]


def lowest_of_hops(outcome: Outcome, hops: Sequence[int]) -> float:
    """The lowest accuracy on chains of these lengths, of ID facts and of OOD facts."""
    return min(accuracy(outcome, f"test_hops_{k}{ood}") for k in hops for ood in ("", "_ood"))


def in_words(levels: Mapping[str, float]) -> str:
    """`test_id and test_ood >= 0.99`, or each split with its own level."""
    if len(set(levels.values())) == 1:
        return f"{' and '.join(levels)} >= {min(levels.values()):.2f}"
    return ", ".join(f"{split} >= {level:.2f}" for split, level in levels.items())
