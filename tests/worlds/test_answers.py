"""Sets of answers: by hand, and against sets of Python."""

import numpy as np
import pytest

from latebloom.worlds.answers import AnswerSets, FactSets, follow_sets, two_hop_questions
from latebloom.worlds.atomic import Facts

# Names 0..4, relations 5 and 6.
ROWS = np.array([[0, 5, 1], [0, 5, 2], [1, 6, 3], [2, 6, 3], [2, 6, 4], [3, 5, 0]])
GRAPH = FactSets(Facts.of_rows(ROWS))


def test_a_chain_goes_through_all_bridges():
    bridges, answers = follow_sets(np.array([[0, 5, 6], [3, 5, 5], [4, 5, 6]]), [GRAPH])
    assert [bridges.of(i) for i in range(3)] == [[1, 2], [0], []]
    assert [answers.of(i) for i in range(3)] == [[3, 4], [1, 2], []]


def test_each_hop_may_use_facts_of_its_own():
    facts = Facts.of_rows(ROWS)
    first = FactSets(facts, np.array([True, False, True, True, True, True]))
    assert follow_sets(np.array([[0, 5, 6]]), [first, GRAPH])[-1].of(0) == [3]


def test_two_hop_questions_stand_once_whatever_their_bridges():
    questions = two_hop_questions(GRAPH, GRAPH)
    assert questions.tolist() == [[0, 5, 6], [1, 6, 5], [2, 6, 5], [3, 5, 5]]


def test_against_sets_of_python():
    rng = np.random.default_rng(0)
    rows = np.unique(
        np.stack(
            (rng.integers(0, 30, 300), rng.integers(30, 34, 300), rng.integers(0, 30, 300)), 1
        ),
        axis=0,
    )
    graph = FactSets(Facts.of_rows(rows))
    by_pair: dict[tuple[int, int], set[int]] = {}
    for s, r, o in rows.tolist():
        by_pair.setdefault((s, r), set()).add(o)
    expected = {
        (s, r, q): set().union(*(by_pair.get((b, q), set()) for b in bridges))
        for (s, r), bridges in by_pair.items()
        for q in range(30, 34)
    }
    expected = {question: found for question, found in expected.items() if found}
    questions = two_hop_questions(graph, graph)
    answers = follow_sets(questions, [graph])[-1]
    assert {tuple(q): set(answers.of(i)) for i, q in enumerate(questions.tolist())} == expected


def test_taking_joining_and_asking():
    sets = AnswerSets.of_pairs(3, np.array([2, 0, 0, 2, 2]), np.array([7, 4, 3, 7, 1]))
    assert (sets.of(0), sets.of(1), sets.of(2)) == ([3, 4], [], [1, 7])
    taken = sets.take(np.array([2, 0]))
    assert (taken.of(0), taken.of(1)) == ([1, 7], [3, 4])
    both = AnswerSets.joined(taken, sets)
    assert len(both) == 5 and both.of(4) == [1, 7]
    asked = taken.asking(np.array([False, True, True, False]))
    assert asked.n_asked.tolist() == [1, 1]
    assert asked.any_asked().tolist() == [7, 3]
    assert taken.among(AnswerSets.of_one(np.array([7, 9]))).tolist() == [False, True, False, False]


def test_a_single_answer_is_a_set_of_one():
    sets = AnswerSets.of_one(np.array([5, 3]))
    assert sets.sizes.tolist() == [1, 1] and sets.of(1) == [3] and sets.asked.all()


@pytest.mark.parametrize("part", ["first", "member", "asked"])
def test_arrays_that_do_not_fit_are_refused(part):
    arrays = AnswerSets.of_one(np.array([5, 3])).arrays()
    assert AnswerSets.of_arrays(arrays).of(0) == [5]
    with pytest.raises(ValueError, match="do not fit"):
        AnswerSets.of_arrays({**arrays, part: arrays[part][:-1]})
