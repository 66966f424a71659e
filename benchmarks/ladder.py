"""The ladder of what is built in: from a plain transformer to the default recipe, rung by rung.

    python -m benchmarks.ladder [RUNG ...] [--seeds 3] [--runs DIR] [--draw]

Every rung differs from the one before by one thing, and stands in the same world (100 entities x 20
relations) with the same optimizer and number of steps, without a stop rule. Each is grown on each
of six kinds of questions. What a rung gives away is the gap to the one before it; on shuffled
answers nothing may be gained, since nothing follows from anything there. The `reader` stands apart
from the ladder: another model, with a training of its own, in the same worlds.

Leaves `results/ladder.json`, `ladder.md` and `ladder.svg`, `ladder.png`. With names of rungs only
these are grown, and the other rows stay as they are. With `--runs` the run folders are kept, so
that the same command goes on where it was stopped; `--draw` only makes the table and the figure
anew.

Covers: accuracy at the end of training, means over seeds with Student's interval. Does not cover:
when it comes (`latebloom sweep` does), other sizes.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmarks.record import RESULTS, provenance
from latebloom.errors import LatebloomError
from latebloom.intervals import student
from latebloom.recipes.chains import composition
from latebloom.recipes.readers import reader
from latebloom.reports.figure import GROUND, INK, LABEL, STYLE, empty_figure, write_figure
from latebloom.reports.splits import BLUE
from latebloom.studies.cells import Cell, grow_cells
from latebloom.studies.grow import grow
from latebloom.training.config import RunConfig
from latebloom.training.own import NOTHING_OWN, Own
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.build import GivenConfig
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.splits import ATOMIC
from latebloom.worlds.world import World

FIRST_SEED = 100
"""Seeds that nothing was tuned on."""
SHOWN = {
    "test_id": "ID: facts that training composed otherwise",
    "test_ood": "OOD: facts that training never composed",
}
"""The splits of the figure, with the titles of their panels."""


@dataclass(frozen=True)
class Rung:
    """One step up: a name, what it adds, and the settings that it changes."""

    name: str
    adds: str
    model: Mapping[str, Any] = field(default_factory=dict)
    feed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """One kind of questions: a name, what it is, and the settings of its world."""

    name: str
    says: str
    world: Mapping[str, Any] = field(default_factory=dict)
    shuffled: bool = False


RUNGS = (
    Rung(
        "plain",
        "two layers, run once; learned positions, as in a GPT-2",
        {"n_layers": 2, "n_loops": 1, "feedback": "none", "positions": "learned", "window": 0},
        {"every_loop": False},
    ),
    Rung("shared", "one layer, run twice on one state", {"n_layers": 1, "n_loops": 2}),
    Rung("relative", "a bias for each distance in place of positions", {"positions": "relative"}),
    Rung("gate", "the expected embedding of the prediction, behind a gate", {"feedback": "gated"}),
    Rung(
        "restart",
        "each loop begins again from the token, plus that prediction",
        {"feedback": "restart"},
    ),
    Rung("each loop", "atomic facts are asked for after every loop", feed={"every_loop": True}),
    Rung("window", "a token sees itself and the one before it", {"window": 2}),
    Rung("ahead", "only later tokens see a prediction: the default recipe", {"feedback": "ahead"}),
)

APART = "reader"
"""A row of its own below the ladder: the recipe of this name, in the worlds of the ladder."""
READER = Rung(APART, "apart: all tokens see each other, two layers run twice, 800 steps")
ROWS = (*RUNGS, READER)

COLUMNS = (
    Column("phi 9", "nine composed questions for each fact"),
    Column("phi 2", "two composed questions for each fact", {"phi": 2.0}),
    Column("phi 0", "no composed question in training", {"phi": 0.0}),
    Column("shuffled", "phi 9, the answers of composed questions permuted", shuffled=True),
    Column("reversed", "phi 9, asked as `r2 r1 h`", {"order": "relation-first"}),
    Column("fillers", "phi 9, asked as `h of r1 of r2 ?`", {"fillers": True}),
)


MEASURED: Mapping[str, Any] = {"until": "", "eval_every": 200, "checkpoint_every": 400, "keep": 1}
"""How all of them are watched: to the end."""


def configs() -> Iterator[tuple[Rung, RunConfig]]:
    """The config of every row: of a rung made from the one before, and the reader's own."""
    config = composition().replace("train", **MEASURED)
    for rung in RUNGS:
        config = config.replace("model", **rung.model).replace("feed", **rung.feed)
        yield rung, config
    yield READER, replace(reader(), world=config.world).replace("train", **MEASURED)


