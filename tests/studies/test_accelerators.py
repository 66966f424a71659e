"""Accelerators compared: the test by hand, and a tiny comparison from end to end."""

import json
from dataclasses import replace

import pytest

from latebloom.cli.accelerators import HEAD, row_of
from latebloom.errors import LatebloomError
from latebloom.studies import accelerators
from latebloom.studies.accelerators import CONTENDERS, Contender, compare, rank_sum
from latebloom.worlds.classic.table import ModularConfig

NEVER = float("inf")


def test_the_rank_sum_test_by_hand():
    # of the 6 ways to choose 2 of 4 ranks, 1 has a sum of at most 3, and all of at most 7
    assert rank_sum([1, 2], [3, 4]) == pytest.approx(1 / 6)
    assert rank_sum([3, 4], [1, 2]) == 1.0
    assert rank_sum([5, 5], [5, 5]) == 1.0
    # 1 and 3 have the ranks 1 and 3: {1, 2} and {1, 3} are as low
    assert rank_sum([1, 3], [2, 4]) == pytest.approx(2 / 6)


def test_a_run_that_never_grokked_comes_last():
    assert rank_sum([1, 2], [3, NEVER]) == pytest.approx(1 / 6)
    assert rank_sum([1, NEVER], [2, 3]) == pytest.approx(4 / 6)


def test_every_contender_has_the_same_number_of_tuning_runs():
    cells = [contender.cells() for contender in CONTENDERS]
    assert {len(some) for some in cells} == {6}
    names = [cell.name for some in cells for cell in some]
    assert len(set(names)) == len(names)
    assert all(cell.config.seed == cell.config.world_seed == 0 for some in cells for cell in some)
    assert not any(cell.config.train.idle() for some in cells for cell in some)


@pytest.fixture
def tiny(monkeypatch):
    """A world of 25 sums and 20 steps, in place of the study's."""
    config = accelerators.small()
    small = replace(
        config,
        world=ModularConfig(p=5, trained_frac=0.5),
        model=replace(config.model, d_model=8, n_heads=1),
        train=replace(config.train, steps=20, batch_size=12),
    )
    monkeypatch.setattr(accelerators, "small", lambda: small)
    return (
        Contender(name="adamw", rates=(1e-3,)),
        Contender(name="grokfast-ema", settings={"grokfast": "ema"}, rates=(1e-3,)),
    )


def test_a_comparison_from_end_to_end(tmp_path, tiny):
    told = []
    record = compare(
        tmp_path, seeds=2, contenders=tiny, on_record=lambda r: told.append(len(r["contenders"]))
    )
    assert told == [1, 2]
    assert json.loads((tmp_path / "accelerators.json").read_text()) == record
    baseline, other = record["contenders"]
    assert (baseline["times_faster"], baseline["p_faster"]) == (None, None)
    for row in (baseline, other):
        assert row["seeds"] == [100, 101]
        assert row["grokked"] == sum(step is not None for step in row["sustained"]) < 2
        assert row["median_step"] is None
        assert row["tuning_runs"] == 2
        assert len(row_of(row)) == len(HEAD)
    assert other["p_faster"] == 1.0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}
    assert len(before) == 8
    again = compare(tmp_path, seeds=2, contenders=tiny)
    assert again["contenders"] == record["contenders"]
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("model.safetensors")}


def test_the_command_refuses_what_has_no_effect():
    from latebloom.cli.reproduce import reproduce

    with pytest.raises(LatebloomError, match="--first and --device have no effect"):
        reproduce("accelerators", first=3)
