"""Figures of circuits: the circuit with its arrows, heat maps, curves over training.

Enters: `CircuitRecord`s (of one model, or of each checkpoint), metrics of the run. Leaves:
matplotlib `Figure`s; `reports.figure.write_figure` writes them.
Covers: any number of loops, layers, hops and operands. Does not cover: interactive views.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from numpy import ndarray

from latebloom.circuits.record import CircuitRecord
from latebloom.circuits.verdict import Place
from latebloom.errors import LatebloomError
from latebloom.reports.figure import (
    DOT,
    GROUND,
    INK,
    NARROW,
    STYLE,
    empty_figure,
    finish,
    legend_height,
)
from latebloom.reports.splits import BLUE, GREEN, GREY, OCHRE, PURPLE, VERMILION, style_of

WEAKEST = 0.1
"""Arrows of less strength are left out."""
MEASURES = {
    "cohesion": "states of one bridge alike",
    "alignment": "OOD states like ID ones",
    "to_embedding": "state like the bridge's embedding",
}
"""How the measures of geometry are called in a figure; all are mean cosines."""


def depth_names(record: CircuitRecord) -> list[str]:
    """A name for each row of a drawing: every boundary of every loop, lowest first."""
    loops, layers = record.n_loops, record.n_layers
    names = ["embedding"] + [f"layer {layer}" for layer in range(1, layers + 1)]
    if loops == 1:
        return names
    begins = ["embedding"] + ["in"] * (loops - 1)
    return [
        f"loop {loop + 1}, {begins[loop] if b == 0 else names[b]}"
        for loop in range(loops)
        for b in range(layers + 1)
    ]


def depth_of(record: CircuitRecord, place: Place) -> int:
    """The row of a state."""
    return place.loop * (record.n_layers + 1) + place.boundary


def by_depth(
    grid: Float[ndarray, "loop boundary pos"],
) -> Float[ndarray, "depth pos"]:
    """A grid as rows from the embedding up."""
    return grid.reshape(-1, grid.shape[-1])


def plot_circuit(record: CircuitRecord) -> Figure:
    """The circuit of one model: where each step is, what it comes from, how strong each arrow is.

    An arrow into a step tells how often corrupting that token changes what the lens reads there;
    one into the answer, how often replacing that state changes the answer. Arrows below
    `WEAKEST` are left out.
    """
    depth, places = depth_names(record), record.places
    last, top = len(places) - 1, len(depth) - 1
    width = max(NARROW, 1.7 + len(places))
    with mpl.rc_context(STYLE):
        figure = empty_figure(width, 1.3 + 0.42 * max(len(depth), 6))
        axes = figure.add_subplot()
        for row, position in np.ndindex(len(depth), len(places)):
            axes.plot(position, row, "o", color=DOT.on_white, markersize=5, zorder=1)
        for one in arrows_of(record):
            arrow(axes, one)
        for step in record.verdict.steps:
            if step.used_at is not None:
                at = (step.used_at.position, depth_of(record, step.used_at))
                node(axes, at, step.name, VERMILION.on_white)
        for position, place in enumerate(places):
            node(axes, (position, 0), place, INK.on_white, below=True)
        node(axes, (last, top), "answer", GREEN.on_white)
        axes.set_yticks(range(len(depth)), depth)
        axes.set_xticks([])
        axes.set_xlim(-0.45, last + 0.7)
        axes.set_ylim(-0.8, top + 0.6)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        title = "" if record.step is None else f"step {record.step:,}: "
        lines = textwrap.wrap(f"{title}{record.verdict.words()}", int(12.5 * width))
        figure.suptitle("\n".join(lines), x=0.02, ha="left", fontsize=STYLE["font.size"])
    return figure


@dataclass(frozen=True, slots=True)
class Arrow:
    """What one state does to another, each at (position, depth).

    strength: in [0, 1]; None where it was not measured.
    """

    origin: str
    start: tuple[int, int]
    target: str
    end: tuple[int, int]
    strength: float | None
    colour: str

    @property
    def drawn(self) -> bool:
        """Whether it is strong enough to be drawn, and leads anywhere."""
        return self.strength is not None and self.strength >= WEAKEST and self.start != self.end


def arrows_of(record: CircuitRecord) -> list[Arrow]:
    """From the tokens into each step, from each step into the answer, and from the last place."""
    places, found = record.places, []
    last, top = len(places) - 1, len(depth_names(record)) - 1
    for step in record.verdict.steps:
        if step.used_at is None:
            continue
        at = (step.used_at.position, depth_of(record, step.used_at))
        for position, place in enumerate(places):
            strength = record.inputs.get(place, {}).get(step.name)
            if strength is not None:
                found.append(Arrow(place, (position, 0), step.name, at, strength, GREY.on_white))
        found.append(Arrow(step.name, at, "answer", (last, top), step.strength, VERMILION.on_white))
    if last_alone(record):
        strength, end = last_strength(record), (last, top)
        found.append(Arrow(places[last], (last, 0), "answer", end, strength, BLUE.on_white))
    return found


def last_alone(record: CircuitRecord) -> bool:
    """Whether the last place is no step of its own, so that it goes straight to the answer."""
    last = len(record.places) - 1
    return all(
        step.used_at is None or step.used_at.position != last for step in record.verdict.steps
    )


def last_strength(record: CircuitRecord) -> float | None:
    """The strength of the last place's embedding."""
    effect = record.trace.get(record.places[-1])
    return None if effect is None else float(effect.strength[0, 0, -1])


