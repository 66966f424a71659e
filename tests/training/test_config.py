"""Configs: written and read the same; whatever is wrong is named."""

import math
import re
import typing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from latebloom.checked import fields_of
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.recipes.catalogue import RECIPES, make_recipe
from latebloom.training.config import (
    ComparisonFeedConfig,
    QuestionFeedConfig,
    RunConfig,
    SentenceFeedConfig,
    TrainConfig,
)
from latebloom.training.until import holds, parse_until, remarks, rule_for
from latebloom.worlds.build import WorldConfig
from latebloom.worlds.chains.made import CompositionConfig
from latebloom.worlds.comparisons.made import ComparisonConfig
from latebloom.worlds.sentences.question import QuestionConfig
from latebloom.worlds.splits import is_test

OLD_RUNS = Path(__file__).parents[1] / "old_runs"
SECTIONS = (
    *typing.get_args(WorldConfig),
    *(ModelConfig, QuestionFeedConfig, ComparisonFeedConfig, SentenceFeedConfig, TrainConfig),
)
PLAIN = ModelConfig(n_loops=1, feedback="none")


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
    assert (config.seed, config.world_seed) == (5, 5)
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
        ("feed", "atomic-frac", "1", "feed.atomic_frac"),
        ("feed", "atomic", "1", "--feed.atomic: there is no such setting; nearest: atomic-frac"),
        ("feed", "both-orders", "true", "--feed.both-orders: there is no such setting"),
        ("feed", "by-length", "true", "--feed.by-length: there is no such setting"),
        ("train", "atomic-frac", ".3", "no such setting; say --feed.atomic-frac"),
        ("world", "d-model", "64", "no such setting; say --model.d-model"),
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
        ("recipe =", "luck = 7\nrecipe =", "luck"),
        ("steps = 400", "steps = true", "train.steps"),
        ("[model]", "[model", "TOML"),
        ("atomic_frac = 0.5", "by_length = true", "by_length"),
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


@pytest.mark.parametrize(
    "text",
    ["test_ood", "test_ood>=2", "test_ood<=0.5", ">=0.5", "a>=0.5 or", "test_id>=0.4.15", "a>=."],
)
def test_a_stop_rule_that_cannot_be_read(text):
    with pytest.raises(LatebloomError, match="--until"):
        parse_until(text)


def test_a_clause_about_a_split_that_this_world_does_not_hold_out_is_passed_over():
    there = ["atomic_id", "train_inferred", "test_id", "valid_id"]
    rule = "valid_id>=0.99 and test_ood>=0.99 and valid_hops_3>0.5"
    assert rule_for(rule, there) == [("valid_id", 0.99)]
    assert remarks(rule, there) == [
        "until: this world holds out no test_ood, so the rule goes by the others",
        "until: this world holds out no valid_hops_3, so the rule goes by the others",
    ]
    assert rule_for("", there) == [] == remarks("", there)
    assert rule_for("test_id>=0.9", there) == parse_until("test_id>=0.9")


def test_a_rule_that_reads_tests_is_told_so():
    there = ["train_inferred", "test_id", "test_ood", "valid_id", "valid_ood"]
    assert not remarks("valid_id>=0.9 and valid_ood>=0.9 and train_inferred>=1", there)
    (line,) = remarks("test_id>=0.9 and test_ood>=0.9 and test_id>=0.95", there)
    assert line.startswith("until reads test_id and test_ood: ")
    assert "valid_id and valid_ood would leave it alone" in line


def test_a_rule_about_validation_where_nothing_was_set_aside_runs_all_steps():
    there = ["train_inferred", "test_id", "test_ood"]
    rule = "valid_id>=0.9 and valid_ood>=0.9"
    assert rule_for(rule, there) == []
    assert remarks(rule, there) == [
        "until: this world holds out no valid_id and no valid_ood, so all steps are run"
    ]
    with pytest.raises(LatebloomError, match="no split 'valid_odd'"):
        rule_for("valid_odd>=0.5", there)


def test_no_recipe_stops_by_a_test():
    rules = {name: parse_until(make_recipe(name).train.until) for name in RECIPES}
    assert {"composition", "hidden-attributes", "elements"} < {
        n for n, rule in rules.items() if rule
    }
    assert not [n for n, rule in rules.items() if any(is_test(split) for split, _ in rule)]


