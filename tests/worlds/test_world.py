"""A world: asked for its facts, saved and loaded."""

import numpy as np
import pytest

from latebloom.errors import RunFolderError, WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import hops_split
from latebloom.worlds.world import World


def same_world(one: World, other: World) -> bool:
    """Whether two worlds are equal to the last byte, order included."""
    return (
        (one.task, one.vocabulary, one.trained) == (other.task, other.vocabulary, other.trained)
        and list(one.splits) == list(other.splits)
        and all(np.array_equal(one.splits[k], other.splits[k]) for k in one.splits)
        and all(one.splits[k].dtype == other.splits[k].dtype for k in one.splits)
        and all(
            np.array_equal(getattr(one.facts, k), getattr(other.facts, k)) for k in Facts.__slots__
        )
    )


def test_save_and_load_give_the_same_world(small_world, tmp_path):
    small_world.save(tmp_path)
    assert same_world(World.load(tmp_path), small_world)


def test_a_damaged_or_missing_world_is_refused(small_world, tmp_path):
    with pytest.raises(RunFolderError, match="cannot be read"):
        World.load(tmp_path)
    small_world.save(tmp_path)
    file = tmp_path / "world.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(RunFolderError, match=str(tmp_path)):
        World.load(tmp_path)


def test_find_gives_the_fact_or_minus_one():
    facts = Facts(
        subject=np.array([2, 0, 1], np.int32),
        relation=np.array([5, 6, 5], np.int32),
        object=np.array([0, 1, 2], np.int32),
        ood=np.zeros(3, bool),
    )
    found = facts.find(np.array([0, 2, 1, 1, 0]), np.array([6, 5, 5, 6, 99]))
    assert found.tolist() == [1, 0, 2, -1, -1]
    none = np.empty(0, np.int32)
    nothing = Facts(none, none, none, np.empty(0, bool))
    assert nothing.find(np.array([0]), np.array([1])).tolist() == [-1]


def test_an_unknown_split_is_told_the_known_ones(small_world):
    with pytest.raises(WorldError, match="no split 'test_xx'; it has atomic_id, atomic_ood"):
        small_world.examples("test_xx")


def test_phi_is_the_ratio_that_was_asked_for(small_world):
    assert small_world.phi == pytest.approx(2, abs=0.5 / 38)


def test_names_of_the_splits_of_longer_chains():
    assert hops_split(5) == "test_hops_5"
    assert hops_split(5, ood=True) == "test_hops_5_ood"
    assert hops_split(3, train=True) == "train_hops_3"
