"""Chains in a world of three entities, every answer worked by hand."""

import numpy as np
import pytest

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import SplitMeaning
from latebloom.worlds.tasks.chain import ChainTask, follow
from latebloom.worlds.tasks.task import NOTHING, Step
from latebloom.worlds.vocabulary import Vocabulary

A, B, C, R, S = range(5)
WORDS = Vocabulary(("A", "B", "C", "r", "s"))
ROWS = np.array([[A, R, B], [B, R, C], [C, R, A], [A, S, C], [B, S, B]], np.int32)
FACTS = Facts(*ROWS.T, np.array([False, False, False, False, True]))
NONE = np.empty((0, 0), np.int32)
TASK = ChainTask()
ASKED = np.array([[A, R, R], [C, R, S], [A, S, S], [B, S, R], [C, S, R]])
"""A r r: B, then C. C r s: A, then C. A s s: C, of which no s is told. B s r: B, then C. C s r:
stops at once."""


def test_following():
    passed, reached = follow(FACTS, ASKED)
    assert passed.tolist() == [[0, 1], [2, 3], [3, -1], [4, 1], [-1, -1]]
    assert reached.tolist() == [[B, C], [A, C], [C, -1], [B, C], [-1, -1]]
    assert follow(Facts.none(), ASKED)[1].tolist() == [[-1, -1]] * 5


def test_answers_and_what_is_found_on_the_way():
    assert TASK.solve(FACTS, ASKED).tolist() == [C, C, NOTHING, C, NOTHING]
    assert {name: found.tolist() for name, found in TASK.found(FACTS, ASKED).items()} == {
        "bridge 1": [B, A, C, B, NOTHING]
    }
    assert TASK.needed(FACTS, ASKED).tolist() == [[0, 1], [2, 3], [3, -1], [4, 1], [-1, -1]]
    longer = TASK.found(FACTS, np.array([[A, R, R, R, S]]))
    assert {name: found.tolist() for name, found in longer.items()} == {
        "bridge 1": [B],
        "bridge 2": [C],
        "bridge 3": [A],
    }


@pytest.mark.parametrize(
    ("asked", "answer", "path", "hops"),
    [
        ([A, R, R], C, (B, C), ("id", "id")),
        ([B, S, R], C, (B, C), ("ood", "id")),
        ([A, S, S], None, (C,), ("id", "unknown")),
        ([C, S, R], None, (), ("unknown", "unknown")),
        ([B, S], B, (B,), ("ood",)),
    ],
)
def test_what_is_told_of_one_question(asked, answer, path, hops):
    told = TASK.tell(FACTS, asked, WORDS)
    assert (told.answer, told.path, told.hops) == (answer, path, hops)
    assert ("no answer" in " ".join(told.notes)) == (answer is None)


def test_the_first_fact_that_is_missing():
    assert TASK.missing(ROWS, NONE, [A, R, R]) == []
    assert TASK.missing(ROWS, NONE, [A, S, S]) == [(C, S)]
    assert TASK.missing(ROWS, NONE, [C, S, R]) == [(C, S)]
    assert TASK.missing(ROWS[:1], NONE, [A, R, R, S]) == [(B, R)]


def test_nothing_follows_but_from_what_is_there():
    assert TASK.solve_from(ROWS[:2], NONE, ASKED).tolist() == [C, *[NOTHING] * 4]
    # What chains of a memory say between the lines is not concluded from.
    chain = np.array([[A, S, S, C]], np.int32)
    assert TASK.solve_from(ROWS, chain, ASKED)[2] == NOTHING


def test_what_stands_where():
    assert TASK.places(4) == ("subject", "relation 1", "relation 2", "relation 3")
    one, two = TASK.steps(4)
    assert one == Step("bridge 1", 1, "subject", (0, 1))
    assert two == Step("bridge 2", 2, "subject", (0, 1, 2))
    # A step that does not say what leads to it is led to by all before it.
    assert Step("bridge 2", 2, "subject").led_by == two.led_by
    assert TASK.steps(2) == ()
    assert "no bridge" in TASK.untraceable(2) and not TASK.untraceable(3)
    assert [some.tolist() for some in TASK.candidates(FACTS, 3)] == [[A, B, C], [R, S], [R, S]]
    assert TASK.labels(3) == ()
    assert TASK.topics(ROWS[:, :2]).tolist() == [[R], [R], [R], [S], [S]]


def test_one_name_is_no_question():
    TASK.check([A, R], FACTS, WORDS)
    with pytest.raises(LatebloomError, match="a subject and one relation or more"):
        TASK.check([A], FACTS, WORDS)


def test_the_splits_and_the_phases():
    judged = [name for name in ("test_id", "test_oi", "test_io", "test_ood") if judged_by(name)]
    assert judged == ["test_id", "test_ood"]
    assert TASK.meaning("test_ood").ood and not TASK.meaning("test_id").ood
    assert TASK.meaning("train_hops_3") == SplitMeaning("chains of 3 hops that are trained on")
    assert TASK.meaning("test_hops_5") == SplitMeaning("chains of 5 hops over ID facts")
    assert TASK.meaning("test_hops_5_ood") == SplitMeaning("chains of 5 hops over OOD facts", True)
    assert TASK.meaning("unheard") == SplitMeaning()
    assert TASK.phase({"test_id": 0.74, "test_ood": 0.1}, 0.75) == "memorising"
    assert TASK.phase({"test_id": 0.75, "test_ood": 0.1}, 0.75) == "generalising"
    assert TASK.phase({"test_id": 0.1, "test_ood": 0.75}, 0.75) == "systematic"
    assert TASK.phase({}, 0.75) == "memorising"


def judged_by(split):
    return TASK.meaning(split).judged


def test_a_made_world_holds_what_its_task_says(small_world):
    """The answer of every row of every split, and that a bridge is the answer to one hop."""
    facts = small_world.facts
    for split, rows in small_world.splits.items():
        assert len(rows), split
        assert (TASK.solve(facts, rows[:, :-1]) == rows[:, -1]).all(), split
        if rows.shape[1] == 4:
            bridge = TASK.found(facts, rows[:, :-1])["bridge 1"]
            assert (bridge == TASK.solve(facts, rows[:, :2])).all()
            rest = np.stack((bridge, rows[:, 2]), axis=1)
            assert (TASK.solve(facts, rest) == rows[:, -1]).all()
            ood = facts.ood[TASK.needed(facts, rows[:, :-1])]
            if small_world.meaning(split).judged:
                assert (ood == small_world.meaning(split).ood).all()
