"""Comparisons in a world of three entities, every answer worked by hand."""

import numpy as np
import pytest

from latebloom.worlds.atomic import Facts
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.tasks.comparison import ComparisonTask, HiddenValuesTask
from latebloom.worlds.tasks.task import NOTHING, Step
from latebloom.worlds.vocabulary import Vocabulary

A, B, C, SIZE, SMALL, BIG, LESS, EQUAL, GREATER = range(9)
WORDS = Vocabulary(("A", "B", "C", "size", "small", "big", "<", "=", ">"))
ROWS = np.array([[A, SIZE, SMALL], [B, SIZE, BIG], [C, SIZE, BIG]], np.int32)
FACTS = Facts(*ROWS.T, np.array([False, False, True]))
NONE = np.empty((0, 4), np.int32)
TASK = ComparisonTask.of(WORDS)
ASKED = np.array([[SIZE, A, B], [SIZE, B, A], [SIZE, B, C], [SIZE, A, A]])


def said(*comparisons):
    return np.array(comparisons, np.int32)


def test_answers_and_what_is_found_on_the_way():
    assert TASK.solve(FACTS, ASKED).tolist() == [LESS, GREATER, EQUAL, EQUAL]
    assert {name: found.tolist() for name, found in TASK.found(FACTS, ASKED).items()} == {
        "first value": [SMALL, BIG, BIG, SMALL],
        "second value": [BIG, SMALL, BIG, SMALL],
    }
    assert TASK.needed(FACTS, ASKED).tolist() == [[0, 1], [1, 0], [1, 2], [0, 0]]
    assert TASK.solve(FACTS, np.array([[B, SIZE]])).tolist() == [BIG]
    assert TASK.solve(Facts.none(), ASKED).tolist() == [NOTHING] * 4
    known = Facts.of_rows(ROWS[:2])
    assert TASK.solve(known, ASKED).tolist() == [LESS, GREATER, NOTHING, EQUAL]
    assert TASK.found(known, ASKED)["second value"].tolist() == [BIG, SMALL, NOTHING, SMALL]


def test_what_is_told_of_one_question():
    plain = TASK.tell(FACTS, [SIZE, A, B], WORDS)
    assert (plain.answer, plain.path, plain.hops, plain.notes) == (LESS, (), (), ())
    told = TASK.tell(FACTS, [SIZE, B, C], WORDS)
    assert told.answer == EQUAL
    assert told.notes == ("size of C: its value was told, but compared with none",)
    hidden = HiddenValuesTask.of(WORDS).tell(FACTS, [SIZE, B, C], WORDS)
    assert hidden.notes == ("size of C: its value was never told",)
    unknown = TASK.tell(Facts.of_rows(ROWS[:2]), [SIZE, C, A], WORDS)
    assert (unknown.answer, unknown.notes) == (None, ("size of C: no value is known",))


@pytest.mark.parametrize(
    ("atomic", "comparisons", "asked", "answer"),
    [
        (ROWS, NONE, (A, C), LESS),
        (ROWS[:1], NONE, (A, C), NOTHING),
        # A < B and B < C.
        (ROWS[:0], said((SIZE, A, B, LESS), (SIZE, B, C, LESS)), (C, A), GREATER),
        # A < B alone says nothing of C; nor do A < B and C < B of each other.
        (ROWS[:0], said((SIZE, A, B, LESS)), (C, A), NOTHING),
        (ROWS[:0], said((SIZE, A, B, LESS), (SIZE, C, B, LESS)), (A, C), NOTHING),
        # A is small, B is big, and C > B.
        (ROWS[:2], said((SIZE, C, B, GREATER)), (A, C), LESS),
        # B is big, C = B: as big as B, and bigger than A.
        (ROWS[:2], said((SIZE, C, B, EQUAL)), (C, A), GREATER),
        (ROWS[:2], said((SIZE, C, B, EQUAL)), (B, C), EQUAL),
    ],
)
def test_what_follows_from_values_and_comparisons(atomic, comparisons, asked, answer):
    question = np.array([[SIZE, *asked]])
    assert TASK.solve_from(atomic, comparisons, question).tolist() == [answer]
    swapped = np.array([[SIZE, *reversed(asked)]])
    other = NOTHING if answer == NOTHING else LESS + GREATER - answer
    assert TASK.solve_from(atomic, comparisons, swapped).tolist() == [other]


