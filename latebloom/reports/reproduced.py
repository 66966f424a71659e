"""The figure of a reproduction: accuracy over training, every seed and their mean.

Enters: what `reproduce` leaves. Leaves: a matplotlib `Figure`: steps on a log scale, each seed a
thin line, their mean a bold one, and where the levels were kept that divide a late bloom into its
phases.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from latebloom.reports.climbed import plot_rungs
from latebloom.reports.compared import plot_settings
from latebloom.reports.figure import GROUND, STYLE, empty_figure, put_legend, write_figure
from latebloom.reports.splits import style_of
from latebloom.studies.reproduce import MILESTONES, PANEL, SETTING

NAMES = {"train_inferred": "trained", "test_id": "held out, ID", "test_ood": "held out, OOD"}
"""The curves in the figure."""
WIDTH, HEIGHT = 7.2, 3.6
"""Inches."""


def write_reproduction(record: Mapping[str, Any], folder: Path, stem: str = "curves") -> list[Path]:
    """Writes the figure as SVG and PNG; returns both paths."""
    figure = plot_reproduction(record)
    return [write_figure(figure, folder / f"{stem}.{kind}") for kind in ("svg", "png")]


def plot_reproduction(record: Mapping[str, Any]) -> Figure:
    """Accuracy over steps; dotted lines mark the mean steps at which levels were kept.

    Where the claim compares settings, each is a curve with its band; where runs begin with the
    weights of others, each rung has a panel.
    """
    if PANEL in record["curves"][0]:
        return plot_rungs(record["curves"])
    if SETTING in record["curves"][0]:
        return plot_settings(by_setting(record["curves"]), splits_in(record["curves"]))
    with mpl.rc_context(STYLE):
        figure = empty_figure(WIDTH, HEIGHT)
        axes = figure.subplots()
        for split in NAMES:
            draw_split(axes, record["curves"], split)
        steps = np.concatenate([curve["steps"] for curve in record["curves"]])
        axes.set_xscale("log")
        axes.set_xlim(steps.min(), max(steps.max(), steps.min() + 1))
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel("training step (log scale)")
        axes.set_ylabel("right answers")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        for place, split in enumerate(NAMES):
            mark_kept(axes, record["curves"], split, 0.65 - 0.15 * place)
        put_legend(axes, columns=3)
    return figure


def by_setting(curves: Sequence[Mapping[str, Any]]) -> dict[str, list[list[dict[str, Any]]]]:
    """The evaluations of each setting's runs."""
    found: dict[str, list[list[dict[str, Any]]]] = {}
    for curve in curves:
        records = [
            {"step": step, "accuracy": {name: told[i] for name, told in curve["accuracy"].items()}}
            for i, step in enumerate(curve["steps"])
        ]
        found.setdefault(curve[SETTING], []).append(records)
    return found


def splits_in(curves: Sequence[Mapping[str, Any]]) -> list[str]:
    """The held-out splits that all runs measured."""
    return [name for name in NAMES if all(name in one["accuracy"] for one in curves)][1:]


def draw_split(axes: Axes, curves: list[dict[str, Any]], split: str) -> None:
    """Each seed thin, and the mean over the steps that all of them measured bold."""
    seen = [curve for curve in curves if split in curve["accuracy"]]
    if not seen:
        return
    style = style_of(split)
    colour, dashes = style.hue.on_white, "--" if style.ood else "-"
    by_step = [dict(zip(curve["steps"], curve["accuracy"][split], strict=True)) for curve in seen]
    for one in by_step:
        axes.plot(list(one), list(one.values()), dashes, color=colour, lw=0.6, alpha=0.6)
    common = sorted(set.intersection(*map(set, by_step)))
    means = [float(np.mean([one[step] for one in by_step])) for step in common]
    axes.plot(common, means, dashes, color=colour, lw=2.2, label=NAMES[split])


def mark_kept(axes: Axes, curves: list[dict[str, Any]], split: str, height: float) -> None:
    """A dotted line at the geometric mean of the steps from which all seeds kept the level.

    height: of its label, an accuracy.
    """
    steps = [curve["kept"][split] for curve in curves]
    if None in steps:
        return
    at = float(np.exp(np.log(steps).mean()))
    colour = style_of(split).hue.on_white
    axes.axvline(at, color=colour, lw=1, ls=":")
    first, last = axes.get_xlim()
    left = at / first > (last / first) ** 0.8  # near the right edge the label stands on the left
    axes.annotate(
        f"{NAMES[split]} {MILESTONES[split]:.2f}\nfrom {at:,.0f}",
        (at, height), xytext=(-3 if left else 3, 0), textcoords="offset points", color=colour,
        ha="right" if left else "left", va="center",
        bbox={"facecolor": GROUND.on_white, "alpha": 0.8, "edgecolor": "none", "pad": 1},
    )  # fmt: skip
