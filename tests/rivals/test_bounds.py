"""The bounds rule, worked by hand on one attribute of five entities."""

import numpy as np
import pytest

from latebloom.rivals.bounds import BoundsRule
from latebloom.rivals.memory import Memory
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.comparison import HiddenValuesTask
from latebloom.worlds.vocabulary import Vocabulary

WORDS = Vocabulary(("a", "b", "c", "x", "y", "size", *(f"v{i}" for i in range(9)), "<", "=", ">"))
"""a, b, c have the values 1, 4, 7; those of x and y are hidden. Values run from 1 to 7."""


def rule(*statements: str) -> BoundsRule:
    """The rule after comparisons such as `x > a`."""
    values = [("a", "v1"), ("b", "v4"), ("c", "v7")]
    atomic = np.array([[*WORDS.encode([e, "size"]), WORDS.id(v)] for e, v in values], np.int32)
    told = [
        [WORDS.id("size"), *WORDS.encode([one, two]), WORDS.id(label)]
        for one, label, two in (statement.split() for statement in statements)
    ]
    task = HiddenValuesTask.of(WORDS)
    return BoundsRule(Memory(task, WORDS, atomic, (np.array(told, np.int32),)))


@pytest.mark.parametrize(
    ("statements", "x", "y", "label"),
    [
        (("x > b", "y < b"), (5, 7), (1, 3), ">"),
        (("b < x", "b > y"), (5, 7), (1, 3), ">"),
        (("x = b", "y < b"), (4, 4), (1, 3), ">"),
        (("x > a", "x < b", "y > b"), (2, 3), (5, 7), "<"),
        (("x > b", "y > b"), (5, 7), (5, 7), "="),
        (("x > b", "y > x"), (5, 7), (1, 7), ">"),  # it follows no chain: y > x says nothing to it
    ],
)
def test_bounds_and_what_they_say(statements, x, y, label):
    told = rule(*statements)
    at = told.pair(np.array(WORDS.encode(["x", "y"])), np.full(2, WORDS.id("size")))
    bounds = np.stack((told.low[at], told.high[at]), axis=1) - WORDS.id("v0")
    assert bounds.tolist() == [list(x), list(y)]
    (reply,) = told.answer(np.array([WORDS.encode(["size", "x", "y"])]))
    assert WORDS.words[reply.answer] == label


def test_a_known_value_is_not_narrowed():
    (reply,) = rule("x > a").answer(np.array([WORDS.encode(["size", "a", "b"])]))
    assert WORDS.words[reply.answer] == "<"


def test_it_gets_what_the_trained_model_takes_minutes_for():
    """The hard questions of the default world: a sceptic's finding that the results must show."""
    world = make_hidden_attributes(HiddenAttributesConfig(entities=200, attributes=2), seed=1)
    rows = world.examples(Split.TEST_HARD)
    said = [reply.answer for reply in BoundsRule(Memory.of(world)).answer(rows[:, :-1])]
    assert np.mean(np.array(said) == rows[:, -1]) > 0.9
