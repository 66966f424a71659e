"""The learning curves of a run as one figure: accuracy by split, phases, loss.

Enters: the records of the evaluations and the summary. Leaves: a matplotlib `Figure`, or
`curves.png` and `curves.svg` in the run folder, the same bytes for the same run.
Covers: runs of any length, finished or not. Does not cover: several runs in one figure.
"""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    LogLocator,
    NullLocator,
    PercentFormatter,
    StrMethodFormatter,
)
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.reports.recording import (
    Record,
    drawn,
    phase_spans,
    read_recording,
    title_of,
    write_output,
)
from latebloom.reports.splits import USUAL, duration, in_order, percent, style_of
from latebloom.training.milestones import LEVEL
from latebloom.worlds.splits import SplitMeaning, is_validation

LOOK: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9a9a9a",
    "axes.labelcolor": "#444444",
    "xtick.color": "#9a9a9a",
    "ytick.color": "#9a9a9a",
    "xtick.labelcolor": "#444444",
    "ytick.labelcolor": "#444444",
    "svg.hashsalt": "latebloom",
    "path.simplify": True,
}
"""The settings under which the figure is drawn; the bundled font keeps it the same anywhere."""

PHASE_GROUNDS = {
    "memorising": ("#f3f1ee", "#8a8178"),
    "generalising": ("#e6f0f8", "#3f78a6"),
    "systematic": ("#e5f4ec", "#2f8460"),
}
"""Ground and ink of each phase."""

INK, FAINT = "#1c1c1c", "#5c5c5c"
LEFT, RIGHT, TOP = 0.1, 0.775, 0.815
LABEL = -0.115
"""Where the labels of both y axes stand, in widths of the axes: left of the longest number."""
LOG_RATIO = 20
"""The steps are drawn on a log scale when the last is more than this times the first."""


def plot_curves(
    records: Sequence[Record],
    summary: Mapping[str, Any],
    meanings: Mapping[str, SplitMeaning] = USUAL,
) -> Figure:
    """Accuracy by split over steps, the phases behind, the training loss below.

    records: the evaluations by step. summary: as in `summary.json`; may be empty or hold only
    `recipe` and `seed`. meanings: what the splits of the run hold. A dot marks the sustained step
    of the splits that a run is judged by. Validation splits, which go with their tests, are left
    out; of very many evaluations evenly many are drawn (`recording.drawn`).

    Raises: LatebloomError if there is no evaluation.
    """
    if not records:
        raise LatebloomError("no evaluation to draw; train until the first one")
    records = drawn(records, summary)
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=(9.2, 5.2), dpi=160, facecolor="white")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(
            2, 1, height_ratios=(4.4, 1), hspace=0.14, left=LEFT, right=RIGHT, top=TOP, bottom=0.105
        )
        main = figure.add_subplot(grid[0])
        below = figure.add_subplot(grid[1], sharex=main)
        steps = np.array([record["step"] for record in records], float)
        _scale_steps(main, below, steps)
        _shade_phases(main, below, records)
        _draw_accuracy(main, steps, records, summary, meanings)
        _draw_loss(below, steps, records)
        for axes in (main, below):
            axes.yaxis.set_label_coords(LABEL, 0.5)
        _head(figure, records, summary, meanings)
    return figure


def write_curves(run_dir: Path | str) -> tuple[Path, Path]:
    """Writes `curves.png` and `curves.svg` into the run folder; returns both paths.

    Raises: RunFolderError if the run holds no evaluation, or the folder cannot be written.
    """
    recording = read_recording(run_dir)
    named = {"recipe": recording.recipe, "seed": recording.seed, **recording.summary}
    figure = plot_curves(recording.records, named, recording.data.meanings)
    paths = recording.run_dir / "curves.png", recording.run_dir / "curves.svg"
    # No dates and no versions: the same run gives the same bytes.
    for path, metadata in zip(paths, ({"Software": None}, {"Date": None}), strict=True):
        content = io.BytesIO()
        with mpl.rc_context(LOOK):
            figure.savefig(content, format=path.suffix[1:], metadata=metadata)
        write_output(path, content.getvalue())
    return paths


