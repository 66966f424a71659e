"""Real graphs: one hop and two hops through missing facts, beside a beam over one-hop answers.

    python -m benchmarks.graphs --data DIR --runs DIR     say it again to go on
    --seeds 100-104  --control-seeds 100-102

DIR holds a folder for each data set (`umls`, `kinships`) with train.txt, valid.txt and test.txt, as
they lie in the package PyKEEN under pykeen/datasets (`pip download pykeen --no-deps`). Grows the
recipe `graph`, and a control that is trained on one hop alone; what is finished under RUNS is kept.
Writes `results/graphs.md`: filtered ranks on the test facts and on two-hop questions that need a
missing fact, the mean over seeds with Student's 95 % interval.

The beam answers a two-hop question from one-hop answers of the same run, as CQD does
(arXiv:2011.03459): over all bridges, the product of both hops' scores. Here a score is the
probability, or its ratio to the likeliest; the best product counts, or the sum of all. The best of
these three ways stands in the table, chosen on the tests, which favours the beam.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

import latebloom
from benchmarks.record import RESULTS, in_words, provenance
from latebloom.asking.calibration import TESTS
from latebloom.asking.names import name_logits
from latebloom.evaluation.ranking import Ranking, ranks_of
from latebloom.intervals import student
from latebloom.recipes.catalogue import make_recipe
from latebloom.run import Run
from latebloom.training.config import RunConfig
from latebloom.worlds.splits import Split

STEPS: Mapping[str, int] = {"umls": 500, "kinships": 1000}
"""Steps on each data set, chosen on seed 0."""
BOTH, ALONE = "one and two hops", "one hop alone"
WAYS = ("best product", "sum of products", "best product of ratios")
AT_ONCE = 500
"""Two-hop questions that the beam answers together."""
INTRODUCTION = """Made by `python -m benchmarks.graphs`; its docstring says how. The recipe `graph`
on data of the field, told the facts of train.txt alone; the mean over seeds, in brackets
Student's 95 % interval over seeds, where there are two or more; of names and seconds the least and
the most. Ranks are filtered, over all names, and every answer counts; one hop is asked in both
directions. The settings were chosen on seed 0. The beam composes one-hop answers of the same run
over all bridges. The control is trained on one hop alone: two hops asked at once are longer than
any question that it knows. Questions that join branches stand in
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


def beam(run: Run) -> Iterator[Ranking]:
    """The ranking of two-hop answers that need a missing fact, by each of the ways."""
    world = run.world
    examples = world.examples(Split.TEST_MISSING)
    names = world.task.names(examples[:, :-1])
    n = world.task.n_competing(len(world.vocabulary))
    hops = one_hop(run, names[:, :2])
    relations = np.unique(names[:, 2])
    every = np.stack((np.tile(np.arange(n), len(relations)), np.repeat(relations, n)), axis=1)
    second = one_hop(run, every).view(len(relations), n, n)
    of = torch.from_numpy(np.searchsorted(relations, names[:, 2]))
    parts: list[list[Tensor]] = [[] for _ in WAYS]
    for at in range(0, len(names), AT_ONCE):
        first, after = hops[at : at + AT_ONCE, :, None], second[of[at : at + AT_ONCE]]
        products = first * after
        ratios = (first / first.amax(1, keepdim=True)) * (after / after.amax(2, keepdim=True))
        for part, found in zip(
            parts, (products.amax(1), products.sum(1), ratios.amax(1)), strict=True
        ):
            part.append(found)
    sets = world.answers(Split.TEST_MISSING)
    for part in parts:
        yield Ranking.of(ranks_of(torch.cat(part), sets))


def one_hop(run: Run, names: np.ndarray) -> Float[Tensor, "row name"]:
    """The run's probabilities of all answers to one-hop questions, by the loss that it learned
    them with: they add up to 1, or each says whether the name is an answer."""
    tokens = torch.from_numpy(run.world.task.lay(names))
    logits = name_logits(run.model, run.world.task, tokens)
    binary = run.config.train.set_loss == "binary"
    return logits.sigmoid() if binary else logits.softmax(-1)


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
    for way, ranking in zip(WAYS, beam(run), strict=True):
        found[f"beam, {way}"] = ranking.mrr
    coverage = summary["coverage"]
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
        **{f"beam, {way}": f"the same by a beam, {way}: MRR" for way in WAYS},
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
