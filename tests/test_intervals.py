"""Intervals against published examples, by hand, and by what they promise."""

import numpy as np
import pytest

from latebloom.intervals import bootstrap, student, wilson


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (29, 29, 0.8830, 1),
    ],
)
def test_wilson_against_newcombes_examples(correct, n, low, high):
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert wilson(correct, n) == pytest.approx((low, high), abs=1e-4)


def test_no_trials_say_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


def test_students_interval_of_three_by_hand():
    # Mean .5, deviation .1: .5 -+ 4.30 x .1 / sqrt 3.
    low, high = student(np.array([0.4, 0.5, 0.6]))
    assert (low, high) == pytest.approx((0.5 - 0.2483, 0.5 + 0.2483), abs=1e-4)
    assert student(np.array([0.3])) == (0.3, 0.3)
    assert student(np.array([0.9, 1.0, 1.0]))[1] == 1.0


def test_the_bootstrap_of_a_mean_is_that_of_the_normal():
    """Of 400 normal values the mean's interval is 1.96 deviations / 20 wide on either side."""
    values = np.random.default_rng(1).normal(size=400)
    low, high = bootstrap(lambda rows: float(values[rows].mean()), 400)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)
    assert (low, high) == bootstrap(lambda rows: float(values[rows].mean()), 400)


def test_the_bootstrap_leaves_out_what_is_not_defined():
    """Of two runs 0 and 1, the draws with both are left out; the rest are 0 or 1."""

    def same(rows):
        return float(rows[0]) if rows[0] == rows[1] else None

    assert bootstrap(same, 2) == (0.0, 1.0)