def test_a_config_of_a_run_from_before_validation_says_that_tests_were_whole():
    config = make_recipe("composition")
    text = re.sub("valid_frac = .*\n", "", config.to_toml())
    old = text.replace("valid_", "test_")
    assert RunConfig.from_toml(old).world == replace(config.world, valid_frac=0.0)
    assert RunConfig.from_toml(old).train.until == "test_id>=0.99 and test_ood>=0.99"
    # What a person wrote names what it names; the rest has its defaults.
    assert RunConfig.from_toml(text).world == config.world
    assert RunConfig.from_toml("[world]\nkind = 'composition'\nphi = 2").world.valid_frac == 0.2
    for name in ("comparison", "composition", "question"):
        kept = RunConfig.from_toml((OLD_RUNS / name / "config.toml").read_text())
        assert kept.world.valid_frac == 0


@pytest.mark.parametrize("share", [-0.1, 1.0])
@pytest.mark.parametrize("name", ["composition", "comparison", "dyck", "dataset", "sentences"])
def test_a_share_out_of_range_is_refused(name, share):
    with pytest.raises(LatebloomError, match=r"world\.valid_frac is .*; it must lie in \[0, 1\)"):
        make_recipe(name).replace("world", valid_frac=share)


def test_a_stop_rule_names_the_splits_there_are():
    there = ["test_id", "test_ood"]
    with pytest.raises(LatebloomError, match="no split 'test_x'; this world has test_id, test_ood"):
        rule_for("test_id>=0.5 and test_x>=0.5", there)
    with pytest.raises(LatebloomError, match=r"none of these splits.*test_id, test_ood; say --unt"):
        rule_for("test_hard>=0.5", there)


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


# Values from Python


@pytest.mark.parametrize("kind", SECTIONS, ids=lambda kind: kind.__name__)
def test_no_field_takes_what_it_is_not(kind):
    for name, _ in fields_of(kind):
        with pytest.raises(LatebloomError, match=rf"\b{name} is <object") as caught:
            kind(**{name: object()})
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (TrainConfig, {"optimizer": "sgd"}, "train.optimizer is 'sgd'; it must be one of muon, m"),
        (TrainConfig, {"steps": True}, "train.steps is True; it must be a whole number"),
        (TrainConfig, {"steps": 8.0}, "train.steps is 8.0; it must be a whole number"),
        (TrainConfig, {"lr": True}, "train.lr is True; it must be a number"),
        (TrainConfig, {"lr": "0.1"}, "train.lr is '0.1'; it must be a number"),
        (TrainConfig, {"lr": math.nan}, "train.lr is nan; it must be a number"),
        (TrainConfig, {"grad_clip": math.inf}, "train.grad_clip is inf; it must be a finite num"),
        (ModelConfig, {"tied": 1}, "model.tied is 1; it must be true or false"),
        (ModelConfig, {"feedback": None}, "model.feedback is None; it must be one of none, added"),
        (CompositionConfig, {"phi": math.nan}, "world.phi is nan; it must be a number"),
        (CompositionConfig, {"test_hops": (4, 5.5)}, "world.test_hops .* each a whole number"),
        (CompositionConfig, {"test_hops": 4}, "world.test_hops is 4; it must be a list"),
        (ComparisonFeedConfig, {"both_orders": 0}, "feed.both_orders is 0; it must be true or f"),
        (SentenceFeedConfig, {"by_length": "no"}, "feed.by_length is 'no'; it must be true or f"),
        (RunConfig, {"seed": True}, "config.seed is True; it must be a whole number"),
        (RunConfig, {"seed": -1}, "seed is -1"),
        (RunConfig, {"world_seed": -1}, "seed is -1"),
        (RunConfig, {"world": PLAIN}, "config.world is ModelConfig"),
        (RunConfig, {"train": None}, "config.train is None"),
    ],
)
def test_values_from_python_are_checked(kind, values, said):
    with pytest.raises(LatebloomError, match=said) as caught:
        kind(**values)
    assert "\n" not in str(caught.value)


def test_what_fits_is_taken():
    assert TrainConfig(lr=1).lr == 1  # a whole number is a number
    assert math.isinf(CompositionConfig(phi=math.inf).phi)  # all that there is
    assert CompositionConfig(test_hops=[4, 6]).test_hops == [4, 6]


