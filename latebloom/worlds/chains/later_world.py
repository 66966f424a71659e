"""The world of a run that learns facts later: what it rehearses, and what it is tested on.

Enters: the world so far and `Later`. Leaves: `LaterWorld`: the world with the facts as they stand
then.

- `atomic_later`: the pairs of subject and relation that were touched, each with all its objects.
  They are told alone: no trained question goes through one.
- `test_later`: two-hop questions through touched pairs, asked for the answers that were not theirs
  before. So the test asks whether what was learned alone is composed, too.
- All other splits stay as they are, less the questions that go through a touched pair.

Questions of an earlier learning (`test_later`) are among those others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.worlds.answers import AnswerSets, FactSets, follow_sets, two_hop_questions
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.later import Later
from latebloom.worlds.chains.set_questions import Questions, check_number, pairs_of
from latebloom.worlds.chains.world import laid_out
from latebloom.worlds.splits import ATOMIC, Split, as_valid
from latebloom.worlds.world import World

MOST = 3000
"""Questions of `test_later` at most."""
LARGEST_SHARE = 0.5
"""Questions that more than this share of all names answer say nothing, and are not asked."""


@dataclass(frozen=True, slots=True)
class LaterWorld:
    """A world after more facts were told.

    rows: for each split that was there before, which of its questions stayed.
    """

    world: World
    rows: Mapping[str, Int[ndarray, " row"]]


def world_of_later(before: World, later: Later, rng: np.random.Generator) -> LaterWorld:
    """The world after more facts were told; which questions are held out is drawn."""
    now, layout = FactSets(later.facts), later.task.layout
    touched = Touched(later, missing_of(before, later.renumbered))
    splits: dict[str, ndarray] = {}
    for name, keep in (
        (Split.ATOMIC_ID, ~later.facts.ood),
        (Split.ATOMIC_OOD, later.facts.ood & ~later.changed),
        (Split.ATOMIC_LATER, later.changed),
    ):
        if keep.any():
            rows, one = pairs_of(FactSets(later.facts, keep))
            whole = np.concatenate((rows, one.member[:, None]), axis=1).astype(np.int32)
            splits[name] = laid_out(whole, layout, in_each=True)
    trained, sets, rows_of = list(splits), dict[str, AnswerSets](), dict[str, ndarray]()
    for name, old in before.splits.items():
        if name in ATOMIC:
            continue
        tokens = later.renumbered[old].astype(np.int32)
        stays = np.flatnonzero(~touched.by(later.task.names(tokens[:, :-1])))
        if not len(stays):
            continue
        splits[name], rows_of[name] = tokens[stays], stays
        if name in before.trained:
            trained.append(name)
        if name in before.sets:
            some = before.sets[name].take(stays)
            sets[name] = replace(some, member=later.renumbered[some.member].astype(np.int32))
    asked, answers = questions_through(later, now, before, rng)
    if len(asked):
        whole = np.concatenate((asked, answers.any_asked()[:, None]), axis=1).astype(np.int32)
        fresh = laid_out(whole, layout, in_each=False)
        splits[Split.TEST_LATER] = fresh
        rows_of.pop(Split.TEST_LATER, None)
        sets.pop(Split.TEST_LATER, None)
        if later.task.several:
            sets[Split.TEST_LATER] = answers
    world = World(
        task=later.task,
        vocabulary=later.vocabulary,
        facts=later.facts,
        splits=splits,
        trained=tuple(trained),
        sets=sets,
    )
    return LaterWorld(world, rows_of)


def missing_of(world: World, renumbered: Int[ndarray, " old"]) -> Int[ndarray, "fact 3"]:
    """The facts that a world tests and never told, as far as its splits ask for them alone."""
    found = [np.empty((0, 3), np.int32)]
    for name in (Split.TEST_LINKS, as_valid(Split.TEST_LINKS)):
        if name in world.sets:
            sets = world.sets[name]
            pairs = world.named(name)[sets.question[sets.asked], :2]
            rows = np.concatenate((pairs, sets.member[sets.asked][:, None]), axis=1)
            found.append(renumbered[rows].astype(np.int32))
    return np.concatenate(found)


class Touched:
    """Tells which questions go through a pair that was touched, by told facts or missing ones."""

    def __init__(self, later: Later, missing: Int[ndarray, "fact 3"]) -> None:
        every = np.concatenate((later.facts.rows(), missing))
        self.ways = FactSets(Facts.of_rows(every))
        self.pairs = FactSets(later.facts, later.changed)

    def by(self, names: Int[ndarray, "row name"]) -> Bool[ndarray, " row"]:
        """Of questions `subject r_1 ... r_k`."""
        here = AnswerSets.of_one(names[:, 0])
        through = np.zeros(len(names), bool)
        for relation in names[:, 1:].T:
            question = here.question
            hit = self.pairs.find(here.member, np.asarray(relation)[question]) >= 0
            through[question[hit]] = True
            here = self.ways.step(here, relation)
        return through


def questions_through(
    later: Later, now: FactSets, before: World, rng: np.random.Generator
) -> tuple[Questions, AnswerSets]:
    """Two-hop questions through touched pairs, asked for the answers that were not theirs before.

    Raises: FactsError if there are too many to go through.
    """
    changed = FactSets(later.facts, later.changed)
    check_number(changed, now)
    check_number(now, changed)
    both = np.concatenate((two_hop_questions(changed, now), two_hop_questions(now, changed)))
    pool = np.unique(both, axis=0)
    pool = pool[rng.permutation(len(pool))[: 20 * MOST]]
    old = FactSets(Facts.of_rows(later.renumbered[before.facts.rows()].astype(np.int32)))
    sets = follow_sets(pool, [now])[-1]
    sets = sets.asking(~sets.among(follow_sets(pool, [old])[-1]))
    most = max(1, int(LARGEST_SHARE * later.entities))
    good = np.flatnonzero((sets.n_asked > 0) & (sets.sizes <= most))[:MOST]
    return pool[good], sets.take(good)
