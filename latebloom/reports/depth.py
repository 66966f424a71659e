"""The figure of a series over depths: the inverted U, and what foretells it.

Enters: what `sweep_depth` gives. Leaves: a matplotlib `Figure`: for each recipe the final
generalisation by depth, every run a dot, the mean with its interval, and the early measures' rank
correlations with theirs beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latebloom.intervals import student
from latebloom.reports.curves import LOOK
from latebloom.reports.figure import empty_figure
from latebloom.reports.splits import BLUE, GREY, VERMILION


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
        ends = student(reached)
        low.append(means[-1] - ends[0])
        high.append(ends[1] - means[-1])
    axes.errorbar(
        depths, means, yerr=[low, high], fmt="-s", ms=5, capsize=3, color=VERMILION.on_white
    )
    axes.set_ylim(-0.03, 1.03)
    axes.set_xticks(depths)
    axes.set_xlabel("layers")
    axes.set_ylabel(f"final accuracy, {split}")


def plot_correlations(axes: Axes, found: Mapping[str, Mapping[str, Any] | None]) -> None:
    """A bar with its interval for each early measure, a diamond for runs of one depth alone."""
    names = list(found)
    for place, name in enumerate(names):
        told = found[name]
        if told is None:
            axes.text(0, place, " too few", va="center", color=GREY.on_white)
            continue
        low, high = told["ci95"]
        axes.barh(place, told["rho"], color=BLUE.on_white, alpha=0.6)
        axes.plot([low, high], [place, place], "-", lw=1, color=GREY.on_white)
        if told["within"] is not None:
            axes.plot(told["within"], place, "D", ms=4, color=VERMILION.on_white)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(-1, 1)
    axes.axvline(0, lw=0.8, color=GREY.on_white)
    n = max((told["n"] for told in found.values() if told), default=0)
    axes.set_xlabel(f"rank correlation with the end, {n} runs\n(diamond: within a depth)")
