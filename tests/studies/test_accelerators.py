"""Accelerators compared: the test by hand, and a tiny comparison from end to end."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.accelerators import page, with_rows_of
from latebloom.cli.accelerators import HEAD, row_of
from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import FRESH
from latebloom.studies.accelerators import (
    CONTENDERS,
    Contender,
    compare,
    find_contenders,
    rank_sum,
)
from latebloom.studies.grounds import GROUNDS, USUAL, find_ground
from latebloom.worlds.build import build_world
from latebloom.worlds.classic.table import ModularConfig

NEVER = float("inf")


def test_the_rank_sum_test_by_hand():
    # of the 6 ways to choose 2 of 4 ranks, 1 has a sum of at most 3, and all of at most 7
    assert rank_sum([1, 2], [3, 4]) == pytest.approx(1 / 6)
    assert rank_sum([3, 4], [1, 2]) == 1.0
    assert rank_sum([5, 5], [5, 5]) == 1.0
    # 1 and 3 have the ranks 1 and 3: {1, 2} and {1, 3} are as low
    assert rank_sum([1, 3], [2, 4]) == pytest.approx(2 / 6)
    # as many as nobody could list: the first of 30 choose 15
    assert rank_sum(range(15), range(15, 30)) == pytest.approx(1 / math.comb(30, 15))


def test_a_run_that_never_grokked_comes_last():
    assert rank_sum([1, 2], [3, NEVER]) == pytest.approx(1 / 6)
    assert rank_sum([1, NEVER], [2, 3]) == pytest.approx(4 / 6)


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
def test_every_contender_has_the_same_number_of_tuning_runs_on_every_ground(ground):
    cells = [contender.cells(ground) for contender in CONTENDERS]
    assert {len(some) for some in cells} == {len(ground.rates["lr"]) * len(ground.decays)}
    # The usual ground, on which baselines are easily tuned too little, has the widest grid.
    assert len(cells[0]) == (12 if ground.name == "modular" else 6)
    names = [cell.name for some in cells for cell in some]
    assert len(set(names)) == len(names)
    configs = [cell.config for some in cells for cell in some]
    assert {(config.seed, config.world_seed) for config in configs} == {(0, 0)}
    # Nothing is set that has no effect, and no two runs are the same; but where the grid of decays
    # is wide, three times one of them is another of them.
    assert not any(config.train.idle() for config in configs)
    for some in cells:
        assert len({cell.config.to_toml() for cell in some}) == len(some)
    shared = len(configs) - len({config.to_toml() for config in configs})
    assert shared == (len(ground.rates["lr"]) if ground.name == "modular" else 0)
    # A rate that falls would make the steps depend on how many there are.
    assert {config.train.schedule for config in configs} == {"constant"}
    assert {config.train.until for config in configs} == {f"{ground.split}>={ground.level:g}"}


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
def test_every_ground_can_be_made_and_has_the_split_by_which_steps_are_told(ground):
    config = ground.config()
    # Whoever sweeps another rate has one of AdamW's grid for the rest.
    rates = ground.rates["lr"]
    assert min(rates) <= config.train.lr <= max(rates)
    assert ground.folder == Path("runs") / f"reproduce-{config.recipe}"
    world = build_world(config.world, FRESH, lambda _: None)
    assert len(world.splits[ground.split]) >= 30
    assert len({one.folder for one in GROUNDS.values()}) == len(GROUNDS)


def test_decays_are_multiplied_and_rates_are_those_of_the_ground():
    ground = GROUNDS["bloom-looped"]
    larger = Contender(name="more", decays=3.0).cells(ground)
    assert [cell.values["weight_decay"] for cell in larger[:2]] == pytest.approx([0.9, 3.0])
    assert {cell.values["lr"] for cell in larger} == set(ground.rates["lr"])
    muon = find_contenders(["muon"])[1].cells(ground)
    assert {cell.config.train.muon_lr for cell in muon} == set(ground.rates["muon_lr"])
    assert {cell.config.train.lr for cell in muon} == {ground.common().train.lr}


def test_the_baseline_is_always_among_them():
    assert [one.name for one in find_contenders(["muon"])] == ["adamw", "muon"]
    assert find_contenders([]) == list(CONTENDERS)
    with pytest.raises(LatebloomError, match="no contender 'mouon'; there are adamw, muon"):
        find_contenders(["mouon"])
    with pytest.raises(LatebloomError, match=r"--world blom: .* nearest: bloom"):
        find_ground("blom")


@pytest.fixture
def tiny():
    """A ground of 25 sums and 20 steps."""

    def common():
        config = GROUNDS["modular"].common()
        return replace(
            config,
            recipe="tiny-ground",
            world=ModularConfig(p=5, trained_frac=0.5),
            model=replace(config.model, d_model=8, n_heads=1),
            train=replace(config.train, steps=20, batch_size=12),
        )

    usual = GROUNDS["modular"]
    return replace(usual, name="tiny", common=common, rates={"lr": (1e-3,)}, decays=(0.3, 1.0))


def test_rows_that_were_measured_before_stay(tiny):
    def row(name, step):
        return {"name": name, "median_step": step}

    config = tiny.config().to_toml()
    before = {"config": config, "contenders": [row("adamw", 5), row("stablemax", 7)]}
    record = {"config": config, "contenders": [row("adamw", 6), row("muon", 3)], "not_grown": []}
    whole = with_rows_of(before, record)
    assert whole["contenders"] == [row("adamw", 6), row("muon", 3), row("stablemax", 7)]
    assert "muon" not in whole["not_grown"] and "orthogonal" in whole["not_grown"]
    assert with_rows_of(before | {"config": "another"}, record) == record


PAIR = find_contenders(["grokfast-ema"])


def test_a_comparison_from_end_to_end(tmp_path, tiny):
    told = []
    record = compare(
        tmp_path,
        ground=tiny,
        seeds=2,
        contenders=PAIR,
        on_record=lambda r: told.append(len(r["contenders"])),
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
    assert (record["world"], record["split"], record["level"]) == ("tiny", "valid_id", 0.99)
    made = {"commit": "a" * 40, "date": "2026-01-01", "machine": {"processor": "x", "cores": 2}}
    written = page(record, made)
    assert written.startswith("# Accelerators on `tiny`")
    assert written.count("| never (never, never) |") == 2
    assert "Not grown: `muon`, `row-norm`, `orthogonal`" in written
    with pytest.raises(LatebloomError, match="--seeds is 0"):
        compare(tmp_path, ground=tiny, seeds=0)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}
    assert len(before) == 8
    again = compare(tmp_path, ground=tiny, seeds=2, contenders=PAIR)
    assert again["contenders"] == record["contenders"]
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("model.safetensors")}


def test_the_command_refuses_what_has_no_effect():
    from latebloom.cli.reproduce import USUAL_GROUND, reproduce

    with pytest.raises(LatebloomError, match="--first and --device have no effect"):
        reproduce("accelerators", first=3)
    with pytest.raises(LatebloomError, match="--first and --device have no effect"):
        reproduce("accelerators", device="cpu")
    with pytest.raises(LatebloomError, match=r"--size has no .* is --world modular-published"):
        reproduce("accelerators", size="paper")
    with pytest.raises(LatebloomError, match="--world bloom has no effect on phi"):
        reproduce("phi", ground="bloom")
    with pytest.raises(LatebloomError, match="--world blom: there is no such world"):
        reproduce("accelerators", ground="blom")
    assert USUAL.name == USUAL_GROUND


def test_a_preview_lists_the_tuning_runs_and_what_they_take(latebloom, tmp_path):
    told = ("reproduce", "accelerators", "--world", "bloom-looped", "--out", str(tmp_path / "x"))
    code, printed, _ = latebloom(*told, "--dry-run")
    assert code == 0 and not (tmp_path / "x").exists()
    assert f"{6 * len(CONTENDERS)} runs" in printed.replace(",", "")
    assert printed.count("absent") == 6 * len(CONTENDERS) and "at most" in printed
