"""Wrong facts: the grown model and its rivals where a share of the comparisons is told wrongly.

    python -m benchmarks.noise --runs DIR            grow and ask; say it again to go on
    python -m benchmarks.noise --no-model            the rivals alone, in some minutes
    --levels 0,.02,.05,.1  --seeds 100-104

Makes the worlds of `hidden-attributes` with each `world.noise` and seed, grows a run of each (some
minutes of one core; what is finished under DIR is kept, what was stopped is resumed), puts the
held-out questions to model and rivals, and writes `results/noise.md`: percent right in the mean
over seeds, with Student's 95 % interval over seeds, and percent wrong. What is held out is true at
every level. Retrieval is asked only some questions of a split, since it is slow.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np

import latebloom
from benchmarks.record import RESULTS, in_words, provenance
from latebloom.errors import LatebloomError
from latebloom.evaluation.accuracy import correct_rows, loops_for
from latebloom.intervals import student
from latebloom.recipes.catalogue import make_recipe
from latebloom.rivals.contest import Contest, Row, asked, row_of_model
from latebloom.rivals.memory import Memory
from latebloom.rivals.retrieval import Bm25, Retrieval
from latebloom.studies.cells import Cell, grow_cells, grower_here
from latebloom.studies.contested import exact_rivals
from latebloom.training.config import RunConfig
from latebloom.worlds.build import build_world
from latebloom.worlds.data import as_world
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

RECIPE = "hidden-attributes"
SPLITS = (Split.TEST_HARD, Split.TEST_EASY, Split.TEST_UNDECIDABLE)
GROWN = "grown model"
OF_RETRIEVAL = 50
"""Questions of a split that retrieval is asked."""
Results = dict[tuple[str, str, float], list[Row]]
"""The rows of all seeds, by rival, split and noise."""


def config_of(noise: float, seed: int) -> RunConfig:
    """The run of one level and seed."""
    return replace(make_recipe(RECIPE), seed=seed).replace("world", noise=noise)


def rows_of_rivals(world: World) -> Iterator[Row]:
    """How every rival but the grown model does in a world."""
    memory = Memory.of(world)
    yield from Contest.run(world, exact_rivals(memory, bradley_terry=True), splits=SPLITS).rows
    index = Bm25(memory.texts)
    found = [Retrieval(memory, index, k=k, rounds=n) for k, n in ((20, 1), (20, 2), (100, inf))]
    yield from Contest.run(world, found, splits=SPLITS, limit=OF_RETRIEVAL).rows


def rows_of_model(path: Path) -> Iterator[Row]:
    """How a grown run does."""
    run = latebloom.load(path)
    world = as_world(run.world, path)
    for split in SPLITS:
        rows = asked(world, split)
        right = correct_rows(run.model, rows, loops_for(run.model, world.task, rows.shape[1] - 1))
        yield row_of_model(GROWN, world, split, right)


def cell(rows: Sequence[Row]) -> str:
    """Mean percent right with its interval over seeds, and percent wrong where there is any."""
    right = np.array([row.accuracy for row in rows])
    low, high = student(right)
    wrong = float(np.mean([row.wrong / row.n for row in rows]))
    words = f"{100 * right.mean():.1f} ({100 * low:.1f} to {100 * high:.1f})"
    return f"{words}; {100 * wrong:.1f} wrong" if wrong else words


def table(results: Results, levels: Sequence[float], split: str) -> list[str]:
    """One split in Markdown: a row for each rival, a column for each level."""
    rivals = dict.fromkeys(rival for rival, of, _ in results if of == split)
    lines = [
        f"## {split}",
        "",
        "| rival |" + "".join(f" {level:.0%} wrong |" for level in levels),
        "|---" * (len(levels) + 1) + "|",
    ]
    for rival in rivals:
        cells = [results.get((rival, split, level)) for level in levels]
        told = [cell(rows) if rows else "-" for rows in cells]
        lines.append(f"| {rival} | {' | '.join(told)} |")
    return [*lines, ""]


def numbers(text: str) -> list[int]:
    """`100-104` or `100,102` as numbers."""
    first, dash, last = text.partition("-")
    if dash:
        return list(range(int(first), int(last) + 1))
    return [int(word) for word in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", default="0,.02,.05,.1")
    parser.add_argument("--seeds", default="100-104")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--no-model", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if not options.no_model and options.runs is None:
        parser.error("say where the runs are kept: --runs DIR, or leave them out: --no-model")
    levels = [float(word) for word in options.levels.split(",")]
    seeds = numbers(options.seeds)
    results: Results = {}

    def keep(level: float, rows: Iterator[Row]) -> None:
        for row in rows:
            results.setdefault((row.rival, row.split, level), []).append(row)
            print(f"{level} {row.rival}, {row.split}: {row.correct} of {row.n}", flush=True)

    made = provenance()
    cells = [
        Cell(
            name=f"noise{level}-seed{seed}",
            config=config_of(level, seed),
            values={"world.noise": level},
        )
        for level in levels
        for seed in seeds
    ]
    if not options.no_model:
        for grown in grow_cells(cells, options.runs, grower_here(threads=options.threads)):
            if grown.run is None:
                raise LatebloomError(f"{grown.cell.name}: {grown.error}")
            keep(grown.cell.values["world.noise"], rows_of_model(grown.run.path))
    for one in cells:
        world = as_world(build_world(one.config.world, one.seed), RECIPE)
        keep(one.values["world.noise"], rows_of_rivals(world))
    lines = [
        "# Where some of the facts are wrong",
        "",
        f"Made by `python -m benchmarks.noise`: `{RECIPE}`,",
        f"seeds {options.seeds}, with a share of the trained comparisons told wrongly and what is",
        "held out true. Percent right: the mean over seeds, with Student's 95 % interval over",
        "seeds, and percent wrong; what is neither is `cannot decide`. Every rival is asked all",
        f"questions, retrieval {OF_RETRIEVAL} of a split."
        + (" The grown model took no part." if options.no_model else ""),
        in_words(made),
        "",
    ]
    for split in SPLITS:
        lines += table(results, levels, split)
    (RESULTS / "noise.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
