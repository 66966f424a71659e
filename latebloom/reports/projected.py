"""The figures of a run's tree projections, where its report finds them.

Enters: a run folder and the records of its checkpoints. Leaves: `RUN/figures/*.svg`: t_score and
F1 over the steps and over the accuracy, and predicted trees beside gold ones; beside each the
numbers behind it (`*.csv`).
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latebloom.reports.behind import curves_behind, trees_behind, write_behind
from latebloom.reports.figure import (
    NARROW,
    STYLE,
    empty_figure,
    finish,
    legend_height,
    with_dark_rules,
    write_figure,
)
from latebloom.reports.recording import write_output
from latebloom.reports.splits import BLUE, GREEN, GREY, PURPLE, style_of
from latebloom.reports.tree_drawing import draw_beside
from latebloom.trees.record import TreeRecord

BASELINES = {"right_branching": "--", "left_branching": ":", "random": "-."}
"""How the F1 of trees that owe nothing to the model is drawn."""


def write_tree_figures(run: Path, records: Sequence[TreeRecord]) -> list[Path]:
    """Draws what the records hold; returns the files.

    Raises: RunFolderError if one cannot be written.
    """
    folder = run / "figures"
    folder.mkdir(exist_ok=True)
    figure = plot_trees(records)
    drawn = [write_figure(figure, folder / "tree-projections.svg")]
    write_behind(drawn[0], curves_behind(figure))
    for old in (*folder.glob("tree-of-*.svg"), *folder.glob("tree-of-*.csv")):
        old.unlink()
    newest = records[-1]
    for number, example in enumerate(newest.examples, 1):
        path = folder / f"tree-of-sentence-{number}.svg"
        titles = (f"predicted, step {newest.step}", "gold")
        drawing = draw_beside(example.words, example.predicted, example.gold, titles=titles)
        write_output(path, with_dark_rules(drawing).encode())
        write_behind(path, trees_behind(example))
        drawn.append(path)
    return drawn


def plot_trees(records: Sequence[TreeRecord]) -> Figure:
    """Accuracy, t_score, F1 and sparsity over the steps; t_score and F1 over the accuracy."""
    steps, newest = [record.step for record in records], records[-1]
    n_names = (len(newest.accuracy), 2, len(newest.t_parseval), len(newest.attention_entropy))
    heights = [1.35 + legend_height(n) for n in n_names]
    with mpl.rc_context(STYLE):
        figure = empty_figure(NARROW, sum(heights) + 2.2)
        # Two grids, so that each has its own lowest panel, which names the steps or the accuracy.
        upper, lower = figure.add_gridspec(2, 1, height_ratios=[sum(heights), 1.7])
        rows = upper.subgridspec(4, 1, height_ratios=heights)
        over = [figure.add_subplot(row) for row in rows]
        for split in newest.accuracy:
            style = style_of(split)
            over[0].plot(
                steps,
                [record.accuracy[split] for record in records],
                "--" if style.ood else "-",
                color=style.hue.on_white,
                label=split,
            )
        plot_scores(over[1], steps, records)
        plot_overlap(over[2], steps, records)
        plot_sparsity(over[3], steps, records)
        titles = ("accuracy", "t_score", "F1 against gold", "entropy, nats")
        for axes, title in zip(over, titles, strict=True):
            finish(axes, steps, title)
        split = "test_ood" if "test_ood" in newest.accuracy else "test_id"
        reached = [record.accuracy[split] for record in records]
        below = [figure.add_subplot(column) for column in lower.subgridspec(1, 2)]
        plot_scores(below[0], reached, records, line="o")
        plot_overlap(below[1], reached, records, line="o")
        for axes, title in zip(below, ("t_score", "F1 against gold"), strict=True):
            axes.set_xlabel(f"accuracy, {split}")
            axes.set_ylabel(title)
    return figure


def plot_scores(
    axes: Axes, x: Sequence[float], records: Sequence[TreeRecord], line: str = "-"
) -> None:
    """Both normalisations of the t_score."""
    published = [record.t_score_published for record in records]
    paper = [record.t_score_paper for record in records]
    for kind, values, hue in (("published", published, BLUE), ("paper", paper, PURPLE)):
        axes.plot(x, values, line, ms=4, color=hue.on_white, label=f"t_score, {kind}")


def plot_overlap(
    axes: Axes, x: Sequence[float], records: Sequence[TreeRecord], line: str = "-"
) -> None:
    """F1 of both projections, with the baselines as level lines; nothing without gold trees."""
    last = records[-1].t_parseval
    for name, hue in (("greedy", BLUE), ("chart", GREEN)):
        if name in last:
            values = [record.t_parseval[name].f1 for record in records]
            axes.plot(x, values, line, ms=4, color=hue.on_white, label=name)
    for name, dash in BASELINES.items():
        if name in last:
            label = name.replace("_", " ")
            axes.axhline(last[name].f1, ls=dash, lw=1, color=GREY.on_white, label=label)


def plot_sparsity(axes: Axes, x: Sequence[float], records: Sequence[TreeRecord]) -> None:
    """The attention entropy of every layer, lower ones lighter."""
    layers = np.array([record.attention_entropy for record in records])
    for layer in range(layers.shape[1]):
        shade = 0.25 + 0.75 * (layer + 1) / layers.shape[1]
        label = f"layer {layer + 1}"
        axes.plot(x, layers[:, layer], color=GREEN.on_white, alpha=shade, label=label)
