"""The bounds rule and the majority rule, by hand on one attribute of five entities."""

from dataclasses import replace

import numpy as np
import pytest

from latebloom.rivals.bounds import BoundsRule, MajorityRule
from latebloom.rivals.memory import Memory
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.comparison import HiddenValuesTask
from latebloom.worlds.vocabulary import Vocabulary

WORDS = Vocabulary(("a", "b", "c", "x", "y", "size", *(f"v{i}" for i in range(9)), "<", "=", ">"))
"""a, b, c have the values 1, 4, 7; those of x and y are hidden. Values run from 1 to 7."""


def told(*statements: str) -> Memory:
    """The memory of the three values and of comparisons such as `x > a`."""
    values = [("a", "v1"), ("b", "v4"), ("c", "v7")]
    atomic = np.array([[*WORDS.encode([e, "size"]), WORDS.id(v)] for e, v in values], np.int32)
    rows = [
        [WORDS.id("size"), *WORDS.encode([one, two]), WORDS.id(label)]
        for one, label, two in (statement.split() for statement in statements)
    ]
    task = HiddenValuesTask.of(WORDS)
    return Memory(task, WORDS, atomic, (np.array(rows, np.int32).reshape(-1, 4),))


def said(rival, one: str, two: str) -> str:
    """How a rival says that the first compares with the second."""
    (reply,) = rival.answer(np.array([WORDS.encode(["size", one, two])]))
    return WORDS.words[reply.answer]


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
    rule = BoundsRule(told(*statements))
    at = rule.scale.pair(np.array(WORDS.encode(["x", "y"])), np.full(2, WORDS.id("size")))
    bounds = np.stack((rule.low[at], rule.high[at]), axis=1) - WORDS.id("v0")
    assert bounds.tolist() == [list(x), list(y)]
    assert said(rule, "x", "y") == label
    assert said(MajorityRule(told(*statements)), "x", "y") == label


@pytest.mark.parametrize("rule", [BoundsRule, MajorityRule])
def test_a_known_value_is_not_narrowed(rule):
    assert said(rule(told("x > a", "a > b")), "a", "b") == "<"


def test_one_wrong_comparison_displaces_the_bounds_and_not_the_majority():
    """x is 8 or more but for the one word that it is less than a; y lies between a and b."""
    memory = told("x > c", "x > b", "x < a", "y > a", "y < b")
    assert said(MajorityRule(memory), "x", "y") == ">"
    assert said(BoundsRule(told("x > b", "x < a", "y > b", "y < c")), "x", "y") == "<"
    assert said(MajorityRule(told("x > b", "x > b", "x < a", "y > a", "y < b")), "x", "y") == ">"


def test_what_no_value_agrees_with_leaves_every_value():
    """Nothing is greater than c: the comparison says nothing, and x may be any of 1 to 7."""
    assert said(MajorityRule(told("x > c")), "x", "b") == "="


def test_without_noise_both_rules_are_one(hidden_world):
    memory = Memory.of(hidden_world)
    for split in hidden_world.tested[:-1]:
        rows = hidden_world.examples(split)[:, :-1]
        assert BoundsRule(memory).answer(rows) == MajorityRule(memory).answer(rows)


def test_they_get_what_the_trained_model_takes_minutes_for():
    """The hard questions of a made world, as they are and with a tenth of the comparisons wrong."""
    config = HiddenAttributesConfig(entities=200, attributes=2, across_frac=0.1)
    right = {}
    for noise in (0.0, 0.1):
        world = make_hidden_attributes(replace(config, noise=noise), seed=1)
        rows = world.examples(Split.TEST_HARD)
        for rule in (BoundsRule, MajorityRule):
            given = [reply.answer for reply in rule(Memory.of(world)).answer(rows[:, :-1])]
            right[rule, noise] = np.mean(np.array(given) == rows[:, -1])
    assert right[BoundsRule, 0.0] == right[MajorityRule, 0.0] > 0.9
    assert right[BoundsRule, 0.1] < 0.6 and right[MajorityRule, 0.1] > 0.8
