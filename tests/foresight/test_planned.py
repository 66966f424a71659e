"""What is fitted for plans, on made studies of which the truth is known."""

import math

import numpy as np
import pytest

from latebloom.foresight.planned import FIGURES, Grown, errors_elsewhere, fit_planner
from latebloom.foresight.tables import TableSigns, log_odds
from latebloom.records import from_json, to_json


def study(noise: float, seed: int = 0, n: int = 40) -> list[Grown]:
    """Tables whose steps are those facts make, and whose guesses are right when counting is."""
    rng = np.random.default_rng(seed)
    tables = []
    for i in range(n):
        facts, right = int(rng.integers(200, 4000)), int(rng.integers(5, 195))
        signs = TableSigns(int(rng.integers(20, 400)), facts, 3 * facts, 200, right)
        off = math.exp(noise * rng.normal())
        odds = log_odds(right, 200) + 1 + noise * rng.normal()
        found = 200 / (1 + math.exp(-odds))
        came = {"steps": 0.1 * facts * off, "seconds": 0.01 * facts * off, "mebibytes": 500.0}
        came |= dict.fromkeys(("follows", "one_hop", "two_hops"), (found, 200))
        tables.append(Grown(f"t{i}", f"source {i % 4}", signs, came))
    return tables


def test_a_law_without_noise_is_found():
    planner = fit_planner(study(0.0), {})
    signs = TableSigns(100, 1000, 3000, 200, 100)
    steps = planner.figures["steps"](signs)
    assert steps.value == pytest.approx(100, rel=0.05)
    assert steps.low <= steps.value * 1.0001
    one = planner.figures["one_hop"](signs)
    assert one.value == pytest.approx(1 / (1 + math.exp(-1)), abs=0.02)


def test_nine_in_ten_of_other_tables_lie_inside():
    planner = fit_planner(study(0.3), {})
    others = study(0.3, seed=1, n=400)
    inside = 0
    for one in others:
        expected = planner.figures["steps"](one.signs)
        inside += expected.low <= one.came["steps"] <= expected.high
    assert 0.82 <= inside / len(others) <= 0.99


def test_a_source_is_judged_by_the_others():
    """A source that follows another law is seen in its errors, though its own fit would be good."""
    x = np.arange(12.0)[:, None]
    source = np.repeat(["a", "b"], 6)
    y = np.where(source == "a", 0.0, 5.0)
    errors = errors_elsewhere(x, y, source, 1.0)
    assert (errors[source == "b"] > 4).all()
    assert (errors[source == "a"] < -4).all()


def test_what_was_not_asked_does_not_count():
    tables = study(0.0)
    tables[0] = Grown("t", "source 0", tables[0].signs, {**tables[0].came, "two_hops": (0.0, 0)})
    planner = fit_planner(tables, {})
    assert len(planner.figures["two_hops"].errors) == len(tables) - 1
    assert len(planner.figures["one_hop"].errors) == len(tables)


def test_json_brings_the_same_planner_back():
    planner = fit_planner(study(0.2), {"commit": "c"})
    again = from_json(to_json(planner), type(planner))
    signs = TableSigns(100, 1000, 3000, 200, 100)
    for name in FIGURES:
        assert again.figures[name](signs) == planner.figures[name](signs)
    assert again.outside(signs) == planner.outside(signs)


def test_a_larger_table_is_told_to_lie_outside():
    planner = fit_planner(study(0.2), {})
    told = planner.outside(TableSigns(100, 10**6, 3000, 200, 100))
    assert [one.split(" (")[0] for one in told] == ["1,000,000 facts"]
