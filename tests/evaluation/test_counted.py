"""What counting finds of a world's held-out facts: in pieces as at once, and nothing elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from latebloom.evaluation import counted as counting
from latebloom.evaluation.counted import counted, counted_ranks
from latebloom.worlds.chains.own import FactsConfig, make_facts_world

DRUGS = Path(__file__).parents[2] / "examples" / "pharmacology" / "facts.csv"


@pytest.fixture(scope="module")
def world():
    return make_facts_world(FactsConfig(facts=str(DRUGS), inverse=True, missing_frac=0.1), 0)


def test_ranks_in_pieces_are_those_at_once(world, monkeypatch):
    whole = counted_ranks(world, ("test_links",))
    assert len(whole) == int(world.answers("test_links").asked.sum())
    monkeypatch.setattr(counting, "SCORES_AT_ONCE", 7 * len(world.vocabulary))
    assert np.array_equal(counted_ranks(world, ("test_links",)), whole)


def test_it_finds_more_than_luck_and_not_in_shuffled_facts(world):
    found = counted(world)["counting"]["1p"]["missing"]
    names = world.task.n_competing(len(world.vocabulary))
    assert found["hits1"] > 20 / names
    rng = np.random.default_rng(0)
    world.facts.object[:] = rng.permutation(world.facts.object)
    assert counted(world)["counting"]["1p"]["missing"]["hits1"] < found["hits1"] / 2


def test_where_nothing_is_held_out_nothing_is_said(small_world):
    assert counted(small_world) == {}
