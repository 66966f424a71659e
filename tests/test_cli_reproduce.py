"""`latebloom reproduce`: the list of claims, and a tiny one put to the test."""

import json
import re
from dataclasses import replace

import pytest

from latebloom.studies import reproductions
from latebloom.studies.claims import alone
from latebloom.studies.judges import AtChance
from latebloom.training.run_folder import RunFolder

FINDING = {"verdict": "held", "here": "21.0 times (15.1 times to 29.2 times), 3 seeds"}


@pytest.fixture
def tiny(small_config, monkeypatch):
    config = small_config.replace(recipe="tiny")
    larger = config.replace(recipe="tiny-paper").replace("model", n_layers=2)
    one = replace(
        reproductions.REPRODUCTIONS["no-ood"],
        name="tiny",
        sizes=alone(lambda: config, lambda: larger),
        judge=AtChance(most=1.0),
    )
    monkeypatch.setattr(reproductions, "REPRODUCTIONS", {"tiny": one})
    monkeypatch.setattr(reproductions, "found_before", lambda: {"tiny": FINDING})


def test_the_claims_are_listed_with_what_was_found(latebloom, tiny):
    code, printed, _ = latebloom("reproduce")
    assert code == 0
    assert "A plain transformer never composes" in printed
    assert f"held: {FINDING['here']}" in printed
    code, printed, _ = latebloom("reproduce", "--json")
    (listed,) = json.loads(printed)
    assert (listed["name"], listed["found"]) == ("tiny", FINDING)


def test_a_claim_is_put_to_the_test(latebloom, tiny, tmp_path):
    code, printed, _ = latebloom("reproduce", "tiny", "--seeds", "2", "--quiet")
    assert code == 0
    assert "verdict   held (held: at most 1" in printed
    assert "seed 101  held: at most" in printed
    folder = tmp_path / "runs" / "reproduce-tiny"
    names = {path.name for path in folder.iterdir()}
    files = {"reproduce.json", "curves.svg", "curves.png"}
    assert names == {"tiny-seed100", "tiny-seed101", *files}
    code, printed, _ = latebloom("reproduce", "tiny", "--seeds", "2", "--quiet", "--json")
    told = json.loads((folder / "reproduce.json").read_text())
    assert json.loads(printed) == told["claims"]["tiny"]


def test_the_size_of_the_paper_has_a_folder_and_findings_of_its_own(latebloom, tiny, tmp_path):
    code, printed, _ = latebloom("reproduce", "--size", "paper", "--json")
    (listed,) = json.loads(printed)
    assert (code, listed["size"], listed["changes"], listed["found"]) == (0, "paper", "", None)
    words = ["reproduce", "tiny", "--size", "paper", "--seeds", "1", "--quiet"]
    code, printed, _ = latebloom(*words)
    assert code == 0
    assert "size      paper" in printed
    assert "changed" not in printed
    folder = tmp_path / "runs" / "reproduce-tiny-paper"
    told = json.loads((folder / "reproduce.json").read_text())
    assert (told["size"], told["series"]) == ("paper", "tiny-paper")
    assert told["claims"]["tiny"]["size"] == "paper"
    assert RunFolder.open(folder / "tiny-paper-seed100").config().model.n_layers == 2


def test_a_preview_says_what_it_would_cost_and_grows_nothing(latebloom, tiny, tmp_path):
    code, printed, _ = latebloom("reproduce", "tiny", "--size", "paper", "--dry-run")
    assert code == 0
    assert "absent    tiny-paper-seed102" in printed
    assert "3 runs in runs/reproduce-tiny-paper, 3 of them to grow" in printed
    assert re.search(
        r"at most 72 steps, models of [0-9,]+ parameters\nat most .* s of proc", printed
    )
    assert not (tmp_path / "runs").exists()
    latebloom("reproduce", "tiny", "--seeds", "1", "--quiet")
    code, printed, _ = latebloom("reproduce", "tiny", "--seeds", "2", "--dry-run", "--json")
    told = json.loads(printed)
    assert [cell["state"] for cell in told["cells"]] == ["finished", "absent"]
    assert (told["estimate"]["cells"], told["estimate"]["steps"]) == (1, 24)


def test_what_cannot_be_put_to_the_test_is_one_line(latebloom, tiny):
    for words, said in (
        (["reproduce", "tinny"], "nearest: tiny"),
        (["reproduce", "--out", "x"], "no effect on the list"),
        (["reproduce", "--dry-run"], "no effect on the list"),
        (["reproduce", "tiny", "--dry-run", "--seeds", "0"], "--seeds is 0"),
        (["reproduce", "tiny", "--seeds", "0"], "--seeds is 0"),
    ):
        code, _, complaint = latebloom(*words)
        assert code == 2
        assert said in complaint
        assert len(complaint.strip().splitlines()) == 1
