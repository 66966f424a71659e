"""From facts with several answers to a world: what is trained on, and what is held out.

Enters: triples that are told, triples that never are (the *missing* facts), a config. Leaves: a
`World` whose questions are answered by sets.

- Told: every pair of a subject and a relation is asked with the whole set of its objects. Some of
  these pairs are OOD: no trained question goes through one of them.
- `train_inferred`: two-hop questions over the told facts, each with all its answers, less those
  that are held out. `test_id`: the same, held out; all of it follows from what was told.
- `test_oi`, `test_io`, `test_ood`: questions through OOD pairs, asked for the answers that no path
  gives with fewer OOD pairs.
- `test_links`: the missing facts, asked alone. `test_missing`: two-hop questions, asked for the
  answers that no path of told facts gives. Their other answers, which are known, are passed over.

A question that is answered by nearly every name says nothing and is left out (`largest_share`).
Where missing facts come from two files, those of the first are validation: its questions are asked
for what it adds to the told facts, and the tests for what the second adds to both.

- With `hops` 3: `train_hops_3`, three-hop questions whose parts of two hops are none of those held
  out, `test_hops_3`, the same held out, and `test_missing_3`. They are drawn at random, and at most
  as many as there are of two hops.

Covers: one hop to three. Does not cover: longer chains.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.answers import (
    AnswerSets,
    FactSets,
    count_two_hop_paths,
    follow_sets,
    two_hop_questions,
)
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.draw import MAX_PAIRS, ChainConfig, held_out, mark_ood
from latebloom.worlds.chains.world import distinct_names, laid_out, layout_of
from latebloom.worlds.splits import ATOMIC, Split, as_valid, hops_split
from latebloom.worlds.tasks.graph import GraphTask
from latebloom.worlds.validation import with_validation
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.wording import INVERSE
from latebloom.worlds.world import World

LONGEST = 3
"""Hops of the longest questions that are drawn over sets."""
AT_ONCE = 100_000
"""Questions whose answers are worked out together."""

Questions = Int[ndarray, "_ _"]
Part = tuple[Questions, AnswerSets]


@dataclass(frozen=True, kw_only=True, slots=True)
class SetsConfig(ChainConfig):
    """Which questions over facts with several answers are trained on and which are held out."""

    phi: float = math.inf
    """Inferred training facts for each ID atomic fact; inf: all that the facts hold."""
    inverse: bool = False
    """Tell every fact backwards as well: `^inhibits` leads from a target to what inhibits it."""
    largest_share: float = 0.5
    """Leave out questions that are answered by more than this share of all names."""

    def __post_init__(self) -> None:
        ChainConfig.__post_init__(self)
        if not 0 < self.largest_share <= 1:
            raise WorldError(
                f"world.largest_share is {self.largest_share}; it must lie above 0 and at most at 1"
            )


@dataclass(frozen=True, slots=True)
class Triples:
    """Facts as rows `subject relation object` of token ids, by what becomes of them.

    told: trained on. valid, test: never told; `valid` may be empty.
    """

    told: Int[ndarray, "told 3"]
    valid: Int[ndarray, "valid 3"]
    test: Int[ndarray, "test 3"]

    def with_inverses(self, n_relations: int) -> "Triples":
        """The facts and each read backwards: its relation stands `n_relations` further on."""
        return Triples(
            *(read_both_ways(rows, n_relations) for rows in (self.told, self.valid, self.test))
        )


def world_of_sets(
    triples: Triples,
    entities: Sequence[str],
    relations: Sequence[str],
    config: SetsConfig,
    rng: np.random.Generator,
    seed: int,
) -> World:
    """The world of all questions over the facts, its splits drawn.

    relations: none of them the name of an entity.
    Raises: WorldError for settings that questions with several answers do not know, or for more
    than the facts give; FactsError if they make no two-hop question.
    """
    check_settings(config)
    if config.inverse:
        triples = triples.with_inverses(len(relations))
        backwards = (INVERSE + name for name in relations)
        relations = [*relations, *distinct_names(backwards, [*entities, *relations], "inverse")]
    told = facts_with_ood(triples.told, config.ood_frac, rng)
    drawn = Drawing(told, triples, len(entities), config, rng)
    trained, tested = drawn.splits()
    layout, fillers = layout_of(config, entities, relations)
    splits, sets = {}, {}
    for name, (rows, answers) in {**trained, **tested}.items():
        if len(rows):
            whole = np.concatenate((rows, answers.any_asked()[:, None]), axis=1).astype(np.int32)
            splits[name] = laid_out(whole, layout, in_each=name in ATOMIC)
            if name in tested:
                sets[name] = answers
    world = World(
        task=GraphTask(layout, entities=len(entities)),
        vocabulary=Vocabulary((*entities, *relations, *fillers)),
        facts=told,
        splits=splits,
        trained=tuple(name for name in trained if name in splits),
        sets=sets,
    )
    if not len(triples.valid):
        return world
    # Its facts for validation came apart; of the other tests a share is set aside as ever.
    missing = (Split.TEST_LINKS, Split.TEST_MISSING, Split.TEST_MISSING_3)
    apart = set(map(as_valid, missing))
    aside = {name: rows for name, rows in splits.items() if name in apart}
    kept = {name: rows for name, rows in splits.items() if name not in (*apart, *missing)}
    divided = with_validation(replace(world, splits=kept), config.valid_frac, seed)
    tests = {name: rows for name, rows in splits.items() if name in missing}
    return replace(
        divided,
        splits={**divided.splits, **tests, **aside},
        sets={**sets, **divided.sets},
    )


def check_settings(config: SetsConfig) -> None:
    """Refuses settings of chains that questions with several answers do not know.

    Raises: WorldError naming the setting and the way out.
    """
    usual = ChainConfig()
    if config.hops > LONGEST:
        raise WorldError(
            f"world.hops is {config.hops}; where questions have several answers, {LONGEST} is the"
            " most: ask for less, or keep one answer each: --many-valued drop"
        )
    for name in ("test_hops", "augment", "identity_bridge"):
        if getattr(config, name) != getattr(usual, name):
            raise WorldError(
                f"world.{name} is {getattr(config, name)}, which has no effect where questions have"
                " several answers; leave it out, or keep one answer each: --many-valued drop"
            )


def facts_with_ood(
    rows: Int[ndarray, "fact 3"], ood_frac: float, rng: np.random.Generator
) -> Facts:
    """The told facts; all facts of an OOD pair are marked."""
    facts = Facts.of_rows(rows.astype(np.int32))
    if not ood_frac:
        return facts
    pairs = FactSets(facts)
    ood = mark_ood(len(pairs), ood_frac, rng)
    return replace(facts, ood=ood[pairs.find(facts.subject, facts.relation)])


class Drawing:
    """The drawing of all splits over some facts."""

    def __init__(
        self,
        told: Facts,
        triples: Triples,
        n_entities: int,
        config: SetsConfig,
        rng: np.random.Generator,
    ) -> None:
        self.config, self.rng = config, rng
        self.most = max(1, math.floor(config.largest_share * n_entities))
        self.told = FactSets(told)
        self.inside, self.outside = FactSets(told, ~told.ood), FactSets(told, told.ood)
        self.triples = triples
        rows = triples.told
        self.by_stage = [self.told]
        for more in (triples.valid, triples.test):
            rows = np.concatenate((rows, more))
            self.by_stage.append(FactSets(Facts.of_rows(rows.astype(np.int32))))

    def splits(self) -> tuple[dict[str, Part], dict[str, Part]]:
        """What is trained on and what is held out, each split with the sets of its answers."""
        tested: dict[str, Part] = {}
        valid, test = self.triples.valid, self.triples.test
        for stage, more in enumerate((valid, test), start=1):
            if not len(more):
                continue
            links, missing = self.links(stage, more), self.missing(stage, more)
            names = (Split.TEST_LINKS, Split.TEST_MISSING)
            if stage == 1:
                names = tuple(map(as_valid, names))
            tested |= dict(zip(names, (links, missing), strict=True))
        trained_questions, entailed = self.entailed(
            [rows for rows, _ in tested.values() if rows.shape[1] == 3]
        )
        tested[Split.TEST_ID] = entailed
        three: Part | None = None
        if self.config.hops == LONGEST:
            held_out = [rows for rows, _ in tested.values() if rows.shape[1] == 3]
            three, tested[hops_split(3)] = self.three_hops(trained_questions[0], held_out)
            for stage, split in ((1, as_valid(Split.TEST_MISSING)), (2, Split.TEST_MISSING)):
                if split in tested:
                    longer = self.extended(tested[split][0], self.by_stage[stage])
                    name = Split.TEST_MISSING_3
                    tested[as_valid(name) if stage == 1 else name] = self.needing(stage, longer)
        if len(self.outside):
            tested |= self.through_ood()
        trained: dict[str, Part] = {
            Split.ATOMIC_ID: pairs_of(self.inside),
            Split.ATOMIC_OOD: pairs_of(self.outside),
            Split.TRAIN_INFERRED: trained_questions,
        }
        if three is not None:
            trained[hops_split(3, train=True)] = three
        return trained, tested

    def entailed(self, others: Sequence[Questions]) -> tuple[Part, Part]:
        """Two-hop questions over told facts that touch no OOD pair: to train on, and to test."""
        check_number(self.inside, self.told)
        pool = two_hop_questions(self.inside, self.inside)
        if len(self.outside):
            pool = without(pool, [two_hop_questions(self.told, self.outside)])
        pool = without(pool, others)
        pool = pool[self.rng.permutation(len(pool))]
        sizes, one = self.answered(pool)
        pool, one = pool[sizes <= self.most], one[sizes <= self.most]
        out = held_out(pool, self.config)
        test, trained, one = pool[out], pool[~out], one[~out]
        if not math.isinf(self.config.phi):
            wanted = round(self.config.phi * len(self.inside))
            if wanted > len(trained):
                raise WorldError(
                    f"world.phi is {self.config.phi}, but these facts hold at most"
                    f" {len(trained) / max(1, len(self.inside)):.2f} questions for each pair of"
                    " subject and relation; ask for less, or for inf: all that there is"
                )
            trained, one = trained[:wanted], one[:wanted]
        if not len(trained) and self.config.phi:
            raise FactsError(
                "no two-hop question is left to train on: no object is the subject of another fact,"
                " or all are held out; lower world.ood_frac, or give more facts"
            )
        return (trained, AnswerSets.of_one(one)), (test, follow_sets(test, [self.told])[-1])

    def three_hops(self, shorter: Questions, held_out: Sequence[Questions]) -> tuple[Part, Part]:
        """Three-hop questions over told facts: to train on, and to test.

        shorter: two-hop questions that are trained on; each is followed by one more relation.
        held_out: two-hop questions of the tests; a question that holds one of them is left out.
        """
        pool = self.extended(shorter, self.inside)
        first = follow_sets(pool[:, :2], [self.told])[-1]
        ends = np.concatenate((first.member[:, None], pool[first.question, 2:]), axis=1)
        tested = np.ones(len(ends), bool)
        tested[where_without(ends, held_out)] = False
        pool = pool[np.bincount(first.question[tested], minlength=len(pool)) == 0]
        if len(self.outside):
            # No bridge of a trained question leads on by an OOD pair.
            reached = follow_sets(pool, [self.told])[:-1]
            apart = np.zeros(len(pool), bool)
            for hop, sets in enumerate(reached, start=2):
                pairs = self.outside.find(sets.member, pool[sets.question, hop])
                apart[sets.question[pairs >= 0]] = True
            pool = pool[~apart]
        sizes, one = self.answered(pool)
        pool, one = pool[sizes <= self.most], one[sizes <= self.most]
        n_test = min(round(self.config.test_id_frac * len(pool)), self.config.max_test)
        test = pool[:n_test]
        trained = pool[n_test:], AnswerSets.of_one(one[n_test:])
        return trained, (test, follow_sets(test, [self.told])[-1])

    def extended(self, questions: Questions, graph: FactSets) -> Questions:
        """Questions followed by one more relation that leads on from one of their answers, drawn
        at random; each once, in random order, and no more than there are questions."""
        if not len(questions):
            return np.empty((0, questions.shape[1] + 1), np.int32)
        reached = follow_sets(questions, [graph])[-1]
        start = np.searchsorted(graph.subject, reached.member, side="left")
        count = np.searchsorted(graph.subject, reached.member, side="right") - start
        some = np.flatnonzero(count)
        if not len(some):
            return np.empty((0, questions.shape[1] + 1), np.int32)
        drawn = some[self.rng.integers(0, len(some), len(questions))]
        pair = start[drawn] + self.rng.integers(0, count[drawn])
        whole = np.concatenate(
            (questions[reached.question[drawn]], graph.relation[pair][:, None]), axis=1
        )
        once = np.unique(whole, axis=0).astype(np.int32)
        return once[self.rng.permutation(len(once))]

    def answered(self, questions: Questions) -> tuple[Int[ndarray, " question"], ...]:
        """How many answers each has by the told facts, and one of them."""
        sizes, first = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
        for at in range(0, len(questions), AT_ONCE):
            sets = follow_sets(questions[at : at + AT_ONCE], [self.told])[-1]
            sizes.append(sets.sizes)
            first.append(sets.member[sets.first[:-1]])
        return np.concatenate(sizes), np.concatenate(first)

    def through_ood(self) -> dict[str, Part]:
        """The tests of OOD pairs: the first, the second, or both of a question's hops."""
        cases = {
            Split.TEST_OI: (self.outside, self.inside, self.outside),
            Split.TEST_IO: (self.inside, self.outside, self.inside),
            Split.TEST_OOD: (self.outside, self.outside, self.inside),
        }
        parts = {}
        for split, (first, second, otherwise) in cases.items():
            pool = self.shuffled(two_hop_questions(first, second))
            whole = follow_sets(pool, [self.told])[-1]
            wanted = whole.among(follow_sets(pool, [first, second])[-1])
            wanted &= ~whole.among(follow_sets(pool, [first, otherwise])[-1])
            parts[split] = self.chosen(pool, whole.asking(wanted))
        return parts

    def links(self, stage: int, more: Int[ndarray, "fact 3"]) -> Part:
        """The missing facts of a stage, asked alone."""
        questions = self.shuffled(np.unique(more[:, :2], axis=0))
        return self.needing(stage, questions)

    def missing(self, stage: int, more: Int[ndarray, "fact 3"]) -> Part:
        """Two-hop questions with answers that need a missing fact of a stage."""
        new, after = FactSets(Facts.of_rows(more.astype(np.int32))), self.by_stage[stage]
        check_number(after, new)
        check_number(new, after)
        both = np.concatenate((two_hop_questions(new, after), two_hop_questions(after, new)))
        return self.needing(stage, self.shuffled(np.unique(both, axis=0)))

    def needing(self, stage: int, questions: Questions) -> Part:
        """Questions, asked for the answers that the facts of a stage add to those before it."""
        whole = follow_sets(questions, [self.by_stage[-1]])[-1]
        now = whole.among(follow_sets(questions, [self.by_stage[stage]])[-1])
        before = whole.among(follow_sets(questions, [self.by_stage[stage - 1]])[-1])
        return self.chosen(questions, whole.asking(now & ~before))

    def shuffled(self, questions: Questions) -> Questions:
        """The questions in random order, and of very many some."""
        order = self.rng.permutation(len(questions))
        return questions[order[: 20 * self.config.max_test]]

    def chosen(self, questions: Questions, sets: AnswerSets) -> Part:
        """Those that ask for something and are not answered by nearly everything."""
        good = np.flatnonzero((sets.n_asked > 0) & (sets.sizes <= self.most))
        good = good[: self.config.max_test]
        return questions[good], sets.take(good)


