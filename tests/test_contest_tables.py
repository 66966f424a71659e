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


def test_levels_of_noise_stand_side_by_side_with_intervals_over_seeds():
    def rows(*correct):
        return [Row("bounds", "hidden", "test_hard", 10, one, 10 - one, 0, 0) for one in correct]

    results = {
        ("bounds", "test_hard", 0.0): rows(10, 10),
        ("bounds", "test_hard", 0.1): rows(5, 6, 7),
        ("grown model", "test_hard", 0.1): rows(9),
    }
    # Student's t for three values is 4.30, their standard error .1 / sqrt(3).
    half = 100 * 4.30 * 0.1 / np.sqrt(3)
    interval = f"({60 - half:.1f} to {60 + half:.1f})"
    assert noise.table(results, [0.0, 0.1], "test_hard")[2:] == [
        "| rival | 0% wrong | 10% wrong |",
        "|---|---|---|",
        f"| bounds | 100.0 (100.0 to 100.0) | 60.0 {interval}; 40.0 wrong |",
        "| grown model | - | 90.0 (90.0 to 90.0); 10.0 wrong |",
        "",
    ]


@pytest.mark.parametrize(("text", "seeds"), [("100-102", [100, 101, 102]), ("3,5", [3, 5])])
def test_seeds_are_a_range_or_a_list(text, seeds):
    assert noise.numbers(text) == seeds
