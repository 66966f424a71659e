"""The numbers behind a figure, as rows that a spreadsheet reads.

Enters: a matplotlib `Figure` of curves, or the records that another figure was drawn from. Leaves:
rows (a name for each column), and beside `figures/NAME.svg` the file `figures/NAME.csv`, which the
report offers with the figure.

Curves are read from the figure itself, so the rows are what is drawn, to the last point.

Does not cover: figures of one's own, for which any CSV that lies beside them is offered.
"""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from latebloom.circuits.record import CircuitRecord
from latebloom.errors import RunFolderError
from latebloom.reading import read_bytes
from latebloom.reports.circuit_figures import WEAKEST, arrows_of, by_depth, depth_names
from latebloom.reports.recording import write_output
from latebloom.studies.table import Row, as_csv
from latebloom.trees.record import ParsedSentence

MOST_BYTES = 1_000_000
"""Of a larger table the report holds nothing: it lies beside the figure."""


def curves_behind(figure: Figure) -> list[Row]:
    """A row for each point of each curve that has a name: its panel, the curve, x and y.

    A level line has one row, without x. A point that was not measured has no y.
    """
    rows: list[Row] = []
    for axes in figure.axes:
        name, across = axes.get_ylabel(), across_of(axes)
        for line in axes.lines:
            label = str(line.get_label())
            if label.startswith("_"):  # matplotlib's own name of what the legend leaves out
                label = name
            x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
            if line.get_transform() is not axes.transData:  # a level line: x is no number of ours
                x, y = np.array([math.nan]), y[:1]
            for one, other in zip(x.tolist(), y.tolist(), strict=True):
                row = {"panel": name, "curve": label, "over": across, "x": told(one)}
                rows.append(row | {"y": told(other)})
    return rows


def across_of(axes: Axes) -> str:
    """What the x axis is called; panels above others of the same axis do not say it."""
    return axes.get_xlabel() or "training step"


def told(number: float) -> float | int | None:
    """A number as it is written: whole ones without a point, none where there is none."""
    if not math.isfinite(number):
        return None
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def circuit_behind(record: CircuitRecord) -> list[Row]:
    """A row for each arrow of a circuit, those too weak to be drawn among them."""
    depth = depth_names(record)
    return [
        {
            "from": one.origin,
            "from token": record.places[one.start[0]],
            "from depth": depth[one.start[1]],
            "to": one.target,
            "to token": record.places[one.end[0]],
            "to depth": depth[one.end[1]],
            "strength": None if one.strength is None else told(one.strength),
            "drawn": "yes" if one.drawn else f"no, below {WEAKEST}",
        }
        for one in arrows_of(record)
    ]


def heat_maps_behind(onset: CircuitRecord, end: CircuitRecord) -> list[Row]:
    """A row for each state and each corruption: the strength at the onset and at the end.

    low, high: the 95 % interval of the latter.
    """
    rows: list[Row] = []
    for name, effect in end.trace.items():
        pair = by_depth(onset.trace[name].strength), by_depth(effect.strength)
        low, high = by_depth(effect.low), by_depth(effect.high)
        for depth, position in np.ndindex(*pair[0].shape):
            before, after = (cell(grid, depth, position) for grid in pair)
            change = None if before is None or after is None else after - before
            rows.append(
                {
                    "corrupted": name,
                    "token": end.places[position],
                    "depth": depth_names(end)[depth],
                    "step before": onset.step or 0,
                    "strength before": before,
                    "step after": end.step or 0,
                    "strength after": after,
                    "change": change,
                    "low after": cell(low, depth, position),
                    "high after": cell(high, depth, position),
                }
            )
    return rows


def cell(grid: Float[ndarray, "depth pos"], depth: int, position: int) -> float | int | None:
    """One number of a grid."""
    return told(float(grid[depth, position]))


def trees_behind(sentence: ParsedSentence) -> list[Row]:
    """A row for each bracket of two words or more: of which tree, and whether both have it."""
    kinds = {"predicted": sentence.predicted, "gold": sentence.gold}
    spans = {name: {span for span in found if span[1] > span[0]} for name, found in kinds.items()}
    return [
        {
            "tree": name,
            "first word": first + 1,
            "last word": last + 1,
            "words": " ".join(sentence.words[first : last + 1]),
            "in both": "yes" if all((first, last) in other for other in spans.values()) else "no",
        }
        for name in kinds
        for first, last in sorted(spans[name])
    ]


def write_behind(drawing: Path, rows: Sequence[Row]) -> Path:
    """Writes the rows beside a figure, under its name; returns the path.

    Raises: RunFolderError if it cannot be written.
    """
    path = drawing.with_suffix(".csv")
    write_output(path, as_csv(rows))
    return path


def read_behind(drawing: Path) -> list[list[str]]:
    """The rows beside a figure, the names of the columns first; none if there are none, or it is
    too large for a page, or no table.

    Raises: RunFolderError if there is a file that cannot be read.
    """
    path = drawing.with_suffix(".csv")
    try:
        text = read_bytes(path, MOST_BYTES).decode("utf-8")
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (FileNotFoundError, ValueError, csv.Error):
        return []
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read ({error.strerror})") from error
