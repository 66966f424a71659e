"""The figures that the README quotes: what a claim leaves, and what it leaves when a run fails."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks import record, results

TINY = ("--world.entities", "12", "--world.relations", "4", "--world.out-degree", "4")
TINY += ("--world.ood-frac", "0.2", "--world.phi", "1", "--model.d-model", "16")
TINY += ("--train.steps", "4", "--train.eval-every", "2")


def claim(*options):
    return results.Claim(
        "tiny", "ID of 0", "composition", (*TINY, *options), 1, lambda run: True, ("test_id",)
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "HERE", tmp_path / "results")
    (tmp_path / "results").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(record.CODE))
    return tmp_path / "results"


def test_a_claim_leaves_what_it_measured_and_is_not_measured_again(here, tmp_path, monkeypatch):
    assert results.measure(claim(), 2, 2, 1, tmp_path / "runs")
    told = json.loads((here / "tiny.json").read_text())
    assert told["command"].startswith("latebloom grok composition --world.entities 12")
    assert told["command"].endswith("--seed N")
    assert (told["seeds"], told["holds"], told["machine"]["runs_side_by_side"]) == (2, 2, 2)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=record.CODE, capture_output=True, text=True
    )
    assert told["commit"].removesuffix("-changed") == (head.stdout.strip() or "unknown")
    for seed, run in enumerate(told["runs"]):
        assert run["seed"] == seed
        assert [record["step"] for record in run["curve"]] == [2, 4]
        process = run["process"]
        assert process["threads"] == 1
        assert process["wall_seconds"] > run["seconds"]
        assert process["cpu_seconds"] > 0
        assert process["peak_mib"] > 50

    def started(*words, **more):
        raise AssertionError(words)

    monkeypatch.setattr(results.subprocess, "Popen", started)
    monkeypatch.setattr(record, "commit_of_code", lambda: told["commit"])
    assert results.measure(claim(), 2, 2, 1, tmp_path / "runs")
    assert json.loads((here / "tiny.json").read_text())["runs"] == told["runs"]


def test_a_claim_with_a_run_that_failed_leaves_nothing(here, capsys):
    assert not results.measure(claim("--train.until", "test_x>=1"), 1, 1, 1, Path())
    printed = capsys.readouterr()
    assert "tiny-seed0 failed: " in printed.err
    assert "there is no split 'test_x'" in printed.err
    assert "nothing written" in printed.out
    assert not list(here.iterdir())
