"""The figure of a series in which runs begin with the weights of others.

Enters: the curves of such a record (`latebloom.studies.reproduce`). Leaves: a matplotlib `Figure`
with a panel for each rung: accuracy on held-out questions over the steps of the rung alone, a
colour for each way in which the weights of its step 0 came about; ID drawn through, OOD broken.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latebloom.reports.compared import on_common_steps
from latebloom.reports.figure import CYCLE, STYLE, empty_figure, put_legend
from latebloom.studies.reproduce import PANEL, SETTING
from latebloom.worlds.splits import Split

DASHES = {str(Split.TEST_ID): "-", str(Split.TEST_OOD): "--"}
"""The splits that are drawn, and how."""
WIDTH, HEIGHT = 7.2, 2.3
"""Inches of the figure, and of each panel."""


def plot_rungs(curves: Sequence[Mapping[str, Any]]) -> Figure:
    """A panel for each rung, with the mean over seeds of every way to begin it."""
    panels = list(dict.fromkeys(curve[PANEL] for curve in curves))
    with mpl.rc_context(STYLE):
        figure = empty_figure(WIDTH, HEIGHT * len(panels))
        grid = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
        for axes, panel in zip(grid, panels, strict=True):
            here = [curve for curve in curves if curve[PANEL] == panel]
            names = list(dict.fromkeys(curve[SETTING] for curve in here))
            for number, name in enumerate(names):
                runs = [curve for curve in here if curve[SETTING] == name]
                draw_way(axes, name, runs, CYCLE[number % len(CYCLE)].on_white)
            axes.set_ylim(-0.03, 1.03)
            axes.set_xlim(left=0)
            axes.set_ylabel("right, held out")
            put_legend(axes, columns=2)
        grid[-1].set_xlabel("training step of this rung (broken lines: OOD)")
    return figure


def draw_way(axes: Axes, name: str, runs: Sequence[Mapping[str, Any]], colour: str) -> None:
    """The mean curves of one way to begin a rung."""
    for split, dashes in DASHES.items():
        if all(split in run["accuracy"] for run in runs):
            records = [
                [
                    {"step": step, "accuracy": {split: share}}
                    for step, share in zip(run["steps"], run["accuracy"][split], strict=True)
                ]
                for run in runs
            ]
            steps, values = on_common_steps(records, split)
            label = name if dashes == "-" else None
            axes.plot(steps, values.mean(0), dashes, color=colour, lw=1.6, label=label)
