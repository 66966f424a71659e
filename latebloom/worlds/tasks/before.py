"""Distractors: true facts that stand before a question and have nothing to do with it.

Enters: facts, questions, and what each rests on. Leaves: for each question some facts, by index.

Which they are follows from the question's own tokens and a number of the world (`Layout.salt`), and
from nothing else: a question has the same ones in whichever split it stands, and when somebody asks
it later. No two of a question are the same; none is a fact that its answer rests on, and none has
its answer as object, so that nothing of it can be copied.

Source: ours; that sentences which do not matter break readers is shown in arXiv:1707.07328.
"""

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.scattered import scattered


def draw_distractors(
    facts: Facts,
    questions: Int[ndarray, "row pos"],
    needed: Int[ndarray, "row needed"],
    answers: Int[ndarray, " row"],
    count: int,
    salt: int,
) -> Int[ndarray, "row distractor"]:
    """The facts that stand before each question, by index, uniformly drawn.

    questions: without anything before them. needed: the facts that each rests on; negative where
    one is missing.
    Raises: WorldError if there are not so many.
    """
    check_count(facts, needed, answers, count)
    key = scattered(np.column_stack((np.full(len(questions), salt), questions)))
    chosen = np.full((len(questions), count), -1, np.int64)
    for column in range(count):
        rows, attempt = np.arange(len(questions)), 0
        while len(rows):
            ticket = np.empty((len(rows), 3), np.uint64)
            ticket[:, 0], ticket[:, 1], ticket[:, 2] = key[rows], column, attempt
            fact = (scattered(ticket) % np.uint64(len(facts))).astype(np.int64)
            bad = (chosen[rows, :column] == fact[:, None]).any(axis=1)
            bad |= matters(facts, fact, needed[rows], answers[rows])
            chosen[rows[~bad], column] = fact[~bad]
            rows, attempt = rows[bad], attempt + 1
    return chosen


def matters(
    facts: Facts,
    fact: Int[ndarray, " row"],
    needed: Int[ndarray, "row needed"],
    answers: Int[ndarray, " row"],
) -> Bool[ndarray, " row"]:
    """Which facts are needed for the answer, or have it as their object."""
    return (needed == fact[:, None]).any(axis=1) | (facts.object[fact] == answers)


def check_count(
    facts: Facts, needed: Int[ndarray, "row needed"], answers: Int[ndarray, " row"], count: int
) -> None:
    """Whether so many facts can stand before each question.

    Raises: WorldError naming how many there are at least.
    """
    if not len(answers):
        return
    with_object = np.bincount(facts.object, minlength=int(answers.max()) + 1)
    left = len(facts) - with_object[np.maximum(answers, 0)] * (answers >= 0)
    ordered = np.sort(needed, axis=1)  # a fact may be needed twice
    again = np.zeros(ordered.shape, bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    apart = (ordered >= 0) & ~again
    left -= (apart & (facts.object[np.maximum(ordered, 0)] != answers[:, None])).sum(axis=1)
    if left.min() < count:
        raise WorldError(
            f"world.distractors is {count}, but of these {len(facts):,} facts only"
            f" {int(left.min()):,} have nothing to do with some question; ask for fewer, or give"
            " more facts"
        )
