"""The facts world: one's own facts, and the questions that they make.

Enters: a file of facts and a seed. Leaves: a `World` whose two-hop questions come from the graph
itself, and the `Diagnosis` that says what the file holds and what was left out.

    table, diagnosis = load_fact_table(config)
    print(diagnosis)
    world = world_from_table(table, diagnosis, config, seed=0)

A real graph holds far fewer inferred facts for each atomic one than a made world, often less than
one (arXiv:2504.20752); so the default phi is inf: all that there are.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.checking.shape import Shape, read_shaped
from latebloom.worlds.chains.diagnosis import Diagnosis, ManyValued, diagnose
from latebloom.worlds.chains.draw import ChainConfig, mark_ood
from latebloom.worlds.chains.files import MAX_FACTS, FactTable, make_table
from latebloom.worlds.chains.measured import AUTO, NONE, Apart, set_apart
from latebloom.worlds.chains.sets import world_of_sets
from latebloom.worlds.chains.sets_config import SetsConfig
from latebloom.worlds.chains.table import NamedFacts, world_of_numbers_too
from latebloom.worlds.chains.triples import Triples, missing_facts
from latebloom.worlds.chains.world import distinct_names, world_of_chains
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.validation import with_validation
from latebloom.worlds.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class FactsConfig(SetsConfig):
    """A world of one's own facts."""

    kind: Literal["facts"] = "facts"
    """Which world this is."""
    facts: str = ""
    """The file: .csv, .tsv, .xlsx, .parquet, .jsonl, .ndjson or .nt."""
    subject: str = "subject"
    """Column of the subject: a name, or a position from 1."""
    relation: str = "relation"
    """Column of the relation: a name, or a position from 1."""
    object: str = "object"
    """Column of the object: a name, or a position from 1."""
    many_valued: ManyValued = "keep"
    """What to do with a subject and relation that have several objects: keep them all, as a set of
    answers; leave them out (drop); keep the first; or refuse the file (error)."""
    missing_frac: float = 0.0
    """Fraction of the facts that is never told, to see whether they are found: `test_links` asks
    for them alone, `test_missing` in two hops."""
    synonyms: str = ""
    """A table of two columns, name and synonym: other names that questions may use."""
    phrases: str = ""
    """A table of two columns, relations and phrase, for questions in words: `targets / pathway`,
    `which pathways does {} act on`."""
    single: tuple[str, ...] = ()
    """Relations that are declared to have one object for each subject; where one has more, that is
    told as a contradiction, with its row."""
    numbers: tuple[str, ...] = ()
    """Relations whose objects are numbers, to be compared and told in their unit; `auto`: all that
    are plainly so (`latebloom check` says which); none: each number is a name of its own."""
    max_facts: int = MAX_FACTS
    """Largest file, in rows."""

    def __post_init__(self) -> None:
        SetsConfig.__post_init__(self)
        if not 0 <= self.missing_frac < 1:
            raise WorldError(f"world.missing_frac is {self.missing_frac}; it must lie in [0, 1)")
        if self.max_facts < 1:
            raise WorldError(f"world.max_facts is {self.max_facts}; it must be at least 1")

    @property
    def read_as(self) -> tuple[str | int, ...]:
        """What decides what is read of the file, its state included."""
        try:
            state = Path(self.facts).stat()
        except OSError:
            return (self.facts,)
        saved = state.st_mtime_ns, state.st_size
        return (self.facts, *saved, self.subject, self.relation, self.object, self.max_facts)


def read_whole(config: FactsConfig) -> tuple[FactTable, Shape]:
    """All facts of the file that the config names; of a wide table as if it were long.

    Raises: FactsError naming the file, the line and the way out.
    """
    columns = (config.subject, config.relation, config.object)
    return read_shaped(Path(config.facts), columns, config.max_facts)


READ_BEFORE: dict[tuple[str | int, ...], tuple[FactTable, Shape]] = {}
"""What was read to choose how to train on it, until it is taken: one table, by how it is read."""


