"""What grown runs answer through their steps, over training: results/circuits.md and its figures.

`python -m benchmarks.circuits` grows `bloom`, `memoriser`, `composition`, `comparison`, `reader`
and `composition-vanilla`; `... composition atlas` other recipes; `... NAME=RUN` takes a run folder
as it is. The `memoriser` is the control: the model of `bloom` with so few composed questions that
it only ever knows those by heart.
Options: `--seeds 3`, `--first 100` (the first seed), `--runs DIR` (where the run folders are kept,
`runs/circuits` unless said otherwise; the same command goes on where it was stopped),
`--threads 1`. Every checkpoint is traced, and none twice. Beside the page stand, for the first
seed of each, `circuit-NAME.svg` and `circuit-NAME-bridge.svg` (and `.png`), `-heat-maps.svg`,
`-ranks.svg` and `-progress.svg`.
"""

import argparse
import math
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from benchmarks.record import RESULTS, in_words, provenance
from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.circuits.verdict import RIGHT
from latebloom.errors import LatebloomError
from latebloom.intervals import bootstrap
from latebloom.recipes.catalogue import FRESH, make_recipe
from latebloom.reports.splits import percent
from latebloom.reports.traced import write_circuit_figures
from latebloom.studies.cells import Cell, grow_cells, grower_here
from latebloom.studies.checkpoints import walk
from latebloom.studies.correlation import correlation, ranks
from latebloom.training.run_folder import RunFolder

RECIPES = ("bloom", "memoriser", "composition", "comparison", "reader", "composition-vanilla")
CONTROLS = {"memoriser": ("bloom", {"phi": 2.0})}
"""What is no recipe: the recipe that it is made from, and the settings of its world."""
FEWEST = 4
"""Checkpoints from which on a correlation is told."""


@dataclass(frozen=True)
class Traced:
    """A run with the records of its checkpoints."""

    name: str
    run: RunFolder
    records: list[CircuitRecord]

    @property
    def held_out(self) -> Float[ndarray, " checkpoint"]:
        return np.array([record.verdict.held_out for record in self.records])

    @property
    def right(self) -> Float[ndarray, " checkpoint"]:
        return np.array([record.accuracy for record in self.records])

    @property
    def restored(self) -> Float[ndarray, " checkpoint"]:
        """Of the weakest step; nan without donors."""
        return np.array([record.verdict.restored for record in self.records])

    @property
    def strength(self) -> Float[ndarray, " checkpoint"]:
        """Of the weakest step."""
        return np.array([min(s.strength for s in r.verdict.steps) for r in self.records])


def trace(name: str, run: RunFolder) -> Traced:
    """Traces every checkpoint that was not traced before."""
    instrument = CircuitInstrument.of_world(run.world(), ExaminationConfig())
    return Traced(name, run, list(walk(run, instrument)))


def grown(name: str, seeds: range, folder: Path, threads: int) -> Iterator[RunFolder]:
    """The runs of a recipe or a control, a seed each, which is that of its world, too.

    Raises: LatebloomError if one cannot be grown.
    """
    recipe, world = CONTROLS.get(name, (name, {}))
    config = make_recipe(recipe).replace("world", **world)
    cells = [Cell(name=f"{name}-seed{seed}", config=config.with_seed(seed)) for seed in seeds]
    for one in grow_cells(cells, folder, grower_here(device="cpu", threads=threads)):
        if one.run is None:
            raise LatebloomError(f"{one.cell.name}: {one.error}")
        yield one.run


def agreement(
    one: Float[ndarray, " checkpoint"], other: Float[ndarray, " checkpoint"], *, interval: bool
) -> str:
    """The rank correlation over checkpoints, with its interval if that is wanted, and the mean
    distance of the two; a dash where one is not known or there are too few."""
    if np.isnan(one).any() or np.isnan(other).any() or len(one) < FEWEST:
        return "–"

    def rho(drawn: Int[ndarray, " drawn"]) -> float | None:
        return correlation(ranks(one[drawn]), ranks(other[drawn]))

    found = rho(np.arange(len(one)))
    if found is None:
        return "–"
    low, high = bootstrap(rho, len(one)) if interval else (math.nan, math.nan)
    told = f" ({low:.2f} to {high:.2f})" if interval else ""
    return f"{found:.2f}{told}, {np.abs(one - other).mean():.2f}"


