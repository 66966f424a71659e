"""`latebloom forecast` and `grok --forecast`: what they say, and what they refuse."""

import json

import pytest

from latebloom.foresight.early import Story
from latebloom.foresight.forecast import forecast, load_forecaster
from latebloom.recipes.classic import modular
from latebloom.recipes.sentences import question
from latebloom.studies.grow import grow
from latebloom.training.run_folder import RunFolder


@pytest.fixture
def run(small_run):
    """A small run of the looped kind that has three evaluations."""
    return small_run


def test_a_run_is_forecast_as_it_was_at_a_step(latebloom, run):
    code, out, _ = latebloom("forecast", run, "--step", 16)
    assert code == 0
    assert "after step 16 of at most 24, as a looped model" in out
    assert "held-out questions (ID): from about step" in out
    assert "outside what it was fitted on:" in out
    assert "model.dropout 0.1 (0.0)" in out


def test_json_says_the_same(latebloom, run):
    _, out, _ = latebloom("forecast", run, "--step", 16, "--json")
    told = json.loads(out)
    assert told == json.loads(json.dumps(forecast(run, at=16).as_dict()))
    chance = told["goals"]["id"]["chance"]
    assert 16 <= chance["low"] <= chance["high"] <= 24
    assert 0 <= chance["never"] <= 1


def test_a_run_that_has_ended_is_not_forecast(latebloom, run):
    _, out, _ = latebloom("forecast", run)
    assert "the run ended without it" in out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--step", "8"), "at least 2 evaluations, and here are 1; wait until step 16"),
        (("--step", "-1"), "at least 2 evaluations, and here are 0"),
    ],
)
def test_too_early_is_one_line(latebloom, run, words, reason):
    code, out, err = latebloom("forecast", run, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert reason in err


def test_what_is_no_run_or_of_another_sort_is_one_line(latebloom, tmp_path):
    code, _, err = latebloom("forecast", tmp_path / "nothing")
    assert (code, err.count("\n")) == (2, 1)
    short = {"steps": 4, "eval_every": 2, "until": "", "batch_size": 8}
    sentences = (
        question()
        .replace("world", train=50, test_id=20, test_ood=20, test_apart=20)
        .replace("train", **short)
    )
    grow(sentences.replace("model", d_model=16, n_heads=2), tmp_path / "question", threads=1)
    sums = modular().replace("train", **short).replace("model", d_model=16, n_heads=2)
    grow(sums, tmp_path / "modular", threads=1)
    for name in ("question", "modular"):
        code, _, err = latebloom("forecast", tmp_path / name)
        assert (code, err.count("\n")) == (2, 1)
        assert f"this run ({name}) is of another sort" in err


def test_a_world_without_tests_is_one_line(latebloom, small_config, tmp_path):
    config = small_config.replace("world", ood_frac=0.0, test_id_frac=0.0)
    grow(config, tmp_path / "run", threads=1)
    code, _, err = latebloom("forecast", tmp_path / "run")
    assert (code, err.count("\n")) == (2, 1)
    assert "none of the tests that are forecast, test_id, test_ood" in err


def test_a_training_tells_its_forecasts_and_learns_nothing_from_them(
    latebloom, run, small_config, tmp_path
):
    (tmp_path / "config.toml").write_text(small_config.to_toml())
    words = ("--config", "config.toml", "--threads", 1, "--out", "again", "--forecast")
    code, _, err = latebloom("grok", *words)
    assert code == 0
    assert err.count("forecast: ID from about step") >= 1
    assert "(outside what it was fitted on)" in err
    losses = [[r["loss"] for r in RunFolder.open(p).metrics()] for p in (run, tmp_path / "again")]
    assert losses[0] == losses[1]


def test_a_training_of_another_sort_is_told_once_and_goes_on(latebloom):
    few = ("--train.steps", 6, "--train.eval-every", 2, "--model.d-model", 16)
    code, _, err = latebloom("grok", "modular", *few, "--threads", 1, "--forecast")
    assert code == 0
    assert err.count("no forecast") == 1


def test_the_fitted_parameters_say_where_they_come_from():
    told = load_forecaster()
    assert "looped" in {kind.name for kind in told.kinds}
    assert {"commit", "machine", "designs"} <= set(told.study)


def test_a_story_of_a_folder_is_what_the_folder_holds(run):
    story = Story.read(RunFolder.open(run))
    assert [r["step"] for r in story.records] == [8, 16, 24]
    assert (story.sizes.facts, story.sizes.words) == (48, 16)
