"""Figures of circuits: the circuit with its arrows, heat maps, curves over training.

Enters: records of `latebloom.circuits.examination` (one model, or one a checkpoint), metrics of
the run. Leaves: matplotlib `Figure`s, and files in any format that its ending names.
Covers: any number of loops, layers, hops and operands. Does not cover: interactive views.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.reports.curves import FAINT, INK, LOOK, uses_log_steps
from latebloom.reports.recording import write_output
from latebloom.reports.splits import BLUE, GREEN, GREY, OCHRE, PURPLE, VERMILION, style_of

Record = Mapping[str, Any]
"""What `examine` or `examine_training` gives."""

WEAKEST = 0.1
"""Arrows of less strength are left out."""
METADATA = {"svg": {"Date": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}
"""No dates: the same record gives the same bytes."""


def write_figure(figure: Figure, path: Path) -> Path:
    """Writes a figure in the format of the path's ending: svg, png or pdf.

    Raises: LatebloomError for another ending; RunFolderError if it cannot be written.
    """
    kind = path.suffix[1:]
    if kind not in METADATA:
        raise LatebloomError(f"{path}: figures are written as {', '.join(METADATA)}")
    content = io.BytesIO()
    with mpl.rc_context(LOOK):
        figure.savefig(content, format=kind, metadata=METADATA[kind])
    write_output(path, content.getvalue())
    return path


def empty_figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=160, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def depth_names(record: Record) -> list[str]:
    """A name for each row of a drawing: every boundary of every loop, lowest first."""
    loops, layers = record["n_loops"], record["n_layers"]
    names = ["embedding"] + [f"layer {layer}" for layer in range(1, layers + 1)]
    if loops == 1:
        return names
    begins = ["embedding"] + ["in"] * (loops - 1)
    return [
        f"loop {loop + 1}, {begins[loop] if b == 0 else names[b]}"
        for loop in range(loops)
        for b in range(layers + 1)
    ]


def depth_of(record: Record, place: Sequence[int]) -> int:
    """The row of a state (loop, boundary, position)."""
    return place[0] * (record["n_layers"] + 1) + place[1]


def grid_of(values: Any, record: Record) -> Float[ndarray, "depth pos"]:
    """A grid `[loop][boundary][pos]` as rows from the embedding up; None becomes nan."""
    grid = np.array(values, dtype=float)
    return grid.reshape(-1, len(record["places"]))


def plot_circuit(record: Record) -> Figure:
    """The circuit of one model: where each step is, what it comes from, how strong each arrow is.

    An arrow into a step tells how often corrupting that token changes what the lens reads there;
    one into the answer, how often replacing that state changes the answer. Arrows below
    `WEAKEST` are left out.
    """
    depth, places = depth_names(record), record["places"]
    last = len(places) - 1
    with mpl.rc_context(LOOK):
        figure = empty_figure(2.2 + 1.9 * len(places), 1.6 + 0.5 * max(len(depth), 5))
        axes = figure.add_subplot()
        for row, position in np.ndindex(len(depth), len(places)):
            axes.plot(position, row, "o", color="#dcdcdc", markersize=5, zorder=1)
        top = len(depth) - 1
        seen = [step for step in record["verdict"]["steps"] if step["used_at"]]
        for step in seen:
            at = (step["used_at"][2], depth_of(record, step["used_at"]))
            for position, place in enumerate(places):
                if place in record["inputs"]:
                    strength = record["inputs"][place].get(step["name"])
                    arrow(axes, (position, 0), at, strength, GREY.on_white)
            arrow(axes, at, (last, top), step["strength"], VERMILION.on_white)
            node(axes, at, step["name"], VERMILION.on_white)
        if last_alone(record):
            arrow(axes, (last, 0), (last, top), last_strength(record), BLUE.on_white)
        for position, place in enumerate(places):
            node(axes, (position, 0), place, INK)
        node(axes, (last, top), "answer", GREEN.on_white)
        axes.set_yticks(range(len(depth)), depth)
        axes.set_xticks([])
        axes.set_xlim(-0.6, last + 0.75)
        axes.set_ylim(-0.6, top + 0.6)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        step = f"step {record['step']:,}: " if "step" in record else ""
        axes.set_title(f"{step}{record['verdict']['words']}", fontsize=9.5, color=INK, wrap=True)
    return figure


def last_alone(record: Record) -> bool:
    """Whether the last place is no step of its own, so that it goes straight to the answer."""
    last = len(record["places"]) - 1
    steps = record["verdict"]["steps"]
    return all(not step["used_at"] or step["used_at"][2] != last for step in steps)


def last_strength(record: Record) -> float | None:
    """The strength of the last place's embedding."""
    effect = record["trace"].get(record["places"][-1])
    return None if effect is None else effect["strength"][0][0][-1]


