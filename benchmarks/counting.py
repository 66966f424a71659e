"""How far mere counting gets on the graphs of the field: `latebloom.rivals.counting`, untrained.

    python -m benchmarks.counting --data DIR

DIR holds a folder for each data set, as `benchmarks.graphs` says; the splits and questions are
those of `benchmarks.graphs` and `benchmarks.graph_peers`. Two hops by the same beam as there, over
all bridges, with the scores as probabilities; the best of three ways stands in the table, chosen on
the tests. Writes `results/counting.md`; takes seconds, and draws nothing at random.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.graph_peers import Table, beams, one_hop_ranking, world_of
from benchmarks.record import RESULTS, in_words, provenance
from benchmarks.result_tables import table as in_rows
from latebloom.evaluation.ranking import Ranking
from latebloom.rivals.counting import Counting
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

NAMES = {"umls": "UMLS", "kinships": "Kinships", "nations": "Nations"}
INTRODUCTION = """Facts guessed without any training, by counting who shares facts with whom and
which relation goes with which (`latebloom/rivals/counting.py`). Made by `python -m
benchmarks.counting`. The questions are those of [graphs.md](graphs.md) and
[graph-peers.md](graph-peers.md), where trained models stand. Ranks are filtered, over all names. A
beam's three ways are chosen among on the tests, which favours it.
"""


def counted(world: World) -> tuple[Table, float]:
    """The scores of all one-hop questions, and the seconds that they took."""
    began = time.perf_counter()
    names = world.task.n_competing(len(world.vocabulary))
    relations = int(world.facts.relation.max()) + 1 - names
    pairs = np.stack(np.divmod(np.arange(names * relations), relations), axis=1)
    scores = Counting(world.facts, names)(np.add(pairs, (0, names)))
    seconds = time.perf_counter() - began
    return torch.from_numpy(scores).view(names, relations, names), seconds


def best(rankings: Iterator[Ranking]) -> Ranking:
    """The ranking with the best MRR."""
    return max(rankings, key=lambda one: one.mrr)


def row(folder: Path) -> tuple[str, ...]:
    """What counting finds on one data set."""
    world = world_of(folder)
    table, seconds = counted(world)
    one = one_hop_ranking(world, Split.TEST_LINKS, table)
    follows, missing = (
        best(beams(world, split, table)) for split in (Split.TEST_ID, Split.TEST_MISSING)
    )
    figures = (one.mrr, one.hits1, one.hits10, follows.mrr, missing.mrr, missing.hits1)
    return NAMES[folder.name], *(f"{figure:.3f}" for figure in figures), f"{seconds:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    made = provenance()
    head = (
        *("data set", "one hop, missing facts: MRR", "Hits@1", "Hits@10"),
        *("two hops that follow, by a beam: MRR", "two hops through a missing fact: MRR", "Hits@1"),
        "seconds for every question",
    )
    rows = [row(asked.data / name) for name in NAMES]
    text = "\n".join(("# Counting", "", INTRODUCTION, in_words(made), "", *in_rows(head, rows)))
    (RESULTS / "counting.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
