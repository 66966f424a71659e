"""Intervals against published examples, by hand, and by what they promise."""

import numpy as np
import pytest

from latebloom.intervals import (
    bootstrap,
    over_seeds,
    student,
    student_of_ratios,
    t_quantile,
    wilson,
)


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
    # Mean .5, deviation .1: .5 -+ 4.3027 x .1 / sqrt 3.
    low, high = student(np.array([0.4, 0.5, 0.6]))
    assert (low, high) == pytest.approx((0.5 - 0.2484, 0.5 + 0.2484), abs=1e-4)
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


@pytest.mark.parametrize(
    ("freedom", "t"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042), (120, 1.980)],
)
def test_students_quantiles_are_those_of_the_tables(freedom, t):
    assert t_quantile(freedom) == pytest.approx(t, abs=6e-4)


def test_another_level_of_students_quantile():
    assert t_quantile(10, 0.99) == pytest.approx(3.169, abs=6e-4)


@pytest.mark.parametrize(
    ("interval", "seeds", "least", "most"),
    [
        (lambda v: student(v, least=-9, most=9), 3, 0.93, 0.97),
        (lambda v: student(v, least=-9, most=9), 5, 0.93, 0.97),
        # What the module warns of: with few seeds the bootstrap promises too much.
        (lambda v: bootstrap(lambda i: float(v[i].mean()), 5, draws=200), 5, 0.79, 0.87),
    ],
    ids=["student, 3", "student, 5", "bootstrap, 5"],
)
def test_how_often_the_true_mean_is_inside(interval, seeds, least, most):
    """600 samples of a normal: a share of .95 has a standard error of .009."""
    samples = np.random.default_rng(2).normal(size=(600, seeds))
    inside = [low <= 0 <= high for low, high in map(interval, samples)]
    assert least <= np.mean(inside) <= most


def test_ratios_are_averaged_by_their_logarithms():
    # Of 10 and 40 the geometric mean is 20, a factor of 2 from either; t is 12.71 here.
    low, high = student_of_ratios(np.array([10.0, 40.0]))
    assert low * high == pytest.approx(400)
    assert high / 20 == pytest.approx(2**12.7062, rel=1e-3)


def test_seeds_that_differ_by_luck_alone_are_not_overdispersed():
    rng = np.random.default_rng(3)
    n = np.full(400, 500)
    alike = over_seeds(rng.binomial(500, 0.9, 400), n)
    assert alike.overdispersion == pytest.approx(1, abs=0.2)
    low, high = alike.ci95_over_seeds
    assert (low, high) == pytest.approx(alike.ci95_over_questions, abs=2e-3)
    # Half the seeds at .8, half at 1: a variance of .01 beside .9 x .1 / 500 = .00018.
    differ = over_seeds(np.tile([400, 500], 200), n)
    assert differ.overdispersion == pytest.approx(55.7, abs=0.1)
    low, high = differ.ci95_over_seeds
    assert high - low > 6 * (differ.ci95_over_questions[1] - differ.ci95_over_questions[0])


def test_seeds_taken_together_by_hand():
    told = over_seeds(np.array([90, 100]), np.array([100, 100]))
    assert (told.seeds, told.mean, told.lowest, told.highest) == (2, 0.95, 0.9, 1.0)
    # 12.7062 x .05 on either side, cut to [0, 1].
    assert told.ci95_over_seeds == pytest.approx((0.3147, 1.0), abs=1e-4)
    assert told.ci95_over_seeds_bootstrap == (0.9, 1.0)
    assert told.ci95_over_questions == wilson(190, 200)
    assert told.overdispersion == pytest.approx(0.005 / (0.95 * 0.05 / 100))
    assert told.as_dict()["mean"] == 0.95


def test_one_seed_says_nothing_of_others_and_right_answers_have_no_chance_variance():
    one = over_seeds(np.array([9]), np.array([10]))
    assert (one.ci95_over_seeds, one.ci95_over_seeds_bootstrap, one.overdispersion) == (None,) * 3
    assert over_seeds(np.array([10, 10]), np.array([10, 10])).overdispersion is None
