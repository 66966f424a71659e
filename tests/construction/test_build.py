"""Weights computed from facts: exact answers, and what cannot be constructed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import latebloom
from latebloom.construction.build import construct_model, shape_for
from latebloom.construction.codes import Stream, coherence, directions
from latebloom.construction.memory import units_for
from latebloom.errors import LatebloomError
from latebloom.evaluation.scores import score
from latebloom.model.config import ModelConfig
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.made import CompositionConfig
from latebloom.worlds.chains.own import FactsConfig

LOOPED = ModelConfig(d_model=64, n_layers=1, n_loops=2, window=2)
PLAIN = ModelConfig(d_model=64, n_layers=2, n_loops=1, feedback="none", positions="learned")
WORLD = CompositionConfig(entities=30, relations=8, out_degree=6, ood_frac=0.2, phi=3)


@pytest.mark.parametrize(
    "model",
    [
        LOOPED,
        replace(LOOPED, activation="relu", tied=False),
        PLAIN,
        replace(PLAIN, positions="relative", n_heads=2),
        replace(PLAIN, n_layers=5, activation="relu"),
    ],
)
def test_every_question_is_answered(model):
    world = build_world(WORLD, 3)
    shape = shape_for(model, world)
    scores = score(construct_model(shape, world, 3), world)
    assert {split: one.accuracy for split, one in scores.items()} == dict.fromkeys(scores, 1.0)


@pytest.mark.parametrize("model", [replace(LOOPED, n_loops=3), replace(PLAIN, n_layers=3)])
def test_chains_of_three_hops_are_followed(model):
    world = build_world(replace(WORLD, hops=3), 4)
    scores = score(construct_model(shape_for(model, world), world), world)
    assert all(one.accuracy == 1 for one in scores.values())


def test_two_facts_by_hand():
    # Ann's boss is Bob, and Bob's town is Rome: the town of Ann's boss is Rome.
    rows = [("ann", "boss", "bob"), ("bob", "town", "rome"), ("ann", "town", "oslo")]
    world = latebloom.world_of_facts(rows, config=FactsConfig(ood_frac=0.0))
    model = construct_model(shape_for(LOOPED, world), world)
    asked = torch.tensor([world.read(["ann", "boss", "town"]), world.read(["ann", "boss", "boss"])])
    found = model(asked).logits[-1, :, -1].argmax(-1).tolist()
    assert world.vocabulary.words[found[0]] == "rome"
    # And what a token predicts in the first loop is its own fact alone.
    first = model(asked).logits[0, 0, 1].argmax().item()
    assert world.vocabulary.words[first] == "bob"


def test_a_looped_model_holds_more_facts_than_it_has_units():
    world = build_world(CompositionConfig(), 5)
    shape = latebloom.make_recipe("composition").model
    assert shape.d_mlp * 3 < len(world.facts) and shape_for(shape, world) == shape
    scores = score(construct_model(shape, world, 5), world, probe=500)
    assert all(one.accuracy == 1 for one in scores.values())


def test_facts_too_many_for_the_units_are_lost_and_the_shape_says_what_is_needed():
    world = build_world(CompositionConfig(), 5)
    narrow = replace(LOOPED, mlp_ratio=1)
    assert score(construct_model(narrow, world), world, probe=500)["test_ood"].accuracy < 0.5
    assert shape_for(narrow, world).d_mlp >= len(world.facts) / 5
    assert shape_for(narrow, world, widen=False) == narrow


def test_the_seed_decides_the_weights():
    world = build_world(WORLD, 3)
    one, same, other = (construct_model(LOOPED, world, seed).embed.weight for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (replace(LOOPED, window=0), "window 2"),
        (replace(PLAIN, n_layers=1), "n-layers 2"),
        (replace(PLAIN, positions="rotary"), "learned or relative"),
        (replace(LOOPED, positions="rotary"), "relative"),
        (replace(LOOPED, norm="post"), "norm pre"),
        (replace(PLAIN, d_model=16), "larger --model.d-model"),
    ],
)
def test_a_model_without_the_shape_is_refused(model, says):
    with pytest.raises(LatebloomError, match=says):
        construct_model(model, build_world(WORLD, 3))


@pytest.mark.parametrize("changed", [{"order": "relation-first"}, {"fillers": True}])
def test_other_layouts_are_refused(changed):
    with pytest.raises(LatebloomError, match="subject-first"):
        shape_for(LOOPED, build_world(replace(WORLD, **changed), 3))


def test_codes_are_unit_vectors_of_mean_zero():
    rng = np.random.default_rng(0)
    few, many = directions(5, 9, rng), directions(40, 9, rng)
    for one in (few, many):
        assert np.allclose(np.linalg.norm(one, axis=1), 1) and np.allclose(one.mean(1), 0)
    assert np.allclose(few @ few.T, np.eye(5)) and coherence(few) < 1e-6 < coherence(many) < 1
    stream = Stream.shared_out(64, relations=20, positions=3, apart=True)
    columns = [stream.entity, stream.relation, stream.position, stream.copied]
    assert [c.start for c in columns[1:]] == [c.stop for c in columns[:-1]]
    assert columns[-1].stop <= 64


def test_units_go_by_the_facts_of_a_relation():
    assert units_for(np.array([10, 30, 1]), 44).tolist() == [11, 31, 2]
    assert units_for(np.array([1000, 1]), 12).sum() == 12
    with pytest.raises(LatebloomError, match="fewer than the 3 relations"):
        units_for(np.array([1, 1, 1]), 2)
