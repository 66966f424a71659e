"""The page and the figure of `benchmarks.construct`, from what it measured.

Enters: the record in `results/construct.json`. Leaves: Markdown, and a figure of what training
makes of a constructed plain model.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from benchmarks.record import in_words
from benchmarks.result_tables import table
from latebloom.intervals import student, student_of_ratios
from latebloom.reports.compared import draw_setting
from latebloom.reports.figure import CYCLE, empty_figure, put_legend, write_figure

Row = Mapping[str, Any]
DRAWN = ("atomic_id", "test_id", "test_ood")


def page_of(record: Row) -> str:
    """`results/construct.md`."""
    lines = [
        line
        for part in (paper, capacity, starts, going_on, circuits, sets, comparisons)
        if part.__name__ in record
        for line in ("", *part(record))
    ]
    head = [
        "# Constructed weights",
        "",
        f"Made by `python -m benchmarks.construct RUNS`. {in_words(record)} Seeds"
        f" {record['seeds'][0]} to {record['seeds'][-1]}. Everything in these weights is built in;"
        " docs/construct.md explains how.",
    ]
    older = {
        name: commit
        for name, commit in record.get("commits", {}).items()
        if commit != record["commit"]
    }
    if older:
        told = ", ".join(f"{name} {commit[:12]}" for name, commit in older.items())
        head += ["", f"Parts of earlier commits: {told}."]
    return "\n".join([*head, *lines, ""])


def paper(record: Row) -> list[str]:
    """The paper's world."""
    one = record["paper"]
    accuracy = ", ".join(f"{name} {share:.4f}" for name, share in one["accuracy"].items())
    return [
        "## The paper's world",
        "",
        f"40,000 facts, seed {one['seed']}, one thread: {one['cpu_seconds']:.0f} s of processor"
        f" time for the whole command, world, weights and measurement; {one['peak_gib']:.2f} GiB at"
        f" most; {one['parameters']:,} parameters. {accuracy}.",
    ]


def with_interval(values: Sequence[float], digits: int = 3) -> str:
    """The mean with Student's interval: `0.681 (0.650 to 0.712)`."""
    low, high = student(np.array(values), least=0.0)
    return f"{fmean(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def capacity(record: Row) -> list[str]:
    """Facts held, constructed and trained."""
    rows = [
        (
            f"{one['units']}",
            one["way"],
            f"{one['seeds']}",
            f"{one['parameters']:,}",
            f"{fmean(one['facts']):,.0f} of 2,000",
            with_interval(one["facts_a_parameter"], 4),
            with_interval([share["test_id"] for share in one["accuracy"]]),
            with_interval([share["test_ood"] for share in one["accuracy"]]),
        )
        for one in record["capacity"]
    ]
    head = ("MLP", "weights", "seeds", "parameters", "facts held", "facts a parameter")
    return [
        "## Capacity: the looped model of width 64 on the 2,000 facts of `composition`",
        "",
        *table((*head, "two hops, ID", "two hops, OOD"), rows),
    ]


def starts(record: Row) -> list[str]:
    """Steps from each start, and how much sooner than from random weights of the same shape."""
    by_start: dict[str, list[Row]] = {}
    for one in record["starts"]:
        by_start.setdefault(one["start"], []).append(one)
    rows: list[tuple[str, ...]] = []
    for name, found in by_start.items():
        alone = by_start.get(found[0]["against"])
        first = fmean(one["first"]["test_id"] for one in found)
        told = [steps_in_words(found, split) for split in ("test_id", "test_ood")]
        rows.append((name, f"{first:.3f}", *told, sooner(alone, found) if alone else ""))
    return [
        "## A start: the looped model of `composition` until .95 is kept, measured every 5 steps",
        "",
        "*Sooner* is the ratio of the steps to those from random weights of the same shape and seed"
        " (ID; geometric mean, 95 % over seeds); a run that never kept the level counts with all"
        " its steps.",
        "",
        *table(("begins with", "ID at step 5", "ID kept from", "OOD kept from", "sooner"), rows),
    ]


def steps_in_words(found: Sequence[Row], split: str) -> str:
    """The median of the steps, and each."""
    steps = [one["kept"][split] for one in found]
    middle = median(math.inf if step is None else step for step in steps)
    each = ", ".join("never" if step is None else str(step) for step in steps)
    return f"{'never' if math.isinf(middle) else f'{middle:.0f}'} ({each})"


def sooner(alone: Sequence[Row], found: Sequence[Row]) -> str:
    """The ratio of steps with its interval."""
    needed = [[one["kept"]["test_id"] or one["steps"] for one in runs] for runs in (alone, found)]
    ratios = np.array(needed[0]) / np.array(needed[1])
    low, high = student_of_ratios(ratios)
    return f"{np.exp(np.log(ratios).mean()):.2f} ({low:.2f} to {high:.2f})"


def evaluations(record: Row) -> dict[float, list[list[Row]]]:
    """What was measured of the plain models that are trained on, by decay and seed."""
    found: dict[float, dict[int, list[Row]]] = {}
    for one in record["going_on"]:
        found.setdefault(one["decay"], {}).setdefault(one["seed"], []).append(one)
    return {decay: list(runs.values()) for decay, runs in found.items()}