def node(
    axes: Axes, at: tuple[float, float], name: str, colour: str, *, below: bool = False
) -> None:
    """A state with its name beside it, or below it."""
    axes.plot(*at, "o", color=colour, markersize=9, zorder=3)
    axes.annotate(
        name,
        at,
        xytext=(0, -16) if below else (9, 5),
        ha="center" if below else "left",
        textcoords="offset points",
        color=colour,
        bbox={"facecolor": GROUND.on_white, "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        zorder=4,
    )


def arrow(axes: Axes, one: Arrow) -> None:
    """An arrow as thick as it is strong, with its strength beside it."""
    if one.strength is None or not one.drawn:
        return
    start, end, strength = one.start, one.end, one.strength
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            linewidth=0.6 + 2.2 * strength,
            color=one.colour,
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
        color=one.colour,
        bbox={"facecolor": GROUND.on_white, "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        zorder=4,
    )


def plot_heat_maps(onset: CircuitRecord, end: CircuitRecord) -> Figure:
    """The strength of every state under each corruption: at the onset, beside it at the end, and
    below them the change, so that questions of three tokens fit on a phone.

    onset, end: records of the same run; the same one twice shows one model with no change.
    """
    depth = depth_names(end)
    with mpl.rc_context(STYLE):
        panel = max((NARROW - 1.3) / 2, 0.5 + 0.42 * len(end.places))
        height = 1.15 + 0.26 * len(depth)
        figure = empty_figure(1.3 + 2 * panel, 0.2 + 2 * height * len(end.trace))
        panels = figure.subplots(2 * len(end.trace), 2, squeeze=False, sharey="row")
        for above, below, (name, effect) in zip(
            panels[::2], panels[1::2], end.trace.items(), strict=True
        ):
            before, after = by_depth(onset.trace[name].strength), by_depth(effect.strength)
            heat(above[0], before, end, f"{name},\n{stage(onset, 'onset')}", signed=False)
            heat(above[1], after, end, f"{name},\n{stage(end, 'end')}", signed=False)
            heat(below[0], after - before, end, f"{name},\nchange", signed=True)
            below[1].remove()
    return figure


def stage(record: CircuitRecord, word: str) -> str:
    return word if record.step is None else f"step {record.step:,}"


def heat(
    axes: Axes,
    grid: Float[ndarray, "depth pos"],
    record: CircuitRecord,
    title: str,
    *,
    signed: bool,
) -> None:
    """One heat map with its numbers: the ground where it is 0, blue at 1, orange at -1."""
    for row, position in np.ndindex(*grid.shape):
        value = grid[row, position]
        if not np.isfinite(value):
            continue
        share = min(abs(float(value)), 1.0)
        axes.add_patch(
            Rectangle(
                (position - 0.5, row - 0.5),
                1,
                1,
                facecolor=(BLUE if value >= 0 else VERMILION).on_white,
                alpha=share,
                linewidth=0,
            )
        )
        axes.text(
            position,
            row,
            f"{value:+.2f}" if signed else f"{value:.2f}",
            ha="center",
            va="center",
            color=(GROUND if share > 0.6 else INK).on_white,
        )
    axes.set_xlim(-0.5, grid.shape[1] - 0.5)
    axes.set_ylim(-0.5, len(grid) - 0.5)
    axes.set_title(title)
    axes.set_yticks(range(len(grid)), depth_names(record))
    axes.set_xticks(range(grid.shape[1]), record.places, rotation=30, ha="right")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def final_place(records: Sequence[CircuitRecord], name: str) -> Place | None:
    """Where the newest record that has this step says it is used."""
    for record in reversed(records):
        for step in record.verdict.steps:
            if step.name == name and step.used_at is not None:
                return step.used_at
    return None


def plot_ranks(records: Sequence[CircuitRecord]) -> Figure:
    """How each step, the last token and the answer rise or fall over training.

    Every line is told at the place where the newest circuit holds it, so that a line follows one
    state. Solid: mean reciprocal rank. Dashed: causal strength.

    Raises: LatebloomError if there is no record.
    """
    if not records:
        raise LatebloomError("no checkpoint was examined; there is nothing to draw")
    newest, steps = records[-1], steps_of(records)
    hues = [VERMILION, PURPLE, OCHRE, GREY]
    with mpl.rc_context(STYLE):
        figure = empty_figure(NARROW, 3.2 + legend_height(2 + 2 * len(newest.verdict.steps), 1))
        axes = figure.add_subplot()
        for i, name in enumerate(step.name for step in newest.verdict.steps):
            place = final_place(records, name)
            if place is None:
                continue
            colour = hues[i % len(hues)].on_white
            rank = [float(record.lens[name].reciprocal_rank[place]) for record in records]
            strength = [record.strength_at(place) for record in records]
            label = f"{name}, {words(newest, place)}"
            axes.plot(steps, rank, color=colour, label=f"{label}: reciprocal rank")
            axes.plot(steps, strength, "--", color=colour, label=f"{label}: strength")
        answer = [float(r.lens["answer"].reciprocal_rank[-1, -1, -1]) for r in records]
        axes.plot(steps, answer, color=GREEN.on_white, label="answer, end: reciprocal rank")
        accuracy = [record.accuracy for record in records]
        label = f"accuracy, {newest.config.split}"
        axes.plot(steps, accuracy, color=INK.on_white, linewidth=1, label=label)
        finish(axes, steps, "", columns=1)
        axes.set_ylim(-0.03, 1.03)
    return figure


def steps_of(records: Sequence[CircuitRecord]) -> list[int]:
    """The training step of each record, of records of a run."""
    return [record.step or 0 for record in records]


def words(record: CircuitRecord, place: Place) -> str:
    return depth_names(record)[depth_of(record, place)]


def plot_progress(
    records: Sequence[CircuitRecord], metrics: Sequence[Mapping[str, Any]] = ()
) -> Figure:
    """The progress measures over the accuracy curves, panels with one axis of steps.

    metrics: the evaluations of the run (`step`, `accuracy` by split).
    Raises: LatebloomError if there is no record.
    """
    if not records:
        raise LatebloomError("no checkpoint was examined; there is nothing to draw")
    steps, newest = steps_of(records), records[-1]
    name = next((step.name for step in newest.verdict.steps), "")
    place = final_place(records, name) or Place(0, newest.n_layers, 1)
    geometry = newest.progress.geometry
    titles = ["accuracy", "weight norm / first", words(newest, place)]
    if "class_ratio" in geometry:
        titles.append("class ratio")
    splits = list(metrics[-1]["accuracy"]) if metrics else []
    n_names = (len(splits), len(newest.progress.weight_norm), 2 * (2 + len(geometry)), 0)
    heights = [1.35 + legend_height(n) for n in n_names[: len(titles)]]
    with mpl.rc_context(STYLE):
        figure = empty_figure(NARROW, sum(heights) + 0.3)
        panels = figure.subplots(len(titles), 1, sharex=True, height_ratios=heights)
        for split in splits:
            style = style_of(split)
            panels[0].plot(
                [m["step"] for m in metrics],
                [m["accuracy"].get(split, np.nan) for m in metrics],
                "--" if style.ood else "-",
                color=style.hue.on_white,
                label=split,
            )
        for part in newest.progress.weight_norm:
            norms = np.array([record.progress.weight_norm[part] for record in records])
            panels[1].plot(steps, norms / norms[0], label=part)
        for measure, told in MEASURES.items():
            if measure in geometry:
                panels[2].plot(steps, track(records, measure, place), label=told)
        if name and newest.trace:
            strength = [record.strength_at(place) for record in records]
            panels[2].plot(steps, strength, label=f"strength of {name}")
        entropy = [record.progress.gradient_entropy for record in records]
        panels[2].plot(steps, entropy, label="gradient entropy")
        if len(panels) > 3:
            panels[3].plot(steps, track(records, "class_ratio", place))
            panels[3].set_yscale("log")
        for axes, title in zip(panels, titles, strict=True):
            finish(axes, steps, title, columns=1 if axes is panels[2] else 2)
    return figure


def track(records: Sequence[CircuitRecord], measure: str, place: Place) -> list[float]:
    """One measure at one boundary over the checkpoints; nan where it was not measured."""
    found = [record.progress.geometry.get(measure) for record in records]
    return [np.nan if v is None else float(v[place.loop, place.boundary]) for v in found]
