"""The tables of results/README.md and docs/results.md, from the JSON files in results/.

Enters: the claims that have a file. Leaves: Markdown. `what_held` is for readers, a row for each
claim; `how_sure` gives each split the interval over seeds and the one over questions;
`what_it_cost` gives steps, seconds and memory, and the commit that was measured.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.claims import CLAIMS, Claim
from benchmarks.record import short
from latebloom.errors import LatebloomError
from latebloom.files import read_json
from latebloom.intervals import OverSeeds, over_seeds
from latebloom.recipes.catalogue import FRESH

Measured = Mapping[str, Any]
"""What a file in results/ holds of a claim."""
TUNED = "&dagger;"
"""Beside seeds that settings were also chosen by."""


def measured_in(folder: Path) -> list[tuple[Claim, Measured]]:
    """The claims with a file in a folder, in their order."""
    paths = ((claim, folder / f"{claim.name}.json") for claim in CLAIMS)
    return [(claim, read_json(path, LatebloomError)) for claim, path in paths if path.exists()]


def splits_over_seeds(runs: Sequence[Measured]) -> dict[str, OverSeeds]:
    """Every split of the runs, over their seeds.

    Splits that hold no question are left out.
    """
    told = {split: [run["splits"][split] for run in runs] for split in runs[0]["splits"]}
    counts = {
        split: np.array([[row["correct"], row["n"]] for row in rows]).T
        for split, rows in told.items()
    }
    return {split: over_seeds(*both) for split, both in counts.items() if both[1].all()}


def what_held(measured: Iterable[tuple[Claim, Measured]]) -> list[str]:
    """A row for each claim: in how many seeds it held, and the accuracies over the seeds."""
    rows = []
    for claim, told in measured:
        together = splits_over_seeds(told["runs"])
        # A row that was measured before a split was drawn has none.
        shown = [split for split in claim.shows if split in together]
        accuracies = "<br>".join(f"{split} {with_ends(together[split])}" for split in shown)
        held = f"{told['holds']} of {told['seeds']}{few(told)}"
        rows.append((grown(told), told["claim"], held, seeds_of(told), accuracies))
    return table(
        ("`latebloom grok`", "claim", "held in", "seeds", "accuracy: mean (95 % over seeds)"), rows
    )


def how_sure(measured: Iterable[tuple[Claim, Measured]]) -> list[str]:
    """A row for each split that a claim shows: both kinds of interval, and how they compare."""
    rows = []
    for claim, told in measured:
        for split, one in splits_over_seeds(told["runs"]).items():
            if split in claim.shows:
                over = one.overdispersion
                rows.append(
                    (
                        grown(told),
                        split,
                        f"{one.mean:.4f}",
                        f"{one.lowest:.4f}",
                        ends(one.ci95_over_seeds),
                        ends(one.ci95_over_seeds_bootstrap),
                        ends(one.ci95_over_questions),
                        "-" if over is None else f"{over:.1f}",
                    )
                )
    heads = ("`latebloom grok`", "split", "mean", "worst seed", "over seeds, Student")
    return table(
        (*heads, "over seeds, bootstrap", "over questions, Wilson", "overdispersion"), rows
    )


def what_it_cost(measured: Iterable[tuple[Claim, Measured]]) -> list[str]:
    """A row for each claim: steps, seconds, memory, and where the figures come from."""
    rows = []
    for _, told in measured:
        used = [run["process"] for run in told["runs"]]
        rows.append(
            (
                grown(told),
                spread([run["steps"] for run in told["runs"]]),
                spread([one["cpu_seconds"] for one in used]),
                spread([one["wall_seconds"] for one in used]),
                spread([one["peak_mib"] for one in used]),
                str(used[0]["threads"]),
                short(told.get("commit", "not recorded")),
                told["date"],
            )
        )
    heads = ("`latebloom grok`", "steps", "CPU s", "wall s", "peak MiB", "threads")
    return table((*heads, "commit", "date"), rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    cells = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(row)} |" for row in cells]


def grown(told: Measured) -> str:
    """What was grown, as the command has it: `composition --world.phi 2`."""
    words = told["command"].removeprefix("latebloom grok ").removesuffix(" --seed N")
    return f"`{words}`"


def seeds_of(told: Measured) -> str:
    """`100-104`; seeds that settings were chosen by carry a mark."""
    seeds = sorted(run["seed"] for run in told["runs"])
    named = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]}-{seeds[-1]}"
    return named + (TUNED if seeds[0] < FRESH else "")


def few(told: Measured) -> str:
    """Why there are few seeds, where there are."""
    return f" ({told['few']})" if told.get("few") else ""


def with_ends(one: OverSeeds) -> str:
    """`0.994 (0.983-1.000)`; the mean alone where there is one seed, or all seeds agree."""
    interval = None if one.lowest == one.highest else one.ci95_over_seeds
    return f"{one.mean:.3f}" + ("" if interval is None else f" ({ends(interval, 3)})")


def ends(interval: tuple[float, float] | None, digits: int = 4) -> str:
    """`0.983-1.000`, or that one seed has no interval."""
    if interval is None:
        return "one seed"
    return f"{interval[0]:.{digits}f}-{interval[1]:.{digits}f}"


def spread(values: Sequence[float]) -> str:
    """Median, and the range where there is one."""
    middle, low, high = (
        f"{value:.0f}" for value in (statistics.median(values), min(values), max(values))
    )
    return middle if low == high else f"{middle} ({low}-{high})"


PAGE = """# Measured results

Made by `make results`: each claim is grown over its seeds, which are those of the world as well.
`held in` counts the seeds in which the claim held. {tuned}

{held}

## How sure each figure is

Two things make a figure uncertain, and their intervals differ. *Over seeds*: another seed gives
another world and other weights; Student's 95 % interval of the mean, and the bootstrap's beside it,
which is too narrow for few seeds. *Over questions*: the questions of all seeds taken together, as
if one model had answered them; Wilson's 95 % interval. *Overdispersion* is the variance over seeds,
divided by the variance that the luck of the questions would make; where it is far above 1, the
interval over questions says nothing of the next seed. Where every seed got the same, as at 1.0000,
the interval over seeds has no width, and the one over questions is the one to read. The interval of
each single run is in the JSON files (`ci95` of a split).

{sure}

## What it cost

Medians over the seeds, with their range; seconds and memory are those of the whole process. Other
work ran beside some of these; CPU seconds tell more than wall seconds. {machines}

{cost}
"""


def page(measured: Sequence[tuple[Claim, Measured]]) -> str:
    """results/README.md."""
    machines = {(o["machine"]["processor"], o["machine"]["cores"]) for _, o in measured}
    return PAGE.format(
        tuned=note_on_seeds(measured),
        held="\n".join(what_held(measured)),
        sure="\n".join(how_sure(measured)),
        cost="\n".join(what_it_cost(measured)),
        machines="; ".join(f"{name}, {cores} cores" for name, cores in sorted(machines)) + ".",
    )


def note_on_seeds(measured: Iterable[tuple[Claim, Measured]]) -> str:
    """Whether the seeds are fresh, in a sentence."""
    if any(run["seed"] < FRESH for _, told in measured for run in told["runs"]):
        return f"{TUNED} Seeds below {FRESH} are those that settings were also chosen by."
    return f"No setting was chosen by a seed from {FRESH} on."
