"""The Bradley-Terry model: what is counted, and what comes of it."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import MissingExtraError
from latebloom.rivals.bradley_terry import BradleyTerry, wins
from latebloom.rivals.memory import Memory
from latebloom.rivals.scale import Scale
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.comparison import HiddenValuesTask
from latebloom.worlds.vocabulary import Vocabulary


def test_wins_by_hand():
    """a and b have the values 0 and 1; x > a, x = b, and b < a, which is wrong."""
    words = Vocabulary(("a", "b", "x", "size", "v0", "v1", "<", "=", ">"))
    atomic = np.array([[0, 3, 4], [1, 3, 5]])
    told = np.array([[3, 2, 0, 8], [3, 2, 1, 7], [3, 1, 0, 6]])
    scale = Scale(Memory(HiddenValuesTask.of(words), words, atomic, (told,)))
    # Items: v0, v1, x. Each higher value has beaten each lower one once besides.
    assert wins(scale, 0, np.array([2])).tolist() == [[0, 1, 0], [1, 0, 0.5], [1, 0.5, 0]]


def test_without_noise_hard_questions_are_answered_and_noise_costs():
    pytest.importorskip("choix")
    config = HiddenAttributesConfig(entities=200, attributes=2, across_frac=0.1)
    right = []
    for noise in (0.0, 0.1):
        world = make_hidden_attributes(replace(config, noise=noise), seed=1)
        rows = world.examples(Split.TEST_HARD)
        replies = BradleyTerry(Memory.of(world)).answer(rows[:, :-1])
        right.append(np.mean([reply.answer for reply in replies] == rows[:, -1]))
    assert right[0] > 0.9 > right[1] > 1 / 3


def test_without_its_package_the_extra_is_named(hidden_world, monkeypatch):
    monkeypatch.setitem(sys.modules, "choix", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'latebloom\[pairs\]'"):
        BradleyTerry(Memory.of(hidden_world))
