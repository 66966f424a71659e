"""Two hops composed of one-hop answers: how a set of answers is learned decides.

    python -m benchmarks.composed --data DIR --runs DIR     say it again to go on
    --graphs kinships,umls  --ways softmax,both  --seeds 100-104

DIR and the beam are those of `benchmarks.graphs`. Each run is trained on one hop alone, in both
directions; two hops are composed outside of the model, over all bridges. What varies is whether the
names compete for one answer (`train.set_loss softmax`) or each is told on its own whether it is one
(`binary`), and whether half of the MLP's units are dropped in training (`model.mlp_dropout`): the
2 x 2 of them. Names that compete share one probability out, by as much as there are answers; beams
weigh answers to different questions against each other, and that they cannot bear.

Leaves `results/composed.json`, to which every call adds, and `results/composed.md`.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.graphs import WAYS, beam, grown_in, in_cell, span
from benchmarks.record import RESULTS, in_words, provenance
from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json, write_text
from latebloom.recipes.catalogue import make_recipe
from latebloom.run import Run
from latebloom.training.config import RunConfig

RECORD = RESULTS / "composed.json"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to learn sets: its name on the page and its settings."""

    said: str
    set_loss: str
    mlp_dropout: float
    steps: int

    def config(self, data: Path, seed: int) -> RunConfig:
        config = replace(make_recipe("graph"), seed=seed, world_seed=0)
        config = config.replace("world", folder=str(data), phi=0.0).replace("feed", atomic_frac=0.0)
        config = config.replace("model", mlp_dropout=self.mlp_dropout)
        return config.replace("train", steps=self.steps, set_loss=self.set_loss, keep=1)


WAYS_TO_LEARN: Mapping[str, Way] = {
    "softmax": Way("names compete", "softmax", 0.0, 500),
    "dropped": Way("names compete, half of the units dropped", "softmax", 0.5, 1500),
    "binary": Way("name by name", "binary", 0.0, 500),
    "both": Way("name by name, half of the units dropped", "binary", 0.5, 1500),
}
"""Steps, dropout and loss were chosen on seed 0 of Kinships: .3 of the units .845 after 500 steps
and after 1,500, .5 of them .867 after 1,500; without, more steps only overfit."""


def figures_of(run: Run) -> dict[str, float]:
    """The figures of one run, by their name on the page."""
    ranking = run.summary["ranking"]
    found = {
        "one hop, missing facts: MRR": ranking["1p"]["missing"]["mrr"],
        "Hits@1": ranking["1p"]["missing"]["hits1"],
    }
    for way, one in zip(WAYS, beam(run), strict=True):
        found[f"two hops through a missing fact, {way}: MRR"] = one.mrr
    return found | {"seconds, one thread, beside other work": run.summary["seconds"]}


def page(record: Mapping[str, Any]) -> str:
    """The page, in Markdown."""
    lines = [
        "# Two hops composed of one-hop answers",
        "",
        "Made by `python -m benchmarks.composed`; its docstring says how. Trained on one hop",
        "alone; the mean over n seeds from 100 on, in brackets Student's 95 % interval over seeds",
        "(of seconds the least and the most). TuckER and the model that is trained on both hops on",
        "the same questions: [graph-peers.md](graph-peers.md), [graphs.md](graphs.md).",
        in_words(record["made"]),
        "",
    ]
    for graph, ways in record["graphs"].items():
        heads = [f"{WAYS_TO_LEARN[way].said}, n {len(seeds)}" for way, seeds in ways.items()]
        lines += [f"## {graph}", "", f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
        for name in next(iter(next(iter(ways.values())).values())):
            cells = [in_cell([seed[name] for seed in seeds.values()]) for seeds in ways.values()]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--graphs", default="kinships,umls")
    parser.add_argument("--ways", default=",".join(WAYS_TO_LEARN))
    parser.add_argument("--seeds", type=span, default=span("100-104"))
    asked = parser.parse_args()
    ways = asked.ways.split(",")
    if unknown := set(ways) - set(WAYS_TO_LEARN):
        parser.error(f"no way {', '.join(sorted(unknown))}; there are {', '.join(WAYS_TO_LEARN)}")
    record: dict[str, Any] = {"graphs": {}}
    if RECORD.exists():
        record = read_json(RECORD, LatebloomError)
    record["made"] = provenance()
    for graph in asked.graphs.split(","):
        for way in ways:
            for seed in asked.seeds:
                kept = record["graphs"].setdefault(graph, {}).setdefault(way, {})
                path = asked.runs / f"{graph}-{way}-{seed}"
                config = WAYS_TO_LEARN[way].config(asked.data / graph, seed)
                kept[str(seed)] = figures_of(grown_in(path, config))
                write_json(RECORD, record)
                write_text(RECORD.with_suffix(".md"), page(record))
                print(f"{graph}, {way}, seed {seed}: {kept[str(seed)]}", flush=True)


if __name__ == "__main__":
    main()