def going_on(record: Row) -> list[str]:
    """What training makes of a constructed plain model."""
    rows: list[tuple[str, ...]] = []
    for decay, runs in evaluations(record).items():
        for moment in zip(*runs, strict=True):
            shares = [
                with_interval([one["accuracy"][name] for one in moment])
                for name in moment[0]["accuracy"]
            ]
            rows.append((f"{decay:g}", f"{moment[0]['step']}", *shares))
    return [
        "## Training on from a constructed plain model (`bloom`)",
        "",
        "![accuracy over steps at two weight decays](construct.png)",
        "",
        *table(("decay", "step", *record["going_on"][0]["accuracy"]), rows),
    ]


def circuits(record: Row) -> list[str]:
    """What tracing says of both."""
    rows = [
        (
            f"{one['seed']}",
            one["way"],
            one["kind"],
            "loop {}, boundary {}, position {}".format(*one["bridge_at"])
            if one["bridge_at"]
            else "nowhere",
            f"{one['reciprocal_rank']:.2f}",
            f"{one['strength']:.2f}",
            f"{one['moved']:.2f}",
        )
        for one in record["circuits"]
    ]
    head = ("seed", "weights", "verdict", "bridge used at (from 0)", "reciprocal rank", "strength")
    return [
        "## The circuit: the looped models of width 64 with an MLP of 512, 100 trained questions",
        "",
        *table((*head, "moved"), rows),
    ]


def spread(values: Sequence[float]) -> str:
    """The mean with Student's interval where seeds differ; the value where they do not."""
    if max(values) - min(values) < 5e-4:
        return f"{fmean(values):.3f}"
    return with_interval(values)


def sets(record: Row) -> list[str]:
    """Answers that are sets: ranks, set F1, coverage."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for one in record["sets"]:
        grouped.setdefault((one["data"], one["way"]), []).append(one)
    rows: list[tuple[str, ...]] = []
    for (data, way), found in grouped.items():

        def of(query: str, name: str, found: Sequence[Row] = found) -> str:
            told = [one["ranking"][query] for one in found]
            if any(one is None or one[name] is None for one in told):
                return "\N{EN DASH}"
            return spread([one[name] for one in told])

        rows.append(
            (
                data,
                way,
                f"{len(found)}",
                f"{found[0]['parameters']:,}",
                spread([one["first"]["atomic_id"] for one in found]),
                of("2p known", "mrr"),
                of("2p known", "set_f1"),
                of("1p missing", "mrr"),
                of("2p missing", "mrr"),
                spread([one["coverage"]["empirical"] for one in found]),
                f"{fmean(one['coverage']['mean_size'] for one in found):.1f}",
                f"{median(one['seconds'] for one in found):.1f}",
            )
        )
    head = (
        *("data", "weights", "seeds", "parameters", "told facts, first guess right"),
        *("two hops that follow: MRR", "set F1", "one hop, missing facts: MRR"),
        *("two hops through a missing fact: MRR", "90 % sets hold", "names in a set", "seconds"),
    )
    return [
        "## Answers that are sets",
        "",
        "Ranks are filtered, over all names. The questions of a graph are the same with every seed"
        " (those of graphs.md, where trained models stand); of pharmacology the seed draws which"
        " facts are missing. Seconds: weights alone, or the training; one thread, beside other"
        " work.",
        "",
        *table(head, rows),
    ]


def comparisons(record: Row) -> list[str]:
    """Comparisons: every split."""
    grouped: dict[str, list[Row]] = {}
    for one in record["comparisons"]:
        grouped.setdefault(one["recipe"], []).append(one)
    names = list(dict.fromkeys(name for one in record["comparisons"] for name in one["splits"]))
    rows = [
        (
            recipe,
            f"{len(found)}",
            f"{found[0]['parameters']:,}",
            *(spread([one["splits"][name]["accuracy"] for one in found]) for name in names),
            f"{median(one['seconds'] for one in found):.1f}",
        )
        for recipe, found in grouped.items()
    ]
    return [
        "## Comparisons",
        "",
        "The models of the recipes, made wider where the facts need it; seconds for the weights.",
        "",
        *table(("recipe", "seeds", "parameters", *names, "seconds"), rows),
    ]


def panels(record: Row) -> Iterator[tuple[str, list[list[Row]]]]:
    """The title and the runs of each panel."""
    for decay, runs in evaluations(record).items():
        yield f"weight decay {decay:g}", runs


def draw(record: Row, path: Path) -> None:
    """Accuracy of a constructed plain model over the steps for which it is trained on."""
    told = list(panels(record))
    figure = empty_figure(7.2, 2.2 * len(told))
    grid = figure.subplots(len(told), 1, squeeze=False)[:, 0]
    for axes, (title, runs) in zip(grid, told, strict=True):
        for name, hue in zip(DRAWN, CYCLE, strict=False):
            draw_setting(axes, name, runs, name, hue.on_white)
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel(f"right, {title}")
    put_legend(grid[0], columns=3)
    grid[-1].set_xlabel("step of the training that goes on")
    write_figure(figure, path)