def agreement_row(traced: Traced) -> str:
    """How the curves of one run agree with its accuracy on held-out questions."""
    late, held_out = traced.right >= RIGHT, traced.held_out
    cells = (
        agreement(traced.restored, held_out, interval=True),
        agreement(traced.strength, held_out, interval=False),
        agreement(traced.right, held_out, interval=False),
        f"{late.sum()}",
        agreement(traced.restored[late], held_out[late], interval=False),
        agreement(traced.strength[late], held_out[late], interval=False),
    )
    seed = traced.run.config().seed
    return f"| {traced.name} | {seed} | {len(traced.records)} | {' | '.join(cells)} |"


def checkpoint_row(record: CircuitRecord) -> str:
    """One checkpoint as a Markdown row."""
    verdict = record.verdict
    control = max((step.other_moved for step in verdict.steps), default=math.nan)
    shares = (record.accuracy, verdict.held_out, verdict.restored, control)
    strength = min((step.strength for step in verdict.steps), default=math.nan)
    failed = "; ".join(why.words() for why in record.failures.values())
    told = " | ".join(percent(share) for share in shares)
    return f"| {record.step} | {told} | {strength:.2f} | {verdict.words()} | {failed} |"


def section(traced: Traced, *, figures: bool) -> list[str]:
    """What was found in a run at every checkpoint.

    figures: keeps them beside the page, and shows them.
    """
    config = traced.run.config()
    lines = [f"## {traced.name}, seed {config.seed}", ""]
    if figures:
        for drawn in write_circuit_figures(traced.run.path, traced.records):
            suffix = "" if drawn.stem == "circuit" else f"-{drawn.stem}"
            shutil.copy(drawn, RESULTS / f"circuit-{traced.name}{suffix}{drawn.suffix}")
        lines += [
            f"![what is answered through the bridge](circuit-{traced.name}-bridge.svg)",
            f"![the circuit](circuit-{traced.name}.svg)",
            f"![its strengths, onset and end](circuit-{traced.name}-heat-maps.svg)",
            "",
        ]
    return [
        *lines,
        f"Recipe `{config.recipe}`, {config.train.steps:,} steps.",
        "",
        "| step | right | held out | restored | control | strength | verdict | why OOD fails |",
        "|---|---|---|---|---|---|---|---|",
        *map(checkpoint_row, traced.records),
        "",
    ]


def page(runs: Sequence[Traced], made: str) -> str:
    """The whole page, the curves' agreement first."""
    sections = [
        line
        for i, traced in enumerate(runs)
        for line in section(traced, figures=traced.name not in [one.name for one in runs[:i]])
    ]
    lines = [
        "# What is answered through the bridge",
        "",
        f"Made by `python -m benchmarks.circuits`. {made}",
        "",
        "Of 300 training questions of each run, at every checkpoint: `right`, how many are",
        "answered; `restored`, how many answers come back to questions with another subject when",
        "the state of the bridge is taken from a question with the same bridge, and `control`,",
        "from one with another bridge; `strength`, how many answers change when that state is",
        "replaced. Of several steps the weakest is told. `held out`: accuracy on like questions",
        "that were not trained on. Values that are compared have no donors; there strength is the",
        "only witness. What the verdicts mean stands in [docs/circuits.md](../docs/circuits.md).",
        "",
        "## How the curves agree with held-out accuracy",
        "",
        "Each cell: Spearman's rank correlation with held-out accuracy over the checkpoints, and",
        "the mean distance from it. In brackets the interval of 2,000 draws of checkpoints with",
        "replacement: neighbours are alike, so it is too narrow, and two curves that both rise",
        "correlate whatever joins them. So distance tells more than correlation, and the `late`",
        "checkpoints, at which 90 % of the training questions are right, tell more than all.",
        "",
        "| run | seed | checkpoints | restored | strength | right | late | restored, late |"
        " strength, late |",
        "|---|---|---|---|---|---|---|---|---|",
        *map(agreement_row, runs),
        "",
        *sections,
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=RECIPES, metavar="RECIPE or NAME=RUN")
    parser.add_argument("--seeds", type=int, default=3, help="of every recipe")
    parser.add_argument("--first", type=int, default=FRESH, help="the first seed")
    parser.add_argument("--runs", type=Path, default=Path("runs/circuits"), help="keeps the runs")
    parser.add_argument("--threads", type=int, default=1, help="of a training")
    told = parser.parse_args()
    made = in_words(provenance())
    try:
        runs = [
            trace(name, run)
            for name, given, folder in (word.partition("=") for word in told.what)
            for run in (
                [RunFolder.open(folder)]
                if given
                else grown(
                    name, range(told.first, told.first + told.seeds), told.runs, told.threads
                )
            )
        ]
        (RESULTS / "circuits.md").write_text(page(runs, made))
    except LatebloomError as error:
        sys.exit(f"error: {error}")
    print(*map(agreement_row, runs), sep="\n")


if __name__ == "__main__":
    main()
