"""The questions over facts with several answers: drawn, and held out from training.

Enters: the told facts and the missing ones, a config. Leaves: the questions of every split as rows
of token ids, each with the set of its answers. Which split holds what stands at `sets`.
"""

import math
from collections.abc import Sequence

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
from latebloom.worlds.chains.draw import MAX_PAIRS, held_out
from latebloom.worlds.chains.sets_config import LONGEST, SetsConfig
from latebloom.worlds.chains.triples import Triples
from latebloom.worlds.splits import Split, as_valid, hops_split

AT_ONCE = 100_000
"""Questions whose answers are worked out together."""


Questions = Int[ndarray, "_ _"]
Part = tuple[Questions, AnswerSets]


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
