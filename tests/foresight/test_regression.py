"""The two regressions against closed forms, and the censored one against runs cut short."""

import math

import numpy as np
import pytest

from latebloom.foresight.regression import beyond, fit_accelerated, fit_logistic, hazard


def drawn(n, seed=0):
    """Log times that are 5 + 1.0 x plus noise of .3."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1))
    return x, 5 + x[:, 0] + 0.3 * rng.normal(size=n)


def test_where_all_is_seen_it_is_ridge_regression():
    x, y = drawn(50)
    fitted = fit_accelerated(x, y, np.ones(50, bool), np.ones(50), ridge=2.0)
    scaled = (x - x.mean(0)) / x.std(0)
    by_hand = scaled[:, 0] @ (y - y.mean()) / (50 + 2.0)
    assert fitted.weight[0] == pytest.approx(by_hand)
    assert fitted.base == pytest.approx(y.mean())
    assert fitted.spread == pytest.approx(np.std(y - fitted(x)))


def test_runs_cut_short_count_for_what_they_say():
    x, y = drawn(4000)
    end = 5.2
    seen, stands = y < end, np.minimum(y, end)
    counted = fit_accelerated(x, stands, seen, np.ones(4000), ridge=0.0)
    left_out = fit_accelerated(x[seen], y[seen], seen[seen], np.ones(seen.sum()), ridge=0.0)
    as_if_seen = fit_accelerated(x, stands, np.ones(4000, bool), np.ones(4000), ridge=0.0)
    ahead = np.array([[1.0]])
    assert counted(ahead)[0] == pytest.approx(6.0, abs=0.05)
    assert counted.spread == pytest.approx(0.3, abs=0.02)
    assert left_out(ahead)[0] < 5.8
    assert as_if_seen(ahead)[0] < 5.8


def test_a_run_that_counts_twice_is_two_runs():
    x, y = drawn(20)
    twice = fit_accelerated(x, y, np.ones(20, bool), np.r_[2.0, np.ones(19)], ridge=1.0)
    again = np.r_[0, np.arange(20)]
    written = fit_accelerated(x[again], y[again], np.ones(21, bool), np.ones(21), ridge=1.0)
    assert twice(x) == pytest.approx(written(x))


def test_hazard_and_tail_of_a_normal_number():
    assert beyond(np.array([0.0, 1.959964])) == pytest.approx([0.5, 0.025], abs=1e-6)
    assert hazard(np.array([0.0]))[0] == pytest.approx(math.sqrt(2 / math.pi))
    assert hazard(np.array([8.0, 40.0])) == pytest.approx([8.125, 40.025], rel=2e-3)
    assert np.all(np.diff(hazard(np.linspace(-5, 12, 200))) > 0)


def test_logistic_regression_finds_shares_and_a_slope():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 1))
    happened = rng.random(5000) < 1 / (1 + np.exp(-(2 * x[:, 0] - 1)))
    fitted = fit_logistic(x, happened, np.ones(5000), ridge=0.01)
    points = np.array([[0.0], [1.0]])
    assert fitted(points) == pytest.approx([1 / (1 + math.e), 1 / (1 + 1 / math.e)], abs=0.03)
    assert fitted(x).mean() == pytest.approx(happened.mean(), abs=1e-3)


def test_where_it_never_happened_the_probability_is_small_and_finite():
    x = np.arange(10.0)[:, None]
    fitted = fit_logistic(x, np.zeros(10, bool), np.ones(10), ridge=1.0)
    assert np.all(fitted(x) < 0.05)
    assert np.all(fitted(x) > 0)
