"""`latebloom reproduce`: the list of claims, and a tiny one put to the test."""

import json
from dataclasses import replace

import pytest

from latebloom.studies import reproductions
from latebloom.studies.judges import AtChance

FINDING = {"verdict": "held", "here": "21.0 times (15.1 times to 29.2 times), 3 seeds"}


@pytest.fixture
def tiny(small_config, monkeypatch):
    config = small_config.replace(recipe="tiny")
    one = replace(
        reproductions.REPRODUCTIONS["no-ood"],
        name="tiny",
        small=lambda: config,
        large=lambda: config,
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


def test_what_cannot_be_put_to_the_test_is_one_line(latebloom, tiny):
    for words, said in (
        (["reproduce", "tinny"], "nearest: tiny"),
        (["reproduce", "--out", "x"], "no effect on the list"),
        (["reproduce", "tiny", "--seeds", "0"], "--seeds is 0"),
    ):
        code, _, complaint = latebloom(*words)
        assert code == 2
        assert said in complaint
        assert len(complaint.strip().splitlines()) == 1
