"""Where a number told after training stands on the scale that a run was grown on.

Enters: the config of a world of numbers and the world itself. Leaves: for a number of an attribute,
the token of the value that it is, or of the two neighbours that it lies between.

A run folder keeps places, not numbers, so the source is read again: the table that the config
names, or mendeleev. It must give the very facts that the run was grown on.

- `rank`: a number that some entity has is of that entity's rank. Any other lies between two ranks,
  or beyond the last. No rank is its own, and it equals nothing.
- `bins`: the bin of the next greater number that some entity has; of the greatest, beyond that.

Covers: elements and numeric-table. Does not cover: worlds whose values have names of their own.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.worlds.comparisons.elements import ElementsConfig, load_element_table
from latebloom.worlds.comparisons.made import MISSING, facts_of, vocabulary_of
from latebloom.worlds.comparisons.own import (
    NumberTable,
    NumericTableConfig,
    ScaleConfig,
    load_number_table,
    scaled,
)
from latebloom.worlds.world import World

NumbersConfig = ElementsConfig | NumericTableConfig
"""The worlds whose values are places of numbers."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands among the value tokens of a world, which ascend.

    below, above: its neighbours as token ids; the same token twice where it is that value, or lies
        beyond the last one.
    level: its place in half tokens: twice the token id of what it equals, odd for what equals none.
    number: the number itself, where being equal means having the same number.
    """

    below: int
    above: int
    level: int
    number: float | None = None

    @classmethod
    def at(cls, token: int, number: float | None = None) -> "Place":
        """The place of a value that has a token."""
        return cls(token, token, 2 * token, number)


@dataclass(frozen=True, slots=True)
class NumberScale:
    """The numbers of a world and the tokens of their values.

    token: of each number, MISSING where there is none; `[entity, attribute]`.
    first, last: the tokens of the least and of the greatest value of any attribute.
    entities, attributes: the tokens of the table's rows and of its columns.
    """

    table: NumberTable
    config: ScaleConfig
    token: Int[ndarray, "entity attribute"]
    first: int
    last: int
    entities: Int[ndarray, " entity"]
    attributes: Int[ndarray, " attribute"]

    def column(self, attribute: int) -> int:
        """The column of an attribute, given as its token id."""
        return int(np.flatnonzero(self.attributes == attribute)[0])

    def span(self, attribute: int, token: int) -> tuple[float, float] | None:
        """The least and the greatest number of an attribute that have a value; None if none has.

        attribute, token: as token ids.
        """
        column = self.column(attribute)
        numbers = self.table.number[self.token[:, column] == token, column]
        return (float(numbers.min()), float(numbers.max())) if len(numbers) else None

    def place(self, attribute: int, number: float) -> Place:
        """The place of a number of an attribute, given as its token id."""
        column = self.column(attribute)
        there = self.token[:, column] != MISSING
        known, first = np.unique(self.table.number[there, column], return_index=True)
        tokens = self.token[there, column][first]
        at = int(np.searchsorted(known, number))
        is_known = at < len(known) and known[at] == number
        if self.config.scale == "bins":
            return Place.at(int(tokens[min(at, len(known) - 1)]))
        if is_known:
            return Place.at(int(tokens[at]), number)
        if at == 0:
            lowest = int(tokens[0])
            return Place(lowest, lowest, 2 * lowest - 1, number)
        below = int(tokens[at - 1])
        # Beyond an attribute's greatest number comes the next rank, if a longer attribute has it.
        return Place(below, min(below + 1, self.last), 2 * below + 1, number)


def recover_scale(config: NumbersConfig, world: World) -> NumberScale:
    """The scale of a world, from the source that its config names.

    Raises: FactsError if the source is gone, or gives other facts than the world holds.
    """
    table = (
        load_element_table(config)
        if isinstance(config, ElementsConfig)
        else load_number_table(config)
    )
    values = scaled(table, config)
    facts = facts_of(values, np.zeros(values.value.shape, bool))
    same = vocabulary_of(values) == world.vocabulary and all(
        np.array_equal(getattr(facts, name), getattr(world.facts, name))
        for name in ("subject", "relation", "object")
    )
    if not same:
        raise FactsError(
            f"{table.source} no longer gives the facts that this run was grown on, so a number has"
            f" no place among them; tell values by name: {values.values[0]} to {values.values[-1]}"
        )
    n, first = len(values.entities), len(values.entities) + len(values.attributes)
    return NumberScale(
        table=table,
        config=config,
        token=np.where(values.value == MISSING, MISSING, first + values.value),
        first=first,
        last=first + len(values.values) - 1,
        entities=np.arange(n),
        attributes=np.arange(n, first),
    )


def scale_within(world: World) -> NumberScale:
    """The scale of a world that holds its numbers itself (`Task.numbers`), from its facts.

    Entities are the things of which it was told a number.
    """
    numbers, facts = world.task.numbers, world.facts
    assert numbers, "this world has no numbers"
    attributes = np.array(list(numbers))
    rows = np.flatnonzero(np.isin(facts.relation, attributes))
    entities, row = np.unique(facts.subject[rows], return_inverse=True)
    column = np.searchsorted(attributes, facts.relation[rows])
    first, last = world.task.value_tokens
    token = np.full((len(entities), len(attributes)), MISSING)
    token[row, column] = facts.object[rows]
    number = np.full(token.shape, np.nan)
    for i, attribute in enumerate(attributes.tolist()):
        has = token[:, i] != MISSING
        number[has, i] = np.array(numbers[attribute])[token[has, i] - first]
    words = world.vocabulary.words
    table = NumberTable(
        source="the table",
        entities=tuple(words[i] for i in entities),
        attributes=tuple(words[i] for i in attributes),
        number=number,
    )
    return NumberScale(table, ScaleConfig(), token, first, last, entities, attributes)
