"""Answers as sets, as they are shown on a terminal and on a page."""

import io

import pytest

import latebloom
from latebloom.reports.page import render_report
from latebloom.reports.progress import PlainProgress
from latebloom.reports.ranked import (
    counting_line,
    coverage_row,
    rank_lines,
    rank_rows,
    table_rows,
)
from latebloom.reports.recording import read_recording
from latebloom.reports.shown import Shown

KIND = {"n": 12, "mrr": 0.8499, "hits1": 0.7, "hits3": 0.9, "hits10": 1.0, "set_f1": 0.75}
RECORD = {
    "step": 50,
    "accuracy": {"test_id": 0.9},
    "ranking": {
        "2p": {"known": KIND, "missing": {**KIND, "set_f1": None}},
        "1p": {"missing": KIND},
    },
    "coverage": {"nominal": 0.9, "empirical": 0.88, "mean_size": 4.25, "of": "missing"},
}
LINES = [
    "1p missing: MRR 0.849, Hits@1 70.0 %, set F1 0.750",
    "2p known: MRR 0.849, Hits@1 70.0 %, set F1 0.750",
    "2p missing: MRR 0.849, Hits@1 70.0 %",
    "sets meant to hold 90% of missing answers: 88.0 %, 4.2 names",
]


def test_each_kind_of_question_has_a_line():
    assert rank_lines(RECORD) == LINES
    assert rank_lines({"accuracy": {}}) == []


@pytest.mark.parametrize("odd", [None, 7, [], "x", {"2p": 3}, {"2p": {"known": []}}])
def test_whatever_else_a_file_holds_is_passed_over(odd):
    record = {"ranking": odd, "coverage": odd, "table": odd}
    assert (rank_rows(record), coverage_row(record), table_rows(record)) == ([], None, [])
    assert counting_line(record | {"counting": odd}) == ""
    broken = {"ranking": {"2p": {"known": dict.fromkeys(KIND, "<b>")}}}
    assert rank_lines(broken) == ["2p known: MRR -, Hits@1 –"]
    huge = {"ranking": {"2p": {"known": dict.fromkeys(KIND, 10**400)}}}
    assert rank_lines(huge) == ["2p known: MRR -, Hits@1 –"]


def test_counting_stands_beside_the_run():
    found = {"ranking": {"1p": {"missing": {"hits1": 0.5}}}}
    assert counting_line(found) == ""
    beside = found | {"counting": {"1p": {"missing": {"hits1": 0.25}}}}
    assert "it puts 50.0 % first, and mere counting 25.0 %" in counting_line(beside)


def test_the_progress_shows_them():
    stream = io.StringIO()
    PlainProgress(stream).evaluated(RECORD)
    assert [line.strip() for line in stream.getvalue().splitlines()[2:]] == LINES
    training = Shown("graph", ("test_id",), 100)
    training.take(RECORD)
    assert training.sets == LINES
    from rich.console import Console

    console = Console(width=80, height=40, file=io.StringIO())
    console.print(training.panel(80, 40))
    assert LINES[0] in console.file.getvalue()
    small = Console(width=80, height=8, file=io.StringIO())
    small.print(training.panel(80, 8))
    assert "test_id" in small.file.getvalue() and small.file.getvalue().count("\n") <= 8


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    pairs = [(f"d{i}", "targets", f"t{(i * k) % 7}") for i in range(12) for k in (1, 2, 3)]
    pairs += [(f"t{i}", "pathway", f"p{(i * k) % 4}") for i in range(7) for k in (1, 2)]
    rows = ["subject,relation,object", *(",".join(row) for row in pairs)]
    (folder / "drugs.csv").write_text("\n".join(rows))
    config = latebloom.make_recipe("facts").replace(
        "world", facts=str(folder / "drugs.csv"), missing_frac=0.1, ood_frac=0.0
    )
    config = config.replace("model", d_model=16, n_heads=2).replace(
        "train", steps=4, batch_size=16, eval_every=2, until=""
    )
    return latebloom.grow(config, folder / "run")


def test_an_evaluation_and_the_summary_hold_ranks_and_what_the_table_held(grown):
    for record in grown.folder.metrics():
        assert 0 < record["ranking"]["2p"]["missing"]["mrr"] <= 1
    table = grown.summary["table"]
    facts = grown.world.facts
    assert table["told"] == len(facts) and table["told_alone"] == 0
    told = {tuple(row) for row in facts.rows()[:, :2].tolist()}
    assert sum(table["pairs"].values()) == len(told) and table["never_told"] > 0
    counted = grown.summary["counting"]["1p"]["missing"]
    assert counted["n"] == grown.summary["ranking"]["1p"]["missing"]["n"]
    assert grown.metrics()[0]["ranking.2p.missing.mrr"] > 0  # as a data frame takes it


def test_the_page_has_a_panel_with_ranks_known_and_missing_apart(grown):
    page = render_report(read_recording(grown.folder.path))
    panel = page.split('id="sets"')[1].split("</section>")[0]
    assert "<td>missing</td>" in panel and "Hits@10" in panel
    assert counting_line(grown.summary) in panel
    assert "What the table held" in panel and "facts never told, asked as a test" in panel


def test_a_run_with_one_answer_a_question_has_no_such_panel(small_config, tmp_path):
    run = latebloom.grow(small_config, tmp_path / "run")
    assert 'id="sets"' not in render_report(read_recording(run.folder.path))
    assert "ranking" not in next(run.folder.metrics())
