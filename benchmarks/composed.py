"""Two hops composed of one-hop answers, or by the model: which way validation takes, and whether it
is right.

    python -m benchmarks.composed --data DIR --runs DIR     say it again to go on
    --graphs kinships,umls  --ways two,softmax,both  --seeds 100-104

DIR is that of `benchmarks.graphs`. A run is asked two hops at once, and hop by hop in the ways of
`latebloom.asking.way`; the one that `latebloom ask` takes is chosen by the run's own questions of
validation, and all are measured on the tests. One kind of run, `two`, is trained on both hops, as
in `benchmarks.graphs`; the others on one hop alone, in both directions. What varies among those is
whether the names compete for one answer (`train.set_loss softmax`) or each is told on its own
whether it is one (`binary`), and whether half of the MLP's units are dropped in training
(`model.mlp_dropout`): the 2 x 2 of them. Names that compete share one probability out, by as much
as there are answers; going hop by hop weighs answers to different questions against each other, and
that they cannot bear.

Leaves `results/composed.json`, to which every call adds, and `results/composed.md`.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.graphs import STEPS, chosen, grown_in, hop_by_hop, in_cell, span
from benchmarks.record import RESULTS, in_words, provenance
from latebloom.errors import LatebloomError
from latebloom.evaluation.intersections import rank_all
from latebloom.files import read_json, write_json, write_text
from latebloom.recipes.catalogue import make_recipe
from latebloom.run import Run
from latebloom.training.config import RunConfig

RECORD = RESULTS / "composed.json"
CHOSEN = "the way that validation takes"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to learn sets: its name on the page and its settings.

    steps: on each data set, or on all of them.
    """

    said: str
    set_loss: str
    mlp_dropout: float
    steps: int | Mapping[str, int]
    one_hop_alone: bool = True

    def config(self, data: Path, seed: int) -> RunConfig:
        config = replace(make_recipe("graph"), seed=seed, world_seed=0)
        config = config.replace("world", folder=str(data))
        if self.one_hop_alone:
            config = config.replace("world", phi=0.0).replace("feed", atomic_frac=0.0)
        config = config.replace("model", mlp_dropout=self.mlp_dropout)
        steps = self.steps if isinstance(self.steps, int) else self.steps[data.name]
        return config.replace("train", steps=steps, set_loss=self.set_loss, keep=1)


WAYS_TO_LEARN: Mapping[str, Way] = {
    "two": Way("both hops, names compete", "softmax", 0.0, STEPS, one_hop_alone=False),
    "softmax": Way("names compete", "softmax", 0.0, 500),
    "dropped": Way("names compete, half of the units dropped", "softmax", 0.5, 1500),
    "binary": Way("name by name", "binary", 0.0, 500),
    "both": Way("name by name, half of the units dropped", "binary", 0.5, 1500),
}
"""Steps, dropout and loss were chosen on seed 0 of Kinships: .3 of the units .845 after 500 steps
and after 1,500, .5 of them .867 after 1,500; without, more steps only overfit."""


def figures_of(run: Run) -> dict[str, Any]:
    """The figures of one run, by their name on the page; the way that was chosen is a text."""
    told = rank_all(run.model, run.data, run.asking)
    ways, taken = hop_by_hop(run), chosen(run)
    one, coverage = told["ranking"]["1p"]["missing"], told["coverage"]["by_query"]["2p"]
    return {
        "one hop, missing facts: MRR": one["mrr"],
        "Hits@1": one["hits1"],
        **{f"two hops through a missing fact, {way}: MRR": mrr for way, mrr in ways.items()},
        CHOSEN: taken,
        "the same as `ask` asks them: MRR": ways[taken],
        "its 90 % sets hold, of missing answers": coverage["empirical"],
        "names in such a set": coverage["mean_size"],
        "seconds, one thread, beside other work": run.summary["seconds"],
    }


def of_seeds(values: Sequence[Any]) -> str:
    """A figure over seeds in a cell; of texts how often each came."""
    if isinstance(values[0], str):
        return "; ".join(f"{text} ({n} of {len(values)})" for text, n in Counter(values).items())
    return in_cell(values)


def page(record: Mapping[str, Any]) -> str:
    """The page, in Markdown."""
    lines = [
        "# Two hops composed of one-hop answers",
        "",
        "Made by `python -m benchmarks.composed`; its docstring says how. Trained on one hop",
        "alone unless a column says both; the mean over n seeds from 100 on, in brackets Student's",
        "95 % interval over seeds (of names and seconds the least and the most). TuckER on the",
        "same questions: [graph-peers.md](graph-peers.md).",
        "",
        "The way that is taken was chosen on questions of validation, and is measured here on the",
        "tests. Told facts that are taken for certain are looked up when the question is asked.",
        "",
        in_words(record["made"]),
        "",
    ]
    for graph, ways in record["graphs"].items():
        heads = [f"{WAYS_TO_LEARN[way].said}, n {len(seeds)}" for way, seeds in ways.items()]
        lines += [f"## {graph}", "", f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
        for name in next(iter(next(iter(ways.values())).values())):
            cells = [of_seeds([seed[name] for seed in seeds.values()]) for seeds in ways.values()]
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
