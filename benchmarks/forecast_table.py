"""The page and the figure of the forecasts, from the record that `benchmarks.forecast` makes."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.record import in_words
from latebloom.reports.figure import FAINT, INK, STYLE, empty_figure
from latebloom.reports.splits import BLUE, VERMILION

WHEN = ("a fifth of its steps", "a tenth of its budget")
"""The two looks at a run."""
HUES = {"plain": VERMILION, "looped": BLUE}
"""A colour for each kind of run."""


def pages(record: Mapping[str, Any]) -> str:
    """`results/forecast.md`."""
    return "\n".join([*head(record), *tables(record), *of_law(record["law"])]) + "\n"


def head(record: Mapping[str, Any]) -> Iterator[str]:
    """What this is, and where it was made."""
    yield "# Forecasts"
    yield ""
    yield f"Made by `python -m benchmarks.forecast`. {in_words(record)}"
    yield (
        "Test runs have settings that no fitting run had, and seeds from 100 on. Errors are the"
        " mean of |forecast / true - 1| over the test runs that got there, with Student's 95 %"
        " interval over runs. [docs/forecast.md](../docs/forecast.md) says what is forecast, and"
        " how."
    )
    yield ""


def tables(record: Mapping[str, Any]) -> Iterator[str]:
    """A table of errors, and one of intervals and of never."""
    yield "| kind, goal, looked at after | runs | came | ours | rivals |"
    yield "|---|---|---|---|---|"
    for title, found in rows(record):
        errors = found["mean_relative_error"]
        others = ", ".join(f"{n} {share(e)}" for n, e in errors.items() if n != "ours")
        yield (
            f"| {title} | {found['runs']} | {found['came']} | {with_interval(errors['ours'])} |"
            f" {others} |"
        )
    yield ""
    yield "| kind, goal, looked at after | true step inside | of | 95 % interval | never: said |"
    yield "|---|---|---|---|---|"
    for title, found in rows(record):
        cover, never = found["coverage"], found["never"]
        low, high = cover["ci95"]
        yield (
            f"| {title} | {cover['inside']} | {cover['of']} | {low:.2f} to {high:.2f} |"
            f" {never['mean_said']:.2f}, it was {never['share']:.2f} (Brier {never['brier']:.3f}) |"
        )
    yield ""


def rows(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each kind, goal and look, with its figures."""
    for kind, of_kind in record["kinds"].items():
        for goal, found in of_kind["goals"].items():
            for when in WHEN:
                if when in found:
                    yield f"{kind}, {goal.upper()}, {when}", found[when]


def of_law(law: Mapping[str, Any]) -> Iterator[str]:
    """The published law on sums; nothing where no run was grown to calibrate it on."""
    if not law:
        return
    yield "## The published law on sums modulo 97"
    yield ""
    if "refused" in law:
        yield f"It could not be calibrated: {law['refused']}."
        return
    yield (
        f"Calibrated on {law['calibrated_on']} runs of one setting: kappa {law['kappa']:.2f}, V*"
        f" {law['threshold']:.0f}. Of the {law['late']} other runs that memorised first, the error"
        f" of the delay is {with_interval(law['delay_error'])} (of a constant delay"
        f" {share(law['delay_error_of_a_constant'])}), that of the step"
        f" {with_interval(law['step_error'])}."
    )
    yield ""
    yield "| run | memorised | grokked | forecast |"
    yield "|---|---|---|---|"
    for name, one in sorted(law["rows"].items()):
        yield f"| {name} | {one['memorised']} | {one['grokked']} | {one['forecast']:.0f} |"


def share(error: Mapping[str, Any]) -> str:
    """A mean error in per cent."""
    return "-" if error["mean"] is None else f"{error['mean']:.0%} ({error['n']})"


def with_interval(error: Mapping[str, Any]) -> str:
    """The same with its interval."""
    if error["mean"] is None:
        return "-"
    low, high = error["ci95"]
    return f"{error['mean']:.1%} ({low:.1%} to {high:.1%}, {error['n']} runs)"


def draw(record: Mapping[str, Any]) -> Figure:
    """Forecast over true step, with the interval of each, after a fifth of the steps."""
    with mpl.rc_context(STYLE):
        figure = empty_figure(7.6, 3.8)
        panels = figure.subplots(1, 2)
        for axes, goal in zip(panels, ("id", "ood"), strict=True):
            for kind, of_kind in record["kinds"].items():
                looks = [one for one in of_kind["goals"][goal]["looks"] if one["when"] == WHEN[0]]
                dots(axes, [one for one in looks if one["true"] and one["chance"]["step"]], kind)
            finish(axes, f"{goal.upper()} questions")
    return figure


def dots(axes: Axes, looks: list[Mapping[str, Any]], kind: str) -> None:
    """The runs of one kind."""
    if not looks:
        return
    true = [one["true"] for one in looks]
    said = [one["chance"]["step"] for one in looks]
    # A true step outside of the errors that were seen may leave the forecast itself outside.
    ends = [
        [max(0.0, s - one["chance"]["low"]) for s, one in zip(said, looks, strict=True)],
        [max(0.0, one["chance"]["high"] - s) for s, one in zip(said, looks, strict=True)],
    ]
    hue = HUES[kind].on_white
    axes.errorbar(true, said, yerr=ends, fmt="o", ms=4, lw=0.8, color=hue, label=kind, alpha=0.85)


def finish(axes: Axes, title: str) -> None:
    """Logarithmic scales, and the line on which a forecast is right."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    low = min(*axes.get_xlim(), *axes.get_ylim())
    high = max(*axes.get_xlim(), *axes.get_ylim())
    if math.isfinite(low) and high > low:
        axes.plot([low, high], [low, high], color=FAINT.on_white, lw=0.8)
    axes.set_title(title, color=INK.on_white)
    axes.set_xlabel("step at which it came")
    axes.set_ylabel("forecast after a fifth of it")
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