def cells(seeds: int, rows: Sequence[str] = ()) -> list[Cell]:
    """A run for each row (of these names, or all), column and seed."""
    return [
        Cell(
            name=f"{rung.name}-{column.name}-seed{seed}".replace(" ", "-"),
            config=in_column(config.with_seed(seed), column),
            values={"rung": rung.name, "column": column.name},
        )
        for seed in range(FIRST_SEED, FIRST_SEED + seeds)
        for rung, config in configs()
        if not rows or rung.name in rows
        for column in COLUMNS
    ]


def in_column(config: RunConfig, column: Column) -> RunConfig:
    """The config in the world of a column; a shuffled one is handed in when it is grown."""
    if column.shuffled:
        return replace(config, world=GivenConfig(name=f"composition, {column.name}"))
    return config.replace("world", **column.world)


def shuffled(world: World, seed: int) -> World:
    """The same world with the answers of each split of composed questions permuted."""
    rng = np.random.default_rng(seed)
    splits = {name: rows.copy() for name, rows in world.splits.items()}
    for name, rows in splits.items():
        if name not in ATOMIC:
            rows[:, -1] = rng.permutation(rows[:, -1])
    return replace(world, splits=splits)


def grow_cell(cell: Cell, path: Path) -> None:
    """Grows a cell from its beginning: what was stopped lasted some seconds."""
    own = NOTHING_OWN
    if isinstance(cell.config.world, GivenConfig):
        own = Own(world=shuffled(make_composition(CompositionConfig(), cell.seed), cell.seed))
    grow(cell.config, path, device="cpu", threads=1, overwrite=path.exists(), own=own)


def accuracies(run: RunFolder) -> dict[str, float]:
    """The accuracy of every split that holds questions."""
    splits = run.summary()["splits"]
    return {name: one["accuracy"] for name, one in splits.items() if one["n"]}


def measure(seeds: int, folder: Path, rows: Sequence[str] = ()) -> dict[str, Any]:
    """Grows all that is not there yet; the record of these rows, or of all.

    Raises: LatebloomError if a run fails.
    """
    told = provenance()
    measured: dict[tuple[str, str], list[dict[str, float]]] = {}
    for grown in grow_cells(cells(seeds, rows), folder, grow_cell):
        if grown.run is None:
            raise LatebloomError(f"{grown.cell.name}: {grown.error}")
        rung, column = grown.cell.values["rung"], grown.cell.values["column"]
        found = accuracies(grown.run)
        measured.setdefault((rung, column), []).append(found)
        shown = ", ".join(f"{split} {found[split]:.3f}" for split in SHOWN)
        print(f"{grown.cell.name}: {shown}", flush=True)
    return {
        "command": f"python -m benchmarks.ladder --seeds {seeds}",
        **told,
        "seeds": list(range(FIRST_SEED, FIRST_SEED + seeds)),
        "steps": composition().train.steps,
        "rungs": [
            {"name": rung.name, "adds": rung.adds, "commit": told["commit"], "date": told["date"]}
            for rung in ROWS
            if not rows or rung.name in rows
        ],
        "columns": [{"name": column.name, "says": column.says} for column in COLUMNS],
        "cells": [
            {"rung": rung, "column": column, "splits": over_seeds(runs)}
            for (rung, column), runs in measured.items()
        ],
    }


