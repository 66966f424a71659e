"""Questions that join branches, on real graphs: asked at once, and by the product of branches.

    python -m benchmarks.graph_shapes --data DIR --runs DIR      say it again to go on
    --sets umls  --seeds 100-102

DIR holds a folder for each data set, as `benchmarks.graphs` says. Grows two runs for each seed,
both of the recipe `graph` with `model.window` 4 and `model.n_loops` 3: one trained on chains and on
`SHAPES`, the control on chains alone; what is finished under RUNS is kept. Leaves
`results/graph-shapes.json`, to which every call adds, and `results/graph-shapes.md`.

Both are put the same held-out questions. A product (`latebloom.asking.product`) asks a branch for
itself, as CQD does (arXiv:2011.03459); where a branch is taken away, it has a mark from which on a
name counts as an answer of it: that of `latebloom ask`, and beside it the best of `MARKS`, chosen
on the tests, which favours the product.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from benchmarks.graphs import Figures, grown_in, in_cell, span
from benchmarks.record import RESULTS, in_words, provenance
from latebloom.asking.names import score_names
from latebloom.asking.product import CERTAIN, product_scores
from latebloom.asking.ranks import ranks_of
from latebloom.errors import LatebloomError
from latebloom.evaluation.ranking import Ranking
from latebloom.files import read_json, write_json, write_text
from latebloom.recipes.catalogue import make_recipe
from latebloom.run import Run
from latebloom.training.config import RunConfig
from latebloom.worlds.build import build_world
from latebloom.worlds.data import as_world
from latebloom.worlds.splits import Split, shape_split
from latebloom.worlds.tasks import shapes
from latebloom.worlds.world import World

RECORD = RESULTS / "graph-shapes.json"
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
branches*: the product of what a run says of each branch, as `latebloom ask` takes it; for `and not`
also with the best of five marks, chosen on these very questions. The control has the same model and
is trained on chains alone. Known answers follow from told facts; missing ones need a fact that was
never told.
"""
SAID = {
    "2i": "`a r and b s`",
    "pi": "`a r t and b s`",
    "ip": "`a r and b s then t`",
    "2in": "`a r and not b s`",
}


def config_of(data: Path, trained: str, seed: int) -> RunConfig:
    """The run on one data set, of one kind and seed."""
    config = make_recipe("graph").replace("model", window=4, n_loops=3)
    config = replace(config, seed=seed, world_seed=0)
    joined = SHAPES if trained == JOINING else ()
    return config.replace("world", folder=str(data), shapes=joined)


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
            by = {mark: by_branches(split, shape.form, mark) for mark in marks}
            found[f"{shape.name} {kind} by branches"] = by.get(CERTAIN, by[marks[0]])
            if len(marks) > 1:
                found[f"{shape.name} {kind} best mark"] = max(by.values())
            if len(run.world.vocabulary) == len(world.vocabulary):
                found[f"{shape.name} {kind} at once"] = at_once(split)
    return found | {"seconds": run.summary["seconds"]}


def of_seeds(figures: Mapping[str, Mapping[str, float]]) -> Figures:
    """The figures of all seeds, by name."""
    names = next(iter(figures.values()))
    return {name: [one[name] for one in figures.values()] for name in names}


def page(record: Mapping[str, Any]) -> str:
    """The page, in Markdown."""
    out = ["# Questions that join branches\n", INTRODUCTION, in_words(record["made"]) + "\n"]
    for data, of in record["sets"].items():
        if set(of) < {JOINING, ALONE}:
            continue
        joining, alone = of_seeds(of[JOINING]), of_seeds(of[ALONE])
        title = data.upper() if data == "umls" else data.capitalize()
        out.append(f"\n## {title}, seeds {', '.join(of[JOINING])}\n")
        heads = ["at once", "by branches, the same run", "by branches, the control"]
        out.append("| questions | answers | " + " | ".join(heads) + " |\n|---|---|---|---|---|")
        for shape in shapes.shapes_of(SHAPES):
            for kind in KINDS:
                name = f"{shape.name} {kind}"
                values = [joining[f"{name} at once"], joining[f"{name} by branches"]]
                cells = [in_cell(one) for one in (*values, alone[f"{name} by branches"])]
                said = f"{shape.name}, {SAID[shape.name]}"
                if f"{name} best mark" in alone:
                    for number, best in enumerate((joining, alone), start=1):
                        cells[number] += f"; best mark {in_cell(best[f'{name} best mark'])}"
                out.append(f"| {said} | {kind} | " + " | ".join(cells) + " |")
        out.append("\n| chains, at once | trained on chains and shapes | the control |")
        out.append("|---|---|---|")
        for split, said in CHAINS.items():
            out.append(f"| {said} | {in_cell(joining[split])} | {in_cell(alone[split])} |")
        seconds = [f"{np.mean(one['seconds']):.0f}" for one in (joining, alone)]
        out.append("| seconds, one thread, beside other work | " + " | ".join(seconds) + " |")
    return "\n".join(out) + "\n"


def main() -> None:
    """Grows what is not there and writes the page after every run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--sets", default="umls")
    parser.add_argument("--seeds", type=span, default=span("100-102"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    record: dict[str, Any] = {"sets": {}}
    if RECORD.exists():
        record = read_json(RECORD, LatebloomError)
    record["made"] = provenance()
    for name in asked.sets.split(","):
        folder = asked.data / name
        config = config_of(folder, JOINING, 0)
        world = as_world(build_world(config.world, config.world_seed), folder)
        for seed in asked.seeds:
            for trained, short in ((JOINING, "shapes"), (ALONE, "chains")):
                config = config_of(folder, trained, seed)
                found = figures_of(grown_in(asked.runs / f"{name}-{short}-{seed}", config), world)
                record["sets"].setdefault(name, {}).setdefault(trained, {})[str(seed)] = found
                write_json(RECORD, record)
                write_text(RECORD.with_suffix(".md"), page(record))
                newest = {key: round(value, 4) for key, value in found.items()}
                print(f"{name}, {trained}, seed {seed}: {json.dumps(newest)}", flush=True)


if __name__ == "__main__":
    main()
