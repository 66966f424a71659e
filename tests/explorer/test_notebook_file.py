"""`latebloom explore RUN --notebook`: a file whose one cell asks the run, and what opens it."""

import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from latebloom.errors import LatebloomError
from latebloom.explorer import notebook_file
from latebloom.explorer.notebook_file import (
    FORMATS,
    JUPYTER,
    MARIMO,
    as_jupyter,
    as_marimo,
    calls_in,
    code_of,
    format_of,
)
from latebloom.training.run_folder import RunFolder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def there(monkeypatch):
    """Says which modules are installed; gives the programs that were started instead."""
    started = []
    monkeypatch.setattr(subprocess, "run", lambda words, check: started.append(words))

    def only(*modules):
        monkeypatch.setattr(
            notebook_file, "find_spec", lambda name: object() if name in modules else None
        )
        return started

    return only


@pytest.fixture
def anywidget():
    return pytest.importorskip("anywidget", reason="the extra notebook brings it")


def shown_by(code):
    """What a cell of this code shows: the value of its last line."""
    *before, last = ast.parse(code).body
    names = {}
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_the_cell_of_jupyter_asks_the_run(anywidget, latebloom, root, tmp_path):
    at = tmp_path / "here" / "ask.ipynb"
    code, out, _ = latebloom("explore", root / "seed0", "--notebook", "--no-open", "--out", at)
    assert (code, out) == (0, f"the notebook: {at}\n")
    told = json.loads(at.read_text())
    assert (told["nbformat"], told["metadata"]["kernelspec"]["name"]) == (4, "python3")
    (cell,) = told["cells"]
    assert cell["cell_type"] == "code"
    widget = shown_by(cell["source"])
    assert isinstance(widget, anywidget.AnyWidget)
    from latebloom.explorer.widget import Asked  # needs anywidget

    assert widget.answers["api/steps"](Asked([])) == [
        one.step for one in RunFolder.open(root / "seed0").checkpoints()
    ]