def joined(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the rows of another in place of its own, in the order of the page.

    Raises: LatebloomError if the two are of other seeds.
    """
    if old["seeds"] != new["seeds"]:
        raise LatebloomError(f"the other rows are of seeds {old['seeds']}, not {new['seeds']}")
    named = {rung["name"]: rung for record in (old, new) for rung in record["rungs"]}
    again = {rung["name"] for rung in new["rungs"]}
    kept = [cell for cell in old["cells"] if cell["rung"] not in again]
    rungs = [named[rung.name] for rung in ROWS if rung.name in named]
    return {**old, "rungs": rungs, "cells": [*kept, *new["cells"]]}


def over_seeds(runs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Of every split the values by seed, their mean, and Student's 95 % interval of it."""
    table = {}
    for split in runs[0]:
        values = [run[split] for run in runs]
        table[split] = {
            "mean": float(np.mean(values)),
            "ci95": list(student(np.array(values))),
            "values": values,
        }
    return table


def splits_of(record: Mapping[str, Any], rung: str, column: str) -> Mapping[str, Any]:
    """What was measured in one cell."""
    return next(
        cell["splits"]
        for cell in record["cells"]
        if (cell["rung"], cell["column"]) == (rung, column)
    )


def short(share: float) -> str:
    """A share in two digits: `.79`, `1.00`."""
    return f"{share:.2f}".removeprefix("0")


def draw(record: Mapping[str, Any]) -> Figure:
    """Held-out accuracy as a grid, a row for each rung: ID and OOD side by side."""
    rungs = [rung["name"] for rung in record["rungs"]]
    columns = [column["name"] for column in record["columns"]]
    with mpl.rc_context(STYLE):
        figure = empty_figure(9.6, 0.95 + 0.36 * len(rungs))
        gap = {"wspace": 0.08}
        panels: Sequence[Axes] = figure.subplots(1, len(SHOWN), sharey=True, gridspec_kw=gap)
        for axes, (split, title) in zip(panels, SHOWN.items(), strict=True):
            for row, column in np.ndindex(len(rungs), len(columns)):
                mean = splits_of(record, rungs[row], columns[column])[split]["mean"]
                # One hue, more or less of it: so the figure needs no colours of its own when dark.
                box = Rectangle(
                    (column, row), 0.95, 0.93, facecolor=BLUE.on_white, alpha=0.07 + 0.93 * mean
                )
                axes.add_patch(box)
                axes.text(
                    column + 0.475,
                    row + 0.48,
                    short(mean),
                    color=(GROUND if mean > 0.75 else INK).on_white,
                    ha="center",
                    va="center",
                )
            axes.set_title(title, loc="left", pad=26, color=INK.on_white)
            axes.set_xticks(np.arange(len(columns)) + 0.475, columns)
            axes.set_yticks(np.arange(len(rungs)) + 0.48, signed(rungs))
            axes.set_xlim(0, len(columns))
            axes.set_ylim(len(rungs), 0)
            axes.xaxis.tick_top()
            axes.tick_params(length=0, labelcolor=LABEL.on_white)
            axes.spines[:].set_visible(False)
    return figure


def signed(rungs: Sequence[str]) -> list[str]:
    """The names of the rows, a plus before each that adds to the one before."""
    return [rungs[0], *(name if name == APART else f"+ {name}" for name in rungs[1:])]


def table(record: Mapping[str, Any]) -> str:
    """The page: every cell with its interval, and what the rungs and columns are."""

    def cell(rung: str, column: str) -> str:
        splits = splits_of(record, rung, column)
        one, other = (
            f"{short(splits[split]['mean'])} ({'-'.join(map(short, splits[split]['ci95']))})"
            for split in SHOWN
        )
        trained = splits.get("train_inferred")
        return f"{short(trained['mean']) if trained else '-'}; {one}; {other}"

    columns = [column["name"] for column in record["columns"]]
    first, last = record["seeds"][0], record["seeds"][-1]
    lines = [
        "# The ladder of what is built in",
        "",
        f"Made by `{record['command']}`. Each cell: accuracy on composed questions of training;",
        "on held-out ID questions; on held-out OOD questions. Means over seeds"
        f" {first} to {last}, with",
        f"Student's 95 % interval; {record['steps']} steps each, no stop rule"
        + (", the reader 800." if any(rung["name"] == APART for rung in record["rungs"]) else "."),
        "",
        f"| | {' | '.join(columns)} |",
        f"|---{'|---' * len(columns)}|",
        *(
            f"| {sign} | {' | '.join(cell(rung['name'], column) for column in columns)} |"
            for sign, rung in zip(
                signed([rung["name"] for rung in record["rungs"]]), record["rungs"], strict=True
            )
        ),
        "",
        *(f"- **{rung['name']}**: {rung['adds']}" for rung in record["rungs"]),
        "",
        *(f"- *{column['name']}*: {column['says']}" for column in record["columns"]),
        "",
        *(
            f"{', '.join(names)}: commit {commit[:12]}, {date}."
            for (commit, date), names in made_at(record).items()
        ),
        f"On {record['machine']['processor']}.",
    ]
    return "\n".join(lines) + "\n"


def made_at(record: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """The rows by the commit and date at which they were measured."""
    made: dict[tuple[str, str], list[str]] = {}
    for rung in record["rungs"]:
        made.setdefault((rung["commit"], rung["date"]), []).append(rung["name"])
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="RUNG", help=", ".join(r.name for r in ROWS))
    parser.add_argument("--seeds", type=int, default=3, help="runs of each cell")
    parser.add_argument("--runs", type=Path, help="keep the run folders here, and go on with them")
    parser.add_argument("--draw", action="store_true", help="only make table and figure anew")
    told = parser.parse_args()
    path = RESULTS / "ladder.json"
    try:
        if not told.draw:
            kept = nullcontext(told.runs) if told.runs else tempfile.TemporaryDirectory()
            with kept as folder:
                record = measure(told.seeds, Path(folder), told.rows)
            if told.rows:
                record = joined(json.loads(path.read_text()), record)
            path.write_text(json.dumps(record, indent=1) + "\n")
        record = json.loads(path.read_text())
        (RESULTS / "ladder.md").write_text(table(record))
        for ending in ("svg", "png"):
            write_figure(draw(record), RESULTS / f"ladder.{ending}")
    except (LatebloomError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
