"""The study behind the forecasts: its runs, its rivals, its page; nothing is grown."""

import json
import math

import numpy as np
import pytest

from benchmarks import forecast as made
from benchmarks.forecast_rivals import Extrapolation, rivals
from benchmarks.forecast_study import LOOPED, PLAIN, balanced, cells
from benchmarks.forecast_table import pages
from latebloom.foresight.early import Sizes, Story
from latebloom.foresight.fitting import fit_goal
from latebloom.recipes.catalogue import FRESH
from latebloom.records import to_json
from latebloom.worlds.build import build_world

SHARED = {"model.window", "world.ood_frac"}
"""Fields of which fit and test may have the same value: a yes or no, and where one value is all."""


@pytest.mark.parametrize("design", [PLAIN, LOOPED], ids=lambda design: design.name)
def test_no_setting_of_a_test_run_was_seen_in_fitting(design):
    for field in design.fitted:
        if field not in SHARED:
            assert not set(design.fitted[field]) & set(design.tested[field]), field
    fit = [cell for cell in design.cells() if "-fit-" in cell.name]
    test = [cell for cell in design.cells() if "-test-" in cell.name]
    assert (len(fit), len(test)) == (design.n_fitted, design.n_tested)
    assert max(cell.seed for cell in fit) < FRESH <= min(cell.seed for cell in test)
    for cell in (*fit, *test):
        config = cell.config
        assert config.world.out_degree == config.world.relations == cell.values["world.relations"]


def test_the_study_is_always_the_same_and_large_enough():
    names = [cell.name for cell in cells()]
    assert names == [cell.name for cell in cells()]
    assert len(set(names)) == len(names)
    assert sum("-fit-" in name for name in names) >= 100
    assert sum("-test-" in name for name in names) >= 30


def test_the_largest_and_the_smallest_worlds_can_be_made():
    def facts(cell):
        return cell.config.world.entities * cell.config.world.relations

    for design in (PLAIN, LOOPED):
        every = sorted(design.cells(), key=facts)
        for cell in (every[0], every[-1]):
            data = build_world(cell.config.world, cell.config.world_seed, lambda _: None)
            assert len(data.splits["test_id"]) > 20


def test_values_are_drawn_equally_often():
    drawn = balanced((1, 2, 3), 30, np.random.default_rng(0))
    assert [drawn.count(value) for value in (1, 2, 3)] == [10, 10, 10]


def as_story(cell, came):
    """A run of the study that was never grown: its losses fall along one curve to `came`."""
    config = cell.config
    facts = config.world.entities * config.world.relations
    words = config.world.entities + config.world.relations
    sizes = Sizes(facts, int(config.world.phi * facts), words, config.world.phi)
    records = []
    for step in range(config.train.eval_every, config.train.steps + 1, config.train.eval_every):
        share = 1 / (1 + math.exp(-5 * math.log(step / came) - math.log(9)))
        names = ("atomic_id", "train_inferred", "test_id", "valid_id")
        shares = dict.fromkeys(names, share) | {"test_ood": 0.1, "valid_ood": 0.1}
        losses = {name: math.log(words) * (1 - one) + 0.01 for name, one in shares.items()}
        signs = {"weight_norm": 20.0, "logit_scale": 1.0, "gradient_entropy": 0.8, "loss": losses}
        records.append({"step": step, "accuracy": shares, "signs": signs})
        story = Story(config, sizes, tuple(records))
        if story.came("id"):
            break
    return Story(config, sizes, tuple(records))


@pytest.fixture
def grown(monkeypatch):
    """Stories of all plain runs, in place of their folders."""
    rng = np.random.default_rng(0)
    found = {
        cell.name: as_story(cell, 250 * (cell.config.world.phi / 8) ** -0.5 * rng.uniform(0.9, 1.1))
        for cell in PLAIN.cells()
    }
    monkeypatch.setattr(made, "stories", lambda cells, runs: found)
    return found


def test_a_study_is_fitted_and_judged(grown, tmp_path):
    kind, record = made.study_kind(PLAIN, tmp_path)
    assert (record["fitted_on"], record["tested_on"]) == (PLAIN.n_fitted, PLAIN.n_tested)
    found = record["goals"]["id"]["a fifth of its steps"]
    assert found["came"] == PLAIN.n_tested
    assert found["mean_relative_error"]["ours"]["mean"] < 0.1
    assert record["goals"]["ood"]["a fifth of its steps"]["never"]["share"] == 1
    for look in record["goals"]["id"]["looks"]:
        assert look["step"] <= max(0.2 * look["true"], 0.1 * 750)
    assert kind.never["ood"].runs == PLAIN.n_fitted
    law = {"calibrated_on": 2, "kappa": 1.0, "threshold": 2.0, "late": 0, "rows": {}}
    errors = dict.fromkeys(("delay_error", "delay_error_of_a_constant", "step_error"))
    law |= {name: made.mean_of([0.1, 0.2]) for name in errors}
    head = {"commit": "0" * 40, "date": "2026-01-01"}
    head |= {"machine": {"processor": "a processor", "cores": 2, "system": "a system"}}
    text = pages(json.loads(json.dumps(to_json({**head, "kinds": {"plain": record}, "law": law}))))
    assert "plain, ID, a fifth of its steps | 12 | 12 |" in text


def test_rivals_say_possible_steps_and_look_at_no_later_record(grown):
    fit = [story for name, story in grown.items() if "-fit-" in name]
    whole = next(story for name, story in grown.items() if "-test-" in name)
    told = whole.until(80)
    for name, rival in rivals(fit, "id").items():
        said = rival(told, whole)
        if name == "law":  # these weights never shrink
            assert math.isnan(said)
            continue
        assert told.step <= said <= told.budget, name
        assert rival(told, told) == said, name
    assert isinstance(fit_goal(fit, "id").errors, dict)


def test_extrapolation_follows_a_straight_line(grown):
    whole = next(iter(grown.values()))
    line = []
    for record in whole.records:
        loss = dict.fromkeys(record["signs"]["loss"], 6.0 - math.log(record["step"]))
        line.append({**record, "signs": {**record["signs"], "loss": loss}})
    told = Story(whole.config, whole.sizes, line).until(80)
    assert Extrapolation("id", 6.0 - math.log(150))(told, told) == pytest.approx(150)


def test_the_law_alone_leaves_the_rest_of_the_record(monkeypatch, tmp_path):
    kept = made.RESULTS / "forecast.json"
    (tmp_path / kept.name).write_bytes(kept.read_bytes())
    monkeypatch.setattr(made, "RESULTS", tmp_path)
    monkeypatch.setattr(made, "grow_study", lambda cells, runs: None)
    made.add_law(tmp_path / "runs", {"commit": "c"})  # nothing was grown: nothing is said
    assert json.loads((tmp_path / kept.name).read_text()) == json.loads(kept.read_text())
    monkeypatch.setattr(made, "study_law", lambda runs: {"refused": "the weights grew"})
    made.add_law(tmp_path / "runs", {"commit": "c"})
    record = json.loads((tmp_path / kept.name).read_text())
    assert record["law"] == {"refused": "the weights grew", "made": {"commit": "c"}}
    page = (tmp_path / "forecast.md").read_text()
    assert "It could not be calibrated: the weights grew." in page
