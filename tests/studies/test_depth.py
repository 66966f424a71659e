"""The series over depths: every run once, taken up where it stopped, and its correlations."""

import json
from pathlib import Path

import numpy as np
import pytest

from latebloom.errors import LatebloomError
from latebloom.reports.depth import interval, plot_depth
from latebloom.studies.depth import DepthConfig, foretold, rank_correlation, sweep_depth
from latebloom.training.listener import Silence

SERIES = DepthConfig(
    recipes=("question",),
    depths=(1, 2),
    seeds=2,
    sentences=5,
    world={"train": "40", "test-id": "10", "test-ood": "10"},
    model={"d-model": "16", "n-heads": "2"},
    train={"steps": "8", "batch-size": "8", "eval-every": "2", "checkpoint-every": "4"},
)


class Stop(Silence):
    """Dies in the second run."""

    def __init__(self):
        self.runs = 0

    def start(self, total_steps, first_step, title):
        self.runs += 1

    def step(self, step, loss, steps_per_second):
        if self.runs == 2 and step == 5:
            raise KeyboardInterrupt


class Count(Silence):
    """Counts the runs that are trained, with the step that each begins after."""

    def __init__(self):
        self.begun = []

    def start(self, total_steps, first_step, title):
        self.begun.append(first_step)


def bytes_of(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.rglob("model.safetensors"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_series_that_was_stopped_equals_one_that_was_not(tmp_path):
    whole = sweep_depth(SERIES, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        sweep_depth(SERIES, tmp_path / "halted", listener=Stop())
    assert len(json.loads((tmp_path / "halted" / "depth.json").read_text())["runs"]) == 1
    count = Count()
    again = sweep_depth(SERIES, tmp_path / "halted", listener=count)
    assert count.begun == [4, 0, 0]
    assert bytes_of(tmp_path / "halted") == bytes_of(tmp_path / "whole")
    for series in (whole, again):
        for row in series["runs"]:
            row.pop("seconds")
    assert again == whole
    assert [(row["seed"], row["depth"]) for row in whole["runs"]] == [
        (0, 1),
        (0, 2),
        (1, 1),
        (1, 2),
    ]
    assert {row["early_step"] for row in whole["runs"]} == {2}
    assert len(plot_depth(whole).axes) == 2


def test_another_series_in_the_same_place_is_refused(tmp_path):
    few = DepthConfig(recipes=("question",), depths=(1,), seeds=1, sentences=5, **fields("8"))
    sweep_depth(few, tmp_path)
    other = DepthConfig(recipes=("question",), depths=(1,), seeds=1, sentences=5, **fields("9"))
    with pytest.raises(LatebloomError, match="another config"):
        sweep_depth(other, tmp_path)


def fields(steps: str) -> dict[str, dict[str, str]]:
    return {
        "world": dict(SERIES.world),
        "model": dict(SERIES.model),
        "train": {**SERIES.train, "steps": steps},
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"recipes": ("composition",)}, "not on sentences"),
        ({"recipes": ("sonnets",)}, "no recipe"),
        ({"depths": (0,)}, "depths from 1"),
        ({"early_frac": 1.0}, "--early-frac"),
    ],
)
def test_what_cannot_be_swept_is_told(changed, said):
    with pytest.raises(LatebloomError, match=said):
        DepthConfig(**changed).runs()


def test_rank_correlation_by_hand():
    assert rank_correlation([1, 2, 9], [0.1, 0.5, 0.6]) == pytest.approx(1)
    assert rank_correlation([3, 2, 1], [0.1, 0.5, 0.6]) == pytest.approx(-1)
    # Ranks 1.5, 1.5, 3 against 1, 2, 3: 1.5 / sqrt(1.5 * 2).
    assert rank_correlation([4, 4, 7], [0.1, 0.2, 0.3]) == pytest.approx(1.5 / 3**0.5)
    assert rank_correlation([4, 4, 4], [0.1, 0.2, 0.3]) is None
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, None, 3], [1, 2, 3]) is None


def test_what_foretells_is_told_by_recipe():
    early = dict.fromkeys(("test_id", "test_ood", "loss", "f1", "entropy", "weight_norm"), 0.5)
    rows = [
        {"recipe": recipe, "early": early | {"t_score": t}, "final": {"test_ood": sign * t}}
        for recipe, sign in (("question", 1), ("tense", -1))
        for t in (0.1, 0.4, 0.2)
    ]
    found = foretold(rows)
    assert found["question"]["t_score"] == pytest.approx(1)
    assert found["tense"]["t_score"] == pytest.approx(-1)
    assert found["tense"]["loss"] is None


def test_an_interval_holds_the_mean():
    low, high = interval(np.array([0.2, 0.4, 0.9]))
    assert 0.2 <= low < 0.5 < high <= 0.9
    assert interval(np.array([0.3])) == (0.3, 0.3)
