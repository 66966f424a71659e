"""Real graphs: one hop and two hops through missing facts, beside a beam over one-hop answers.

    python -m benchmarks.graphs --data DIR --runs DIR     say it again to go on
    --seeds 100-104  --control-seeds 100-102

DIR holds a folder for each data set (`umls`, `kinships`) with train.txt, valid.txt and test.txt, as
they lie in the package PyKEEN under pykeen/datasets (`pip download pykeen --no-deps`). Grows the
recipe `graph`, and a control that is trained on one hop alone; what is finished under RUNS is kept.
Writes `results/graphs.md`: filtered ranks on the test facts and on two-hop questions that need a
missing fact, the mean over seeds with Student's 95 % interval.

Hop by hop a two-hop question is answered from one-hop answers of the same run, over all bridges, as
`latebloom ask` does it where that is better (`latebloom.asking.hops`). Each of its ways has a row,
and the last row is the way that the run's own questions of validation choose.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import latebloom
from benchmarks.record import RESULTS, in_words, provenance
from latebloom.asking.calibration import TESTS, scored
from latebloom.asking.choosing import said as called
from latebloom.asking.names import shared_out
from latebloom.asking.ranks import ranks_of
from latebloom.asking.way import ways_of_chains
from latebloom.evaluation.intersections import rank_all
from latebloom.evaluation.ranking import MOST_RANKED, Ranking
from latebloom.intervals import student
from latebloom.recipes.catalogue import make_recipe
from latebloom.run import Run
from latebloom.training.config import RunConfig
from latebloom.worlds.answers import FactSets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import Split

NO_FACTS = FactSets(Facts.of_rows(np.empty((0, 3), np.int32)))
STEPS: Mapping[str, int] = {"umls": 500, "kinships": 1000}
"""Steps on each data set, chosen on seed 0."""
BOTH, ALONE = "one and two hops", "one hop alone"
AS_ASKED = "as asked"
"""The figure of the way that `latebloom ask` takes."""
WAYS = tuple(called(way) for way in ways_of_chains(shared_out, NO_FACTS)[1:])
"""The ways to go hop by hop, in words."""
INTRODUCTION = """Made by `python -m benchmarks.graphs`; its docstring says how. The recipe `graph`
on data of the field, told the facts of train.txt alone; the mean over seeds, in brackets
Student's 95 % interval over seeds, where there are two or more; of names and seconds the least and
the most. Ranks are filtered, over all names, and every answer counts; one hop is asked in both
directions. The settings were chosen on seed 0. *Hop by hop* one-hop answers of the same run are put
together over all bridges; which way `ask` takes, questions of validation say. The control is
trained on one hop alone: two hops asked at once are longer than any question that it knows.
Questions that join branches stand in
[graph-shapes.md](graph-shapes.md).
"""
"""What the page begins with."""
Figures = dict[str, list[float]]
"""A figure for each seed, by name."""


def config_of(data: Path, trained: str, seed: int) -> RunConfig:
    """The run on one data set, of one kind and seed."""
    config = replace(make_recipe("graph"), seed=seed, world_seed=0)
    config = config.replace("world", folder=str(data)).replace("train", steps=STEPS[data.name])
    if trained == ALONE:
        return config.replace("world", phi=0.0).replace("feed", atomic_frac=0.0)
    return config


def grown(data: Path, trained: str, seed: int, runs: Path) -> Run:
    """The finished run, grown if it is not there."""
    folder = runs / f"{data.name}-{'both' if trained == BOTH else 'alone'}-{seed}"
    return grown_in(folder, config_of(data, trained, seed))


def grown_in(folder: Path, config: RunConfig) -> Run:
    """The finished run in a folder, grown if it is not there."""
    if not (folder / "summary.json").exists():
        latebloom.grow(config, folder, device="cpu", threads=1, overwrite=True)
    return latebloom.load(folder)


def hop_by_hop(run: Run, split: str = Split.TEST_MISSING) -> dict[str, float]:
    """The mean reciprocal rank of two-hop answers that need a missing fact, at once and by each way
    to go hop by hop (`latebloom.asking.way`), by what the way is called."""
    found = {}
    for way in run.asking.chain_ways:
        scores, sets = scored(run.model, run.world, split, MOST_RANKED, score=way.score)
        found[called(way)] = Ranking.of(ranks_of(scores, sets)).mrr
    return found


def chosen(run: Run) -> str:
    """The way that a run is asked two hops, as its questions of validation say."""
    return called(run.asking.chain(2).way)


def figures_of(run: Run) -> dict[str, float]:
    """All figures of one run."""
    summary = run.summary
    found: dict[str, float] = {}
    for query, kind in TESTS:
        row = summary["ranking"].get(query, {}).get(kind)
        if row:
            for name in ("mrr", "hits1", "hits10", "set_f1"):
                if row[name] is not None:
                    found[f"{query} {kind} {name}"] = row[name]
    ways = hop_by_hop(run)
    found |= ways | {AS_ASKED: ways[chosen(run)]}
    coverage = rank_all(run.model, run.data, run.asking)["coverage"]
    found |= {"coverage": coverage["empirical"], "mean size": coverage["mean_size"]}
    return found | {"seconds": summary["seconds"]}


def gathered(data: Path, trained: str, seeds: Sequence[int], runs: Path) -> Figures:
    """The figures of all seeds."""
    table: Figures = {}
    for seed in seeds:
        for name, value in figures_of(grown(data, trained, seed, runs)).items():
            table.setdefault(name, []).append(value)
        newest = {name: round(values[-1], 4) for name, values in table.items()}
        print(f"{data.name}, {trained}, seed {seed}: {json.dumps(newest)}", flush=True)
    return table


def in_cell(values: Sequence[float]) -> str:
    """A mean with its interval over seeds."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.3f}"
    if mean > 1:  # no share
        return f"{mean:.1f} ({min(values):.1f} to {max(values):.1f})"
    low, high = student(np.array(values))
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def page(tables: Mapping[tuple[str, str], Figures], made: Mapping[str, object]) -> str:
    """The page, in Markdown."""
    out = ["# Real graphs\n", INTRODUCTION, in_words(made) + "\n"]
    names = {
        "1p missing mrr": "one hop, missing facts: MRR",
        "1p missing hits1": "Hits@1",
        "1p missing hits10": "Hits@10",
        "2p known mrr": "two hops that follow: MRR",
        "2p known set_f1": "set F1",
        "2p missing mrr": "two hops through a missing fact: MRR, asked at once",
        "2p missing hits1": "Hits@1",
        "2p missing hits10": "Hits@10",
        **{way: f"the same {way}: MRR" for way in WAYS},
        AS_ASKED: "the same as `ask` asks, by validation: MRR",
        "coverage": "90 % sets hold, of missing answers",
        "mean size": "names in such a set",
        "seconds": "seconds, one thread, beside other work",
    }
    for data in dict.fromkeys(data for data, _ in tables):
        columns = [trained for one, trained in tables if one == data]
        out.append(f"\n## {data.upper() if data == 'umls' else data.capitalize()}\n")
        heads = [f"trained on {t} (n = {len(tables[data, t]['seconds'])})" for t in columns]
        out.append("| | " + " | ".join(heads) + " |\n|---|" + "---|" * len(heads))
        for name, said in names.items():
            cells = [
                in_cell(tables[data, t][name]) if name in tables[data, t] else "–" for t in columns
            ]
            out.append(f"| {said} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def span(text: str) -> list[int]:
    """`100-104` as numbers."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def main() -> None:
    """Grows what is not there and writes the page after every data set."""
    parser = argparse.ArgumentParser(description="Real graphs, over seeds.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--seeds", type=span, default=span("100-104"))
    parser.add_argument("--control-seeds", type=span, default=span("100-102"))
    asked = parser.parse_args()
    made, tables = provenance(), {}
    for name in STEPS:
        for trained, seeds in ((BOTH, asked.seeds), (ALONE, asked.control_seeds)):
            if not seeds:
                continue
            tables[name, trained] = gathered(asked.data / name, trained, seeds, asked.runs)
            (RESULTS / "graphs.md").write_text(page(tables, made))


if __name__ == "__main__":
    main()
