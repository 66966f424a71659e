"""Examining a training: resumable, the same bytes again, honest about what it lacks."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from latebloom.circuits.examination import ExaminationConfig, Subject, examine, examine_training
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


def test_finished_checkpoints_are_passed_over(world: World, tmp_path: Path) -> None:
    subject = Subject.of_world(world, ExaminationConfig(examples=20))
    loaded: list[int] = []

    def loader(step: int) -> Callable[[], Transformer]:
        def load() -> Transformer:
            loaded.append(step)
            return model_of(step, world)

        return load

    first = list(examine_training([(0, loader(0))], subject, tmp_path))
    before = (tmp_path / "step_0000000.json").read_bytes()
    told: list[tuple[int, bool]] = []
    both = [(0, loader(0)), (50, loader(50))]
    second = list(
        examine_training(both, subject, tmp_path, on_step=lambda *step: told.append(step))
    )
    assert loaded == [0, 50]
    assert told == [(0, True), (50, False)]
    assert second[0] == json.loads(json.dumps(first[0]))
    assert [record["step"] for record in second] == [0, 50]
    assert (tmp_path / "step_0000000.json").read_bytes() == before


def test_cut_short_and_differently_made_records_are_made_again(
    world: World, tmp_path: Path
) -> None:
    def steps() -> list[tuple[int, Callable[[], Transformer]]]:
        return [(0, lambda: model_of(0, world))]

    subject = Subject.of_world(world, ExaminationConfig(examples=20))
    list(examine_training(steps(), subject, tmp_path))
    path = tmp_path / "step_0000000.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    list(examine_training(steps(), subject, tmp_path))
    assert path.read_bytes() == whole
    fewer = Subject.of_world(world, ExaminationConfig(examples=10))
    (record,) = examine_training(steps(), fewer, tmp_path)
    assert record["n"] == 10


def test_the_record_is_json_and_complete(world: World) -> None:
    config = ExaminationConfig(examples=20, noise=True)
    record = examine(model_of(0, world), Subject.of_world(world, config))
    assert json.loads(json.dumps(record, allow_nan=False))["n"] == 20
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
    record = examine(model_of(0, world), Subject.of_world(world, ExaminationConfig(examples=30)))
    assert list(record["trace"]) == ["attribute", "first entity", "second entity"]
    assert [step["name"] for step in record["verdict"]["steps"]] == ["first value", "second value"]
    assert record["progress"]["geometry"] == {}
    assert record["failures"] == {}


def test_chains_of_three_hops_have_two_bridges() -> None:
    config = CompositionConfig(entities=30, relations=6, out_degree=4, phi=1, hops=3)
    world = make_composition(config, 0)
    split = "train_hops_3"
    record = examine(
        model_of(0, world), Subject.of_world(world, ExaminationConfig(examples=20, split=split))
    )
    assert [step["name"] for step in record["verdict"]["steps"]] == ["bridge 1", "bridge 2"]
    assert record["n_loops"] == 3
    assert len(record["trace"]) == 4


def test_no_examples_is_refused() -> None:
    with pytest.raises(LatebloomError, match=r"trace\.examples"):
        ExaminationConfig(examples=0)