def test_replace_takes_typed_values():
    config = make_recipe("composition")
    changed = config.replace("world", phi=2.0, test_hops=[4, 6], identity_bridge=True)
    assert (changed.world.phi, changed.world.identity_bridge) == (2.0, True)
    assert changed.world.test_hops == (4, 6)
    assert changed.replace("world", phi=config.world.phi) != config
    changed = config.replace(seed=5).replace("feed", atomic_frac=0.25).replace("train", steps=7)
    assert (changed.seed, changed.world_seed) == (5, 0)
    assert changed.feed == replace(config.feed, atomic_frac=0.25)
    assert changed.train == replace(config.train, steps=7)
    assert (changed.world, changed.model) == (config.world, config.model)
    typed = config.replace("train", steps=7, lr=0.5)
    assert typed == config.with_overrides("train", {"steps": "7", "lr": ".5"})
    assert config.replace("model") == config == config.replace()


@pytest.mark.parametrize(
    ("section", "values", "said"),
    [
        ("world", {"phy": 2.0}, "world.phy: there is no such setting; nearest: phi"),
        ("train", {"step": 2}, "train.step: there is no such setting; nearest: steps"),
        ("train", {"batchsize": 2}, "nearest: batch_size"),
        ("", {"sed": 2}, "config.sed: there is no such setting; nearest: seed"),
        ("feed", {"zzz": 2}, "feed.zzz: there is no such setting; it has atomic_frac, every_loop"),
        ("world", {"kind": "facts"}, "world.kind: there is no such setting"),
        ("wrold", {"phi": 2.0}, "no section 'wrold'; it has world, model, feed, train"),
        ("world", {"phi": "2"}, "world.phi is '2'; it must be a number"),
        ("train", {"optimizer": "sgd"}, "train.optimizer is 'sgd'"),
        ("", {"seed": -1}, "seed is -1"),
    ],
)
def test_what_replace_refuses(section, values, said):
    with pytest.raises(LatebloomError, match=re.escape(said)):
        make_recipe("composition").replace(section, **values)


# Settings without effect


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": 2.0, "n_loops": 1, "feedback": "none"}, "temperature is 2.0.*feedback no"),
        ({"max_positions": 64}, "max_positions is 64.*no effect with model.positions relative"),
        ({"max_positions": 64, "positions": "rotary"}, "max_positions is 64.*positions rotary"),
        ({"max_distance": 5, "positions": "none"}, "max_distance is 5.*positions none"),
        ({"max_distance": 5, "positions": "learned"}, "max_distance is 5.*positions learned"),
        ({"n_loops": 1}, "model.feedback is 'ahead', which has no effect with one loop"),
    ],
)
def test_a_model_refuses_what_has_no_effect(settings, said):
    with pytest.raises(LatebloomError, match=said):
        ModelConfig(**settings)


def test_the_same_settings_are_taken_where_they_have_an_effect():
    assert ModelConfig(temperature=2.0).temperature == 2.0
    assert ModelConfig(max_positions=64, positions="sinusoidal").limit == 64
    assert ModelConfig(max_distance=5).max_distance == 5
    own = ModelConfig(positions="own:mine", max_positions=64, max_distance=5)
    assert (own.limit, own.max_distance) == (None, 5)


@pytest.mark.parametrize(
    ("world", "feed", "wanted"),
    [
        (CompositionConfig(), ComparisonFeedConfig(), "asks chains: give feed=QuestionFeedConfig"),
        (CompositionConfig(), SentenceFeedConfig(), "asks chains: give feed=QuestionFeedConfig"),
        (ComparisonConfig(), SentenceFeedConfig(), "comparisons: give feed=ComparisonFeedConfig"),
        (QuestionConfig(), QuestionFeedConfig(), "asks sentences: give feed=SentenceFeedConfig"),
        (QuestionConfig(), ComparisonFeedConfig(), "asks sentences: give feed=SentenceFeedConfig"),
    ],
)
def test_the_feed_of_another_kind_is_refused(world, feed, wanted):
    with pytest.raises(LatebloomError, match=wanted) as caught:
        RunConfig(world=world, feed=feed, model=PLAIN)
    assert type(feed).__name__ in str(caught.value)


def test_comparisons_may_be_fed_without_help():
    for feed in (QuestionFeedConfig(), ComparisonFeedConfig(both_orders=True)):
        assert RunConfig(world=ComparisonConfig(), feed=feed).feed == feed


def test_feedback_has_no_place_on_sentences():
    with pytest.raises(LatebloomError, match=r"set --model\.feedback none"):
        RunConfig(world=QuestionConfig(), feed=SentenceFeedConfig(), model=ModelConfig())