def uses_log_steps(steps: Sequence[float] | Float[ndarray, " record"]) -> bool:
    """Whether the curves need a log scale: the last step is far beyond the first evaluation."""
    positive = [step for step in steps if step > 0]
    return len(positive) > 1 and bool(positive[-1] > LOG_RATIO * positive[0])


def spread_labels(
    wanted: Sequence[float], gap: float, low: float, high: float
) -> Float[ndarray, " label"]:
    """Heights for labels, at least `gap` apart and within [low, high], nearest to the wanted ones.

    Least squares: with the gaps taken off, the nearest ascending heights, which pooling finds.
    Labels that want the same height keep their order, the first lowest. If they do not all fit,
    they are packed closer.
    """
    n = len(wanted)
    if n > 1:
        gap = min(gap, (high - low) / (n - 1))
    order = np.argsort(np.asarray(wanted, float), kind="stable")
    offsets = gap * np.arange(n)
    pools: list[tuple[float, int]] = []
    for height in np.asarray(wanted, float)[order] - offsets:
        mean, size = float(height), 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        pools.append((mean, size))
    ascending = np.repeat([mean for mean, _ in pools], [size for _, size in pools])
    heights = np.empty(n)
    heights[order] = np.clip(ascending, low, high - offsets[-1] if n else high) + offsets
    return heights


def _scale_steps(main: Axes, below: Axes, steps: Float[ndarray, " record"]) -> None:
    first, last = steps[steps > 0].min(initial=1 if not (steps > 0).any() else math.inf), steps[-1]
    if uses_log_steps(steps):
        main.set_xscale("log")
        main.set_xlim(first, last)
        subs = (1.0, 2.0, 5.0) if last < 1e3 * first else (1.0,)
        main.xaxis.set_major_locator(LogLocator(subs=subs, numticks=20))
        main.xaxis.set_minor_locator(NullLocator())
        below.set_xlabel("training steps (log scale)")
    else:
        main.set_xlim(min(0, steps[0]), max(last, 1))
        below.set_xlabel("training steps")
    below.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    main.tick_params(labelbottom=False, length=0)
    below.tick_params(length=3)


def _shade_phases(main: Axes, below: Axes, records: Sequence[Record]) -> None:
    spans = phase_spans(records)
    names: list[tuple[str, str, float, float]] = []
    to_axes = main.transData + main.transAxes.inverted()
    for i, (name, start, end) in enumerate(spans):
        ground, ink = PHASE_GROUNDS.get(name, ("#f4f4f4", FAINT))
        # What came before the first evaluation counts to the first phase.
        low = main.get_xlim()[0] if i == 0 else start
        if end <= low:
            continue
        for axes in (main, below):
            axes.axvspan(low, end, color=ground, lw=0, zorder=0)
        left, right = to_axes.transform([(low, 0), (end, 0)])[:, 0]
        main.plot((left, right), (1, 1), color=ink, lw=2.4, transform=main.transAxes,
                  clip_on=False, solid_capstyle="butt")  # fmt: skip
        names.append((name, ink, (left + right) / 2, right - left))
    names.sort(key=lambda entry: -entry[3])
    places = place_names([middle for _, _, middle, _ in names],
                         [0.0128 * len(name) for name, _, _, _ in names])  # fmt: skip
    for (name, ink, _, _), place in zip(names, places, strict=True):
        if place is not None:
            main.text(place, 1.022, name, transform=main.transAxes, color=ink, ha="center",
                      va="bottom", fontsize=9, fontweight="bold")  # fmt: skip


def place_names(middles: Sequence[float], widths: Sequence[float]) -> list[float | None]:
    """Middles of names on one line within [0, 1]; None for one that would cover an earlier."""
    places: list[float | None] = []
    for middle, width in zip(middles, widths, strict=True):
        at = min(max(middle, width / 2), 1 - width / 2)
        clash = any(
            other is not None and abs(other - at) < (width + wide) / 2
            for other, wide in zip(places, widths, strict=False)
        )
        places.append(None if clash else at)
    return places


