"""The figure of a series over depths: the inverted U, and what foretells it.

Enters: what `sweep_depth` gives. Leaves: a matplotlib `Figure`: for each recipe the final
generalisation by depth, every run a dot, the mean with its interval, and the early measures' rank
correlations beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latebloom.reports.circuit_figures import empty_figure
from latebloom.reports.curves import LOOK
from latebloom.reports.splits import BLUE, GREY, VERMILION

DRAWS = 2000
"""Bootstrap samples of an interval."""


def plot_depth(series: Mapping[str, Any]) -> Figure:
    """A row of two panels for each recipe."""
    recipes = list(dict.fromkeys(row["recipe"] for row in series["runs"]))
    with mpl.rc_context(LOOK):
        figure = empty_figure(8.4, 2.9 * len(recipes))
        panels = figure.subplots(len(recipes), 2, squeeze=False, width_ratios=(3, 2))
        for recipe, (left, right) in zip(recipes, panels, strict=True):
            rows = [row for row in series["runs"] if row["recipe"] == recipe]
            split = "test_ood" if "test_ood" in rows[0]["final"] else "test_id"
            plot_accuracy(left, rows, split)
            left.set_title(recipe)
            plot_correlations(right, series["foretells"].get(recipe, {}))
    return figure


def plot_accuracy(axes: Axes, rows: Sequence[Mapping[str, Any]], split: str) -> None:
    """Every run a dot; the mean over seeds of each depth with its 95 % interval."""
    depths = sorted({row["depth"] for row in rows})
    means, low, high = [], [], []
    for depth in depths:
        reached = np.array([row["final"][split] for row in rows if row["depth"] == depth])
        axes.plot(np.full(len(reached), depth), reached, "o", ms=3, color=GREY.on_white)
        means.append(float(reached.mean()))
        ends = interval(reached)
        low.append(means[-1] - ends[0])
        high.append(ends[1] - means[-1])
    axes.errorbar(
        depths, means, yerr=[low, high], fmt="-s", ms=5, capsize=3, color=VERMILION.on_white
    )
    axes.set_ylim(-0.03, 1.03)
    axes.set_xticks(depths)
    axes.set_xlabel("layers")
    axes.set_ylabel(f"final accuracy, {split}")


def interval(values: np.ndarray) -> tuple[float, float]:
    """The bootstrap's 95 % interval of a mean; the value itself where there is one alone."""
    drawn = np.random.default_rng(0).choice(values, (DRAWS, len(values))).mean(1)
    return min(values.mean(), np.quantile(drawn, 0.025)), max(
        values.mean(), np.quantile(drawn, 0.975)
    )


def plot_correlations(axes: Axes, found: Mapping[str, float | None]) -> None:
    """A bar for each early measure; none where it cannot be told."""
    known = {name: 0.0 if rho is None else rho for name, rho in found.items()}
    axes.barh(list(known), list(known.values()), color=BLUE.on_white)
    axes.set_xlim(-1, 1)
    axes.axvline(0, lw=0.8, color=GREY.on_white)
    axes.set_xlabel("rank correlation with the end")
