"""Ranks and coverage where people look: progress, panel, page."""

import io

import pytest
from rich.console import Console

from latebloom.errors import RunFolderError
from latebloom.reports.progress import PlainProgress
from latebloom.reports.ranked import held_lines, lines_of_ranks, rows_of
from latebloom.reports.shown import Shown

RANKS = {"n": 40, "mrr": 0.8351, "hits1": 0.768, "hits3": 0.9, "hits10": 0.95, "set_f1": 0.44}
TABLE = {
    "ranking": {"2p": {"known": {**RANKS, "set_f1": None}, "missing": RANKS}},
    "coverage": {
        "nominal": 0.9,
        "empirical": 0.88,
        "mean_size": 3.9,
        "of": "missing",
        "by_query": {"2p": {"empirical": 0.881, "mean_size": 3.94, "questions": 30}},
    },
}
RECORD = {"step": 50, "loss": 1.0, "accuracy": {"test_missing": 0.5}, "phase": "memorising"}


def test_known_and_missing_answers_stand_apart_and_coverage_with_those_it_is_of():
    known, missing = rows_of(TABLE)
    assert (known["kind"], missing["kind"]) == ("known", "missing")
    assert known["coverage"] is None and missing["coverage"] == 0.881
    assert lines_of_ranks(TABLE) == [
        "2p known    MRR 0.835  Hits@1 0.768",
        "2p missing  MRR 0.835  Hits@1 0.768  set F1 0.440  sets hold 0.881 with 3.9 names",
    ]


def test_a_run_with_one_answer_shows_none():
    assert rows_of({"accuracy": {}}) == [] and held_lines({}) == []
    assert rows_of({"ranking": None, "coverage": None}) == []


@pytest.mark.parametrize(
    "ranking",
    [{"2p": 3}, {"2p": {"known": {}}}, {"2p": {"known": {**RANKS, "mrr": 7}}}, [1]],
)
def test_what_is_no_ranking_is_said_in_a_line(ranking):
    with pytest.raises(RunFolderError, match="cannot be read"):
        rows_of({"ranking": ranking})


def test_plain_progress_tells_them_under_the_accuracies():
    stream = io.StringIO()
    shown = PlainProgress(stream)
    shown.evaluated({**RECORD, **TABLE})
    lines = stream.getvalue().splitlines()
    assert "2p missing  MRR 0.835" in lines[-1] and "test_missing" in lines[0]


def test_the_panel_has_them_where_there_is_room():
    shown = Shown("graph, seed 0", (), 100)
    shown.take({**RECORD, **TABLE})

    def drawn(height):
        console = Console(file=io.StringIO(), width=90, color_system=None)
        with console.capture() as capture:
            console.print(shown.panel(90, height))
        return capture.get()

    assert "2p missing  MRR 0.835" in drawn(24)
    assert "MRR" not in drawn(6) and "test_missing" in drawn(6)