def pairs_of(facts: FactSets) -> Part:
    """The one-hop questions over some facts, with an answer each."""
    rows = np.stack((facts.subject, facts.relation), axis=1).astype(np.int32)
    return rows, AnswerSets.of_one(facts.object[facts.first[:-1]])


def check_number(first: FactSets, second: FactSets) -> None:
    """Whether the two-hop questions can be enumerated.

    Raises: FactsError if there are too many.
    """
    n_paths = count_two_hop_paths(first, second)
    if n_paths > MAX_PAIRS:
        raise FactsError(
            f"these facts make {n_paths:,} ways from a fact to a relation that follows it, and"
            f" {MAX_PAIRS:,} are the limit; give fewer facts"
        )


def without(questions: Questions, others: Sequence[Questions]) -> Questions:
    """The questions that are not among the others."""
    return questions[where_without(questions, others)]


def where_without(questions: Questions, others: Sequence[Questions]) -> Bool[ndarray, " question"]:
    """Which two-hop questions are not among the others."""
    width = 1 + max(int(some.max(initial=0)) for some in (questions, *others))
    weights = np.array([width * width, width, 1], np.int64)
    found: Bool[ndarray, " question"] = np.zeros(len(questions), bool)
    keys = questions.astype(np.int64) @ weights
    for some in others:
        found |= np.isin(keys, some.astype(np.int64) @ weights)
    return ~found