def test_a_setting_that_moved_is_pointed_to():
    config = make_recipe("comparison")
    with pytest.raises(LatebloomError, match=re.escape("; say --feed.both-orders")):
        config.with_overrides("train", {"both-orders": "true"})
    assert config.with_overrides("feed", {"both-orders": "true"}).feed.both_orders


# Format 1


@pytest.mark.parametrize(
    ("name", "feed"),
    [
        ("composition", QuestionFeedConfig),
        ("comparison", ComparisonFeedConfig),
        ("question", SentenceFeedConfig),
    ],
)
def test_a_config_of_format_1_is_read(name, feed):
    text = (OLD_RUNS / name / "config.toml").read_text()
    assert "[feed]" not in text and "world_seed" not in text and "by_length" in text
    text = text.replace("seed = 0", "seed = 3")
    config = RunConfig.from_toml(text)
    assert (config.recipe, config.seed, config.world_seed) == (name, 3, 3)
    assert type(config.feed) is feed
    for field, value in re.findall(r"(?m)^(\w+) = (.*)$", text.partition("[train]")[2]):
        told = config.train if hasattr(config.train, field) else config.feed
        if hasattr(told, field):
            assert str(getattr(told, field)).lower() == value.strip('"'), field
    assert RunConfig.from_toml(config.to_toml()) == config


def test_the_feed_of_format_1_by_hand():
    text = (OLD_RUNS / "comparison" / "config.toml").read_text()
    for change in (
        ("atomic_frac = 0.5", "atomic_frac = 0.25"),
        ("every_loop = true", "every_loop = false"),
    ):
        text = text.replace(*change)
    assert RunConfig.from_toml(text).feed == ComparisonFeedConfig(
        atomic_frac=0.25, every_loop=False, values_first=True, both_orders=True
    )
    lines = (OLD_RUNS / "question" / "config.toml").read_text()
    lines = lines.replace("by_length = true", "by_length = false")
    assert RunConfig.from_toml(lines).feed == SentenceFeedConfig(by_length=False)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("composition", "max_positions = 64"),
        ("question", "temperature = 2.0"),
        ("question", "max_distance = 7"),
    ],
)
def test_what_had_no_effect_in_format_1_is_left_out(name, line):
    text = (OLD_RUNS / name / "config.toml").read_text()
    field = line.split()[0]
    changed, n = re.subn(rf"(?m)^{field} = .*$", line, text)
    assert n == 1 and changed != text
    assert RunConfig.from_toml(changed) == RunConfig.from_toml(text)
    with pytest.raises(LatebloomError, match=f"model.{field}"):
        RunConfig.from_toml(RunConfig.from_toml(text).to_toml().replace(f"{field} =", f"{line} #"))


def test_a_typo_in_format_1_is_named():
    text = (OLD_RUNS / "composition" / "config.toml").read_text()
    with pytest.raises(LatebloomError, match="stepz"):
        RunConfig.from_toml(text.replace("steps =", "stepz =", 1))


def test_a_temperature_of_logits_must_be_above_zero_and_is_idle_on_binary_sets():
    with pytest.raises(LatebloomError, match=r"train\.logit_temperature is 0\.0; it must be"):
        TrainConfig(logit_temperature=0.0)
    (line,) = TrainConfig(logit_temperature=2.0, set_loss="binary").idle()
    assert line == "train.logit_temperature has no effect on sets with train.set_loss binary"


def test_a_rate_of_muon_without_muon_is_said_to_have_no_effect():
    assert TrainConfig(optimizer="muon", muon_lr=0.01).idle() == []
    assert TrainConfig(optimizer="adamw").idle() == []
    (line,) = TrainConfig(optimizer="adamw", muon_lr=0.01).idle()
    assert line == "train.muon_lr 0.01 has no effect with train.optimizer adamw"


@pytest.mark.parametrize(
    ("model", "feed", "way_out"),
    [
        ({"attention": "causal"}, {}, "set model.attention both"),
        ({"feedback": "none", "n_loops": 1}, {}, "set model.feedback replace"),
        ({}, {"every_loop": False}, "set feed.every_loop true"),
    ],
)
def test_every_place_is_for_loops_in_which_all_tokens_see_the_question(model, feed, way_out):
    usual = {"feedback": "replace", "positions": "rotary", "attention": "both"}
    make = partial(RunConfig, model=ModelConfig(**usual | model))
    with pytest.raises(LatebloomError, match=way_out):
        make(feed=QuestionFeedConfig(every_place=True, **feed))
    assert make().feed == QuestionFeedConfig()
