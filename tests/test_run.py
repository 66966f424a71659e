"""The door for Python: a run opened, shown, and as tables; facts from memory; notebooks."""

import sys
import types

import pandas as pd
import pytest

import latebloom
from latebloom.reports.notebook_progress import NotebookProgress, in_notebook
from latebloom.reports.progress import PlainProgress, make_progress


@pytest.fixture
def run(small_run):
    return latebloom.load(small_run)


def test_what_the_package_shows():
    assert dir(latebloom) == sorted([*latebloom.__all__, "__version__"])


def test_a_run_is_short_to_print_and_a_table_in_a_notebook(run):
    assert repr(run) == f"Run({str(run.folder.path)!r}, step=24)"
    page = run._repr_html_()
    assert "<table>" in page
    assert "test_ood" in page
    assert "new questions over facts that training never composes" in page


def test_metrics_are_a_table(run):
    frame = pd.DataFrame(run.metrics())
    assert frame["step"].tolist() == [8, 16, 24]
    last = list(run.folder.metrics())[-1]
    assert frame["accuracy.test_id"].iloc[-1] == last["accuracy"]["test_id"]
    assert frame["loss"].iloc[-1] == last["loss"]


def test_curves_inline_and_in_a_file(run, tmp_path):
    picture = run.plot()
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert picture.save(tmp_path / "curves.svg").read_text().count("<svg") == 1


def test_a_run_at_another_checkpoint(run):
    early = run.at(run.steps[0])
    assert early.step == run.steps[0] == 0
    assert early.score() != run.score()
    assert [glimpse.loop for glimpse in run.lens()] == [1, 1, 2, 2]


def test_resumed_it_is_the_same_run(run):
    again = latebloom.resume(run.folder.path)
    assert again.step == run.step
    assert again.score() == run.score()


ROWS = [(f"d{i}", "inhibits", f"e{i % 3}") for i in range(9)] + [
    (f"e{i}", "acts in", f"p{i % 2}") for i in range(3)
]


def test_facts_of_a_data_frame_and_of_rows_make_one_world():
    frame = pd.DataFrame(ROWS, columns=["drug", "what", "target"])
    told = latebloom.world_of_facts(frame, columns=("drug", "what", "target"))
    assert told.vocabulary == latebloom.world_of_facts(ROWS).vocabulary
    facts = {
        tuple(told.vocabulary.decode(row)) for row in told.facts.rows().tolist()
    }  # fmt: skip
    assert facts == set(ROWS)


def test_a_row_without_a_name_is_left_out():
    world = latebloom.world_of_facts([*ROWS, ("d9", None, "e1"), ("d9", "inhibits", float("nan"))])
    assert "d9" not in world.vocabulary.ids


def test_a_table_that_holds_no_such_facts_is_refused():
    with pytest.raises(latebloom.LatebloomError, match="no column 'relation'; it has subject"):
        latebloom.world_of_facts(pd.DataFrame({"subject": ["a"]}))
    with pytest.raises(latebloom.LatebloomError, match="no row of subject, relation, object"):
        latebloom.world_of_facts([("a", "b")])


class ZMQInteractiveShell:
    """Named as the shell of a notebook is."""


@pytest.fixture
def notebook(monkeypatch):
    """A stand-in for IPython in a notebook; gives what was displayed, as HTML, in order."""
    shown: list[str] = []
    display = types.ModuleType("IPython.display")
    handle = types.SimpleNamespace(update=shown.append)
    display.HTML = str
    display.display = lambda page, display_id: (shown.append(page), handle)[1]
    shell = types.ModuleType("IPython")
    shell.get_ipython = ZMQInteractiveShell
    shell.display = display
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_a_notebook_shows_how_it_goes(notebook, small_config, tmp_path):
    assert in_notebook()
    assert isinstance(make_progress(quiet=False), NotebookProgress)
    latebloom.grow(small_config, tmp_path / "run")
    assert "step 24 of 24" in notebook[-1]
    assert "test_ood" in notebook[-1]
    assert "test_ood" not in notebook[0]


def test_what_is_shown_in_a_notebook_is_data(notebook):
    with make_progress(quiet=False) as progress:
        progress.start(10, 0, "<b>mine</b>")
        progress.note("<script>")
    assert "<script>" not in notebook[-1]
    assert "&lt;b&gt;mine&lt;/b&gt;" in notebook[-1]


def test_a_script_into_which_a_library_brought_ipython_stays_quiet(
    notebook, small_config, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    latebloom.grow(small_config, tmp_path / "run")
    assert (notebook, capsys.readouterr().err) == ([], "")


def test_elsewhere_there_is_no_notebook(capsys):
    assert not in_notebook()
    assert isinstance(make_progress(quiet=False, stream=sys.stdout), PlainProgress)


def test_grown_once_it_is_opened_resumed_or_refused(small_config, tmp_path):
    place = tmp_path / "once"
    first = latebloom.grow_once(small_config, place)
    assert first.step == 24
    before = (place / "summary.json").stat().st_mtime_ns
    assert latebloom.grow_once(small_config, place).step == 24
    assert (place / "summary.json").stat().st_mtime_ns == before, "it was trained again"
    (place / "summary.json").unlink()
    assert latebloom.grow_once(small_config, place).score() == first.score()
    assert (place / "summary.json").exists()
    with pytest.raises(latebloom.LatebloomError, match="another config"):
        latebloom.grow_once(small_config.replace("train", steps=8), place)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    with pytest.raises(latebloom.LatebloomError, match="holds no run"):
        latebloom.grow_once(small_config, tmp_path / "full")


def test_facts_told_later_come_from_a_file(run, tmp_path):
    told = tmp_path / "new.csv"
    told.write_text("subject,relation,object\nnewcomer,r0,e1\n")
    assert run.ask("newcomer", "r0", new=told).answers[0].name == "e1"
    assert run.ask("newcomer", "r0", new=str(told)).answers[0].name == "e1"
    with pytest.raises(latebloom.LatebloomError, match="newcomer"):
        run.ask("newcomer", "r0")
