"""Real graphs put to other tools: the same splits and questions as `benchmarks.graphs`.

    python -m benchmarks.graph_peers --data DIR --out DIR [--sets umls,kinships] [--seed 100]

DIR holds a folder for each data set, as `benchmarks.graphs` says. Needs the extra `graphs`. Peers:

- TuckER and ComplEx of PyKEEN (arXiv:1901.09590, arXiv:1606.06357), trained on the told facts in
  both directions with the settings of `SETTINGS`. Of ComplEx each of its settings is trained, and
  the one with the best MRR on the missing facts of valid.txt is shown.
- Two hops by the beam of CQD (arXiv:2011.03459) over all bridges, three ways; the best stands in
  the table, chosen on the tests, which favours the peer.
- SPARQL (pyoxigraph) over the told facts: exact for what follows from them. What needs a missing
  fact it cannot give, and its share of such answers is counted.

What is finished is kept in OUT, one JSON file for each peer and data set; `results/graph-peers.md`
is written from these files, so that the command can be said again.
"""

import argparse
import importlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from benchmarks.record import RESULTS, in_words, provenance
from latebloom.asking.hops import BEST, RATIOS, SUM, hop_by_hop
from latebloom.asking.ranks import ranks_of
from latebloom.evaluation.ranking import Ranking
from latebloom.recipes.catalogue import make_recipe
from latebloom.worlds.answers import AnswerSets
from latebloom.worlds.build import build_world
from latebloom.worlds.data import as_world
from latebloom.worlds.splits import Split, as_valid
from latebloom.worlds.world import World

MERGES = (BEST, SUM, RATIOS)
WAYS = tuple(merge.said for merge in MERGES)
AT_ONCE = 250
"""Two-hop questions that the beam answers together."""
SETTINGS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "TuckER": ({"dim": 128, "lr": 5e-3, "epochs": 100, "smoothing": 0.1, "dropout": 0.3},),
    "ComplEx": (
        {"dim": 128, "lr": 0.02, "epochs": 60, "smoothing": 0.1, "weight": 0.0},
        {"dim": 128, "lr": 0.02, "epochs": 60, "smoothing": 0.1, "weight": 1e-3},
    ),
}
"""By peer the settings that are tried. `weight`: of the N3 regulariser."""
BATCH = 256
Table = Float[Tensor, "name relation name"]
"""The score of every answer to every one-hop question, as a probability."""


def world_of(folder: Path) -> World:
    """The world of the recipe `graph` on one data set, as `benchmarks.graphs` draws it."""
    config = replace(make_recipe("graph"), world_seed=0).replace("world", folder=str(folder))
    return as_world(build_world(config.world, config.world_seed), folder)


def trained(peer: str, world: World, setting: Mapping[str, Any], seed: int) -> tuple[Table, float]:
    """One peer's table of one-hop answers, and the seconds of its training.

    The facts are told in both directions, each direction by a relation of its own, so that heads
    and tails are asked alike.
    """
    factories = importlib.import_module("pykeen.triples")
    loops = importlib.import_module("pykeen.training")
    n = world.task.n_competing(len(world.vocabulary))
    rows = torch.from_numpy(world.facts.rows().astype(np.int64))
    n_relations = int(rows[:, 1].max()) + 1 - n
    mapped = torch.stack((rows[:, 0], rows[:, 1] - n, rows[:, 2]), 1)
    told = factories.CoreTriplesFactory(mapped, num_entities=n, num_relations=n_relations)
    torch.manual_seed(seed)
    model = MAKERS[peer](told, setting, seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=setting["lr"])
    began = time.perf_counter()
    loop = loops.LCWATrainingLoop(model=model, triples_factory=told, optimizer=optimizer)
    loop.train(
        triples_factory=told,
        num_epochs=setting["epochs"],
        batch_size=BATCH,
        label_smoothing=setting["smoothing"],
        use_tqdm=False,
    )
    seconds = time.perf_counter() - began
    model.eval()
    pairs = torch.cartesian_prod(torch.arange(n), torch.arange(n_relations))
    with torch.no_grad():
        scores = torch.cat([model.score_t(part) for part in pairs.split(BATCH)])
    table = PROBABILITIES[peer](scores).view(n, n_relations, n)
    return table, seconds


