"""The page and the figure of `benchmarks.growth`: costs by size, with their slopes.

Enters: the record of `results/growth.json`. Leaves: Markdown, and a figure. A slope is that of a
line through the logarithms, by least squares: 1 where cost is proportional to size, 2 where it is
its square. Fixed costs flatten it at small sizes, so the slope from the last size but one to the
last stands beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.record import in_words
from latebloom.reports.figure import CYCLE, STYLE, empty_figure

PARTS = {"data": "making the data", "step": "a training step", "evaluation": "an evaluation"}
"""What is measured at every size."""
UNITS = {"seconds": "CPU seconds", "mib": "peak memory, MiB"}


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Of a line through the logarithms, by least squares; nan for fewer than two sizes."""
    if len(sizes) < 2:
        return float("nan")
    x, y = np.log(sizes), np.log(costs)
    across = x - x.mean()
    return float(across @ (y - y[0]) / (across @ across))


def column(points: Sequence[Mapping[str, Any]], part: str, unit: str) -> list[float]:
    """One cost at every size."""
    return [float(point[part][unit]) for point in points]


def page(record: Mapping[str, Any]) -> str:
    """The page, in Markdown."""
    lines = [
        "# How cost grows",
        "",
        "Made by `python -m benchmarks.growth`; its docstring says what grows. CPU seconds on one",
        "thread, and the largest resident size in MiB. A slope of 1 means cost in proportion to",
        "size: over all sizes by least squares, and from the last size but one to the last.",
    ]
    for name, axis in record.items():
        points = axis["points"]
        lines += ["", f"## {name.capitalize()}: {axis['says']}", "", in_words(axis), ""]
        heads = [f"{said}, {unit}" for said in PARTS.values() for unit in ("s", "MiB")]
        lines += [f"| size | names | trained questions | {' | '.join(heads)} |"]
        lines += ["|---" * (3 + len(heads)) + "|"]
        for point in points:
            costs = [f"{point[p]['seconds']:.3g} | {point[p]['mib']:,.0f}" for p in PARTS]
            sizes = f"{point['size']:,} | {point['names']:,} | {point['trained_questions']:,}"
            lines += [f"| {sizes} | {' | '.join(costs)} |"]
        sizes = [point["size"] for point in points]
        for said, last in (("slope, all", 0), ("slope, last", -2)):
            found = [
                f"{slope(sizes[last:], column(points, part, unit)[last:]):z.2f}"
                for part in PARTS
                for unit in UNITS
            ]
            lines += [f"| {said} | | | {' | '.join(found)} |"]
    return "\n".join(lines) + "\n"


def draw(record: Mapping[str, Any]) -> Figure:
    """Time above, memory below, a column for each thing that grows; both scales logarithmic."""
    with mpl.rc_context(STYLE):
        figure = empty_figure(max(5.5, 2.75 * len(record)), 5.4)
        panels: Any = figure.subplots(
            len(UNITS), len(record), sharex="col", sharey="row", squeeze=False
        )
        for row, (unit, label) in zip(panels, UNITS.items(), strict=True):
            for axes, axis in zip(row, record.values(), strict=True):
                points = axis["points"]
                sizes = [point["size"] for point in points]
                for (part, said), hue in zip(PARTS.items(), CYCLE, strict=False):
                    costs = column(points, part, unit)
                    axes.plot(sizes, costs, color=hue.on_white, marker="o", ms=3, label=said)
                axes.set_xscale("log")
                axes.set_yscale("log")
                if sizes[-1] < 100:
                    axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
                    axes.set_xticks([], minor=True)
                if unit == "mib":
                    axes.set_xlabel(axis["says"])
            row[0].set_ylabel(label)
        names = panels[0][0].get_legend_handles_labels()
        figure.legend(*names, loc="outside upper left", ncols=len(PARTS))
    return figure
