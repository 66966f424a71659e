"""Examining one model: the record is complete, whatever the task."""

import json

import pytest
import torch

from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import ExaminationConfig
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return make_composition(CompositionConfig(entities=30, relations=6, out_degree=4, phi=1), 0)


def model_of(step: int, world: World) -> Transformer:
    torch.manual_seed(step)
    return Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary)).eval()


def test_the_record_is_json_and_complete(world: World) -> None:
    config = ExaminationConfig(examples=20, noise=True)
    found = CircuitInstrument.of_world(world, config).examine(model_of(0, world))
    record = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert record["n"] == 20
    assert record["verdict"]["words"] == found.verdict.words()
    assert set(record["lens"]["bridge 1"]) == {"reciprocal_rank", "mean_rank", "probability"}
    assert record["noise"]["n"] == 20
    assert "step" not in record
    assert record["places"] == ["subject", "relation 1", "relation 2"]
    for name, effect in record["trace"].items():
        assert effect["n"] + effect["n_left_out"] == 20, name
        for low, strength, high in zip(
            *(torch.tensor(effect[k]).flatten() for k in ("low", "strength", "high")), strict=True
        ):
            assert low <= strength + 1e-9
            assert strength <= high + 1e-9
    failures = record["failures"][Split.TEST_OOD]
    assert sum(failures["failed_at"]) == failures["n"] - failures["right"]


def test_comparisons_are_examined_without_bridges() -> None:
    world = make_comparison(ComparisonConfig(entities=20, attributes=3, values=5, phi=2), 0)
    instrument = CircuitInstrument.of_world(world, ExaminationConfig(examples=30))
    record = instrument.examine(model_of(0, world))
    assert list(record.trace) == ["attribute", "first entity", "second entity"]
    assert [step.name for step in record.verdict.steps] == ["first value", "second value"]
    assert record.progress.geometry == {}
    assert record.failures == {}
    assert record.leading_effect is record.trace["first entity"]


def test_chains_of_three_hops_have_two_bridges() -> None:
    config = CompositionConfig(entities=30, relations=6, out_degree=4, phi=1, hops=3)
    world = make_composition(config, 0)
    split = "train_hops_3"
    instrument = CircuitInstrument.of_world(world, ExaminationConfig(examples=20, split=split))
    record = instrument.examine(model_of(0, world))
    assert [step.name for step in record.verdict.steps] == ["bridge 1", "bridge 2"]
    assert record.n_loops == 3
    assert len(record.trace) == 4


def test_no_examples_is_refused() -> None:
    with pytest.raises(LatebloomError, match=r"trace\.examples"):
        ExaminationConfig(examples=0)
