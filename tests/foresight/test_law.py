"""The published law on runs whose weights shrink as it says."""

import dataclasses
import math

import pytest

from latebloom.errors import LatebloomError
from latebloom.foresight.law import FirstPassage, Norms, calibrate


def shrinking(pull, memorised=100, at_memorised=900.0, kappa=0.5, threshold=300.0):
    """A run of which the law is true."""
    delay = math.log(at_memorised / threshold) / (kappa * pull)
    return Norms(memorised, at_memorised, memorised + round(delay), threshold, pull)


def test_calibrated_on_one_setting_it_foretells_another():
    law = calibrate([shrinking(0.002), shrinking(0.002, at_memorised=800.0)])
    assert (law.kappa, law.threshold) == (pytest.approx(0.5, rel=1e-2), pytest.approx(300.0))
    other = shrinking(0.008, memorised=40)
    assert law(other) == pytest.approx(other.grokked, rel=0.01)


def test_twice_the_decay_halves_the_delay():
    law = FirstPassage(kappa=1.0, threshold=100.0)
    once, twice = (law(Norms(50, 400.0, None, math.nan, pull)) for pull in (0.001, 0.002))
    assert once - 50 == pytest.approx(2 * (twice - 50))


def test_below_the_threshold_it_comes_at_once_and_without_decay_never():
    law = FirstPassage(kappa=1.0, threshold=500.0)
    assert law(Norms(50, 400.0, None, math.nan, 0.001)) == 50
    assert math.isnan(law(Norms(50, 900.0, None, math.nan, 0.0)))
    assert math.isnan(law(Norms(None, math.nan, None, math.nan, 0.001)))


def test_runs_that_it_is_not_about_are_refused():
    together = dataclasses.replace(shrinking(0.002), grokked=100)
    with pytest.raises(LatebloomError, match="memorise first"):
        calibrate([together])
    growing = dataclasses.replace(shrinking(0.002), at_grokked=1200.0)
    with pytest.raises(LatebloomError, match="grew"):
        calibrate([growing])


def test_its_error_is_that_of_the_delay_and_what_never_came_counts_where_it_can():
    law = FirstPassage(kappa=1.0, threshold=100.0)
    # log(400 / 100) / .001 = 1386 steps after step 50.
    came = Norms(50, 400.0, 50 + 1000, 100.0, 0.001)
    assert law.error(came, end=2000) == pytest.approx(0.386, abs=1e-3)
    never = dataclasses.replace(came, grokked=None, at_grokked=math.nan)
    # Foretold for step 1436: at step 2450 it had not come, at step 1000 nobody knows.
    assert law.error(never, end=2450) == pytest.approx(1 - 1386 / 2400, abs=1e-3)
    assert law.error(never, end=1000) is None
    assert law.error(dataclasses.replace(came, memorised=None), end=2000) is None
    assert law.error(dataclasses.replace(came, grokked=50), end=2000) is None
