"""Questions that join branches, drawn over a graph, and held out from training.

Enters: the facts by what becomes of them, the shapes. Leaves: for each shape `2i` its splits:

- `train_2i`: over told facts of pairs that training composes, with all their answers.
- `test_2i`: the same, held out.
- `test_missing_2i` (and `valid_missing_2i`): asked for the answers that no told facts give.
- `test_ood_2i`: asked for the answers that need a fact of an OOD pair. These are told, but no
  trained question joins or composes them.

What is held out is a *couple* of branches, whatever joins them: if `a r and b s` is a test, then
neither this nor `a r and not b s` nor a longer question that holds both is trained; nor is one with
a branch of two hops that is a test of two hops. A question that joins more than one couple (`3i`)
is held out itself, and its couples may be trained.

Questions are drawn backwards: an answer, then for each relation a random fact that leads there. So
none is empty, and answers that many facts lead to are drawn more often. With `and not`, the second
branch leads to some answer of the first, so that it always takes something away.

Source: of the way to draw, and of what counts as missing, BetaE (arXiv:2010.11465).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.worlds.answers import AnswerSets, FactSets
from latebloom.worlds.chains.keys import are_among, row_keys
from latebloom.worlds.chains.set_questions import Part, Questions
from latebloom.worlds.chains.sets_config import SetsConfig
from latebloom.worlds.splits import as_valid, shape_split
from latebloom.worlds.tasks.queries import QueryTask, worked_out
from latebloom.worlds.tasks.shapes import (
    BOTH,
    NAME,
    RELATION,
    Shape,
    operands,
    shapes_of,
)

NOBODY = -1
"""Stands where no fact leads to a name; what is drawn from there on is thrown away."""
ROUNDS = 4
"""Times that questions are drawn until there are enough; small graphs hold fewer."""
EAGER = 2
"""Questions that are drawn for each one that is wanted, where not every one will do."""
MOST_TRAINED = 50_000
"""Questions of a shape that are trained on, at most."""
AT_ONCE = 10_000
"""Questions whose answers are worked out together."""


@dataclass(frozen=True, slots=True)
class Graphs:
    """The facts that questions are drawn over.

    inside, outside: those of pairs that training composes, and of the others. by_stage: all told
    ones, with the missing facts of valid.txt, with those of test.txt besides.
    """

    inside: FactSets
    outside: FactSets
    by_stage: Sequence[FactSets]

    @property
    def told(self) -> FactSets:
        """All facts that are told."""
        return self.by_stage[0]


class Backwards:
    """Draws questions over some facts that lead to given names."""

    def __init__(self, graph: FactSets, task: QueryTask, rng: np.random.Generator) -> None:
        self.graph, self.task, self.rng = graph, task, rng
        pair = np.repeat(np.arange(len(graph)), np.diff(graph.first))
        order = np.argsort(graph.object, kind="stable")
        self.object, self.pair = graph.object[order], pair[order]

    def drawn(self, shape: Shape, n: int) -> Questions:
        """At most `n` questions with an answer, each once, in random order."""
        if not len(self.object):
            return np.empty((0, shape.n_tokens), np.int32)
        targets = self.object[self.rng.integers(0, len(self.object), n)]
        whole = self.leading_to(shape.form, targets)
        whole = whole[(whole != NOBODY).all(axis=1) & differing(whole, shape)]
        _, first = np.unique(row_keys(shape.in_one_order(whole)), return_index=True)
        return whole[np.sort(first)].astype(np.int32)

    def leading_to(self, form: str, targets: Int[ndarray, " row"]) -> Questions:
        """Questions of a form, each with its target among the answers."""
        if form == NAME:
            return targets[:, None]
        if form[-1] == RELATION:
            subject, relation = self.before(targets)
            return np.concatenate((self.leading_to(form[:-1], subject), relation[:, None]), axis=1)
        one, other = operands(form)
        first = self.leading_to(one, targets)
        second = targets if form[-1] == BOTH else self.another(one, first)
        join = self.task.both if form[-1] == BOTH else self.task.less
        parts = first, self.leading_to(other, second), np.full((len(targets), 1), join)
        return np.concatenate(parts, axis=1)

    def before(self, names: Int[ndarray, " row"]) -> tuple[Int[ndarray, " row"], ...]:
        """The subject and the relation of a random fact that leads to each name."""
        start = np.searchsorted(self.object, names, side="left")
        count = np.searchsorted(self.object, names, side="right") - start
        at = np.minimum(start + self.rng.integers(0, np.maximum(count, 1)), len(self.pair) - 1)
        pair = self.pair[at]
        there = count > 0
        return (
            np.where(there, self.graph.subject[pair], NOBODY),
            np.where(there, self.graph.relation[pair], NOBODY),
        )

    def another(self, form: str, questions: Questions) -> Int[ndarray, " row"]:
        """A random answer of each question."""
        sets = worked_out(form, questions, self.graph)
        at = sets.first[:-1] + self.rng.integers(0, np.maximum(sets.sizes, 1))
        found = np.append(sets.member, NOBODY)[np.minimum(at, len(sets.member))]
        return np.where(sets.sizes > 0, found, NOBODY)


def differing(questions: Questions, shape: Shape) -> Bool[ndarray, " question"]:
    """Which questions have no branch twice."""
    good = np.ones(len(questions), bool)
    for at, one in enumerate(shape.branches):
        for other in shape.branches[at + 1 :]:
            if one.stop - one.start == other.stop - other.start:
                good &= (questions[:, one] != questions[:, other]).any(axis=1)
    return good


def couples(questions: Questions, shape: Shape) -> list[Int[ndarray, "question 6"]]:
    """Each two branches of the questions, in ascending order, short ones filled up."""
    found = []
    for at, one in enumerate(shape.branches):
        for other in shape.branches[at + 1 :]:
            sides = np.stack([padded(questions[:, part]) for part in (one, other)], axis=1)
            order = np.lexsort(sides.transpose(2, 0, 1)[::-1], axis=1)
            found.append(np.take_along_axis(sides, order[:, :, None], axis=1).reshape(-1, 6))
    return found


def padded(branch: Int[ndarray, "question word"]) -> Int[ndarray, "question 3"]:
    """A branch of one hop or two, in three columns; 0 stands for no relation, 1 up for a token."""
    wide = np.zeros((len(branch), 3), np.int64)
    wide[:, : branch.shape[1]] = branch + 1
    return wide


def holding(questions: Questions, shape: Shape, held: Questions) -> Bool[ndarray, " question"]:
    """Which questions have one of these couples of branches."""
    found = np.zeros(len(questions), bool)
    for some in couples(questions, shape):
        keys = row_keys(np.concatenate((held, some)))
        found |= are_among(keys[len(held) :], keys[: len(held)])
    return found


def following(questions: Questions, shape: Shape, held: Questions) -> Bool[ndarray, " question"]:
    """Which questions have a branch that is one of these two-hop questions."""
    found = np.zeros(len(questions), bool)
    for branch in shape.branches:
        if branch.stop - branch.start == held.shape[1]:
            keys = row_keys(np.concatenate((held, questions[:, branch])))
            found |= are_among(keys[len(held) :], keys[: len(held)])
    return found


class Joining:
    """The drawing of all questions that join branches."""

    def __init__(
        self,
        graphs: Graphs,
        task: QueryTask,
        config: SetsConfig,
        most: int,
        rng: np.random.Generator,
    ) -> None:
        """most: answers of a question, at most."""
        self.graphs, self.task, self.config, self.most = graphs, task, config, most
        self.shapes = list(shapes_of(task.shapes))
        self.rng = rng

    def splits(
        self, n_trained: int, held_out: Sequence[Questions]
    ) -> tuple[dict[str, Part], dict[str, Part]]:
        """What is trained on and what is held out, each split with the sets of its answers.

        n_trained: questions of a shape that are trained on, at most. held_out: two-hop questions
        that no trained question may hold.
        """
        tested: dict[str, Part] = {}
        pools: dict[str, Questions] = {}
        for shape in self.shapes:
            for kind, before, after, whole in self.tests():
                asked = self.asked_for_more(shape, after, before, whole)
                tested[kind.format(shape.name)] = asked
            pool = self.pool(shape, min(n_trained, MOST_TRAINED))
            share = round(self.config.test_id_frac * len(pool))
            n_test = min(share, self.config.max_test)
            test, pools[shape.name] = pool[:n_test], pool[n_test:]
            answers = self.task.led_to(self.graphs.told, test)
            tested[shape_split(shape.name, "test")] = test, answers
        return self.trained(pools, tested, held_out), tested

    def tests(self) -> Iterator[tuple[str, FactSets, FactSets, FactSets]]:
        """The tests of answers that some facts add to others: the name of the split with a place
        for the shape; the facts before, those after, and all that make an answer right."""
        missing = shape_split("{}", "test_missing")
        told, valid, test = self.graphs.by_stage
        if valid.n_facts > told.n_facts:
            yield as_valid(missing), told, valid, test
        if test.n_facts > valid.n_facts:
            yield missing, valid, test, test
        if len(self.graphs.outside):
            yield shape_split("{}", "test_ood"), self.graphs.inside, told, told

    def trained(
        self,
        pools: Mapping[str, Questions],
        tested: Mapping[str, Part],
        held_out: Sequence[Questions],
    ) -> dict[str, Part]:
        """Of the pools what holds nothing that is held out."""
        two_hop = np.concatenate([np.empty((0, 3), np.int32), *held_out])
        held, tests = [np.empty((0, 6), np.int64)], dict[str, Questions]()
        for shape in self.shapes:
            some = [rows for name, (rows, _) in tested.items() if name.endswith(f"_{shape.name}")]
            tests[shape.name] = np.concatenate(some)
            if len(shape.branches) == 2:
                held += couples(tests[shape.name], shape)
        of_tests, parts = np.concatenate(held), dict[str, Part]()
        for shape in self.shapes:
            pool, known = pools[shape.name], tests[shape.name]
            keys = row_keys(shape.in_one_order(np.concatenate((known, pool))))
            bad = are_among(keys[len(known) :], keys[: len(known)])
            bad |= holding(pool, shape, of_tests) | following(pool, shape, two_hop)
            rows = pool[~bad]
            one = [self.task.led_to(self.graphs.told, some).any_asked() for some in pieces(rows)]
            answers = np.concatenate([np.empty(0, np.int32), *one])
            parts[shape_split(shape.name, "train")] = rows, AnswerSets.of_one(answers)
        return parts

    def pool(self, shape: Shape, n: int) -> Questions:
        """At most `n` questions that training may join, in random order: over told facts, through
        no OOD pair."""

        def good(questions: Questions) -> Bool[ndarray, " question"]:
            outside = np.zeros(len(questions), bool)

            def look(here: AnswerSets, relation: Int[ndarray, " question"]) -> None:
                pairs = self.graphs.outside.find(here.member, relation[here.question])
                outside[here.question[pairs >= 0]] = True

            sizes = worked_out(shape.form, questions, self.graphs.told, look).sizes
            return (sizes > 0) & (sizes <= self.most) & ~outside

        return self.gathered(shape, self.graphs.inside, n, good)

    def asked_for_more(
        self, shape: Shape, after: FactSets, before: FactSets, whole: FactSets
    ) -> Part:
        """Questions drawn over some facts, asked for the answers that they add to others.

        whole: all facts that make an answer right.
        """

        def asked(questions: Questions) -> AnswerSets:
            sets, now, then = (
                self.task.led_to(graph, questions) for graph in (whole, after, before)
            )
            return sets.asking(sets.among(now) & ~sets.among(then))

        def good(questions: Questions) -> Bool[ndarray, " question"]:
            sets = asked(questions)
            return (sets.n_asked > 0) & (sets.sizes <= self.most)

        found = self.gathered(shape, after, self.config.max_test, good)
        return found, asked(found)

    def gathered(
        self, shape: Shape, graph: FactSets, n: int, good: Callable[[Questions], Any]
    ) -> Questions:
        """At most `n` questions of a shape that are good, each once, in random order."""
        backwards = Backwards(graph, self.task, self.rng)
        found = np.empty((0, shape.n_tokens), np.int32)
        for _ in range(ROUNDS):
            more = backwards.drawn(shape, EAGER * n)
            fresh = [some[good(some)] for some in pieces(more)]
            both = np.concatenate((found, *fresh))
            _, first = np.unique(row_keys(shape.in_one_order(both)), return_index=True)
            found = both[np.sort(first)[:n]]
            if len(found) == n:
                break
        return found


def pieces(questions: Questions) -> list[Questions]:
    """The questions in parts whose answers are worked out together."""
    return np.array_split(questions, len(questions) // AT_ONCE + 1)