def node(axes: Axes, at: tuple[float, float], name: str, colour: str) -> None:
    axes.plot(*at, "o", color=colour, markersize=9, zorder=3)
    axes.annotate(
        name,
        at,
        xytext=(9, 5),
        textcoords="offset points",
        color=colour,
        fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        zorder=4,
    )


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    strength: float | None,
    colour: str,
) -> None:
    """An arrow as thick as it is strong, with its strength beside it."""
    if strength is None or strength < WEAKEST or start == end:
        return
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            linewidth=0.6 + 2.2 * strength,
            color=colour,
            alpha=0.35 + 0.65 * strength,
            shrinkA=7,
            shrinkB=7,
            zorder=2,
        )
    )
    third = (start[0] + 0.4 * (end[0] - start[0]), start[1] + 0.4 * (end[1] - start[1]))
    axes.annotate(
        f"{strength:.2f}",
        third,
        xytext=(4, -3),
        textcoords="offset points",
        fontsize=8,
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        zorder=4,
    )


def plot_heat_maps(onset: Record, end: Record) -> Figure:
    """The strength of every state under each corruption: at the onset, at the end, the change.

    onset, end: records of the same run; the same one twice shows one model with no change.
    """
    names = list(end["trace"])
    depth = depth_names(end)
    with mpl.rc_context(LOOK):
        width = 1.7 + 0.75 * len(end["places"])
        figure = empty_figure(3 * width, len(names) * (1.2 + 0.28 * len(depth)))
        panels = figure.subplots(len(names), 3, squeeze=False, sharey=True)
        for row, name in zip(panels, names, strict=True):
            before, after = (grid_of(r["trace"][name]["strength"], end) for r in (onset, end))
            heat(row[0], before, end, f"{name}, {stage(onset, 'onset')}", "Blues", 0)
            heat(row[1], after, end, f"{name}, {stage(end, 'end')}", "Blues", 0)
            heat(row[2], after - before, end, f"{name}, change", "RdBu_r", -1)
    return figure


def stage(record: Record, word: str) -> str:
    return f"step {record['step']:,}" if "step" in record else word


def heat(
    axes: Axes,
    grid: Float[ndarray, "depth pos"],
    record: Record,
    title: str,
    colours: str,
    low: float,
) -> None:
    """One heat map with its numbers."""
    axes.imshow(grid, origin="lower", aspect="auto", cmap=colours, vmin=low, vmax=1)
    for row, position in np.ndindex(*grid.shape):
        value = grid[row, position]
        if np.isfinite(value):
            light = abs(value) > 0.6
            text = f"{value:.2f}" if low == 0 else f"{value:+.2f}"
            axes.text(
                position,
                row,
                text,
                ha="center",
                va="center",
                fontsize=7,
                color="white" if light else FAINT,
            )
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_yticks(range(len(grid)), depth_names(record))
    axes.set_xticks(range(grid.shape[1]), record["places"], rotation=30, ha="right")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def final_place(records: Sequence[Record], name: str) -> list[int] | None:
    """Where the newest record that has this step says it is used."""
    for record in reversed(records):
        for step in record["verdict"]["steps"]:
            if step["name"] == name and step["used_at"]:
                return step["used_at"]
    return None


def plot_ranks(records: Sequence[Record]) -> Figure:
    """How each step, the last token and the answer rise or fall over training.

    Every line is told at the place where the newest circuit holds it, so that a line follows one
    state. Solid: mean reciprocal rank. Dashed: causal strength.

    Raises: LatebloomError if there is no record.
    """
    if not records:
        raise LatebloomError("no checkpoint was examined; there is nothing to draw")
    steps = [record["step"] for record in records]
    names = [step["name"] for step in records[-1]["verdict"]["steps"]]
    hues = [VERMILION, PURPLE, OCHRE, GREY]
    with mpl.rc_context(LOOK):
        figure = empty_figure(7.6, 3.8)
        axes = figure.add_subplot()
        for i, name in enumerate(names):
            place = final_place(records, name)
            if place is None:
                continue
            colour = hues[i % len(hues)].on_white
            rank = [at(record["lens"][name]["reciprocal_rank"], place) for record in records]
            strength = [at(r["trace"][lead(r)]["strength"], place) for r in records]
            label = f"{name}, {words(records[-1], place)}"
            axes.plot(steps, rank, color=colour, label=f"{label}: reciprocal rank")
            axes.plot(steps, strength, "--", color=colour, label=f"{label}: strength")
        end = (-1, -1, -1)
        answer = [at(record["lens"]["answer"]["reciprocal_rank"], end) for record in records]
        axes.plot(steps, answer, color=GREEN.on_white, label="answer, end: reciprocal rank")
        accuracy = [record["accuracy"] for record in records]
        axes.plot(steps, accuracy, color=INK, linewidth=1, label=f"accuracy, {split_of(records)}")
        finish(axes, steps, "")
        axes.set_ylim(-0.03, 1.03)
    return figure


