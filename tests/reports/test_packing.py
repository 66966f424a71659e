"""What the page holds of a run: weights, the checkpoints that are chosen, names and facts."""

import base64
from pathlib import Path

import numpy as np
import pytest
from lab_node import rounded

from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.reports import laboratory as rooms
from latebloom.reports.laboratory import Laboratory, describe_world, make_laboratory
from latebloom.reports.packing import (
    MOST_CHARACTERS,
    TooLargeError,
    characters,
    how_many,
    pack_weights,
    pack_whole,
    telling,
)

OLD_RUNS = Path(__file__).parents[1] / "old_runs"


def test_halves_are_the_weights_rounded():
    weights = [np.array([1.0, -2.5, 65504.0], np.float32), np.array([1 / 3, 1e-7], np.float32)]
    packed = pack_weights(weights)
    assert len(packed) == characters(5) == 16
    read = np.frombuffer(base64.b64decode(packed), "<f2").astype(float)
    assert read[:3].tolist() == [1.0, -2.5, 65504.0]
    assert abs(read[3] - 1 / 3) < 2**-12 / 3 * 2
    assert abs(read[4] - 1e-7) < 2**-25


@pytest.mark.parametrize("bad", [1e5, np.inf, np.nan])
def test_what_sixteen_bits_cannot_hold_is_refused(bad):
    with pytest.raises(TooLargeError, match="sixteen bits"):
        pack_weights([np.array([1.0, bad], np.float32)])


def test_all_checkpoints_together_have_room():
    for parameters in (1, 213_904, 1_000_000, 2_249_999):
        assert how_many(parameters) * characters(parameters) <= MOST_CHARACTERS
    assert how_many(213_904) == 10
    assert how_many(2_249_999) == 1
    assert how_many(2_250_003) == 0
    assert how_many(10) == 24


def test_whole_numbers_take_as_few_bytes_as_hold_them():
    assert pack_whole(np.array([[1, 65535]])) == {"width": 2, "base64": "AQD//w=="}
    assert pack_whole(np.array([65536])) == {"width": 4, "base64": "AAABAA=="}
    assert pack_whole(np.empty((0, 4), np.int64)) == {"width": 2, "base64": ""}


def test_the_checkpoints_that_tell_most():
    steps = list(range(0, 101, 10))
    curves = {step: {"test_ood": float(step >= 60), "test_id": float(step >= 30)} for step in steps}
    assert telling(steps, curves, 1) == [100]
    # One of each plateau, before anything else.
    three = telling(steps, curves, 3)
    assert three[-1] == 100
    assert sorted({(s >= 30, s >= 60) for s in three}) == [(0, 0), (1, 0), (1, 1)]
    assert telling(steps, curves, 99) == steps
    assert telling([], curves, 3) == [] == telling(steps, curves, 0)


def test_a_checkpoint_is_told_by_the_evaluation_before_it():
    curves = {10: {"a": 0.0}, 20: {"a": 1.0}, 30: {"a": float("nan")}}
    assert telling([5, 12, 29, 35], curves, 2) == [29, 35]


def test_a_run_is_packed_whole(tmp_path):
    found = make_laboratory(OLD_RUNS / "composition", [{"step": 15, "accuracy": {}}])
    assert isinstance(found, Laboratory)
    assert [c["step"] for c in found.data["checkpoints"]] == [15, 30]
    assert {len(w) for w in found.weights} == {characters(found.data["parameters"])}
    assert sum(size for _, size in found.data["tensors"]) == found.data["parameters"]


def test_without_an_evaluation_the_checkpoints_are_there_all_the_same():
    assert telling([5, 12], {}, 2) == [5, 12]
    assert telling([5, 12], {}, 1) == [12]
    assert isinstance(make_laboratory(OLD_RUNS / "question", []), Laboratory)


def test_why_there_is_none(monkeypatch, tmp_path):
    why = make_laboratory(tmp_path, [])
    assert why == f"{tmp_path.name} is no run folder (no config.toml)"
    monkeypatch.setattr(rooms, "how_many", lambda parameters: 0)
    why = make_laboratory(OLD_RUNS / "composition", [])
    assert "would take more than the 6 MB" in why
    monkeypatch.setattr(rooms, "load_model", lambda *_: (_ for _ in ()).throw(LatebloomError("no")))
    assert make_laboratory(OLD_RUNS / "composition", []).startswith("its ")


def test_a_large_split_and_many_facts_are_cut(monkeypatch, small_world):
    model = rounded(ModelConfig(d_model=16, n_layers=1, n_heads=2, window=2), 16)
    whole = describe_world(small_world, model)
    assert all(split["whole"] for split in whole["splits"])
    assert whole["derives"] == "chain"
    monkeypatch.setattr(rooms, "MOST_ROWS", 5)
    monkeypatch.setattr(rooms, "SOME_ROWS", 2)
    monkeypatch.setattr(rooms, "MOST_FACTS", 5)
    cut = describe_world(small_world, model)
    for split, all_of_it in zip(cut["splits"], whole["splits"], strict=True):
        assert split["whole"] is (len(small_world.examples(split["name"])) <= 5)
        assert all_of_it["rows"]["base64"].startswith(split["rows"]["base64"].rstrip("="))
    assert cut["derives"] == cut["facts"]["base64"] == ""
