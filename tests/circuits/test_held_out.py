"""Beside the traced questions stand like ones that training never showed."""

from dataclasses import replace

import pytest

from latebloom.circuits.held_out import Unseen
from latebloom.circuits.probe import make_probe
from latebloom.evaluation.accuracy import score_splits
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


@pytest.fixture(scope="module")
def world() -> World:
    config = CompositionConfig(
        entities=30, relations=6, out_degree=4, phi=1, test_id_frac=0.2, hops=3
    )
    return make_composition(config, 0)


def beside(world: World, split: str) -> Unseen | None:
    return Unseen.beside(world, make_probe(world, split, n=20))


def test_the_validation_split_comes_before_the_test_split(world: World) -> None:
    unseen = beside(world, Split.TRAIN_INFERRED)
    assert unseen is not None
    assert unseen.split == Split.TEST_ID
    assert (unseen.rows == world.examples(Split.TEST_ID)).all()
    valid = world.examples(Split.TEST_ID)[:7]
    with_valid = replace(world, splits={**world.splits, "valid_id": valid})
    unseen = beside(with_valid, Split.TRAIN_INFERRED)
    assert unseen is not None
    assert (unseen.split, len(unseen.rows)) == ("valid_id", 7)


def test_the_held_out_questions_are_as_long_as_the_traced_ones(world: World) -> None:
    three = world.examples("train_hops_3")
    shorter = {n: rows for n, rows in world.splits.items() if n not in ("test_hops_3",)}
    assert beside(replace(world, splits=shorter), "train_hops_3") is None
    for name in ("valid_hops_3", "test_hops_3"):
        shorter = {name: three[:5], **{n: r for n, r in shorter.items() if n != "valid_hops_3"}}
        unseen = beside(replace(world, splits=shorter), "train_hops_3")
        assert unseen is not None
        assert unseen.split == name
    longer = {**world.splits, "valid_id": three}
    unseen = beside(replace(world, splits=longer), Split.TRAIN_INFERRED)
    assert unseen is not None
    assert unseen.split == Split.TEST_ID


def test_a_world_that_holds_nothing_out_has_none(world: World) -> None:
    none = {**world.splits, Split.TEST_ID: world.examples(Split.TEST_ID)[:0]}
    assert beside(replace(world, splits=none), Split.TRAIN_INFERRED) is None


def test_a_held_out_split_stands_for_itself(world: World) -> None:
    probe = make_probe(world, Split.TEST_OOD, n=5)
    unseen = Unseen.beside(world, probe)
    assert unseen is not None
    assert unseen.split == Split.TEST_OOD
    assert (unseen.rows[:, :-1] == probe.questions).all()
    assert (unseen.rows[:, -1] == probe.answers).all()


def test_the_score_is_that_of_an_evaluation(world: World) -> None:
    unseen = beside(world, Split.TRAIN_INFERRED)
    assert unseen is not None
    model = Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary)).eval()
    assert unseen.score(model).score == score_splits(model, world)[Split.TEST_ID]
