"""The tables of contests that are kept with the results: what a cell says, what a page keeps."""

import json

import numpy as np
import pytest

from benchmarks import contests, noise
from latebloom.rivals.contest import Row


def row(rival, correct, wrong=0, *, split="test_hard", n=10, facts=None):
    return {
        **{"rival": rival, "split": split, "n": n, "correct": correct, "wrong": wrong},
        **{"accuracy": correct / n, "ci95": [0.1, 0.9], "invalid": 0, "facts": facts},
    }


def test_a_contest_replaces_its_own_section_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(contests, "PAGE", tmp_path / "rivals.md")
    contests.PAGE.write_text("# Old head\n\nwords\n\n## atlas, seed 3, step 7\n\n| kept |\n")
    table = {"recipe": "comparison", "seed": 1, "step": 9, "limit": 10}
    for correct in (4, 5):
        rows = [row("grown model, step 9", correct, 10 - correct), row("bm25", 2, facts=20.0)]
        (tmp_path / "rivals.json").write_text(json.dumps(table | {"rows": rows}))
        monkeypatch.setattr("sys.argv", ["contests", str(tmp_path)])
        contests.main()
    _, atlas, comparison = contests.PAGE.read_text().split("\n## ")
    assert atlas == "atlas, seed 3, step 7\n\n| kept |\n"
    *told, blank, made = comparison.splitlines()
    assert (blank, made.startswith("Commit ")) == ("", True)
    assert told == [
        "comparison, seed 1, step 9, 10 questions of a split",
        "",
        "| rival | test_hard, 10 |",
        "|---|---|",
        "| grown model | 50.0 (10.0 to 90.0); 50.0 wrong |",
        "| bm25 | 20.0 (10.0 to 90.0); 20 facts |",
    ]


def test_levels_of_damage_stand_side_by_side_with_intervals_over_seeds():
    def world(damage, level, seed, **correct):
        rivals = {
            rival: {split: noise.kept(Row(rival, "hidden", split, 10, n, 10 - n, 0, 0))}
            for rival, n in correct.items()
            for split in ("test_hard",)
        }
        return {"damage": damage, "level": level, "seed": seed, "rivals": rivals}

    worlds = [
        *(world("noise", 0.0, seed, bounds=10) for seed in (1, 2)),
        *(world("noise", 0.1, seed, bounds=n) for seed, n in enumerate((5, 6, 7))),
        world("noise", 0.1, 9, **{noise.GROWN: 9}),
        world("contradicted", 0.1, 1, bounds=0),
    ]
    record = {"worlds": {str(number): one for number, one in enumerate(worlds)}}
    # Student's t for three values is 4.30, their standard error .1 / sqrt(3).
    half = 100 * 4.30 * 0.1 / np.sqrt(3)
    interval = f"({60 - half:.1f} to {60 + half:.1f})"
    whole = "100.0 (100.0 to 100.0), n 2"
    assert noise.table(record, "noise", "test_hard")[2:] == [
        "| rival | 0% | 10% |",
        "|---|---|---|",
        f"| {noise.GROWN} | - | 90.0; 10.0 wrong, n 1 |",
        f"| bounds | {whole} | 60.0 {interval}; 40.0 wrong, n 3 |",
        "",
    ]
    # The world without damage belongs to every kind of it; those of one kind to that alone.
    assert noise.table(record, "contradicted", "test_hard")[4:] == [
        f"| bounds | {whole} | 0.0; 100.0 wrong, n 1 |",
        "",
    ]
    assert noise.table(record, "untold_frac", "test_hard") == []


@pytest.mark.parametrize(("text", "seeds"), [("100-102", [100, 101, 102]), ("3,5", [3, 5])])
def test_seeds_are_a_range_or_a_list(text, seeds):
    assert noise.numbers(text) == seeds
