"""The hidden-attributes world: comparing entities whose values were never told.

Enters: sizes and a seed. Leaves: a `World`. For each attribute some entities are OOD: their
values are never given. Training holds the values of the ID entities, a few comparisons among ID
entities, and a few across (one ID, one OOD). A test question compares two OOD entities, and is

- easy: the trained comparisons alone decide it;
- hard: they decide it only together with the values of the ID entities;
- undecidable: no chain of what is trained decides it (its answer is what the hidden values say).
  That they are steps of a known scale is not used: with it most of these are decided after all.

What is told can be damaged: with `noise` a share of the trained comparisons is told wrongly, with
`contradicted` a share is told a second time, wrongly, and with `untold_frac` a share of the values
of ID entities is left out. Which questions are easy or hard goes by what would be told without, and
what is held out is true.

Source: arXiv:2405.15071, section 5, "complex reasoning". Differs: the labels are the same, but
decided for all pairs of an attribute at once; an easy and an undecidable split are kept.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.comparisons.made import (
    ValueTable,
    check_shares,
    check_sizes,
    comparisons,
    draw_table,
    facts_of,
    mark_entities,
    members,
    vocabulary_of,
)
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.ordering import EQUAL, GREATER, UNDECIDED, compare, decide
from latebloom.worlds.pairs import PairSpace, both_orders, draw_held_out, draw_others
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.comparison import HiddenValuesTask
from latebloom.worlds.world import World

Questions = Int[ndarray, "_ 3"]
"""Rows (attribute, first entity, second entity), as indices."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenAttributesConfig(WorldSettings):
    """A made world in which some values are hidden."""

    asks: ClassVar[str] = "comparisons"
    """What kind of question it asks: chains, comparisons or sentences."""
    kind: Literal["hidden-attributes"] = "hidden-attributes"
    """Which world this is."""
    entities: int = 500
    """Entities; the paper has 1,000."""
    attributes: int = 4
    """Attributes; the paper has 20."""
    values: int = 20
    """Values of each attribute, uniform; the paper has 20."""
    ood_frac: float = 0.1
    """Fraction of the entities, for each attribute, whose value is hidden; the paper has .1."""
    within_frac: float = 0.005
    """Fraction of the comparisons of ID entities, both orders counted, that is trained on; the
    paper has .03. The more of them, the more questions are easy."""
    across_frac: float = 0.05
    """Fraction of the comparisons of an ID and an OOD entity that is trained on; the paper has .03.
    """
    noise: float = 0.0
    """Fraction of the trained comparisons that are told wrongly: with either of the two other
    answers. What is held out stays true."""
    contradicted: float = 0.0
    """Fraction of the trained comparisons that are told twice: once rightly, once with either of
    the two other answers."""
    untold_frac: float = 0.0
    """Fraction of the ID values that are not told after all. Their entities are compared all the
    same."""
    test_id_frac: float = 0.1
    """Fraction of the ID pairs held out; at most `max_test` of them are drawn."""
    max_test: int = 3000
    """Questions in a test split at most. In the hard and the easy split no label has more than a
    third of it; the paper asks 150 hard ones, 50 a label."""

    def __post_init__(self) -> None:
        WorldSettings.__post_init__(self)
        check_sizes(self.entities, self.attributes, self.values)
        shares = "ood_frac test_id_frac within_frac across_frac noise contradicted untold_frac"
        check_shares(self, *shares.split())
        if self.max_test < 3:
            raise WorldError(f"world.max_test is {self.max_test}; it must be at least 3")
        hidden = int(np.rint(self.ood_frac * self.entities))
        if hidden < 2 or self.entities - hidden < 2:
            raise WorldError(
                f"world.ood_frac {self.ood_frac} of {self.entities} entities hides {hidden} values"
                " of an attribute; hide 2 or more and leave 2 or more"
            )


