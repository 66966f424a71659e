"""Middles, intervals and forecasts against hand computation and runs drawn by a formula."""

import json
import math

import numpy as np
import pytest
from told import study, told

from latebloom.errors import LatebloomError
from latebloom.foresight.early import GOALS
from latebloom.foresight.fitted import Errors, GoalModel, NeverCame, middle
from latebloom.foresight.fitting import fit_goal, table_of
from latebloom.foresight.forecast import Forecaster, Kind
from latebloom.foresight.scope import Scope
from latebloom.recipes.chains import bloom, bloom_looped
from latebloom.records import from_json, to_json


@pytest.fixture(scope="module")
def runs():
    return study()


@pytest.fixture(scope="module")
def forecaster(runs):
    model = fit_goal(runs, "id").model
    assert isinstance(model, GoalModel)
    kind = Kind("looped", Scope.of([run.config for run in runs]), {"id": model}, {})
    return Forecaster((Kind(kind.name, kind.scope, kind.timed, {"ood": NeverCame(8)}),))


def test_the_middle_of_what_is_left():
    # Half of the times come before e^5 where nothing is ruled out.
    step, odds = middle(5.0, 0.5, now=1, last=1e9)
    assert step == pytest.approx(math.exp(5))
    assert odds < -10
    # Now at the mean and no end: half of the upper half lies beyond .6745 spreads.
    step, _ = middle(5.0, 0.5, now=math.exp(5), last=1e9)
    assert math.log(step) == pytest.approx(5 + 0.5 * 0.67449, abs=1e-4)
    # The last step at the mean: as many times come after it as before.
    step, odds = middle(5.0, 0.5, now=1, last=math.exp(5))
    assert math.log(step) == pytest.approx(5 - 0.5 * 0.67449, abs=1e-4)
    assert odds == pytest.approx(0, abs=1e-6)


def test_an_interval_by_hand():
    runs = np.arange(39.0)
    errors = Errors(runs, np.zeros(39), runs)
    # Of 39 errors the second from each end leaves 2 / 40 = 5 % beyond it.
    assert errors.interval(0.0) == (1.0, 37.0)
    few = Errors(runs[:5], np.zeros(5), runs[:5])
    assert few.interval(0.0) == (0.0, 4.0)


def test_a_run_counts_once_with_its_nearest_forecast():
    far = Errors(np.repeat(np.arange(30.0), 2), np.tile([0.0, 3.0], 30), np.tile([0.0, 9.0], 30))
    assert far.interval(0.2) == (0.0, 0.0)
    assert far.interval(2.9) == (9.0, 9.0)


def test_intervals_hold_as_often_as_they_say():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        *past, new = rng.standard_cauchy(61)  # of any distribution
        low, high = Errors(np.arange(60.0), np.zeros(60), np.array(past)).interval(0.0)
        inside.append(low <= new <= high)
    assert 0.88 < np.mean(inside) < 0.96


def test_columns_know_nothing_of_later(runs):
    run = next(run for run in runs if run.came("id"))
    early = run.until(40)
    assert early.step == 40
    later = [*early.records, {**run.records[-1], "step": 45}]
    again = type(run)(run.config, run.sizes, later).until(40)
    assert early.curves("id") == again.curves("id")
    assert early.came("id") is None


def test_landmarks_end_where_it_came_and_count_as_one_run(runs):
    table = table_of(runs, "id")
    assert np.all(table.step[table.came] < table.time[table.came])
    assert np.bincount(table.run, table.weight) == pytest.approx(1.0)
    assert np.all(table.step[table.a_fifth()] <= 0.2 * table.time[table.a_fifth()])


def test_new_runs_of_the_same_law_are_forecast(runs, forecaster):
    assert any(run.came("id") is None for run in runs), "the study must hold runs cut short"
    errors, never = [], {True: [], False: []}
    for run in study(40, seed=1):
        came = run.came("id")
        chance = forecaster(run.until((came or run.budget) / 5)).goals["id"].chance
        never[came is None].append(chance.never)
        if came:
            errors.append(abs(chance.step / came - 1))
            assert chance.low <= chance.step <= chance.high
    assert np.mean(errors) < 0.12
    assert np.mean(never[True]) > np.mean(never[False]) + 0.3


def test_a_goal_that_never_came(forecaster):
    chance = forecaster(told(came=150).until(20)).goals["ood"].chance
    assert (chance.step, chance.never) == (None, pytest.approx(0.9))


def test_what_has_come_or_ended_is_not_forecast(forecaster):
    assert forecaster(told(came=80)).goals["id"].came == told(came=80).came("id")
    ended = forecaster(told()).goals["id"]
    assert (ended.came, ended.chance) == (None, None)
    assert ended.words() == "the run ended without it"


def test_what_has_begun_is_kept_if_the_next_evaluations_agree(forecaster):
    run = told(came=80)
    came = run.came("id")
    at_once = forecaster(run.until(came)).goals["id"]
    assert (at_once.came, at_once.begun, at_once.chance) == (None, came, None)
    dip = run.until(came + 5)
    dip.records[-1]["accuracy"]["test_id"] = 0.5
    assert forecaster(dip).goals["id"].chance is not None


def test_it_is_the_same_after_a_file(forecaster):
    table = json.loads(json.dumps(to_json(forecaster)))
    again = from_json(table, Forecaster)
    run = told(came=120).until(25)
    assert again(run).as_dict() == forecaster(run).as_dict()


def test_too_short_or_without_signs_it_says_so(forecaster):
    with pytest.raises(LatebloomError, match=r"at least 2 evaluations.*wait until step 10"):
        forecaster(told(came=120).until(5))
    with pytest.raises(LatebloomError, match="recorded no loss"):
        bare = told(came=120).until(30)
        for record in bare.records:
            record.pop("signs")
        forecaster(bare)


def test_goals_are_those_that_the_run_tests(forecaster):
    run = told(came=120).until(25)
    assert run.goals() == list(GOALS)
    without = [
        {**r, "accuracy": {k: v for k, v in r["accuracy"].items() if k != "test_ood"}}
        for r in run.records
    ]
    assert list(forecaster(type(run)(run.config, run.sizes, without)).goals) == ["id"]


def test_another_sort_of_model_is_refused(forecaster):
    assert forecaster.kind_of(bloom_looped()).name == "looped"
    with pytest.raises(LatebloomError, match=r"this run .bloom. is of another sort"):
        forecaster.kind_of(bloom())
