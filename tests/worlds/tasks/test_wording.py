"""Worlds in words, by hand."""

import numpy as np
from latebloom.rivals.sentences import Sentences

from latebloom.worlds.atomic import Facts
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World


def world(task, *words):
    none = np.empty(0, np.int32)
    return World(task, Vocabulary(words), Facts(none, none, none, none.astype(bool)), {}, ())


def test_chains_read_from_the_last_relation_back():
    said = Sentences(world("composition", "JFK", "USA", "Washington", "country", "capital"))
    assert said.facts(np.array([[0, 3, 1]])) == ["The country of JFK is USA."]
    assert said.fact([0, 3, 4, 2]) == "The capital of the country of JFK is Washington."
    assert said.question([0, 3, 4]) == "What is the capital of the country of JFK?"


def test_comparisons_say_which_is_greater():
    said = Sentences(world("comparison", "Fe", "Cu", "mass", "v0", "<", "=", ">"))
    assert said.fact([0, 2, 3]) == "The mass of Fe is v0."
    facts = said.facts(np.array([[2, 0, 1, 4], [2, 0, 1, 5], [2, 0, 1, 6]]))
    assert facts == [
        f"The mass of Fe is {how} the mass of Cu."
        for how in ("less than", "equal to", "greater than")
    ]
    assert said.question([2, 0, 1]) == (
        "Is the mass of Fe less than, equal to or greater than the mass of Cu?"
    )
    assert said.question([0, 2]) == "What is the mass of Fe?"