def make_tucker(told: Any, setting: Mapping[str, Any], seed: int) -> Any:
    """TuckER as PyKEEN has it; the dropouts are alike at all places."""
    models = importlib.import_module("pykeen.models")
    return models.TuckER(
        triples_factory=told,
        embedding_dim=setting["dim"],
        dropout_0=setting["dropout"],
        dropout_1=setting["dropout"],
        dropout_2=setting["dropout"],
        random_seed=seed,
    )


def make_complex(told: Any, setting: Mapping[str, Any], seed: int) -> Any:
    """ComplEx with the cross-entropy over all names, which its later papers found best."""
    models = importlib.import_module("pykeen.models")
    regularised = {
        "regularizer": "lp",
        "regularizer_kwargs": {"weight": setting["weight"], "p": 3.0},
    }
    return models.ComplEx(
        triples_factory=told,
        embedding_dim=setting["dim"],
        loss="crossentropy",
        random_seed=seed,
        **(regularised if setting["weight"] else {"regularizer": None}),
    )


def shares(scores: Tensor) -> Tensor:
    """Scores that were trained by cross-entropy over all names, as probabilities."""
    return scores.softmax(-1)


MAKERS = {"TuckER": make_tucker, "ComplEx": make_complex}
PROBABILITIES = {"TuckER": torch.sigmoid, "ComplEx": shares}
"""What a peer's scores mean, by the loss that it was trained with."""


def one_hop_ranking(world: World, split: str, table: Table) -> Ranking:
    """The ranks of the answers to a split's one-hop questions."""
    names, n = world.task.names(world.examples(split)[:, :-1]), len(table)
    return Ranking.of(ranks_of(table[names[:, 0], names[:, 1] - n], world.answers(split)))


def beams(world: World, split: str, table: Table) -> Iterator[Ranking]:
    """The ranks of the answers to two-hop questions, by each of the ways (`latebloom.asking.hops`,
    as a run of this project is asked hop by hop)."""
    names, sets = world.task.names(world.examples(split)[:, :-1]), world.answers(split)
    logs = table.log()

    def one_hop(pairs: Int[ndarray, "row 2"]) -> Float[Tensor, "row name"]:
        subject, relation = torch.from_numpy(pairs.astype(np.int64)).T
        return logs[subject, relation - len(table)]

    for merge in MERGES:
        yield Ranking.of(ranks_of(hop_by_hop(one_hop, names, merge).exp(), sets))


def peer_figures(peer: str, world: World, seed: int) -> dict[str, Any]:
    """All figures of one peer, with the best of its settings."""
    best: dict[str, Any] = {}
    for setting in SETTINGS[peer]:
        table, seconds = trained(peer, world, setting, seed)
        valid = one_hop_ranking(world, as_valid(Split.TEST_LINKS), table).mrr
        tried = {"setting": dict(setting), "valid": valid, "seconds": seconds}
        print(f"{peer}: {json.dumps(tried)}", flush=True)
        if best and valid <= best["valid"]:
            continue
        links = one_hop_ranking(world, Split.TEST_LINKS, table)
        best = tried | {"1p missing": links.mrr, "1p missing hits1": links.hits1}
        for split, kind in ((Split.TEST_ID, "known"), (Split.TEST_MISSING, "missing")):
            found = {w: r.mrr for w, r in zip(WAYS, beams(world, split, table), strict=True)}
            best |= {f"2p {kind}": max(found.values()), f"2p {kind} ways": found}
    return best


def sparql_figures(world: World) -> dict[str, Any]:
    """What SPARQL gives over the told facts: which share of the answers, and how quickly.

    A question of two hops is a path `<a> <r1>/<r2> ?x`.
    """
    store_of = importlib.import_module("pyoxigraph")
    store = store_of.Store()

    def node(token: int) -> Any:
        return store_of.NamedNode(f"urn:t:{token}")

    began = time.perf_counter()
    store.bulk_extend(store_of.Quad(node(s), node(r), node(o)) for s, r, o in world.facts.rows())
    found: dict[str, Any] = {"loading": time.perf_counter() - began}
    for split, name in (
        (Split.TEST_LINKS, "1p missing"),
        (Split.TEST_ID, "2p known"),
        (Split.TEST_MISSING, "2p missing"),
    ):
        names, sets = world.task.names(world.examples(split)[:, :-1]), world.answers(split)
        began, rows, members = time.perf_counter(), [], []
        for row, (subject, *relations) in enumerate(names.tolist()):
            path = "/".join(f"<urn:t:{r}>" for r in relations)
            text = f"SELECT DISTINCT ?x WHERE {{ <urn:t:{subject}> {path} ?x }}"
            for one in store.query(text):
                rows.append(row)
                members.append(int(one["x"].value.rpartition(":")[2]))
        given = AnswerSets.of_pairs(len(sets), np.array(rows, int), np.array(members, int))
        found[f"{name} seconds"] = (time.perf_counter() - began) / max(1, len(names))
        found[f"{name} share"] = float(sets.among(given)[sets.asked].mean())
        found[f"{name} wrong"] = float((~given.among(sets)).mean()) if len(given.member) else 0.0
    return found


