"""The comparison world: which of two entities has the greater value of an attribute.

Enters: sizes and a seed, or a table of values. Leaves: a `World` whose questions are
`attribute e1 e2`, answered `<`, `=` or `>`, and whose atomic facts are `entity attribute`,
answered with the value. Value ids ascend with the value.

Every attribute divides the entities anew into ID and OOD. All atomic facts are trained on;
comparisons are trained on pairs of ID entities. Both orders of a pair are questions; a pair that
is held out is held out in both.

Source: arXiv:2405.15071, section 4.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.ordering import compare
from latebloom.worlds.pairs import PairSpace, both_orders, draw_held_out, draw_others
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.comparison import LABELS, ComparisonTask
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

MISSING = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class PairConfig(WorldSettings):
    """Which comparisons are trained on and which are held out."""

    asks: ClassVar[str] = "comparisons"
    """What kind of question it asks: chains, comparisons or sentences."""
    phi: float = 7.2
    """Comparisons trained on for each ID atomic fact; the paper has 3.6 to 12.6. inf: all, less
    what is held out."""
    ood_frac: float = 0.1
    """Fraction of the entities, for each attribute, that no training comparison asks about."""
    test_id_frac: float = 0.1
    """Fraction of the ID pairs held out; at most `max_test` of them are drawn."""
    max_test: int = 3000
    """Questions in a test split at most, with those that are set aside for validation."""

    def __post_init__(self) -> None:
        WorldSettings.__post_init__(self)
        if not self.phi >= 0:
            raise WorldError(f"world.phi is {self.phi}; it must be 0 or more")
        check_shares(self, "ood_frac", "test_id_frac")
        if self.max_test < 1:
            raise WorldError(f"world.max_test is {self.max_test}; it must be at least 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonConfig(PairConfig):
    """A made world of entities with random values."""

    kind: Literal["comparison"] = "comparison"
    """Which world this is."""
    entities: int = 200
    """Entities; the paper has 1,000."""
    attributes: int = 10
    """Attributes; the paper has 20."""
    values: int = 20
    """Values of each attribute, uniform; the paper has 20."""

    def __post_init__(self) -> None:
        PairConfig.__post_init__(self)
        check_sizes(self.entities, self.attributes, self.values)


def check_shares(config: object, *names: str) -> None:
    """Raises: WorldError if a field is not in [0, 1)."""
    for name in names:
        if not 0 <= getattr(config, name) < 1:
            raise WorldError(f"world.{name} is {getattr(config, name)}; it must lie in [0, 1)")


def check_sizes(entities: int, attributes: int, values: int) -> None:
    """Raises: WorldError if there is nothing to compare."""
    if entities < 3:
        raise WorldError(f"world.entities is {entities}; comparing takes at least 3")
    if attributes < 1:
        raise WorldError(f"world.attributes is {attributes}; it must be at least 1")
    if values < 2:
        raise WorldError(
            f"world.values is {values}: an attribute with one value compares nothing;"
            " give 2 or more"
        )


@dataclass(frozen=True, slots=True)
class ValueTable:
    """What each entity's values are.

    values: words of the values, ascending.
    value: index into `values`, or MISSING, which is never told and never asked.
    """

    entities: tuple[str, ...]
    attributes: tuple[str, ...]
    values: tuple[str, ...]
    value: Int[ndarray, "entity attribute"]


def make_comparison(config: ComparisonConfig, seed: int) -> World:
    """Draws the values and the splits; the same seed gives the same bytes.

    Raises: WorldError if phi is beyond what the entities give, or too few of them are OOD.
    """
    rng = np.random.default_rng([seed, Draw.COMPARISON])
    table = draw_table(config.entities, config.attributes, config.values, rng)
    return world_of_table(table, config, rng)


def draw_table(entities: int, attributes: int, values: int, rng: np.random.Generator) -> ValueTable:
    """Entities `e0`..., attributes `a0`..., values `v0`... drawn uniformly."""
    return ValueTable(
        entities=tuple(f"e{i}" for i in range(entities)),
        attributes=tuple(f"a{i}" for i in range(attributes)),
        values=tuple(f"v{i}" for i in range(values)),
        value=rng.integers(0, values, (entities, attributes), dtype=np.int32),
    )


def world_of_table(table: ValueTable, config: PairConfig, rng: np.random.Generator) -> World:
    """The comparison world of a table.

    Raises: WorldError as `make_comparison`.
    """
    ood = mark_entities(table.value != MISSING, config.ood_frac, rng)
    facts = facts_of(table, ood)
    told = (table.value != MISSING) & ~ood
    n_id = int(told.sum())
    trained, held_out = draw_id_questions(PairSpace(members(told)), n_id, config, rng)
    rest = PairSpace(members(ood))
    if not len(rest) and config.ood_frac:
        raise WorldError(
            f"world.ood_frac {config.ood_frac} leaves no attribute with two OOD entities to"
            " compare; give more entities or a larger fraction (0: no OOD test)"
        )
    asked = 2 * len(rest)
    ood_test = rest.rows(rng.choice(asked, min(asked, config.max_test), replace=False))
    rows = facts.rows()
    splits = {
        Split.ATOMIC_ID: rows[~facts.ood],
        Split.ATOMIC_OOD: rows[facts.ood],
        Split.TRAIN_INFERRED: comparisons(table, trained),
        Split.TEST_ID: comparisons(table, held_out),
        Split.TEST_OOD: comparisons(table, ood_test),
    }
    splits = {str(name): rows for name, rows in splits.items() if len(rows)}
    always = (Split.ATOMIC_ID, Split.ATOMIC_OOD, Split.TRAIN_INFERRED)
    vocabulary = vocabulary_of(table)
    return World(
        task=ComparisonTask.of(vocabulary),
        vocabulary=vocabulary,
        facts=facts,
        splits=splits,
        trained=tuple(str(name) for name in always if name in splits),
    )


def mark_entities(
    present: Bool[ndarray, "entity attribute"], ood_frac: float, rng: np.random.Generator
) -> Bool[ndarray, "entity attribute"]:
    """For each attribute a random `ood_frac` (rounded) of the entities that have a value."""
    keys = np.where(present, rng.random(present.shape), np.inf)
    place = np.argsort(np.argsort(keys, axis=0), axis=0)
    return present & (place < np.rint(ood_frac * present.sum(axis=0)))


def members(mask: Bool[ndarray, "entity attribute"]) -> list[Int[ndarray, " _"]]:
    """For each attribute the entities that the mask holds."""
    return [np.flatnonzero(column) for column in mask.T]


def facts_of(table: ValueTable, ood: Bool[ndarray, "entity attribute"]) -> Facts:
    """The atomic facts of a table, entity by entity, as token ids."""
    entity, attribute = np.nonzero(table.value != MISSING)
    n_entities, n_attributes = table.value.shape
    return Facts(
        subject=entity.astype(np.int32),
        relation=(n_entities + attribute).astype(np.int32),
        object=(n_entities + n_attributes + table.value[entity, attribute]).astype(np.int32),
        ood=ood[entity, attribute],
    )


def draw_id_questions(
    space: PairSpace, n_id: int, config: PairConfig, rng: np.random.Generator
) -> tuple[Int[ndarray, "_ 3"], Int[ndarray, "_ 3"]]:
    """Comparisons of ID entities to train on, and others for the test, as (attribute, e1, e2)."""
    if not len(space):
        raise WorldError(
            "there is no pair of ID entities to compare; give more entities, or a smaller"
            f" world.ood_frac than {config.ood_frac}"
        )
    wanted = min(round(config.test_id_frac * len(space)), config.max_test)
    held = draw_held_out(len(space), wanted, rng)
    test = rng.permutation(both_orders(held))[: config.max_test]
    left = 2 * (len(space) - len(held))
    n_train = left if math.isinf(config.phi) else round(config.phi * n_id)
    if n_train > left:
        raise WorldError(
            f"world.phi is {config.phi}, but there are only {left / n_id:.2f} comparisons of ID"
            " entities for each atomic fact; lower it, or give more entities"
        )
    return space.rows(draw_others(len(space), held, n_train, rng)), space.rows(test)


def comparisons(table: ValueTable, asked: Int[ndarray, "question 3"]) -> Int[ndarray, "question 4"]:
    """Rows `attribute e1 e2 label` as token ids, of (attribute, e1, e2) as indices."""
    attribute, first, second = asked.T
    label = compare(table.value[first, attribute], table.value[second, attribute])
    n_entities, n_attributes = table.value.shape
    first_label = n_entities + n_attributes + len(table.values)
    return np.stack((n_entities + attribute, first, second, first_label + label), axis=1).astype(
        np.int32
    )


def vocabulary_of(table: ValueTable) -> Vocabulary:
    """Entities, attributes, values, labels; a name that is already there gets its role after it."""
    words: dict[str, None] = dict.fromkeys(table.entities)
    for role, names in (
        ("attribute", table.attributes),
        ("value", table.values),
        ("label", LABELS),
    ):
        words.update(dict.fromkeys(distinct(names, words, role)))
    return Vocabulary(tuple(words))


def distinct(names: Iterable[str], taken: Collection[str], role: str) -> list[str]:
    """The names, with ` (role)` after those that are taken."""
    out = []
    for name in names:
        while name in taken:
            name += f" ({role})"
        out.append(name)
    return out