def make_hidden_attributes(config: HiddenAttributesConfig, seed: int) -> World:
    """Draws values, comparisons and tests; the same seed gives the same bytes.

    Raises: WorldError if there is no comparison to train on.
    """
    rng = np.random.default_rng([seed, Draw.HIDDEN_ATTRIBUTES])
    table = draw_table(config.entities, config.attributes, config.values, rng)
    hidden = mark_entities(table.value >= 0, config.ood_frac, rng)
    within, held_out = draw_within(hidden, config, rng)
    across = draw_across(hidden, config, rng)
    if not len(within) or not len(across):
        raise WorldError(
            f"world.within_frac {config.within_frac} and world.across_frac {config.across_frac} "
            "leave no comparison to train on; raise them"
        )
    hard, easy, undecidable = (
        draw_test(table, asked, config.max_test, rng, balanced=balanced)
        for asked, balanced in zip(
            classify(table, hidden, within, across), (True, True, False), strict=True
        )
    )
    facts = facts_of(table, hidden)
    vocabulary = vocabulary_of(table)
    task = HiddenValuesTask.of(vocabulary)
    rng = np.random.default_rng([seed, Draw.NOISE])
    true = [comparisons(table, asked) for asked in (within, across)]
    noisy = [tell_wrongly(rows, task.first_label, config.noise, rng) for rows in true]
    told_within, told_across = (
        np.concatenate((told, contradictions(told, rows, task.first_label, config, rng)))
        for told, rows in zip(noisy, true, strict=True)
    )
    facts = leave_untold(facts, config.untold_frac, rng)
    rows = facts.rows()
    splits = {
        Split.ATOMIC_ID: rows[~facts.ood],
        Split.TRAIN_INFERRED: told_within,
        Split.TRAIN_CROSS: told_across,
        Split.TEST_ID: comparisons(table, held_out),
        Split.TEST_HARD: comparisons(table, hard),
        Split.TEST_EASY: comparisons(table, easy),
        Split.TEST_UNDECIDABLE: comparisons(table, undecidable),
        Split.TEST_VALUES: rows[facts.ood],
    }
    trained = tuple(map(str, splits))[:3]
    return World(
        task=task,
        vocabulary=vocabulary,
        facts=facts,
        splits={str(name): rows for name, rows in splits.items() if len(rows)},
        trained=trained,
    )


def contradictions(
    told: Int[ndarray, "comparison 4"],
    true: Int[ndarray, "comparison 4"],
    first_label: int,
    config: HiddenAttributesConfig,
    rng: np.random.Generator,
) -> Int[ndarray, "again 4"]:
    """A share of the comparisons again, each with another label, out of those told rightly."""
    right = true[told[:, -1] == true[:, -1]]
    again = right[rng.permutation(len(right))[: round(config.contradicted * len(true))]]
    return tell_wrongly(again, first_label, 1.0, rng)


def leave_untold(facts: Facts, share: float, rng: np.random.Generator) -> Facts:
    """The facts with a share of the ID ones marked OOD, so that they are not told."""
    told = np.flatnonzero(~facts.ood)
    ood = facts.ood.copy()
    ood[rng.permutation(told)[: round(share * len(told))]] = True
    return replace(facts, ood=ood)


def tell_wrongly(
    rows: Int[ndarray, "comparison 4"], first_label: int, noise: float, rng: np.random.Generator
) -> Int[ndarray, "comparison 4"]:
    """The rows, a share of them with another label; what less noise gets wrong, more does too."""
    order = rng.permutation(len(rows))
    shift = rng.integers(1, 3, len(rows))
    wrong = order[: round(noise * len(rows))]
    out = rows.copy()
    out[wrong, 3] = first_label + (rows[wrong, 3] - first_label + shift[wrong]) % 3
    return out


def draw_within(
    hidden: Bool[ndarray, "entity attribute"],
    config: HiddenAttributesConfig,
    rng: np.random.Generator,
) -> tuple[Questions, Questions]:
    """Comparisons of two ID entities: those trained on, those held out."""
    space = PairSpace(members(~hidden))
    wanted = min(round(config.test_id_frac * len(space)), config.max_test)
    held = draw_held_out(len(space), wanted, rng)
    pool = 2 * (len(space) - round(config.test_id_frac * len(space)))
    trained = draw_others(len(space), held, round(config.within_frac * pool), rng)
    test = rng.permutation(both_orders(held))[: config.max_test]
    return space.rows(trained), space.rows(test)


