"""A plain and a looped model on one page: how late each bloomed, and how far.

Enters: the two runs of `latebloom.studies.bloom`. Leaves: `report.html` in their folder, with a
figure of each, also as `plain.svg` and `looped.svg`. It needs no network.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator, PercentFormatter
from matplotlib.ticker import StrMethodFormatter as Numbers

from latebloom.neutral import neutral_value
from latebloom.reports.curves import write_curves
from latebloom.reports.figure import (
    FAINT,
    INK,
    NARROW,
    STYLE,
    empty_figure,
    put_legend,
    write_figure,
)
from latebloom.reports.page import write_report
from latebloom.reports.recording import read_recording, write_output
from latebloom.reports.splits import duration, percent, style_of
from latebloom.studies.bloom import Bloomed
from latebloom.training.milestones import BLOOMED
from latebloom.worlds.splits import Split

DRAWN = {
    Split.TRAIN_INFERRED: "trained questions",
    Split.TEST_ID: "held out, ID facts",
    Split.TEST_OOD: "held out, OOD facts",
}
"""The splits that are drawn, and what they are called here."""
LATE = 3
"""A bloom at so many times the steps of fitting counts as late."""


def write_beside(folder: Path, found: Sequence[Bloomed]) -> Path:
    """Writes the page of both runs and each run's own; returns the path of the first.

    Raises: RunFolderError if a run cannot be read, or the folder cannot be written.
    """
    pictures = []
    for one in found:
        write_curves(one.run.path)
        write_report(one.run.path)
        path = write_figure(plot_bloom(one), folder / f"{one.name}.svg")
        pictures.append(base64.b64encode(path.read_bytes()).decode())
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=neutral_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(percent=percent, duration=duration)
    page = templates.get_template("beside.html.jinja").render(
        models=list(zip(found, (one.run.summary() for one in found), pictures, strict=True)),
        level=BLOOMED,
        as_told=is_as_told(found),
    )
    path = folder / "report.html"
    write_output(path, page.encode())
    return path


def is_as_told(found: Sequence[Bloomed]) -> bool:
    """Whether the first bloomed late and never OOD, and the last answers OOD questions."""
    plain, looped = found[0], found[-1]
    late = plain.inside.times is not None and plain.inside.times >= LATE
    return late and plain.outside.reached is None and looped.outside.reached is not None


def plot_bloom(one: Bloomed) -> Figure:
    """Accuracy over steps on a log scale, and how much later held-out questions came."""
    recording = read_recording(one.run.path)
    steps = [record["step"] for record in recording.records]
    with mpl.rc_context(STYLE):
        figure = empty_figure(NARROW, 3.4)
        axes = figure.subplots()
        for split, name in DRAWN.items():
            style = style_of(split, recording.data.meanings)
            shares = [record["accuracy"].get(split, float("nan")) for record in recording.records]
            axes.plot(
                steps,
                shares,
                color=style.hue.on_white,
                lw=2.2 if style.main else 1.6,
                ls=(0, (3, 1.5)) if style.ood else "-",
                label=name,
            )
        axes.set_xscale("log")
        axes.set_xlim(steps[0], steps[-1])
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(Numbers("{x:,.0f}"))
        axes.set_ylim(-0.03, 1.14)
        axes.yaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        axes.set_xlabel("training steps (log scale)")
        axes.set_ylabel("right answers")
        bloom = one.inside
        if bloom.times is not None and bloom.times > 1:
            axes.annotate(
                "",
                (bloom.reached, 1.06),
                (bloom.fitted, 1.06),
                arrowprops={"arrowstyle": "->", "color": FAINT.on_white, "lw": 1.1},
            )
            middle = (float(bloom.fitted or 1) * float(bloom.reached or 1)) ** 0.5
            axes.text(
                middle, 1.075, f"{bloom.times:.1f} times the steps", color=INK.on_white, ha="center"
            )
        put_legend(axes, columns=2)
    return figure
