"""Damaged facts: the grown model and its rivals where some of what is told is wrong or missing.

    python -m benchmarks.noise --no-model            the rivals alone, in some minutes
    python -m benchmarks.noise --runs DIR            grow and ask as well; say it again to go on
    --damage noise,contradicted,untold_frac  --levels 0,.02,.05,.1  --seeds 100-104

Makes the worlds of `hidden-attributes` with each damage, level and seed: comparisons told wrongly,
comparisons told twice and once of them wrongly, values not told. Grows a run of each (some minutes
of one core; what is finished under DIR is kept, what was stopped is resumed) and puts the held-out
questions to model and rivals. What is held out is true at every level. Retrieval is asked only some
questions of a split, since it is slow.

Leaves `results/noise.json`, to which every call adds, and `results/noise.md`: percent right in the
mean over seeds, with Student's 95 % interval over seeds, and percent wrong.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

import latebloom
from benchmarks.record import RESULTS, in_words, provenance
from latebloom.errors import LatebloomError
from latebloom.evaluation.accuracy import correct_rows, loops_for
from latebloom.files import read_json, write_json, write_text
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
Record = dict[str, Any]
OF_RETRIEVAL = 50
"""Questions of a split that retrieval is asked."""
DAMAGES = {
    "noise": "of the comparisons told wrongly",
    "contradicted": "of the comparisons told twice, once wrongly",
    "untold_frac": "of the values not told",
}
"""A setting of the world, and what a share of it means."""
RECORD = RESULTS / "noise.json"


@dataclass(frozen=True, slots=True)
class Damaged:
    """One world: a share of one damage, and a seed. Without damage it is one world by any name."""

    damage: str
    level: float
    seed: int

    @property
    def name(self) -> str:
        """Of its run folder and in the record."""
        kind = self.damage if self.level else "noise"
        return f"{kind}{self.level}-seed{self.seed}"

    def config(self) -> RunConfig:
        config = make_recipe(RECIPE).with_seed(self.seed)
        return config.replace("world", **{self.damage: self.level})

    def world(self) -> World:
        config = self.config()
        return as_world(build_world(config.world, config.world_seed), RECIPE)


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


def kept(row: Row) -> dict[str, int]:
    """What the record keeps of a row."""
    return {"n": row.n, "correct": row.correct, "wrong": row.wrong}


def cell(rows: Sequence[Mapping[str, int]]) -> str:
    """Mean percent right with its interval over seeds, and percent wrong where there is any."""
    right = np.array([row["correct"] / row["n"] for row in rows])
    low, high = student(right)
    wrong = float(np.mean([row["wrong"] / row["n"] for row in rows]))
    words = f"{100 * right.mean():.1f}"
    if len(rows) > 1:
        words += f" ({100 * low:.1f} to {100 * high:.1f})"
    return f"{words}; {100 * wrong:.1f} wrong" if wrong else words


def table(record: Record, damage: str, split: str) -> list[str]:
    """One damage and split in Markdown: a row for each rival, a column for each level."""
    found: dict[str, dict[float, list[Mapping[str, int]]]] = {}
    for one in record["worlds"].values():
        if one["level"] and one["damage"] != damage:
            continue
        for rival, splits in one["rivals"].items():
            found.setdefault(rival, {}).setdefault(one["level"], []).append(splits[split])
    levels = sorted({level for of_rival in found.values() for level in of_rival})
    if not any(levels):
        return []
    lines = [
        f"### {split}",
        "",
        "| rival |" + "".join(f" {level:.0%} |" for level in levels),
        "|---" * (len(levels) + 1) + "|",
    ]
    for rival, by_level in sorted(found.items(), key=lambda item: item[0] != GROWN):
        cells = [
            f"{cell(by_level[level])}, n {len(by_level[level])}" if level in by_level else "-"
            for level in levels
        ]
        lines.append(f"| {rival} | {' | '.join(cells)} |")
    return [*lines, ""]


def page(record: Record) -> str:
    """The page, in Markdown."""
    lines = [
        "# Where some of the facts are wrong, or missing",
        "",
        f"Made by `python -m benchmarks.noise`: `{RECIPE}`, damaged in one of three ways, what is",
        "held out true. Percent right: the mean over n seeds from 100 on, with Student's 95 %",
        "interval over seeds, and percent wrong; what is neither is `cannot decide`. Every rival",
        f"is asked all questions, retrieval {OF_RETRIEVAL} of a split.",
        in_words(record["made"]),
        "",
    ]
    for damage, meaning in DAMAGES.items():
        tables = [line for split in SPLITS for line in table(record, damage, split)]
        lines += [f"## A share {meaning} (`world.{damage}`)", "", *tables] if tables else []
    return "\n".join(lines)


def numbers(text: str) -> list[int]:
    """`100-104` or `100,102` as numbers."""
    first, dash, last = text.partition("-")
    if dash:
        return list(range(int(first), int(last) + 1))
    return [int(word) for word in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--damage", default=",".join(DAMAGES))
    parser.add_argument("--levels", default="0,.02,.05,.1")
    parser.add_argument("--seeds", default="100-104")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--no-model", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    damages = options.damage.split(",")
    if unknown := set(damages) - set(DAMAGES):
        parser.error(f"no damage {', '.join(sorted(unknown))}; there are {', '.join(DAMAGES)}")
    if not options.no_model and options.runs is None:
        parser.error("say where the runs are kept: --runs DIR, or leave them out: --no-model")
    every = [
        Damaged(damage, float(level), seed)
        for damage in damages
        for level in options.levels.split(",")
        for seed in numbers(options.seeds)
    ]
    wanted = {one.name: one for one in every}
    record: Record = read_json(RECORD, LatebloomError) if RECORD.exists() else {"worlds": {}}
    record["made"] = provenance()

    def keep(one: Damaged, rows: Iterator[Row]) -> None:
        empty = {"damage": one.damage, "level": one.level, "seed": one.seed, "rivals": {}}
        rivals = record["worlds"].setdefault(one.name, empty)["rivals"]
        for row in rows:
            rivals.setdefault(row.rival, {})[row.split] = kept(row)
        write_json(RECORD, record)
        write_text(RECORD.with_suffix(".md"), page(record))
        print(f"{one.name}: asked", flush=True)

    for name, one in wanted.items():
        known = record["worlds"].get(name, {}).get("rivals", {})
        if not set(known) - {GROWN}:
            keep(one, rows_of_rivals(one.world()))
    if not options.no_model:
        cells = [Cell(name=name, config=one.config()) for name, one in wanted.items()]
        for grown in grow_cells(cells, options.runs, grower_here(threads=options.threads)):
            if grown.run is None:
                raise LatebloomError(f"{grown.cell.name}: {grown.error}")
            keep(wanted[grown.cell.name], rows_of_model(grown.run.path))
    print(page(record))


if __name__ == "__main__":
    main()
