"""The table world: facts between names, and numbers, in one vocabulary and for one model.

Enters: the facts between names and the numbers of a table, a config and a seed. Leaves: a `World`
that asks chains over sets, chains that end in a number, and comparisons (`TableTask`).

- A number is told like any other fact: `imatinib half-life` is answered by a value, its place in
  the order of that relation's numbers. Two-hop questions may end in one (`asthma ^treats
  half-life`); none begins with one, and no number is read backwards.
- Two things are compared by a relation by which both have a number. `train_compared` and
  `test_compared_id` compare numbers that training composes; `test_compared_ood` those that it tells
  alone.
- Facts that are kept back on purpose are facts between names: nothing tells a number that was never
  told, and a guess at one would say nothing.

A table in which nothing leads from fact to fact asks no chains of two hops.

Source: of the parts, `latebloom.worlds.chains.sets` and `latebloom.worlds.comparisons.made`; of
both over the same facts, `latebloom.worlds.mixed`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.answers import FactSets, count_two_hop_paths
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.sets import told_both_ways, world_of_triples
from latebloom.worlds.chains.sets_config import SetsConfig, check_settings
from latebloom.worlds.chains.triples import Triples
from latebloom.worlds.chains.world import distinct_names
from latebloom.worlds.numbers import NumberTable
from latebloom.worlds.ordering import compare
from latebloom.worlds.pairs import (
    PairSpace,
    both_orders,
    draw_held_out,
    draw_others,
)
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.comparison import LABELS
from latebloom.worlds.tasks.table import TableTask
from latebloom.worlds.units import without_unit
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.wording import Wording
from latebloom.worlds.world import World

MISSING = -1
"""Stands where a thing has no number."""
END = "?"
"""The word at the end of a comparison."""
MOST_COMPARED = 100_000
"""Comparisons that are trained on, at most; of a large table they are drawn at random."""
SCATTER = 2_654_435_761
"""A number times this, without its last bits, looks drawn at random (Knuth's golden ratio)."""


@dataclass(frozen=True, slots=True)
class NamedFacts:
    """Facts between names, by what becomes of them, with the names.

    triples: of token ids; the relations' follow those of all entities.
    """

    triples: Triples
    entities: Sequence[str]
    relations: Sequence[str]


def world_of_numbers_too(
    named: NamedFacts, numbers: NumberTable, config: SetsConfig, rng: np.random.Generator, seed: int
) -> World:
    """The world of the facts between names and of the numbers.

    Raises: WorldError for settings that it does not know; as `world_of_sets` besides.
    """
    check_settings(config)
    if config.order != "subject-first" or config.fillers:
        raise WorldError(
            "world.order and world.fillers have no effect on a table with numbers; leave them out,"
            " or take numbers for names: --world.numbers none"
        )
    if config.shapes:
        raise WorldError(
            "world.shapes has no effect on a table with numbers; leave it out, or take numbers for"
            " names: --world.numbers none"
        )
    value = np.stack([ranks(one) for one in numbers.number.T], axis=1)
    everything = joined(named, numbers, value, config)
    if not count_two_hop_paths(
        FactSets(Facts.of_rows(everything.triples.told)),
        FactSets(Facts.of_rows(everything.triples.told)),
    ):
        config = replace(config, phi=0.0)
    world = world_of_triples(
        everything.triples, everything.entities, everything.relations, config, rng, seed
    )
    words = world.vocabulary.words
    first_relation = len(words) - len(numbers.attributes)
    first_value = len(everything.entities) - int(value.max()) - 1
    task = TableTask(
        entities=len(everything.entities),
        first_value=first_value,
        first_label=len(words),
        measured={
            first_relation + i: tuple(np.unique(one[~np.isnan(one)]).tolist())
            for i, one in enumerate(numbers.number.T)
        },
    )
    compared = comparisons_of(world.facts, task, config, rng)
    trained = [Split.TRAIN_COMPARED] if Split.TRAIN_COMPARED in compared else []
    ends = distinct_names((*LABELS, END), words, "label")
    vocabulary = Vocabulary((*words, *ends))
    return replace(
        world,
        task=task,
        vocabulary=vocabulary,
        splits={**world.splits, **compared},
        trained=(*world.trained, *map(str, trained)),
        wording=short_names(numbers.attributes, vocabulary),
    )


def joined(
    named: NamedFacts,
    numbers: NumberTable,
    value: Int[ndarray, "entity attribute"],
    config: SetsConfig,
) -> NamedFacts:
    """The facts between names, then the numbers as facts: names, values, relations, those read
    backwards where they are told so, measured relations."""
    place = {name: i for i, name in enumerate(named.entities)}
    more = [name for name in numbers.entities if name not in place]
    place |= {name: len(place) + i for i, name in enumerate(more)}
    names = [*named.entities, *more]
    values = distinct_names((f"rank {i + 1}" for i in range(int(value.max()) + 1)), names, "value")
    entities, shift = [*names, *values], len(more) + len(values)
    triples, relations = named.triples.shifted(shift), list(named.relations)
    if config.inverse:
        triples, relations = told_both_ways(triples, entities, relations)
    measured = distinct_names(numbers.attributes, [*entities, *relations], "relation")
    first = len(entities) + len(relations)
    row, column = np.nonzero(value != MISSING)
    subject = np.array([place[name] for name in numbers.entities])[row]
    facts = np.stack((subject, first + column, len(names) + value[row, column]), axis=1)
    told = np.concatenate((triples.told, facts)).astype(np.int32)
    return NamedFacts(replace(triples, told=told), entities, [*relations, *measured])


def comparisons_of(
    facts: Facts, task: TableTask, config: SetsConfig, rng: np.random.Generator
) -> dict[str, Int[ndarray, "row token"]]:
    """The splits of comparisons; none where no two things can be compared."""
    attributes = np.array(list(task.measured))
    is_number = np.isin(facts.relation, attributes)
    row, column = facts.subject[is_number], facts.relation[is_number] - attributes[0]
    shape = (task.first_value, len(attributes))
    value, ood = np.full(shape, MISSING, np.int32), np.zeros(shape, bool)
    value[row, column] = facts.object[is_number] - task.first_value
    ood[row, column] = facts.ood[is_number]
    inside = PairSpace(members((value != MISSING) & ~ood))
    outside = PairSpace(members(ood))
    if not len(inside):
        return {}
    held = held_pairs(len(inside), config, rng)
    tested = rng.permutation(both_orders(held))[: config.max_test]
    left = 2 * (len(inside) - len(held))
    trained = draw_others(len(inside), held, min(left, MOST_COMPARED), rng)
    n_outside = 2 * len(outside)
    apart = rng.choice(n_outside, min(n_outside, config.max_test), replace=False)
    splits = {}
    for name, asked in (
        (Split.TRAIN_COMPARED, inside.rows(trained)),
        (Split.TEST_COMPARED_ID, inside.rows(tested)),
        (Split.TEST_COMPARED_OOD, outside.rows(apart)),
    ):
        if len(asked):
            attribute, first, second = asked.T
            label = compare(value[first, attribute], value[second, attribute])[:, None]
            names = asked + np.array([attributes[0], 0, 0])
            rows = np.concatenate((task.lay(names), task.first_label + label), axis=1)
            splits[str(name)] = rows.astype(np.int32)
    return splits


def ranks(number: Float[ndarray, " entity"]) -> Int[ndarray, " entity"]:
    """The place of each number in their order, from 0, equal ones alike; MISSING for NaN."""
    rank = np.full(len(number), MISSING, np.int32)
    present = ~np.isnan(number)
    rank[present] = np.unique(number[present], return_inverse=True)[1]
    return rank


def members(mask: Bool[ndarray, "entity attribute"]) -> list[Int[ndarray, " _"]]:
    """For each attribute the entities that the mask holds."""
    return [np.flatnonzero(column) for column in mask.T]


def held_pairs(
    n_pairs: int, config: SetsConfig, rng: np.random.Generator
) -> Int[ndarray, " held_pair"]:
    """Numbers of the pairs that are held out, ascending: a share of them, or those of a fold, to
    which a pair belongs by its number alone."""
    if not config.folds:
        wanted = min(round(config.test_id_frac * n_pairs), config.max_test)
        return draw_held_out(n_pairs, wanted, rng)
    number = np.arange(n_pairs)
    return number[(number * SCATTER >> 16) % config.folds == config.fold]


def short_names(attributes: Sequence[str], vocabulary: Vocabulary) -> Wording:
    """`half-life` for `half-life (h)`, where that is no other name."""
    short = {without_unit(name): name for name in attributes if name in vocabulary.ids}
    return Wording({other: name for other, name in short.items() if other not in vocabulary.ids})
