"""Figures of several settings: curves with their means and bands, and where each setting ended.

Enters: evaluations by setting, or the rows of a sweep. Leaves: matplotlib `Figure`s.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from latebloom.intervals import student
from latebloom.neutral import neutral
from latebloom.reports.figure import CYCLE, FAINT, STYLE, empty_figure, finish, put_legend
from latebloom.studies.fields import short_name, words_of
from latebloom.studies.table import SweepTable

Records = Sequence[Mapping[str, Any]]
PANELS = 3
"""Splits that are drawn."""


def plot_settings(curves: Mapping[str, Sequence[Records]], splits: Sequence[str]) -> Figure:
    """A panel for each split: of each setting the mean over its runs, and Student's band.

    A run that stopped before the others keeps its last value: it met its rule.
    """
    shown = splits[:PANELS]
    with mpl.rc_context(STYLE):
        figure = empty_figure(7.2, 0.7 + 2.5 * len(shown) + 0.1 * len(curves))
        panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for axes, split in zip(panels, shown, strict=True):
            steps = [record["step"] for runs in curves.values() for run in runs for record in run]
            for number, (name, runs) in enumerate(curves.items()):
                draw_setting(axes, neutral(name), runs, split, CYCLE[number % len(CYCLE)].on_white)
            axes.set_ylim(-0.03, 1.03)
            finish(axes, sorted(set(steps)), f"right, {split}")
            legend = axes.get_legend()
            if axes is not panels[0] and legend is not None:
                legend.remove()
    return figure


def draw_setting(axes: Axes, name: str, runs: Sequence[Records], split: str, colour: str) -> None:
    """The mean of a setting's runs over the steps, and the band of its mean."""
    steps, values = on_common_steps(runs, split)
    axes.plot(steps, values.mean(0), color=colour, lw=1.8, label=f"{name} ({len(runs)})")
    if len(runs) > 1:
        low, high = np.array([student(column) for column in values.T]).T
        axes.fill_between(steps, low, high, color=colour, alpha=0.18, lw=0)


def on_common_steps(
    runs: Sequence[Records], split: str
) -> tuple[Float[ndarray, " step"], Float[ndarray, "run step"]]:
    """The accuracies of runs at all steps at which any of them was measured.

    Between two evaluations, and after the last, a run has the value of the one before.
    """
    steps = np.array(sorted({record["step"] for run in runs for record in run}), float)
    values = []
    for run in runs:
        seen = np.array([record["step"] for record in run])
        accuracy = np.array([record["accuracy"].get(split, np.nan) for record in run], float)
        values.append(accuracy[np.maximum(np.searchsorted(seen, steps, side="right") - 1, 0)])
    return steps, np.array(values)


def plot_table(table: SweepTable, splits: Sequence[str]) -> Figure:
    """Where each setting ended, with its interval, and when each of its seeds kept 99 %.

    A seed that never did stands at the right edge, open.
    """
    settings = table.over_seeds()
    shown = splits[:PANELS]
    with mpl.rc_context(STYLE):
        figure = empty_figure(7.2, 1.2 + 0.34 * len(settings))
        left, right = figure.subplots(1, 2, sharey=True)
        last = max((row["steps"] for row in table.rows if row["steps"]), default=1)
        for number, split in enumerate(shown):
            colour = CYCLE[number % len(CYCLE)].on_white
            for place, setting in enumerate(settings):
                at = place + 0.16 * (number - (len(shown) - 1) / 2)
                draw_end(left, setting, split, at, colour)
                draw_steps(right, rows_of(table, setting), split, at, last, colour)
            left.plot([], [], "o", color=colour, label=split)
        left.set_yticks(range(len(settings)), [title_of(table, one) for one in settings])
        left.invert_yaxis()
        left.set_xlim(-0.03, 1.03)
        left.set_xlabel("right at the end (95 % over seeds)")
        right.set_xlim(0, last * 1.12)
        right.axvline(last * 1.03, color=FAINT.on_white, lw=0.8, ls=":")
        right.set_xlabel("step from which .99 was kept\n(open, beyond the line: never)")
        put_legend(left, columns=len(shown) or 1)
    return figure


def draw_end(axes: Axes, row: Mapping[str, Any], split: str, at: float, colour: str) -> None:
    """The mean accuracy of a setting with its interval."""
    mean = row.get(f"accuracy.{split}")
    if mean is None:
        return
    low, high = row[f"accuracy.{split}.low"], row[f"accuracy.{split}.high"]
    if low is not None:
        axes.plot([low, high], [at, at], "-", color=colour, lw=1.2)
    axes.plot(mean, at, "o", ms=5, color=colour)


def draw_steps(
    axes: Axes, rows: Sequence[Mapping[str, Any]], split: str, at: float, last: float, colour: str
) -> None:
    """A dot for each seed."""
    for row in rows:
        step = row.get(f"sustained_step.{split}")
        if row.get(f"n.{split}"):
            fill = "none" if step is None else colour
            x = last * 1.07 if step is None else step
            axes.plot(x, at, "o", ms=4, color=colour, markerfacecolor=fill)


def rows_of(table: SweepTable, setting: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The runs of a setting that did not fail."""
    return [
        row
        for row in table.rows
        if row["error"] is None and all(row[name] == setting[name] for name in table.fields)
    ]


def title_of(table: SweepTable, setting: Mapping[str, Any]) -> str:
    """The name of a setting: `phi=2, lr=0.01`."""
    told = (f"{short_name(name)}={words_of(setting[name])}" for name in table.fields)
    return neutral(", ".join(told))
