"""Questions that join branches, on real graphs: asked at once, and by the product of branches.

    python -m benchmarks.graph_shapes --data DIR --runs DIR      say it again to go on
    --sets umls  --seeds 100-102  --steps 500

DIR holds a folder for each data set, as `benchmarks.graphs` says. Grows two runs for each seed,
both of the recipe `graph` with `model.window` 4 and `model.n_loops` 3: one trained on chains and on
`SHAPES`, the control on chains alone; what is finished under RUNS is kept. Writes
`results/graph-shapes.md`.

Both are put the same held-out questions. A product (`latebloom.asking.product`) asks a branch for
itself, as CQD does (arXiv:2011.03459); where a branch is taken away, it has a mark from which on a
name counts as an answer of it. The best of `MARKS` stands in the table, chosen on the tests, which
favours the product.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

import latebloom
from benchmarks.graphs import Figures, in_cell, span
from benchmarks.record import RESULTS, in_words, provenance
from latebloom.asking.names import score_names
from latebloom.asking.product import product_scores
from latebloom.evaluation.ranking import Ranking, ranks_of
from latebloom.recipes.catalogue import make_recipe
from latebloom.run import Run
from latebloom.training.config import RunConfig
from latebloom.worlds.build import build_world
from latebloom.worlds.data import as_world
from latebloom.worlds.splits import Split, shape_split
from latebloom.worlds.tasks import shapes
from latebloom.worlds.world import World

SHAPES = ("2i", "pi", "ip", "2in")
MARKS = (1.0, 0.5, 0.3, 0.1, 0.03)
MOST = 1000
"""Questions of a split that are asked."""
JOINING, ALONE = "chains and shapes", "chains alone"
KINDS: Mapping[str, Literal["test", "test_missing"]] = {"known": "test", "missing": "test_missing"}
CHAINS = {
    Split.TEST_LINKS: "one hop, missing facts",
    Split.TEST_ID: "two hops that follow",
    Split.TEST_MISSING: "two hops through a missing fact",
}
INTRODUCTION = """Made by `python -m benchmarks.graph_shapes`; its docstring says how. Filtered MRR,
over all names, every answer counted; with two seeds or more the mean, and in brackets Student's
95 % interval. *At once*: the run is asked the whole question, of a shape that it is trained on. *By
branches*: the product of what a run says of each branch. The control has the same model and is
trained on chains alone. Known answers follow from told facts; missing ones need a fact that was
never told.
"""
SAID = {
    "2i": "`a r and b s`",
    "pi": "`a r t and b s`",
    "ip": "`a r and b s then t`",
    "2in": "`a r and not b s`",
}


def config_of(data: Path, trained: str, seed: int, steps: int) -> RunConfig:
    """The run on one data set, of one kind and seed."""
    config = make_recipe("graph").replace("model", window=4, n_loops=3)
    config = replace(config, seed=seed, world_seed=0).replace("train", steps=steps)
    joined = SHAPES if trained == JOINING else ()
    return config.replace("world", folder=str(data), shapes=joined)


def grown(data: Path, trained: str, seed: int, steps: int, runs: Path) -> Run:
    """The finished run, grown if it is not there."""
    folder = runs / f"{data.name}-{'shapes' if trained == JOINING else 'chains'}-{steps}-{seed}"
    if not (folder / "summary.json").exists():
        config = config_of(data, trained, seed, steps)
        latebloom.grow(config, folder, device="cpu", threads=1, overwrite=True)
    return latebloom.load(folder)


def figures_of(run: Run, world: World) -> dict[str, float]:
    """All figures of one run, on the questions of the world that joins branches."""
    found: dict[str, float] = {}

    def at_once(split: str) -> float:
        questions = torch.from_numpy(world.examples(split)[:MOST, :-1])
        scores = score_names(run.model, run.world.task, questions)
        return Ranking.of(ranks_of(scores, world.answers(split, slice(MOST)))).mrr

    def by_branches(split: str, form: str, mark: float) -> float:
        questions = world.examples(split)[:MOST, :-1]
        scores = product_scores(run.model, run.world.task, form, questions, mark)
        return Ranking.of(ranks_of(scores, world.answers(split, slice(MOST)))).mrr

    for split in CHAINS:
        found[split] = at_once(split)
    for shape in shapes.shapes_of(SHAPES):
        for kind, part in KINDS.items():
            split = shape_split(shape.name, part)
            marks = MARKS if shapes.LESS in shape.form else MARKS[:1]
            by = {str(mark): by_branches(split, shape.form, mark) for mark in marks}
            found[f"{shape.name} {kind} by branches"] = max(by.values())
            if len(run.world.vocabulary) == len(world.vocabulary):
                found[f"{shape.name} {kind} at once"] = at_once(split)
    return found | {"seconds": run.summary["seconds"]}


def gathered(
    data: Path, trained: str, seeds: Sequence[int], steps: int, runs: Path, world: World
) -> Figures:
    """The figures of all seeds."""
    table: Figures = {}
    for seed in seeds:
        run = grown(data, trained, seed, steps, runs)
        for name, value in figures_of(run, world).items():
            table.setdefault(name, []).append(value)
        newest = {name: round(values[-1], 4) for name, values in table.items()}
        print(f"{data.name}, {trained}, seed {seed}: {json.dumps(newest)}", flush=True)
    return table


def page(
    tables: Mapping[str, Mapping[str, Figures]], asked: str, made: Mapping[str, object]
) -> str:
    """The page, in Markdown."""
    out = ["# Questions that join branches\n", INTRODUCTION, f"{in_words(made)} {asked}\n"]
    for data, of in tables.items():
        joining, alone = of[JOINING], of[ALONE]
        out.append(f"\n## {data.upper() if data == 'umls' else data.capitalize()}\n")
        heads = ["at once", "by branches, the same run", "by branches, the control"]
        out.append("| questions | answers | " + " | ".join(heads) + " |\n|---|---|---|---|---|")
        for shape in shapes.shapes_of(SHAPES):
            for kind in KINDS:
                name = f"{shape.name} {kind}"
                values = [joining[f"{name} at once"], joining[f"{name} by branches"]]
                cells = [in_cell(one) for one in (*values, alone[f"{name} by branches"])]
                said = f"{shape.name}, {SAID[shape.name]}"
                out.append(f"| {said} | {kind} | " + " | ".join(cells) + " |")
        out.append("\n| chains, at once | trained on chains and shapes | the control |")
        out.append("|---|---|---|")
        for split, said in CHAINS.items():
            out.append(f"| {said} | {in_cell(joining[split])} | {in_cell(alone[split])} |")
        seconds = [f"{np.mean(one['seconds']):.0f}" for one in (joining, alone)]
        out.append("| seconds, one thread, beside other work | " + " | ".join(seconds) + " |")
    return "\n".join(out) + "\n"


def main() -> None:
    """Grows what is not there and writes the page after every data set."""
    parser = argparse.ArgumentParser(description="Questions that join branches, over seeds.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--sets", default="umls")
    parser.add_argument("--seeds", type=span, default=span("100-102"))
    parser.add_argument("--steps", type=int, default=500)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    made, tables = provenance(), dict[str, dict[str, Figures]]()
    said = f"{asked.steps} steps; seeds {', '.join(map(str, asked.seeds))}."
    for name in asked.sets.split(","):
        folder = asked.data / name
        config = config_of(folder, JOINING, 0, asked.steps)
        world = as_world(build_world(config.world, config.world_seed), folder)
        of = {
            trained: gathered(folder, trained, asked.seeds, asked.steps, asked.runs, world)
            for trained in (JOINING, ALONE)
        }
        tables[name] = of
        (RESULTS / "graph-shapes.md").write_text(page(tables, said, made))


if __name__ == "__main__":
    main()