def _draw_accuracy(
    axes: Axes,
    steps: Float[ndarray, " record"],
    records: Sequence[Record],
    summary: Record,
    meanings: Mapping[str, SplitMeaning],
) -> None:
    measured = in_order(split for record in records for split in record["accuracy"])
    names = [name for name in measured if not is_validation(name)]
    curves = {
        name: np.array([_number(record["accuracy"].get(name)) for record in records])
        for name in names
    }
    names = [name for name in names if np.isfinite(curves[name]).any()]
    axes.set_ylim(-0.025, 1.03)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.set_ylabel("right answers")
    axes.grid(axis="y", color="white", lw=1.1, zorder=0.5)
    ends = [curves[name][np.isfinite(curves[name])][-1] for name in names]
    heights = spread_labels(ends, min(0.062, 1.0 / max(len(names), 1)), -0.01, 1.0)
    size = 9.5 if len(names) <= 14 else 7.5
    for name, end, height in zip(names, ends, heights, strict=True):
        style, known = style_of(name, meanings), np.isfinite(curves[name])
        width = 2.6 if style.main else 1.5
        (line,) = axes.plot(
            steps[known], curves[name][known], color=style.hue.on_white, lw=width,
            zorder=4 if style.main else 3, label=name, solid_capstyle="round",
            marker="o" if known.sum() == 1 else None, clip_on=known.sum() > 1,
        )  # fmt: skip
        if style.ood:
            line.set_dashes((3.2, 1.5) if style.main else (4, 1.8))
        axes.annotate(
            "", (1, end), (1.035, height), xycoords=axes.get_yaxis_transform(),
            textcoords=axes.get_yaxis_transform(), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": style.hue.on_white, "lw": 0.8, "alpha": 0.7,
                        "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.text(
            1.042, height, f"{name}  {percent(float(end))}", va="center_baseline", fontsize=size,
            transform=axes.get_yaxis_transform(), color=style.hue.on_white,
            fontweight="bold" if style.main else "normal",
        )  # fmt: skip
        sustained = summary.get("splits", {}).get(name, {}).get("sustained_step")
        if sustained is None or not style.main:
            continue
        if len(at := np.flatnonzero(steps == sustained)):
            axes.plot(
                sustained, curves[name][at[0]], "o", ms=7, color=style.hue.on_white, mec="white",
                mew=1.4, zorder=6, clip_on=False,
            )  # fmt: skip


def _draw_loss(axes: Axes, steps: Float[ndarray, " record"], records: Sequence[Record]) -> None:
    loss = np.array([_number(record.get("loss")) for record in records])
    known = np.isfinite(loss)
    if known.any() and loss[known].min() > 0 and loss[known].max() > 10 * loss[known].min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=4))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.plot(steps[known], loss[known], color=INK, lw=1.3, marker=None if len(steps) > 1 else "o")
    axes.set_ylabel("loss, nats")
    axes.grid(axis="y", color="white", lw=1.1, zorder=0.5)
    if known.any():
        axes.text(
            1.042, loss[known][-1], f"training loss  {loss[known][-1]:.3g}", va="center_baseline",
            transform=axes.get_yaxis_transform(), color=INK, fontsize=9.5,
        )  # fmt: skip


def _head(
    figure: Figure,
    records: Sequence[Record],
    summary: Record,
    meanings: Mapping[str, SplitMeaning],
) -> None:
    title = title_of(str(summary.get("recipe", "a run")), summary.get("seed"))
    figure.text(LEFT, 0.955, title, fontsize=15, fontweight="bold", color=INK, va="center")
    figure.text(LEFT, 0.905, subtitle(records, summary), fontsize=9.5, color=FAINT, va="center")
    if any(
        entry.get("sustained_step") is not None and style_of(split, meanings).main
        for split, entry in summary.get("splits", {}).items()
    ):
        figure.text(
            0.985, 0.026, f"● from here three evaluations in a row at {100 * LEVEL:.0f} % or more",
            fontsize=8, color=FAINT, ha="right",
        )  # fmt: skip


def subtitle(records: Sequence[Record], summary: Mapping[str, Any]) -> str:
    """The size and cost of a run in one line, as far as they are known."""
    steps = summary.get("steps", records[-1]["step"])
    seconds = summary.get("seconds", records[-1].get("seconds"))
    parts = [f"{steps:,} steps"]
    if seconds is not None:
        where = summary.get("device")
        parts.append(duration(seconds) + (f" on {where}" if where else ""))
    if summary.get("parameters"):
        parts.append(f"{summary['parameters']:,} parameters")
    if summary.get("phi"):
        parts.append(f"phi {summary['phi']:.3g}")
    return " · ".join(parts)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
