"""Pairs by number: each once, whole, and none that is held out."""

import numpy as np
import pytest

from latebloom.worlds.pairs import PairSpace, both_orders, draw_held_out, draw_others


def test_every_pair_has_one_number_and_every_number_a_pair():
    groups = [np.array([3, 5, 9]), np.array([], np.int64), np.array([1, 2]), np.array([7])]
    space = PairSpace(groups)
    assert len(space) == 4
    rows = space.rows(np.arange(8)).tolist()
    assert rows == [
        [0, 3, 5], [0, 5, 3], [0, 3, 9], [0, 9, 3], [0, 5, 9], [0, 9, 5], [2, 1, 2], [2, 2, 1],
    ]  # fmt: skip


def test_pairs_of_a_large_group_are_numbered_without_gaps():
    space = PairSpace([np.arange(300)])
    rows = space.rows(2 * np.arange(len(space)))
    assert len(np.unique(rows, axis=0)) == 300 * 299 // 2
    assert (rows[:, 1] < rows[:, 2]).all()


@pytest.mark.parametrize("n", [2**20, 94_906_267])
def test_numbers_near_squares_are_exact(n):
    # Pairs (0, j) and (j - 1, j): the first and the last of each j, where a rounded root errs.
    space = PairSpace([np.arange(3)])
    space.ends = np.array([n * (n - 1) // 2])
    space.members = _Identity()
    j = np.array([n - 1, n - 2, n // 2])
    first = space.rows(2 * (j * (j - 1) // 2))
    last = space.rows(2 * (j * (j + 1) // 2 - 1))
    assert first[:, 2].tolist() == j.tolist() and first[:, 1].tolist() == [0, 0, 0]
    assert last[:, 2].tolist() == j.tolist() and last[:, 1].tolist() == (j - 1).tolist()


class _Identity:
    """Members numbered by themselves, without the memory."""

    def __getitem__(self, index):
        return index


def test_no_draw_touches_a_held_out_pair():
    rng = np.random.default_rng(0)
    held = draw_held_out(40, 15, rng)
    assert len(set(held)) == 15 and (np.diff(held) > 0).all()
    others = draw_others(40, held, 50, rng)
    # All that is left is drawn, each question once.
    assert set(others) | set(both_orders(held)) == set(range(80))
    assert len(set(others)) == 50


def test_a_billion_pairs_cost_nothing():
    rng = np.random.default_rng(0)
    n_pairs = 10**12
    others = draw_others(n_pairs, draw_held_out(n_pairs, 10, rng), 1000, rng)
    assert len(set(others)) == 1000 and others.max() < 2 * n_pairs


def test_all_questions_are_equally_likely():
    rng = np.random.default_rng(0)
    held = np.array([0, 4])
    counts = np.zeros(10)
    for _ in range(4000):
        counts[draw_others(5, held, 2, rng)] += 1
    assert (counts[[0, 1, 8, 9]] == 0).all()
    assert np.abs(counts[2:8] - 8000 / 6).max() < 5 * np.sqrt(8000 / 6)
