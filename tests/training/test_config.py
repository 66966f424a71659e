"""Configs: written and read the same; whatever is wrong is named."""

import math
import re
from dataclasses import replace

import pytest

from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import RECIPES, make_recipe
from latebloom.training.config import RunConfig
from latebloom.training.until import check_until, holds, parse_until


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_toml(name):
    config = make_recipe(name)
    assert config.recipe == name
    assert RunConfig.from_toml(config.to_toml()) == config


def test_overrides_are_typed():
    config = (
        make_recipe("composition")
        .with_overrides("world", {"phi": "2", "test-hops": "4,6", "identity-bridge": "true"})
        .with_overrides("model", {"d-model": "64", "feedback": "restart"})
        .with_overrides("train", {"lr": ".5", "until": "", "steps": "7"})
        .with_seed(5)
    )
    assert config.world.phi == 2.0
    assert config.world.test_hops == (4, 6)
    assert config.world.identity_bridge is True
    assert (config.model.d_model, config.model.feedback) == (64, "restart")
    assert (config.train.lr, config.train.until, config.train.steps) == (0.5, "", 7)
    assert config.seed == 5
    assert RunConfig.from_toml(config.to_toml()) == config


def test_infinity_survives_toml():
    config = make_recipe("facts")
    assert math.isinf(config.world.phi)
    assert RunConfig.from_toml(config.to_toml()) == config


@pytest.mark.parametrize(
    ("section", "name", "value", "named"),
    [
        ("world", "phy", "2", "--world.phy"),
        ("world", "kind", "facts", "--world.kind"),
        ("world", "phi", "many", "world.phi"),
        ("world", "phi", "-1", "world.phi"),
        ("world", "identity-bridge", "yes", "world.identity_bridge"),
        ("model", "d-model", "1.5", "model.d_model"),
        ("model", "feedback", "loud", "model.feedback"),
        ("train", "steps", "0", "train.steps"),
        ("train", "until", "soon", "until"),
        ("train", "optimizer", "sgd", "train.optimizer"),
        ("train", "label-smoothing", "1", "train.label_smoothing"),
    ],
)
def test_what_is_wrong_is_named(section, name, value, named):
    with pytest.raises(LatebloomError, match=named) as caught:
        make_recipe("composition").with_overrides(section, {name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("phi =", "phy =", "phy"),
        ("[train]", "[trian]", "trian"),
        ("seed = 0", "seed = 0\nluck = 7", "luck"),
        ("steps = 400", "steps = true", "train.steps"),
        ("[model]", "[model", "TOML"),
    ],
)
def test_a_config_file_that_is_wrong_is_named(old, new, named):
    text = make_recipe("composition").to_toml()
    assert old in text
    with pytest.raises(LatebloomError, match=named):
        RunConfig.from_toml(text.replace(old, new))


def test_the_stop_rule():
    clauses = parse_until("test_ood>=0.99 and test_id > 95%")
    assert clauses == [("test_ood", 0.99), ("test_id", 0.95)]
    assert holds(clauses, {"test_ood": 0.99, "test_id": 1.0})
    assert not holds(clauses, {"test_ood": 0.98, "test_id": 1.0})
    assert not holds(parse_until(""), {"test_ood": 1.0})


def test_what_only_sentences_know_is_refused_for_questions():
    with pytest.raises(LatebloomError, match=r"train\.by_length is false, which has no effect"):
        make_recipe("composition").with_overrides("train", {"by-length": "false"})
    make_recipe("question").with_overrides("train", {"by-length": "false"})


@pytest.mark.parametrize("text", ["test_ood", "test_ood>=2", "test_ood<=0.5", ">=0.5", "a>=0.5 or"])
def test_a_stop_rule_that_cannot_be_read(text):
    with pytest.raises(LatebloomError, match="--until"):
        parse_until(text)


def test_a_stop_rule_names_the_splits_there_are():
    with pytest.raises(LatebloomError, match="this world has test_id, test_ood"):
        check_until("test_hard>=0.5", ["test_id", "test_ood"])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_in_python_and_in_a_file(value):
    config = make_recipe("composition")
    with pytest.raises(LatebloomError, match=r"train\.lr is "):
        replace(config, train=replace(config.train, lr=value))
    text = re.sub("weight_decay = .*", f"weight_decay = {value}", config.to_toml())
    assert text != config.to_toml()
    with pytest.raises(LatebloomError, match=r"train\.weight_decay is "):
        RunConfig.from_toml(text)


def test_a_negative_seed_is_refused():
    with pytest.raises(LatebloomError, match="seed is -1"):
        make_recipe("composition").with_seed(-1)
