"""Recipes: what they promise, really grown (slow), and what holds of all of them (fast)."""

from dataclasses import replace

import pytest

import latebloom
from latebloom.errors import LatebloomError
from latebloom.evaluation.accuracy import score_splits
from latebloom.recipes.catalogue import RECIPES, make_recipe


def test_a_recipe_that_is_not_there_brings_the_list_of_those_that_are():
    with pytest.raises(LatebloomError, match="see `latebloom recipes`"):
        make_recipe("alchemy")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_makes_a_config_of_its_name(name):
    assert make_recipe(name).recipe == name


def grown(config, tmp_path, seed):
    summary = latebloom.grow(config.with_seed(seed), tmp_path / f"seed{seed}").summary
    return {split: row["accuracy"] for split, row in summary["splits"].items()}


def most(outcomes) -> bool:
    """All but one."""
    return sum(outcomes) >= len(outcomes) - 1


@pytest.mark.slow
@pytest.mark.parametrize("phi", ["9", "2"])
def test_composition_generalises_systematically(tmp_path, phi):
    config = make_recipe("composition").with_overrides("world", {"phi": phi})
    scores = [grown(config, tmp_path, seed) for seed in range(5)]
    assert most([s["test_id"] >= 0.99 and s["test_ood"] >= 0.99 for s in scores]), scores


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reader", "reader-comparison"])
def test_one_reader_for_chains_and_comparisons(tmp_path, name):
    scores = grown(make_recipe(name), tmp_path, 0)
    assert min(scores["test_id"], scores["test_ood"]) >= 0.98, scores


def test_the_reader_is_the_same_for_chains_and_comparisons():
    chains, pairs = make_recipe("reader"), make_recipe("reader-comparison")
    assert chains.model == pairs.model
    assert replace(chains.train, steps=pairs.train.steps) == pairs.train
    assert chains.feed.every_place
    assert pairs.feed.every_place
    assert not pairs.feed.values_first
    assert not pairs.feed.both_orders


@pytest.mark.slow
def test_hops_that_were_never_trained(tmp_path):
    accuracy = grown(make_recipe("composition-hops"), tmp_path, 0)
    for hops in range(4, 11):
        assert accuracy[f"test_hops_{hops}"] >= 0.99
        assert accuracy[f"test_hops_{hops}_ood"] >= 0.99
    assert accuracy["test_hops_20"] >= 0.95
    run = latebloom.load(tmp_path / "seed0")
    assert run.model.config.n_loops == 3


@pytest.mark.slow
def test_the_feedback_is_what_makes_it_systematic(tmp_path):
    """A control: the same run with the state carried over and nothing fed back."""
    config = make_recipe("composition")
    config = replace(config, model=replace(config.model, feedback="none", n_layers=2, window=0))
    accuracy = grown(config, tmp_path, 0)
    assert accuracy["test_ood"] <= 0.2


@pytest.mark.slow
def test_a_model_before_training_knows_nothing(tmp_path):
    config = make_recipe("composition")
    config = replace(config, train=replace(config.train, steps=1))
    latebloom.grow(config, tmp_path / "run")
    start = latebloom.load(tmp_path / "run", step=0)
    scores = score_splits(start.model, start.world, splits=["test_id", "test_ood"])
    assert all(score.accuracy < 0.1 for score in scores.values())


@pytest.mark.slow
def test_comparison_generalises_to_entities_never_compared(tmp_path):
    accuracy = grown(make_recipe("comparison"), tmp_path, 0)
    assert accuracy["test_id"] >= 0.99
    assert accuracy["test_ood"] >= 0.99


@pytest.mark.slow
def test_without_values_first_and_both_orders_it_does_not(tmp_path):
    """A control: half of the OOD comparisons are guessed right."""
    config = make_recipe("comparison").replace("feed", values_first=False, both_orders=False)
    accuracy = grown(config, tmp_path, 0)
    assert accuracy["atomic_ood"] >= 0.95
    assert accuracy["test_ood"] <= 0.8


@pytest.mark.slow
def test_elements_never_compared_in_training(tmp_path):
    pytest.importorskip("mendeleev")
    accuracy = grown(make_recipe("elements"), tmp_path, 0)
    assert accuracy["test_id"] >= 0.97
    assert accuracy["test_ood"] >= 0.9


@pytest.mark.slow
def test_the_main_auxiliary_is_fronted_late(tmp_path):
    accuracy = grown(make_recipe("question"), tmp_path, 0)
    assert accuracy["test_ood"] >= 0.95
    records = list(latebloom.load(tmp_path / "seed0").folder.metrics())
    fitted = next(r["accuracy"] for r in records if r["accuracy"]["test_id"] >= 0.99)
    assert fitted["test_ood"] < accuracy["test_ood"]
