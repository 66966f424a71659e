"""The figure of what a model answers through its steps, beside what it answers at all.

Enters: the `CircuitRecord`s of a run's checkpoints. Leaves: a matplotlib `Figure`: over training
the share of answers that moving a bridge's state restores, the control with another bridge, and the
accuracy on held-out questions, with that on the traced ones behind. Of operands, which have no
donors, the causal strength stands in for the restored share.
"""

import math
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from latebloom.circuits.record import CircuitRecord
from latebloom.errors import LatebloomError
from latebloom.reports.circuit_figures import steps_of
from latebloom.reports.figure import NARROW, STYLE, empty_figure, finish, legend_height
from latebloom.reports.splits import BLUE, GREY, OCHRE, PURPLE, VERMILION

STEP_HUES = (VERMILION, PURPLE, OCHRE)
"""The hues of the steps, in turn."""


def plot_bridge(records: Sequence[CircuitRecord]) -> Figure:
    """Restored answers and held-out accuracy over training, on one scale.

    Solid: restored with the same bridge. Dotted: with another one. Dashed: the strength of a step
    that has no donors.

    Raises: LatebloomError if there is no record.
    """
    if not records:
        raise LatebloomError("no checkpoint was examined; there is nothing to draw")
    newest, steps = records[-1], steps_of(records)
    with mpl.rc_context(STYLE):
        figure = empty_figure(NARROW, 2.9 + legend_height(2 + 2 * len(newest.verdict.steps), 1))
        axes = figure.add_subplot()
        right = [record.accuracy for record in records]
        label = f"accuracy, {newest.config.split}"
        axes.fill_between(steps, right, color=GREY.on_white, alpha=0.12, linewidth=0)
        axes.plot(steps, right, color=GREY.on_white, linewidth=1, label=label)
        if newest.held_out is not None:
            new = [record.verdict.held_out for record in records]
            label = f"accuracy, {newest.held_out.split} (held out)"
            axes.plot(steps, new, color=BLUE.on_white, linewidth=2.2, label=label)
        for i, step in enumerate(newest.verdict.steps):
            colour = STEP_HUES[i % len(STEP_HUES)].on_white
            found = [record.verdict.steps[i] for record in records]
            if math.isnan(step.moved):
                strength = [one.strength for one in found]
                axes.plot(steps, strength, "--", color=colour, label=f"{step.name}: strength")
                continue
            moved, control = [one.moved for one in found], [one.other_moved for one in found]
            axes.plot(steps, moved, color=colour, label=f"restored by the same {step.name}")
            axes.plot(steps, control, ":", color=colour, label=f"restored by another {step.name}")
        finish(axes, steps, "share of questions", columns=1)
        axes.set_ylim(-0.03, 1.03)
    return figure