def wants_numbers(config: FactsConfig) -> bool:
    """Whether a file holds numbers that are to be compared: relations that the config names, or, if
    it says nothing, some that are measured. What was read is kept for whoever reads it next.

    Raises: FactsError as `read_whole`.
    """
    if not config.facts or config.numbers:
        return bool(config.numbers) and config.numbers != (NONE,)
    table, shape = read_whole(config)
    READ_BEFORE.clear()
    READ_BEFORE[config.read_as] = table, shape
    return set_apart(table, (AUTO,)).numbers is not None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table that was read, its numbers apart.

    named: the facts between names. diagnosis: of these. apart: what numbers there are.
    """

    apart: Apart
    diagnosis: Diagnosis
    shape: Shape

    @property
    def named(self) -> FactTable:
        """The facts between names."""
        return self.apart.named

    @classmethod
    def of(cls, table: FactTable, config: FactsConfig, shape: Shape) -> "Loaded":
        """Raises: FactsError as `diagnose`, and for relations that are no numbers."""
        apart = set_apart(table, config.numbers)
        diagnosis = diagnose(apart.named, config.many_valued, share=config.largest_share)
        return cls(apart, diagnosis, shape)

    @classmethod
    def of_file(cls, config: FactsConfig) -> "Loaded":
        """Reads the file that the config names, and says what it holds.

        Raises: FactsError naming the file, the line and the way out.
        """
        if not config.facts:
            raise FactsError("world.facts is empty; name a file of facts: --facts FILE")
        table, shape = READ_BEFORE.pop(config.read_as, None) or read_whole(config)
        return cls.of(table, config, shape)

    def lines(self) -> list[str]:
        """What the table holds, for people."""
        if len(self.named):
            return self.diagnosis.lines()
        numbers = self.apart.numbers
        assert numbers is not None
        return [*numbers.lines(), *self.named.notes]

    def world(self, config: FactsConfig, seed: int) -> World:
        """The world of these facts; with the numbers, where there are some.

        Raises: as `world_from_table`, and `latebloom.worlds.chains.table`.
        """
        numbers = self.apart.numbers
        if numbers is None:
            return world_from_table(self.named, self.diagnosis, config, seed)
        rng = np.random.default_rng([seed, Draw.TABLE])
        triples, entities, relations = triples_of(self.named, self.diagnosis, config, rng)
        named = NamedFacts(triples, entities, relations)
        return world_of_numbers_too(named, numbers, config, rng, seed)


def load_fact_table(config: FactsConfig) -> tuple[FactTable, Diagnosis]:
    """The facts between names in the file that the config names, and what they are worth.

    Raises: FactsError naming the file, the line and the way out.
    """
    loaded = Loaded.of_file(config)
    return loaded.named, loaded.diagnosis


def world_of_facts(
    facts: Any,
    *,
    columns: tuple[str, str, str] = ("subject", "relation", "object"),
    config: FactsConfig | None = None,
    seed: int = 0,
) -> World:
    """The world of facts that are in memory: a table of pandas or polars, or rows.

        world = latebloom.world_of_facts(frame, columns=("drug", "property", "value"))
        latebloom.grow(config, "runs/drugs", own=latebloom.Own(world=world))

    facts: a data frame with these columns, or an iterable of (subject, relation, object).
    config: how the facts are divided (`FactsConfig`); its file and columns are not looked at.
    Raises: FactsError for a column that is not there or rows that are no facts; WorldError for
    more than the facts can give.
    """
    config = config or FactsConfig()
    rows = facts
    if hasattr(facts, "columns"):
        missing = [name for name in columns if name not in list(facts.columns)]
        if missing:
            raise FactsError(
                f"the table has no column {missing[0]!r}; it has"
                f" {', '.join(map(str, facts.columns))}: name three of them with columns="
            )
        rows = zip(*(facts[name] for name in columns), strict=True)
    table = make_table(map(as_names, rows), "the table", max_facts=config.max_facts)
    world = Loaded.of(table, config, Shape()).world(config, seed)
    return with_validation(world, config.valid_frac, seed)


def as_names(row: Any) -> tuple[str, str, str]:
    """A row as three names; what is missing (None, NaN) becomes empty.

    Raises: FactsError if it is no subject, relation and object.
    """
    try:
        subject, relation, object_ = row
    except (TypeError, ValueError):
        raise FactsError(f"{row!r} is no row of subject, relation, object") from None
    one, two, three = (
        "" if part is None or part != part else str(part) for part in (subject, relation, object_)
    )
    return one, two, three


def make_facts_world(config: FactsConfig, seed: int) -> World:
    """Reads the file and draws the splits; the same file and seed give the same bytes.

    Raises: FactsError for the file, WorldError for more than its facts can give.
    """
    return Loaded.of_file(config).world(config, seed)


def world_from_table(
    table: FactTable, diagnosis: Diagnosis, config: ChainConfig, seed: int
) -> World:
    """The world of the rows that the diagnosis kept.

    Where each (subject, relation) has one object, questions have one answer; else they have sets.

    Raises: FactsError if they make no two-hop question to train on; WorldError if the config asks
    for more OOD facts or a larger phi than they give.
    """
    if isinstance(config, FactsConfig) and (
        diagnosis.several or config.inverse or config.missing_frac or config.shapes
    ):
        return sets_from_table(table, diagnosis, config, seed)
    if not diagnosis.two_hop:
        left = sum(diagnosis.left_out.values())
        raise FactsError(
            f"{table.source}: no object of a kept fact is the subject of another, so there is no"
            f" two-hop question to ask ({diagnosis.facts:,} facts kept, {left:,} left out); give"
            " facts that chain, with the same spelling in both columns"
        )
    rng = np.random.default_rng([seed, Draw.OWN_FACTS])
    rows, entities, relations = numbered(table, diagnosis.kept)
    subject, relation, object_ = np.ascontiguousarray(rows.T)
    facts = Facts(subject, relation, object_, mark_ood(len(rows), config.ood_frac, rng))
    world = world_of_chains(facts, entities, relations, config, rng, seed)
    if math.isinf(config.phi) and not len(world.examples(Split.TRAIN_INFERRED)):
        raise FactsError(
            f"{table.source}: none of the {diagnosis.two_hop:,} two-hop questions is left to train"
            " on; lower world.ood_frac, or give more facts"
        )
    return world


def sets_from_table(
    table: FactTable, diagnosis: Diagnosis, config: FactsConfig, seed: int
) -> World:
    """The world of the rows that the diagnosis kept, whose questions are answered by sets.

    Raises: FactsError and WorldError as `world_from_table`.
    """
    rng = np.random.default_rng([seed, Draw.SETS])
    triples, entities, relations = triples_of(table, diagnosis, config, rng)
    return world_of_sets(triples, entities, relations, config, rng, seed)


def triples_of(
    table: FactTable, diagnosis: Diagnosis, config: FactsConfig, rng: np.random.Generator
) -> tuple[Triples, list[str], list[str]]:
    """The rows that the diagnosis kept, some of them missing on purpose, and the names.

    Raises: WorldError if so many cannot be spared.
    """
    rows, entities, relations = numbered(table, diagnosis.kept)
    missing = missing_facts(rows, config.missing_frac, rng, config.fold)
    return Triples(rows[~missing], rows[:0], rows[missing]), entities, relations


def numbered(
    table: FactTable, rows: Int[ndarray, " row"]
) -> tuple[Int[ndarray, "row 3"], list[str], list[str]]:
    """Some rows of a table as token ids, and the names of entities and relations that they use.

    The entities come first, then the relations.
    """
    subject, object_ = table.subject[rows], table.object[rows]
    used = np.unique(np.concatenate((subject, object_)))
    used_relations, relation = np.unique(table.relation[rows], return_inverse=True)
    triples = np.stack(
        (np.searchsorted(used, subject), relation + len(used), np.searchsorted(used, object_)),
        axis=1,
    )
    entities = [table.entities[i] for i in used]
    named = (table.relations[i] for i in used_relations)
    return triples.astype(np.int32), entities, distinct_names(named, entities, "relation")
