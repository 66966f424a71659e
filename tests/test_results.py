"""The figures that the pages quote: rules, tables, and what a claim leaves when a run fails."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.claims import CLAIMS, Claim
from benchmarks.record import CODE
from benchmarks.result_tables import how_sure, note_on_seeds, page, what_held, what_it_cost
from benchmarks.rules import AtEnd, AtMost, FarHops, Held, LateBloom
from latebloom.recipes.catalogue import FRESH

TINY = ("--world.entities", "12", "--world.relations", "4", "--world.out-degree", "4")
TINY += ("--world.ood-frac", "0.2", "--world.phi", "1", "--model.d-model", "16")
TINY += ("--train.steps", "4", "--train.eval-every", "2")


def claim(*options):
    return Claim(
        name="tiny",
        about="a tiny world",
        recipe="composition",
        options=(*TINY, *options),
        seeds=1,
        few="a test",
        rule=AtEnd({"test_id": 0.0}),
        shows=("test_id",),
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results")
    (tmp_path / "results").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(CODE))
    return tmp_path / "results"


def test_a_claim_leaves_what_it_measured_and_is_not_measured_again(here, tmp_path, monkeypatch):
    seeds = range(100, 102)
    assert results.measure(claim(), seeds, 2, 1, tmp_path / "runs")
    told = json.loads((here / "tiny.json").read_text())
    assert told["command"].startswith("latebloom grok composition --world.entities 12")
    assert told["command"].endswith("--seed N")
    assert told["claim"] == "a tiny world: test_id >= 0.00 at the end"
    assert (told["seeds"], told["holds"], told["runs_side_by_side"]) == (2, 2, 2)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=CODE, capture_output=True, text=True)
    assert told["commit"].removesuffix("-changed") == (head.stdout.strip() or "unknown")
    for seed, run in zip(seeds, told["runs"], strict=True):
        assert run["seed"] == seed
        assert [record["step"] for record in run["curve"]] == [2, 4]
        assert [record["lr"] < run["peak_lr"] for record in run["curve"]] == [True, True]
        process = run["process"]
        assert process["threads"] == 1
        assert process["wall_seconds"] > run["seconds"]
        assert process["cpu_seconds"] > 0
        assert process["peak_mib"] > 50
    accuracies = [run["splits"]["test_id"]["accuracy"] for run in told["runs"]]
    together = told["over_seeds"]["test_id"]
    assert together["mean"] == pytest.approx(sum(accuracies) / 2)
    assert set(together) >= {"ci95_over_seeds", "ci95_over_questions", "overdispersion"}

    def started(*words, **more):
        raise AssertionError(words)

    monkeypatch.setattr(results, "provenance", lambda: {})  # it asks git
    monkeypatch.setattr(results.subprocess, "Popen", started)
    assert results.measure(claim(), seeds, 2, 1, tmp_path / "runs")
    assert json.loads((here / "tiny.json").read_text())["runs"] == told["runs"]


def test_a_claim_with_a_run_that_failed_leaves_nothing(here, capsys):
    assert not results.measure(claim("--train.until", "test_x>=1"), range(1), 1, 1, Path())
    printed = capsys.readouterr()
    assert "tiny-seed0 failed: " in printed.err
    assert "there is no split 'test_x'" in printed.err
    assert "nothing written" in printed.out
    assert not list(here.iterdir())


def test_every_claim_has_seeds_enough_or_says_why_not():
    assert {claim.name: claim.seeds for claim in CLAIMS}["composition"] >= 10
    for claim in CLAIMS:
        assert [cell.seed for cell in results.cells_of(claim, range(FRESH, FRESH + 2))] == [
            100,
            101,
        ]
    with pytest.raises(AssertionError, match="so few seeds"):
        Claim(name="a", about="b", recipe="composition", seeds=4, rule=AtEnd({"test_id": 1.0}))


def outcome(curve=(), peak_lr=1.0, **accuracies):
    """An outcome with these final accuracies; the curve's records as (lr, test_ood)."""
    return {
        "splits": {split: {"accuracy": value} for split, value in accuracies.items()},
        "curve": [{"step": i, "lr": lr, "test_ood": ood} for i, (lr, ood) in enumerate(curve)],
        "peak_lr": peak_lr,
    }


def test_at_the_end_every_split_counts():
    rule = AtEnd({"test_id": 0.9, "test_ood": 0.5})
    assert rule.holds(outcome(test_id=0.9, test_ood=0.5))
    assert not rule.holds(outcome(test_id=0.9, test_ood=0.4))
    assert rule.words == "test_id >= 0.90, test_ood >= 0.50 at the end"


