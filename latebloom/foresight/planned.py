"""What is fitted for a plan: regressions from the signs of a table to what its run came to.

Enters: tables with their signs and what their runs came to (a study). Leaves: a `Planner`, which
says for another table what to expect, each figure with an interval. JSON can hold it.

Each figure is a ridge regression of its logarithm, or of its log odds where it is a share, on a few
columns of `TableSigns`. Tables of one source resemble each other, so nothing is judged within a
source: each source is predicted by a regression that never saw it. From these errors comes the
penalty, and from them, as they are, the interval (*conformal*; see `latebloom.foresight.fitted`):
it says how wrong the regression was about tables from elsewhere.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from latebloom.foresight.fitted import NOMINAL
from latebloom.foresight.regression import Accelerated, fit_accelerated
from latebloom.foresight.tables import TableSigns, log_odds

RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Penalties that are tried."""
MOST_ODDS = 20.0
"""Log odds beyond this are certainty enough."""

SIZES = ("log_names", "log_facts", "log_questions")
FIGURES: Mapping[str, tuple[Literal["log", "odds"], tuple[str, ...]]] = {
    "steps": ("log", SIZES),
    "seconds": ("log", SIZES),
    "mebibytes": ("log", SIZES),
    "follows": ("odds", (*SIZES, "counted_odds")),
    "one_hop": ("odds", ("counted_odds", "log_names")),
    "two_hops": ("odds", ("counted_odds", "log_names")),
}
"""What is planned, on which scale, and from which columns.

steps: until the run stops. seconds: of one core, start included. mebibytes: of memory, at its peak.
Shares of answers that the run puts first: follows: of held-out two-hop questions whose answer
follows from told facts; one_hop: of held-out facts, asked alone; two_hops: of two-hop answers that
need one.
"""


@dataclass(frozen=True, slots=True)
class Grown:
    """A table of the study and what its run came to.

    source: where the table is from. came: the figures by name; a share as (right, asked), where
    nothing was asked (0, 0).
    """

    name: str
    source: str
    signs: TableSigns
    came: Mapping[str, Any]

    def target(self, figure: str) -> float | None:
        """A figure on the scale of its regression; None where nothing was asked."""
        value = self.came[figure]
        if FIGURES[figure][0] == "log":
            return math.log(value)
        right, asked = value
        return log_odds(right, asked) if asked else None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a run is expected to come to, and the interval that is meant to hold it in 9 of 10."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figure:
    """The regression of one figure.

    columns: names, in order. scale: of the target. errors: target less prediction, sorted, of each
    table as it was predicted without those of its source.
    """

    scale: Literal["log", "odds"]
    columns: Sequence[str]
    regression: Accelerated
    errors: Sequence[float]

    def __call__(self, signs: TableSigns) -> Expected:
        """What is expected of a table."""
        known = signs.columns()
        row = np.array([[known[name] for name in self.columns]])
        mean = float(self.regression(row)[0])
        # The k-th of n errors from either end leaves k / (n + 1) of all that may come beyond it.
        k = max(1, math.floor((1 - NOMINAL) / 2 * (len(self.errors) + 1) + 1e-9))
        low, high = self.errors[k - 1], self.errors[-k]
        value, at_least, at_most = map(self.back, (mean, mean + low, mean + high))
        return Expected(value, at_least, at_most)

    def back(self, target: float) -> float:
        """From the scale of the regression to the figure."""
        if self.scale == "log":
            return math.exp(target)
        return 1 / (1 + math.exp(-max(-MOST_ODDS, min(MOST_ODDS, target))))


@dataclass(frozen=True, slots=True)
class Planner:
    """All that was fitted.

    figures: by name. ranges: the least and the most of each column among the tables. study: how it
    was made: commit, machine, the options of the runs, the tables.
    """

    figures: Mapping[str, Figure]
    ranges: Mapping[str, tuple[float, float]]
    study: dict[str, Any]

    def outside(self, signs: TableSigns) -> list[str]:
        """In what a table lies outside of those it was fitted on."""
        words = {"log_names": "names", "log_facts": "facts", "log_questions": "two-hop questions"}
        found = []
        for column, value in signs.columns().items():
            low, high = self.ranges[column]
            if column in words and not low <= value <= high:
                low, value, high = (round(math.exp(x)) for x in (low, value, high))
                found.append(f"{value:,} {words[column]} ({low:,} to {high:,})")
        return found


def fit_planner(grown: Sequence[Grown], study: dict[str, Any]) -> Planner:
    """The planner of a study with tables from at least two sources."""
    columns = [one.signs.columns() for one in grown]
    ranges = {
        name: (min(c[name] for c in columns), max(c[name] for c in columns)) for name in columns[0]
    }
    return Planner({name: fit_figure(grown, name) for name in FIGURES}, ranges, study)


def fit_figure(grown: Sequence[Grown], figure: str) -> Figure:
    """The regression of one figure, with the penalty that did best on sources it had not seen."""
    scale, names = FIGURES[figure]
    asked = [(one, target) for one in grown if (target := one.target(figure)) is not None]
    x = np.array([[one.signs.columns()[name] for name in names] for one, _ in asked])
    y = np.array([target for _, target in asked])
    source = np.array([one.source for one, _ in asked])
    tried = {ridge: errors_elsewhere(x, y, source, ridge) for ridge in RIDGES}
    ridge = min(tried, key=lambda one: float(np.abs(tried[one]).mean()))
    whole = np.ones(len(y), bool)
    return Figure(scale, names, fit(x, y, whole, ridge), sorted(tried[ridge].tolist()))


def errors_elsewhere(
    x: Float[ndarray, "table column"],
    y: Float[ndarray, " table"],
    source: ndarray,
    ridge: float,
) -> Float[ndarray, " table"]:
    """Target less prediction, each table predicted without those of its source."""
    errors = np.empty(len(y))
    for one in np.unique(source):
        here = source == one
        errors[here] = y[here] - fit(x, y, ~here, ridge)(x[here])
    return errors


def fit(
    x: Float[ndarray, "table column"],
    y: Float[ndarray, " table"],
    use: Bool[ndarray, " table"],
    ridge: float,
) -> Accelerated:
    """The ridge regression over some of the tables; nothing here is censored."""
    n = int(use.sum())
    return fit_accelerated(x[use], y[use], np.ones(n, bool), np.ones(n), ridge)
