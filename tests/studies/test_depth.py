"""The series over depths: every run once, taken up where it stopped, and its correlations."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from latebloom.errors import LatebloomError, TrainingError
from latebloom.reports.depth import plot_depth
from latebloom.studies.correlation import correlation, less_mean, ranks
from latebloom.studies.depth import RECORD, DepthConfig, early_step, foretold, sweep_depth
from latebloom.studies.grow import grow
from latebloom.training.config import TrainConfig
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

    def start(self, total_steps, first_step, title, judged=()):
        self.runs += 1

    def step(self, step, loss, steps_per_second):
        if self.runs == 2 and step == 5:
            raise KeyboardInterrupt


class Count(Silence):
    """Counts the runs that are trained, with the step that each begins after."""

    def __init__(self):
        self.begun = []

    def start(self, total_steps, first_step, title, judged=()):
        self.begun.append(first_step)


def bytes_of(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.rglob("model.safetensors"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_series_that_was_stopped_equals_one_that_was_not(tmp_path):
    whole = sweep_depth(SERIES, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        sweep_depth(SERIES, tmp_path / "halted", listener=Stop())
    assert len(json.loads((tmp_path / "halted" / RECORD).read_text())["runs"]) == 1
    count = Count()
    again = sweep_depth(SERIES, tmp_path / "halted", listener=count)
    assert count.begun == [4, 0, 0]
    assert bytes_of(tmp_path / "halted") == bytes_of(tmp_path / "whole")
    for series in (whole, again):
        for row in series["runs"]:
            row.pop("seconds")
    assert again == whole
    assert [(row["depth"], row["seed"]) for row in whole["runs"]] == [
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
    ]
    assert {row["early_step"] for row in whole["runs"]} == {2}
    assert len(plot_depth(whole).axes) == 2


def test_another_series_in_the_same_place_is_refused(tmp_path):
    few = DepthConfig(recipes=("question",), depths=(1,), seeds=1, sentences=5, **fields("8"))
    sweep_depth(few, tmp_path)
    other = DepthConfig(recipes=("question",), depths=(1,), seeds=1, sentences=5, **fields("9"))
    with pytest.raises(LatebloomError, match="another config"):
        sweep_depth(other, tmp_path)


def test_the_runs_are_named_as_ever_and_a_seed_is_that_of_the_world_too():
    cells = DepthConfig(recipes=("question", "tense"), depths=(2, 4), seeds=2).cells()
    names = [cell.name for cell in cells]
    assert names[:4] == [f"{r}-depth{d}-seed0" for r in ("question", "tense") for d in (2, 4)]
    assert names[4:] == [name.replace("seed0", "seed1") for name in names[:4]]
    assert [cell.config.world_seed for cell in cells] == [0] * 4 + [1] * 4
    assert [cell.config.model.n_layers for cell in cells] == [2, 4] * 4


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
        ({"early_frac": 1.0}, "early_frac"),
        ({"depths": (2, 2)}, "--depths names one twice"),
        ({"train": {"keep": "1"}}, "--train.keep"),
        ({"train": {"steps": "10"}}, "no checkpoint is saved near step 2.5 of 10"),
    ],
)
def test_what_cannot_be_swept_is_told(changed, said):
    with pytest.raises(LatebloomError, match=said):
        DepthConfig(**changed).cells()


def test_runs_of_other_depths_stay_in_the_series_and_those_of_other_settings_do_not(tmp_path):
    sweep_depth(replace(SERIES, seeds=1), tmp_path)
    other = replace(SERIES, depths=(3,), seeds=1)
    series = sweep_depth(other, tmp_path)
    assert [row["depth"] for row in series["runs"]] == [1, 2, 3]
    assert json.loads((tmp_path / RECORD).read_text())["runs"] == series["runs"]
    changed = replace(other, depths=(4,), train={**SERIES.train, "lr": "0.001"})
    assert [row["depth"] for row in sweep_depth(changed, tmp_path)["runs"]] == [4]


def test_a_run_that_breaks_off_does_not_end_the_series(tmp_path, monkeypatch):
    def breaks(config, *rest, **more):
        if config.model.n_layers == 1:
            raise TrainingError("not finite")
        return grow(config, *rest, **more)

    monkeypatch.setattr("latebloom.studies.cells.grow", breaks)
    told = []
    series = sweep_depth(replace(SERIES, seeds=1), tmp_path, on_series=told.append)
    assert [len(part["runs"]) for part in told] == [0, 1]
    assert series["failed"] == [{"run": "question-depth1-seed0", "reason": "not finite"}]
    assert [row["depth"] for row in series["runs"]] == [2]


def test_the_early_step_has_a_checkpoint_near_it():
    # Checkpoints at every 4 steps up to 40, then at every 10 up to 120.
    train = TrainConfig(steps=100, checkpoint_every=20)
    assert early_step(train, 0.25) == 24
    assert early_step(train, 0.48) == 50
    with pytest.raises(LatebloomError, match=r"--train\.checkpoint-every 2"):
        early_step(TrainConfig(steps=10, checkpoint_every=1000), 0.25)


def test_ranks_and_their_correlation_by_hand():
    def rho(x, y):
        return correlation(ranks(np.array(x, float)), ranks(np.array(y, float)))

    assert rho([1, 2, 9], [0.1, 0.5, 0.6]) == pytest.approx(1)
    assert rho([3, 2, 1], [0.1, 0.5, 0.6]) == pytest.approx(-1)
    # Ranks 1.5, 1.5, 3 against 1, 2, 3: 1.5 / sqrt(1.5 * 2).
    assert rho([4, 4, 7], [0.1, 0.2, 0.3]) == pytest.approx(1.5 / 3**0.5)
    assert rho([4, 4, 4], [0.1, 0.2, 0.3]) is None
    assert less_mean(np.array([1.0, 5, 3]), np.array([2, 4, 2])).tolist() == [-1, 0, 1]


def rows_of(recipe, told):
    """Rows of (depth, t_score, final accuracy)."""
    early = dict.fromkeys(("test_id", "test_ood", "loss", "f1", "entropy", "weight_norm"), 0.5)
    return [
        {
            "recipe": recipe,
            "depth": depth,
            "early": early | {"t_score": t},
            "final": {"test_ood": reached},
        }
        for depth, t, reached in told
    ]


def test_what_foretells_is_told_by_recipe():
    t = (0.1, 0.4, 0.2)
    found = foretold(
        rows_of("question", [(2, x, x) for x in t]) + rows_of("tense", [(2, x, -x) for x in t])
    )
    assert found["question"]["t_score"]["rho"] == pytest.approx(1)
    assert found["question"]["t_score"]["within"] == pytest.approx(1)
    assert found["tense"]["t_score"]["rho"] == pytest.approx(-1)
    assert found["tense"]["t_score"]["n"] == 3
    assert found["tense"]["loss"] is None
    assert foretold(rows_of("tense", [(2, 1, 1), (2, 2, 2)]))["tense"]["t_score"] is None


def test_a_measure_that_only_tells_the_depth_foretells_nothing_within_it():
    rows = rows_of("question", [(2, 1, 0.1), (2, 1, 0.2), (4, 2, 0.8), (4, 2, 0.9)])
    told = foretold(rows)["question"]["t_score"]
    assert told["rho"] > 0.8
    assert told["within"] is None
    # Upside down within each depth, though right between them.
    rows = rows_of("question", [(2, 2, 0.1), (2, 1, 0.2), (4, 4, 0.8), (4, 3, 0.9)])
    told = foretold(rows)["question"]["t_score"]
    assert told["rho"] > 0.5
    assert told["within"] == pytest.approx(-1)
