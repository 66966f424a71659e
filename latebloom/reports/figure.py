"""What the figures of the instruments share: size, colours on both grounds, and their files.

Enters: a matplotlib `Figure`. Leaves: a file in any format that its ending names, the same bytes
for the same figure. An SVG also carries rules for dark pages: where a page is dark, every colour
that has a partner on black is replaced by it, so the figure needs no white card.

No text in a figure is smaller than `SMALLEST`, and a figure for reading on a phone is `NARROW`: on
a page it may shrink to `LEAST` of its size, where the text still has 9 pixels.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from latebloom.errors import LatebloomError
from latebloom.reports.curves import LOOK, uses_log_steps
from latebloom.reports.recording import write_output
from latebloom.reports.splits import BLUE, GREEN, GREY, HOP_HUES, OCHRE, PURPLE, VERMILION, Hue

SMALLEST = 9.5
"""Points of the smallest text."""
NARROW = 4.9
"""Inches of a figure that fits on a phone of 390 pixels."""
LEAST = 0.74
"""The share of its size to which a page may shrink a figure."""

INK = Hue("#1c1c1c", "#ececec")
FAINT = Hue("#5c5c5c", "#a5a8ad")
LABEL = Hue("#444444", "#c4c7cb")
"""Axis labels and ticks, as `LOOK` has them."""
GROUND = Hue("#ffffff", "#15171a")
"""What is behind the figure: the ground of the report."""
DOT = Hue("#dcdcdc", "#43484f")
"""A state that nothing is known of."""
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, OCHRE, *HOP_HUES[2:], GREY)
"""Hues of curves without a meaning of their own, in turn."""
PAIRS = tuple(dict.fromkeys((INK, FAINT, LABEL, GROUND, DOT, GREY, *CYCLE, *HOP_HUES)))

METADATA = {"svg": {"Date": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}
"""No dates: the same record gives the same bytes."""

STYLE: Any = LOOK | {
    "font.size": SMALLEST,
    "axes.titlesize": SMALLEST,
    "axes.labelsize": SMALLEST,
    "xtick.labelsize": SMALLEST,
    "ytick.labelsize": SMALLEST,
    "legend.fontsize": SMALLEST,
    "legend.frameon": False,
    "legend.labelcolor": LABEL.on_white,
    "text.color": INK.on_white,
    "axes.titlecolor": INK.on_white,
    "axes.formatter.useoffset": False,
    "axes.prop_cycle": cycler(color=[hue.on_white for hue in CYCLE]),
}
"""The settings under which the figures of the instruments are drawn."""


def empty_figure(width: float, height: float) -> Figure:
    """A figure of this size, in inches."""
    figure = Figure(
        figsize=(width, height), dpi=160, facecolor=GROUND.on_white, layout="constrained"
    )
    FigureCanvasAgg(figure)
    return figure


def write_figure(figure: Figure, path: Path) -> Path:
    """Writes a figure in the format of the path's ending: svg, png or pdf.

    Raises: LatebloomError for another ending; RunFolderError if it cannot be written.
    """
    kind = path.suffix[1:]
    if kind not in METADATA:
        raise LatebloomError(f"{path}: figures are written as {', '.join(METADATA)}")
    content = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(content, format=kind, metadata=METADATA[kind])
    written = content.getvalue()
    write_output(path, with_dark_rules(written.decode()).encode() if kind == "svg" else written)
    return path


def with_dark_rules(svg: str) -> str:
    """The same drawing, with a style sheet for dark pages.

    Its rules find a colour wherever it is written out. A viewer that knows no style sheets shows
    the light colours.
    """
    rules = "".join(
        f'[style*="{what}: {hue.on_white}"],[{what}="{hue.on_white}"]'
        f"{{{what}:{hue.on_black}!important}}"
        for hue in PAIRS
        for what in ("fill", "stroke")
        if f"{what}: {hue.on_white}" in svg or f'{what}="{hue.on_white}"' in svg
    )
    sheet = f"<style>@media (prefers-color-scheme: dark) {{{rules}}}</style>"
    begin = svg.index(">", svg.index("<svg")) + 1
    return f"{svg[:begin]}{sheet}{svg[begin:]}"


def finish(axes: Axes, steps: Sequence[float], title: str, *, columns: int = 2) -> None:
    """A scale of steps that fits, a label, and the legend above the curves."""
    if uses_log_steps(steps):
        axes.set_xscale("symlog", linthresh=min(step for step in steps if step > 0))
    axes.set_xlim(0, max(*steps, 1))
    axes.set_ylabel(title)
    axes.set_xlabel("training step")
    axes.label_outer()
    put_legend(axes, columns)


def put_legend(axes: Axes, columns: int = 2) -> None:
    """The names of the curves above them, if there are any."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=columns,
            borderaxespad=0.1,
            handlelength=1.4,
            columnspacing=1.2,
            labelspacing=0.2,
        )


def legend_height(n_names: int, columns: int = 2) -> float:
    """Inches of a legend with so many names."""
    return 0.19 * -(-n_names // columns)