def draw_across(
    hidden: Bool[ndarray, "entity attribute"],
    config: HiddenAttributesConfig,
    rng: np.random.Generator,
) -> Questions:
    """Comparisons of an ID and an OOD entity, in both orders, drawn by number."""
    n_entities, n_attributes = hidden.shape
    n_hidden = int(hidden[:, 0].sum())
    n_told = n_entities - n_hidden
    # Every attribute hides equally many, so the members form one table.
    told = np.stack(members(~hidden))
    untold = np.stack(members(hidden))
    total = 2 * n_attributes * n_told * n_hidden
    number = rng.choice(total, round(config.across_frac * total), replace=False)
    attribute, i, j, turned = np.unravel_index(number, (n_attributes, n_told, n_hidden, 2))
    first, second = told[attribute, i], untold[attribute, j]
    swap = turned.astype(bool)
    return np.stack(
        (attribute, np.where(swap, second, first), np.where(swap, first, second)), axis=1
    )


def classify(
    table: ValueTable,
    hidden: Bool[ndarray, "entity attribute"],
    within: Questions,
    across: Questions,
) -> tuple[Questions, Questions, Questions]:
    """All ordered pairs of OOD entities, as (hard, easy, undecidable) questions."""
    found: tuple[list[Questions], list[Questions], list[Questions]] = ([], [], [])
    for attribute, untold in enumerate(members(hidden)):
        a, b = (asked[asked[:, 0] == attribute, 1:] for asked in (within, across))
        label = decide_attribute(table.value[:, attribute], hidden[:, attribute], a, b)
        other = ~np.eye(len(untold), dtype=bool)
        easy = label.from_comparisons != UNDECIDED
        decided = label.from_everything != UNDECIDED
        for kind, mask in zip(found, (decided & ~easy, easy, ~decided), strict=True):
            i, j = np.nonzero(mask & other)
            kind.append(np.stack((np.full(len(i), attribute), untold[i], untold[j]), axis=1))
    hard, easy, undecidable = (np.concatenate(kind).astype(np.int32) for kind in found)
    return hard, easy, undecidable


@dataclass(frozen=True, slots=True)
class Labels:
    """What is decided about every ordered pair of one attribute's OOD entities.

    A label as in `ordering`, UNDECIDED where the facts do not tell.
    """

    from_comparisons: Int[ndarray, "first second"]
    from_everything: Int[ndarray, "first second"]


def decide_attribute(
    value: Int[ndarray, " entity"],
    hidden: Bool[ndarray, " entity"],
    within: Int[ndarray, "_ 2"],
    across: Int[ndarray, "_ 2"],
) -> Labels:
    """Decides every pair of the hidden entities from the trained comparisons of one attribute.

    The values of all entities are used to read off what the comparisons say; of the hidden ones
    nothing else.
    """
    asked = np.flatnonzero(hidden)
    first, second = np.concatenate((within, across)).T
    label = compare(value[first], value[second])
    from_comparisons = decide(first, second, label, asked)

    # Each known value becomes a node: its entities equal it, and it exceeds the next lower one.
    known = np.flatnonzero(~hidden)
    levels, level = np.unique(value[known], return_inverse=True)
    node = len(value) + np.arange(len(levels))
    first = np.concatenate((first, known, node[1:]))
    second = np.concatenate((second, node[level], node[:-1]))
    told = (np.full(len(known), EQUAL), np.full(len(node) - 1, GREATER))
    label = np.concatenate((label, *told))
    return Labels(from_comparisons, decide(first, second, label, asked))


def draw_test(
    table: ValueTable, asked: Questions, wanted: int, rng: np.random.Generator, *, balanced: bool
) -> Questions:
    """At most `wanted` of the questions at random; balanced: at most a third for each label."""
    asked = asked[rng.permutation(len(asked))]
    if not balanced:
        return asked[:wanted]
    attribute, first, second = asked.T
    label = compare(table.value[first, attribute], table.value[second, attribute])
    kept = np.concatenate([np.flatnonzero(label == k)[: wanted // 3] for k in range(3)])
    return asked[np.sort(kept)]