def missing_facts(
    rows: Int[ndarray, "fact 3"], share: float, rng: np.random.Generator, fold: int = 0
) -> Bool[ndarray, " fact"]:
    """A random mask over facts, `round(share * n)` of them true, that are never to be told.

    fold: the masks of several folds have no fact in common; the last may hold fewer.
    Each entity and each relation keeps a told fact.
    Raises: WorldError if so many cannot be spared.
    """
    n = len(rows)
    order = rng.permutation(n)
    shuffled = rows[order]
    spared = np.ones(n, bool)
    names = np.concatenate((shuffled[:, 0], shuffled[:, 2]))
    spared[np.unique(names, return_index=True)[1] % n] = False
    spared[np.unique(shuffled[:, 1], return_index=True)[1]] = False
    wanted = round(share * n)
    chosen = order[spared][fold * wanted : (fold + 1) * wanted]
    if len(chosen) < (wanted if not fold else min(1, wanted)):
        raise WorldError(
            f"world.missing_frac {share} of {n} facts makes {wanted} missing ones, but only"
            f" {len(chosen)} can be spared: each name keeps a fact that is told; ask for less"
        )
    mask = np.zeros(n, bool)
    mask[chosen] = True
    return mask


def read_both_ways(rows: Int[ndarray, "fact 3"], n_relations: int) -> Int[ndarray, "both 3"]:
    """The facts, then each read backwards: its relation's inverse is `n_relations` further on."""
    backwards = np.stack((rows[:, 2], rows[:, 1] + n_relations, rows[:, 0]), axis=1)
    return np.concatenate((rows, backwards))