def test_a_control_may_not_be_right():
    rule = AtMost({"test_id": 0.1, "test_ood": 0.1})
    assert rule.holds(outcome(test_id=0.1, test_ood=0.02))
    assert not rule.holds(outcome(test_id=0.02, test_ood=0.2))
    assert rule.words == "test_id <= 0.10, test_ood <= 0.10 at the end"


def test_what_is_held_is_judged_while_the_model_still_learns():
    """It swings while the rate is high and stands still when there is none left."""
    frozen = [(0.05, 1.0), (0.03, 1.0), (0.01, 1.0)]
    swinging = [(1.0, 0.5), (0.5, 0.96), (0.3, 0.96), (0.15, 0.4), *frozen]
    steady = [(1.0, 0.5), (0.5, 0.96), (0.3, 0.96), (0.15, 0.96), *frozen]
    assert not Held(0.95).holds(outcome(swinging, test_ood=1.0))
    assert Held(0.95).holds(outcome(steady, test_ood=1.0))
    assert not Held(0.95).holds(outcome(steady, test_ood=0.9)), "and it must be there at the end"
    # Two evaluations are no three in a row; of a rate of 10 all but the first are below a tenth.
    assert not Held(0.95).holds(outcome(steady, peak_lr=2.0, test_ood=1.0))
    assert "above 0.1 of its peak" in Held(0.95).words


def test_a_late_bloom_is_late():
    def run(*rows):
        """Evaluations at steps 100, 200, ...: accuracy on trained and on held-out questions."""
        told = outcome(test_id=0.96, test_ood=0.05)
        names = ("step", "train_inferred", "test_id")
        steps = range(100, 100 * len(rows) + 1, 100)
        curve = [
            dict(zip(names, (step, *row), strict=True))
            for step, row in zip(steps, rows, strict=True)
        ]
        return told | {"curve": curve}

    def fitted_with(test_id):
        return [(0.5, 0.1)] + 3 * [(0.99, test_id)] + 3 * [(1.0, 0.96)]

    assert LateBloom().holds(run(*fitted_with(0.84)))
    assert not LateBloom().holds(run(*fitted_with(0.86)))
    assert not LateBloom().holds(run()), "training was never fitted"
    # Fitted at step 200 and bloomed at 500: two and a half times the steps.
    assert LateBloom(times=2.5).holds(run(*fitted_with(0.84)))
    assert not LateBloom(times=2.6).holds(run(*fitted_with(0.84)))
    ood_too = run(*fitted_with(0.84)) | {"splits": outcome(test_id=0.96, test_ood=0.2)["splits"]}
    assert not LateBloom().holds(ood_too)


def test_far_hops_count_over_both_kinds_of_facts():
    rule = FarHops(near=(4,), far=(20,))
    hops = {"test_hops_4": 0.99, "test_hops_4_ood": 0.99, "test_hops_20": 0.95}
    assert rule.holds(outcome(**hops, test_hops_20_ood=0.95))
    assert not rule.holds(outcome(**hops, test_hops_20_ood=0.94))


def measured(first, *, few=""):
    def run(seed, correct):
        return {
            "seed": seed,
            "steps": 100,
            "splits": {"test_id": {"n": 100, "correct": correct}},
            "process": {"cpu_seconds": 9.7, "wall_seconds": 4, "peak_mib": 300, "threads": 2},
        }

    told = {
        "claim": "a tiny world: test_id >= 0.80 at the end",
        "command": "latebloom grok composition --seed N",
        "commit": "0123456789abcdef",
        "date": "2026-11-24",
        "machine": {"processor": "a processor", "cores": 2},
        "seeds": 2,
        "few": few,
        "holds": 2,
        "runs": [run(first, 90), run(first + 1, 100)],
    }
    return [(claim(), told)]


def test_the_tables_name_each_interval_for_what_it_is():
    fresh = measured(100, few="an hour each")
    assert what_held(fresh)[2] == (
        "| `composition` | a tiny world: test_id >= 0.80 at the end | 2 of 2 (an hour each)"
        " | 100-101 | test_id 0.950 (0.315-1.000) |"
    )
    heads, _, row = how_sure(fresh)
    cells = dict(zip(heads.split(" | "), row.split(" | "), strict=True))
    assert cells["over seeds, Student"] == "0.3147-1.0000"
    assert cells["over questions, Wilson"] == "0.9104-0.9726"
    assert cells["worst seed"] == "0.9000"
    assert what_it_cost(fresh)[2].split(" | ")[-2] == "0123456789ab"


def test_seeds_that_settings_were_chosen_by_are_marked():
    assert "100-101 |" in what_held(measured(100))[2]
    assert "3-4&dagger; |" in what_held(measured(3))[2]
    assert "also chosen by" in note_on_seeds(measured(3))
    assert "also chosen by" not in note_on_seeds(measured(100))
    assert "&dagger;" in page(measured(3))