def page(tables: Mapping[str, Mapping[str, Any]], made: Mapping[str, object]) -> str:
    """The page, in Markdown."""
    out = [
        "# Real graphs: other tools\n",
        "Made by `python -m benchmarks.graph_peers`; its docstring says how. The questions are"
        " those of [graphs.md](graphs.md), where this project's own figures stand; one seed here,"
        " one thread. Ranks are filtered, over all names. A beam's three ways are chosen among on"
        " the tests, which favours it.\n",
        in_words(made) + "\n",
    ]
    for data, peers in tables.items():
        out.append(f"\n## {data.upper() if data == 'umls' else data.capitalize()}\n")
        named = [peer for peer in SETTINGS if peer in peers]
        if named:
            out.append("| | " + " | ".join(named) + " |\n|---|" + "---|" * len(named))
            for key, said in {
                "1p missing": "one hop, missing facts: MRR",
                "1p missing hits1": "Hits@1",
                "2p known": "two hops that follow, by a beam: MRR",
                "2p missing": "two hops through a missing fact, by a beam: MRR",
                "seconds": "seconds of the training shown, one thread, beside other work",
            }.items():
                cells = (f"{peers[p][key]:.{1 if key == 'seconds' else 3}f}" for p in named)
                out.append(f"| {said} | " + " | ".join(cells) + " |")
            out += [f"\n{p}: `{json.dumps(peers[p]['setting'])}`" for p in named]
        exact = peers.get("SPARQL")
        if exact:
            out.append(
                f"\nSPARQL over the told facts gives {exact['2p known share']:.1%} of the two-hop"
                f" answers that follow, {exact['2p known wrong']:.1%} of what it gives is wrong,"
                f" in {1000 * exact['2p known seconds']:.2f} ms a question after"
                f" {exact['loading']:.2f} s of loading. Of the missing facts it gives"
                f" {exact['1p missing share']:.1%}, of the two-hop answers that need one"
                f" {exact['2p missing share']:.1%}: it holds what was written down, and no more."
            )
    return "\n".join(out) + "\n"


def main() -> None:
    """Trains what is not there and writes the page after every peer."""
    parser = argparse.ArgumentParser(description="Real graphs put to other tools.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", default="umls,kinships")
    parser.add_argument("--peers", default="SPARQL,TuckER,ComplEx")
    parser.add_argument("--seed", type=int, default=100)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    made = provenance()
    for data in asked.sets.split(","):
        world = world_of(asked.data / data)
        for peer in asked.peers.split(","):
            file = asked.out / f"{data}-{peer}.json"
            if file.exists():
                continue
            exact = peer == "SPARQL"
            found = sparql_figures(world) if exact else peer_figures(peer, world, asked.seed)
            file.write_text(json.dumps(found))
            print(f"{data}, {peer}: {json.dumps(found)}", flush=True)
            (RESULTS / "graph-peers.md").write_text(page(kept(asked.out), made))
    (RESULTS / "graph-peers.md").write_text(page(kept(asked.out), made))


def kept(out: Path) -> dict[str, dict[str, Any]]:
    """What was found for every data set, by peer."""
    tables: dict[str, dict[str, Any]] = {}
    for data in ("umls", "kinships"):
        for peer in ("SPARQL", *SETTINGS):
            file = out / f"{data}-{peer}.json"
            if file.exists():
                tables.setdefault(data, {})[peer] = json.loads(file.read_text())
    return tables


if __name__ == "__main__":
    main()
