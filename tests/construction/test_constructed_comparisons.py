"""Weights for comparisons: every pair is decided, by values that are looked up and a difference."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.construction.build import construct_model, construction_for, shape_for
from latebloom.construction.comparisons import Room
from latebloom.errors import LatebloomError
from latebloom.evaluation.scores import score
from latebloom.model.config import ModelConfig
from latebloom.worlds.build import build_world
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig
from latebloom.worlds.comparisons.made import ComparisonConfig

MODEL = ModelConfig(
    d_model=64, n_layers=1, n_loops=2, n_heads=2, feedback="replace", max_distance=1
)
SMALL = ComparisonConfig(entities=20, attributes=3, values=6, phi=3.0, ood_frac=0.2)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"activation": "relu", "tied": False},
        {"n_heads": 4, "max_distance": 3, "window": 3},
        {"n_loops": 4},
    ],
)
def test_every_comparison_is_decided(changed):
    world = build_world(SMALL, 3)
    model = replace(MODEL, **changed)
    scores = score(construct_model(shape_for(model, world), world, 3), world)
    assert {split: one.accuracy for split, one in scores.items()} == dict.fromkeys(scores, 1.0)


def test_all_pairs_by_hand_those_of_one_entity_with_itself_too():
    world = build_world(SMALL, 4)
    model = construct_model(shape_for(MODEL, world), world, 4)
    facts = world.facts
    attribute = int(facts.relation[0])
    of = {int(s): int(o) for s, r, o in facts.rows() if r == attribute}
    pairs = torch.tensor([(attribute, one, other) for one in of for other in of])
    less, equal, greater = world.task.labels(3)
    found = model(pairs).logits[-1, :, -1].argmax(-1).tolist()
    wanted = [
        less if of[a] < of[b] else greater if of[a] > of[b] else equal for _, a, b in pairs.tolist()
    ]
    assert found == wanted and set(wanted) == {less, equal, greater}
    # After the first loop each entity stands for its value.
    first = model(pairs).logits[0, :, 1:].argmax(-1).tolist()
    assert first == [[of[a], of[b]] for _, a, b in pairs.tolist()]


def test_a_fact_is_told_in_both_orders_of_its_names():
    world = build_world(SMALL, 5)
    model = construct_model(shape_for(MODEL, world), world)
    facts = world.facts
    names = np.stack((facts.subject, facts.relation), 1)
    for asked in (names, names[:, ::-1].copy()):
        found = model(torch.from_numpy(asked)).logits[-1, :, -1].argmax(-1).numpy()
        assert np.array_equal(found, facts.object)


def test_many_values_stay_one_step_apart():
    config = replace(SMALL, entities=60, values=400, attributes=8)
    world = build_world(config, 6)
    shape = shape_for(replace(MODEL, d_model=128, mlp_ratio=4), world)
    scores = score(construct_model(shape, world), world)
    assert all(one.accuracy == 1 for one in scores.values())


def test_the_code_of_a_value_has_one_length_and_an_order():
    world = build_world(SMALL, 3)
    room = Room.shared_out(64, world)
    kinds, codes = room.codes(world, np.random.default_rng(0))
    lengths = np.linalg.norm(codes + 0.5 * kinds, axis=1)
    assert np.allclose(lengths[room.labels[0] :], 8) and np.allclose(lengths, 8)
    assert np.allclose((codes + kinds).mean(1), 0)
    places = codes[room.values] @ room.axes(room.line)[0]
    assert (np.diff(places) > 0).all()


def test_what_cannot_be_constructed_is_refused():
    world = build_world(SMALL, 3)
    for changed, says in (
        ({"feedback": "restart"}, "feedback replace"),
        ({"positions": "rotary", "max_distance": 3}, "positions relative"),
        ({"window": 2}, "window 3"),
        ({"d_model": 24}, "larger --model.d-model"),
        ({"d_model": 64, "n_heads": 32}, "smaller --model.n-heads"),
    ):
        with pytest.raises(LatebloomError, match=says):
            shape_for(replace(MODEL, **changed), world)
    hidden = build_world(HiddenAttributesConfig(entities=40, attributes=2), 0)
    with pytest.raises(LatebloomError, match="told values"):
        construction_for(hidden)
