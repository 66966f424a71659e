"""Parity, counted by hand."""

import numpy as np
import pytest

from latebloom.errors import LatebloomError, WorldError
from latebloom.worlds.build import build_world
from latebloom.worlds.classic.parity import ParityConfig
from latebloom.worlds.world import World


def test_all_strings_of_eight_bits():
    world = build_world(ParityConfig(bits=8, k=3, trained=128, tested=128), 5)
    rows = np.concatenate(list(world.splits.values()))
    assert len(np.unique(rows[:, :8], axis=0)) == 256
    counted = world.task.counted
    assert len(set(counted)) == 3
    for *bits, equals, answer in rows.tolist():
        assert equals == 2
        assert answer == sum(bits[i] for i in counted) % 2


def test_which_bits_count_is_drawn():
    drawn = {build_world(ParityConfig(), seed).task.counted for seed in range(8)}
    assert len(drawn) > 4


def test_asked_as_a_string(tmp_path):
    world = build_world(ParityConfig(bits=5, k=2, trained=10, tested=10), 0)
    assert world.read(["01101"]) == world.read(["0", "1", "1", "0", "1", "="]) == [0, 1, 1, 0, 1, 2]
    with pytest.raises(LatebloomError, match="has 3 bits; this run asks 5"):
        world.read(["011"])
    world.save(tmp_path)
    assert World.load(tmp_path).task == world.task


def test_more_strings_than_there_are():
    with pytest.raises(WorldError, match="there are 16 strings of 4 bits"):
        ParityConfig(bits=4)