def test_the_values_that_would_help():
    """A is known; B was compared with C, whose value is not."""
    told = said((SIZE, B, C, LESS))
    assert TASK.missing(ROWS[:1], told, [SIZE, A, B]) == [(B, SIZE), (C, SIZE)]
    assert TASK.missing(ROWS[:0], told, [SIZE, A, C]) == [(C, SIZE), (B, SIZE)]
    assert TASK.missing(ROWS, told, [SIZE, A, B]) == []
    assert TASK.missing(ROWS[:1], NONE, [SIZE, A, B]) == []


def test_what_stands_where():
    assert TASK.places(3) == ("attribute", "first entity", "second entity")
    assert TASK.places(2) == ("entity", "attribute")
    assert TASK.steps(3) == (
        Step("first value", 1, "first entity"),
        Step("second value", 2, "second entity"),
    )
    assert TASK.steps(2) == ()
    assert TASK.untraceable(2) and not TASK.untraceable(3)
    assert TASK.labels(3) == (LESS, EQUAL, GREATER)
    assert TASK.labels(2) == ()
    assert [s.tolist() for s in TASK.candidates(FACTS, 3)] == [[SIZE], [A, B, C], [A, B, C]]
    assert TASK.topics(ASKED).tolist() == [[SIZE]] * 4


def test_where_values_are_hidden_the_hard_questions_judge_a_run():
    hidden = HiddenValuesTask.of(WORDS)
    assert hidden.meaning("test_hard").judged and hidden.meaning("test_hard").ood
    assert not hidden.meaning("test_easy").judged
    assert hidden.rests_on_inferred and not TASK.rests_on_inferred
    assert hidden.phase({"test_hard": 0.8, "test_id": 0.1}, 0.75) == "systematic"
    assert hidden.phase({"test_ood": 0.8, "test_id": 0.1}, 0.75) == "memorising"
    assert TASK.phase({"test_hard": 0.8, "test_id": 0.1}, 0.75) == "memorising"
    assert TASK.phase({"test_ood": 0.8}, 0.75) == "systematic"


def test_a_made_world_holds_what_its_task_says():
    config = ComparisonConfig(entities=12, attributes=2, values=4, ood_frac=0.25, phi=2)
    world = make_comparison(config, seed=0)
    for split, rows in world.splits.items():
        asked = rows[:, :-1]
        answers = world.task.solve(world.facts, asked)
        assert len(rows) and (answers == rows[:, -1]).all(), split
        if rows.shape[1] == 4:
            swapped = world.task.solve(world.facts, asked[:, [0, 2, 1]])
            first = world.task.first_label
            assert (swapped - first == 2 - (answers - first)).all()


def test_a_world_with_hidden_values_asks_only_what_follows():
    config = HiddenAttributesConfig(
        entities=24, attributes=3, values=4, ood_frac=0.25, within_frac=0.1, across_frac=0.2
    )
    world = make_hidden_attributes(config, seed=0)
    told = world.trained_facts()
    compared = np.concatenate([world.splits[s] for s in ("train_inferred", "train_cross")])
    for split in ("test_id", "test_hard", "test_easy"):
        rows = world.splits[split]
        assert len(rows)
        assert (world.task.solve_from(told, compared, rows[:, :-1]) == rows[:, -1]).all(), split
    rows = world.splits["test_undecidable"]
    assert len(rows)
    assert (world.task.solve_from(told, compared, rows[:, :-1]) == NOTHING).all()
