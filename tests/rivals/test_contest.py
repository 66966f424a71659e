"""The table: what is counted, and what it says."""

import json
import math

import numpy as np
import pytest

from latebloom.errors import RivalError, WorldError
from latebloom.rivals.contest import Contest, Row, asked, default_splits, row_of_model, score
from latebloom.rivals.memory import Memory
from latebloom.rivals.reasoning import Symbolic
from latebloom.rivals.reply import Reply, spread


def test_a_row_counts_every_kind_of_reply(comparison_world):
    replies = [
        Reply("answered", 7, tokens=10, seconds=1.0),
        Reply("answered", 8, tokens=10, seconds=3.0, recall=0.5, facts=8),
        Reply("cannot decide"),
        Reply("invalid"),
    ]
    row = score("x", comparison_world, "test_ood", np.array([7, 7, 7, 7]), replies)
    assert (row.correct, row.wrong, row.cannot_decide, row.invalid, row.n) == (1, 1, 1, 1, 4)
    assert (row.seconds, row.tokens, row.recall) == (1.0, 5.0, 0.5)
    assert row.facts == 8 and "| 0.500 | 8 |" in Contest((row,)).to_markdown()
    assert row.question_type == "comparison"
    # Wilson's interval for 1 of 4.
    assert row.ci95 == pytest.approx((0.0456, 0.6994), abs=1e-4)


def test_the_same_questions_are_put_to_all(hidden_world):
    class Parrot:
        name = "parrot"
        seen = ()

        def answer(self, questions):
            self.seen += (questions,)
            return [Reply("invalid")] * len(questions)

    splits = ("test_hard", "test_easy")
    parrot = Parrot()
    model = row_of_model("model", hidden_world, "test_hard", np.array([True, False, True]))
    contest = Contest.run(
        hidden_world,
        [Symbolic(Memory.of(hidden_world)), parrot],
        splits=splits,
        limit=5,
        first=[model],
    )
    assert [(row.rival, row.split) for row in contest.rows] == [
        ("model", "test_hard"),
        ("symbolic", "test_hard"), ("symbolic", "test_easy"),
        ("parrot", "test_hard"), ("parrot", "test_easy"),
    ]  # fmt: skip
    assert [row.correct for row in contest.rows] == [2, 5, 5, 0, 0]
    assert contest.rows[4].invalid == 5
    for split, rows in zip(splits, parrot.seen, strict=True):
        assert np.array_equal(rows, asked(hidden_world, split, 5)[:, :-1])


def test_every_test_split_is_asked_by_default(hidden_world, small_world):
    assert "test_values" not in default_splits(hidden_world)
    assert {"test_hard", "test_easy", "test_undecidable"} <= set(default_splits(hidden_world))
    assert default_splits(small_world) == small_world.tested


def test_a_limit_spreads_over_the_split():
    rows = np.arange(10)[:, None]
    assert spread(rows, 4).ravel().tolist() == [0, 3, 6, 9]
    assert len(spread(rows, 0)) == len(spread(rows, 20)) == 10


def test_the_table_as_markdown_and_json():
    row = Row("a|b", "two-hop", "test_ood", 200, 150, 30, 15, 5, seconds=0.25, tokens=1234.4)
    contest = Contest((row,))
    last = contest.to_markdown().splitlines()[-1]
    assert last == (
        "| a\\|b | two-hop, test_ood | 200 | 75.0 | 68.6 to 80.5 | 15.0 | 7.5 | 2.5 | - | - | 0.25"
        " | 1,234 |"
    )
    table = json.loads(contest.to_json())["rows"][0]
    assert table["recall"] is None and table["accuracy"] == 0.75
    assert table["cannot_decide"] == 15
    assert math.isnan(Row("x", "y", "z", 0, 0, 0, 0, 0).accuracy)


def test_bad_wishes_are_refused(small_world):
    with pytest.raises(WorldError, match="no split 'test_x'"):
        Contest.run(small_world, [Symbolic(Memory.of(small_world))], splits=("test_x",))
    with pytest.raises(RivalError, match="--limit is -1"):
        asked(small_world, "test_id", -1)
