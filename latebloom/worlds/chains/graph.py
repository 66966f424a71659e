"""A graph in the usual files: train.txt, valid.txt and test.txt, a triple a line.

Enters: a folder in which every line is `subject TAB relation TAB object`, as benchmarks of link
prediction come (UMLS, Kinships, Nations, FB15k-237, ...). Leaves: a `World` that is told the facts
of train.txt, decides by those of valid.txt and is tested by those of test.txt. valid.txt may be
missing; then a share of the tests is set aside, as ever.

Missing facts about a name that train.txt does not hold cannot be found by anybody who was never
told of it; they are left out and counted.

UMLS, Kinships and Nations need no folder of one's own: the package PyKEEN (MIT licence, the extra
`graphs`) holds their files, and their names find them there.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.worlds.chains.diagnosis import Diagnosis, diagnose
from latebloom.worlds.chains.files import MAX_FACTS, FactTable, make_table, read_triples
from latebloom.worlds.chains.own import numbered
from latebloom.worlds.chains.sets import world_of_sets
from latebloom.worlds.chains.sets_config import SetsConfig
from latebloom.worlds.chains.triples import Triples
from latebloom.worlds.streams import Draw
from latebloom.worlds.world import World

TRAIN, VALID, TEST = "train.txt", "valid.txt", "test.txt"
PACKAGED = ("umls", "kinships", "nations")
"""Graphs whose files lie in the package PyKEEN, under `datasets`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphConfig(SetsConfig):
    """A graph with facts that are told and facts that never are."""

    kind: Literal["graph"] = "graph"
    """Which world this is."""
    folder: str = ""
    """The folder with train.txt, valid.txt and test.txt; or umls, kinships or nations, whose files
    the package PyKEEN holds (extra graphs)."""
    ood_frac: float = 0.0
    """Fraction of the told pairs of subject and relation that is never composed in training."""
    inverse: bool = True
    """Tell every fact backwards as well: `^inhibits` leads from a target to what inhibits it."""

    def __post_init__(self) -> None:
        SetsConfig.__post_init__(self)


@dataclass(frozen=True, slots=True)
class Graph:
    """The files of a folder.

    table: all triples that can be used. told, valid, test: their rows, no triple in two of them.
    diagnosis: of the told ones. unknown: missing facts about names that were never told.
    """

    table: FactTable
    told: Int[ndarray, " told"]
    valid: Int[ndarray, " valid"]
    test: Int[ndarray, " test"]
    diagnosis: Diagnosis
    unknown: int

    def lines(self) -> list[str]:
        """What the folder holds, for people."""
        out = self.diagnosis.lines()
        out.append(
            f"never told: {len(self.valid):,} facts of {VALID}, {len(self.test):,} of {TEST}"
        )
        if self.unknown:
            out.append(f"left out: {self.unknown:,} of these (about names that {TRAIN} lacks)")
        return out


def folder_of(name: str) -> Path:
    """The folder of this name; of `PACKAGED`, where there is none, that of the package PyKEEN. The
    package is looked up and not imported."""
    here = Path(name)
    if name not in PACKAGED or here.exists():
        return here
    found = importlib.util.find_spec("pykeen")
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) / "datasets" / name if places else here


def read_graph(config: GraphConfig) -> Graph:
    """Reads the folder that the config names.

    Raises: FactsError naming the file, the line and the way out.
    """
    if not config.folder:
        raise FactsError("world.folder is empty; name a folder of triples: --graph DIR")
    folder = folder_of(config.folder)
    for name in (TRAIN, TEST):
        if not (folder / name).is_file():
            if config.folder in PACKAGED and not folder.exists():
                raise FactsError(
                    f"the files of {config.folder} come with the package PyKEEN, which is not here:"
                    " pip install 'latebloom[graphs]'"
                )
            raise FactsError(
                f"{folder / name} is not there; a graph is a folder with {TRAIN}, {TEST} and"
                f" perhaps {VALID}, a line for each triple: SUBJECT TAB RELATION TAB OBJECT"
            )
    told = make_table(read_triples(folder / TRAIN), str(folder / TRAIN))
    names = [VALID] * (folder / VALID).is_file() + [TEST]
    missing = [make_table(read_triples(folder / name), str(folder / name)) for name in names]
    parts = [told, *missing]
    every = (part.names(row) for part in parts for row in range(len(part)))
    table = make_table(every, str(folder), max_facts=MAX_FACTS)
    ends = np.cumsum([len(part) for part in parts])
    key = triple_keys(table)
    known_entities, known_relations = len(told.entities), len(told.relations)
    known = (table.subject < known_entities) & (table.object < known_entities)
    known &= table.relation < known_relations
    first = np.zeros(len(table), bool)
    first[np.unique(key, return_index=True)[1]] = True  # a triple counts where it stands first
    rows = [np.arange(a, b) for a, b in zip((0, *ends), ends, strict=False)]
    usable = [some[first[some] & known[some]] for some in rows]
    valid = usable[1] if len(usable) == 3 else usable[0][:0]
    diagnosis = diagnose(told, "keep", share=config.largest_share)
    unknown = int((~known & first).sum())
    return Graph(table, usable[0], valid, usable[-1], diagnosis, unknown)


def triple_keys(table: FactTable) -> Int[ndarray, " row"]:
    """A number for each row; equal for equal triples."""
    n, m = len(table.entities), len(table.relations)
    return (table.subject.astype(np.int64) * m + table.relation) * n + table.object


def make_graph_world(graph: Graph, config: GraphConfig, seed: int) -> World:
    """The world of a graph, its questions drawn; the same files and seed give the same bytes.

    Raises: WorldError and FactsError as `world_of_sets`.
    """
    rows, entities, relations = numbered(
        graph.table, np.concatenate((graph.told, graph.valid, graph.test))
    )
    told, valid, test = np.split(rows, np.cumsum((len(graph.told), len(graph.valid))))
    rng = np.random.default_rng([seed, Draw.SETS])
    return world_of_sets(Triples(told, valid, test), entities, relations, config, rng, seed)