def lead(record: Record) -> str:
    """The corruption that leads to the first step: of the subject, or of the entity compared."""
    for name in ("first entity", record["places"][0]):
        if name in record["trace"]:
            return name
    return next(iter(record["trace"]))


def split_of(records: Sequence[Record]) -> str:
    return str(records[-1]["config"]["split"])


def words(record: Record, place: Sequence[int]) -> str:
    return depth_names(record)[depth_of(record, place)]


def at(grid: Any, place: Sequence[int]) -> float:
    """One number of a grid; nan where it is None."""
    value = grid[place[0]][place[1]][place[2]]
    return np.nan if value is None else value


def plot_progress(records: Sequence[Record], metrics: Sequence[Mapping[str, Any]] = ()) -> Figure:
    """The progress measures over the accuracy curves, panels with one axis of steps.

    metrics: the evaluations of the run (`step`, `accuracy` by split).
    Raises: LatebloomError if no record holds progress measures.
    """
    records = [record for record in records if "progress" in record]
    if not records:
        raise LatebloomError("no checkpoint has progress measures; there is nothing to draw")
    steps = [record["step"] for record in records]
    progress = [record["progress"] for record in records]
    name = records[-1]["verdict"]["steps"][0]["name"] if records[-1]["verdict"]["steps"] else ""
    place = final_place(records, name) or [0, records[-1]["n_layers"], 1]
    titles = ["accuracy", "weight norm / first", words(records[-1], place)]
    if "class_ratio" in progress[-1]["geometry"]:
        titles.append("inter / intra")
    with mpl.rc_context(LOOK):
        figure = empty_figure(8.4, 2.05 * len(titles))
        panels = figure.subplots(len(titles), 1, sharex=True)
        for split in metrics[-1]["accuracy"] if metrics else ():
            style = style_of(split)
            panels[0].plot(
                [m["step"] for m in metrics],
                [m["accuracy"].get(split, np.nan) for m in metrics],
                "--" if style.ood else "-",
                color=style.hue.on_white,
                label=split,
            )
        for part in progress[-1]["weight_norm"]:
            norms = np.array([p["weight_norm"][part] for p in progress])
            panels[1].plot(steps, norms / norms[0], label=part)
        for measure in ("cohesion", "alignment", "to_embedding"):
            if measure in progress[-1]["geometry"]:
                panels[2].plot(steps, track(progress, measure, place), label=measure)
        if name and lead(records[-1]) in records[-1]["trace"]:
            strength = [at(r["trace"][lead(r)]["strength"], place) for r in records]
            panels[2].plot(steps, strength, label="causal strength")
        panels[2].plot(steps, [p["gradient_entropy"] for p in progress], label="gradient entropy")
        if len(panels) > 3:
            panels[3].plot(steps, track(progress, "class_ratio", place), label="class ratio")
            panels[3].set_yscale("log")
        for axes, title in zip(panels, titles, strict=True):
            finish(axes, steps, title)
    return figure


def track(progress: Sequence[Any], measure: str, place: Sequence[int]) -> list[float]:
    """One measure at one boundary over the checkpoints."""
    values = [p["geometry"].get(measure) for p in progress]
    found = [None if v is None else v[place[0]][place[1]] for v in values]
    return [np.nan if v is None else v for v in found]


def finish(axes: Axes, steps: Sequence[int], title: str) -> None:
    """Legend outside, a scale of steps that fits."""
    if uses_log_steps(steps):
        axes.set_xscale("symlog", linthresh=min(step for step in steps if step > 0))
    axes.set_xlim(0, max(steps))
    axes.set_ylabel(title)
    axes.set_xlabel("step")
    axes.label_outer()
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=7.5)