def test_the_cell_of_marimo_asks_the_run(anywidget, latebloom, root, tmp_path):
    """Run as a script from another folder; once its run has gone, the cell says so."""
    pytest.importorskip("marimo", reason="the extra lessons brings it")
    run = root / "seed0"
    assert latebloom("explore", run, "--notebook", "--no-open", "--out", "x.py")[0] == 0
    (tmp_path / "elsewhere").mkdir()
    words = ["-m", "marimo", "export", "html", tmp_path / "x.py", "-o", "x.html", "-f"]
    ran = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path / "elsewhere",
        env=os.environ | {"PYTHONPATH": str(ROOT), "MARIMO_SKIP_UPDATE_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "marimo-anywidget" in (tmp_path / "elsewhere" / "x.html").read_text()
    cell = code_of(run, "cpu")
    assert calls_in(cell) <= calls_in((tmp_path / "x.py").read_text())
    run.rename(root / "gone")
    with pytest.raises(LatebloomError, match="is no folder; name a run"):
        shown_by(cell)


def test_it_is_in_the_run_and_opened_with_what_is_there(anywidget, latebloom, there, root):
    run = root / "seed0"
    started = there("marimo", "jupyterlab")
    code, out, err = latebloom("explore", run, "--notebook")
    assert (code, out) == (0, f"the notebook: {run / 'explore.py'}\n")
    assert "Ctrl-Enter runs the cell" in err
    assert started.pop() == [sys.executable, "-m", "marimo", "edit", str(run / "explore.py")]
    there("jupyterlab", "notebook")
    latebloom("explore", run, "--notebook")
    assert started.pop() == [sys.executable, "-m", "jupyterlab", str(run / "explore.ipynb")]
    there("notebook")
    latebloom("explore", run, "--notebook")
    assert started.pop()[2] == "notebook"
    latebloom("explore", run, "--notebook", "--no-open")
    assert started == []
    there()
    code, out, _ = latebloom("explore", run, "--notebook")
    assert (code, started) == (0, [])
    assert "nothing here opens it: pip install jupyterlab" in out


def with_notes(path):
    """Adds a cell as people do, in the way in which marimo and Jupyter save files."""
    text = path.read_text()
    if path.suffix == ".ipynb":
        told = json.loads(text)
        for cell in told["cells"]:
            cell["source"] = cell["source"].splitlines(keepends=True)
        told["cells"] += [{"cell_type": "code", "source": ["%time 'mine'"]}]
        told["cells"] += [{"cell_type": "markdown", "source": "mine"}]
        text = json.dumps(told)
    else:
        mine = "@app.cell\ndef _():\n    # mine \\d\n    '\\d'\n    return\n\n\nif __name__"
        text = text.replace("if __name__", mine).replace("'/", '"/').replace("')", '"\n    )')
    path.write_text(text)
    return text


@pytest.mark.parametrize("module", ["marimo", "jupyterlab"])
def test_a_notebook_that_asks_the_run_is_kept_with_its_notes(
    anywidget, latebloom, there, root, module
):
    started, run = there(module), root / "seed0"
    assert latebloom("explore", run, "--notebook", "--no-open")[0] == 0
    (mine,) = run.glob("explore.*")
    text = with_notes(mine)
    code, out, _ = latebloom("explore", run, "--notebook")
    assert code == 0 and "it was there, and is as it was" in out
    assert mine.read_text() == text and "mine" in text
    assert started.pop()[-1] == str(mine)


@pytest.mark.parametrize("module", ["marimo", "jupyterlab"])
def test_a_notebook_of_another_run_is_refused(anywidget, latebloom, there, root, module):
    """A copied run brings that of the run it was copied from."""
    started = there(module)
    assert latebloom("explore", root / "seed0", "--notebook", "--no-open")[0] == 0
    shutil.copytree(root / "seed0", root / "copy")
    (kept,) = (root / "copy").glob("explore.*")
    text = kept.read_text()
    for words in (["copy"], ["copy", "--json"], ["copy", "--no-open"], ["seed0", "--device=auto"]):
        code, out, err = latebloom("explore", root / words[0], "--notebook", *words[1:])
        assert (code, out, started) == (2, "", [])
        assert "does not ask this run on device" in err and err.count("\n") == 1
        assert "--out FILE, or delete it" in err
    assert kept.read_text() == text
    assert latebloom("explore", root / "copy", "--notebook", "--out", f"new{kept.suffix}")[0] == 0
    assert len(started) == 1


@pytest.mark.parametrize("module", ["marimo", "jupyterlab"])
@pytest.mark.parametrize(
    "content", [b"# mine", b"[1]", b'{"cells": [{}]}', b"\0", b"\xff", b"(" * 9999]
)
def test_a_file_that_asks_nothing_is_refused(anywidget, latebloom, there, root, module, content):
    started, name = there(module), {"marimo": "explore.py", "jupyterlab": "explore.ipynb"}[module]
    (root / "seed0" / name).write_bytes(content)
    code, _, err = latebloom("explore", root / "seed0", "--notebook")
    assert (code, started, err.count("\n")) == (2, [], 1)
    assert (root / "seed0" / name).read_bytes() == content


def test_the_advice_can_be_pasted_into_a_shell(anywidget, latebloom, root):
    odd = root / "a b;c"
    shutil.copytree(root / "seed0", odd / "$HOME")
    code, _, err = latebloom("explore", odd, "--notebook")
    assert code == 2
    words = shlex.split(err.split(": ", 1)[1].split("holds 1: ")[-1])
    assert words == ["latebloom", "explore", str(odd / "$HOME"), "--notebook"]


def test_where_it_is_for_a_script(anywidget, latebloom, there, root):
    started, run = there("marimo"), root / "seed0"
    for written in (True, False):
        told = json.loads(latebloom("explore", run, "--notebook", "--json")[1])
        path = str(run / "explore.py")
        assert told == {"notebook": path, "written": written, "opener": ["marimo", "edit"]}
    assert started == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["runs", "--notebook"], "runs holds 4: latebloom explore runs/growing --notebook"),
        (["nothing", "--notebook"], "nothing is no folder"),
        (["runs/seed0/checkpoints", "--notebook"], "is no run folder"),
        (["runs/seed0", "--notebook", "--out", "x.txt"], "ends in .py (marimo) or .ipynb"),
        (["runs/seed0", "--notebook", "--port", "99"], "--notebook serves none"),
        (["runs/seed0", "--notebook", "--device", "abacus"], "abacus"),
        (["runs/seed0", "--no-open"], "--no-open is about a notebook: add --notebook"),
        (["runs/seed0", "--out", "x.py"], "--out is about a notebook: add --notebook"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(anywidget, latebloom, root, words, said):
    code, out, err = latebloom("explore", *words)
    assert (code, out) == (2, "")
    assert said in err and err.count("\n") == 1
    assert not [*root.rglob("explore.*")]


def test_a_run_without_a_checkpoint_is_told(anywidget, latebloom, root):
    for one in (root / "seed0" / "checkpoints").iterdir():
        one.rename(root / one.name)
    code, _, err = latebloom("explore", root / "seed0", "--notebook")
    assert code == 2 and "holds no checkpoint yet" in err


def test_without_the_extra_it_is_named(monkeypatch, latebloom, root):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    code, _, err = latebloom("explore", root / "seed0", "--notebook", "--no-open")
    assert code == 2 and "pip install 'latebloom[notebook]'" in err
    assert not [*root.rglob("explore.*")]


@pytest.mark.parametrize("name", ["it's", 'a "b"', "c\\d", "\u05d0 \u2028", "\udc80", "e\nf"])
def test_the_run_is_named_whatever_its_name(name):
    """The cell is Python whose only argument is the run's path."""
    run = (Path.cwd() / name).as_posix()
    code = code_of(Path(name), "cuda")
    call = ast.parse(code).body[-1].value
    assert ast.literal_eval(call.args[0]) == run
    assert ast.literal_eval(call.keywords[0].value) == "cuda"
    assert json.loads(as_jupyter(code).encode())["cells"][0]["source"] == code
    tree = ast.parse(as_marimo(code).encode())
    (cell,) = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
    assert ast.unparse(cell.body[1].value) == ast.unparse(call)


def test_the_format_is_that_of_the_name_or_of_what_is_there(there):
    for one in FORMATS:
        assert format_of(Path(f"x{one.suffix}")) is one
    for modules, chosen in [((), JUPYTER), (("notebook",), JUPYTER), (("marimo",), MARIMO)]:
        there(*modules)
        assert format_of(None) is chosen
