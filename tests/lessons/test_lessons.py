"""The lessons: they are listed, they are notebooks, and they run from beginning to end."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from latebloom.cli.lessons import all_lessons, title_of

LESSONS = all_lessons()


def test_they_are_numbered_without_a_gap_and_say_what_they_are_about():
    assert list(LESSONS) == list(range(1, len(LESSONS) + 1))
    assert all(title_of(path).endswith(".") for path in LESSONS.values())


@pytest.mark.parametrize("path", LESSONS.values(), ids=lambda path: path.stem)
def test_each_is_plain_python_that_ends_by_running(path):
    tree = ast.parse(path.read_text())
    cells = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(cells) >= 5
    assert ast.unparse(tree.body[-1]).endswith("app.run()")


def prose_of(path):
    """What a notebook says in Markdown and over its fields, in its order, without code."""
    said = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "mo.md":
            said += [(node.lineno, node.args[0])]
        elif isinstance(node, ast.keyword) and node.arg == "label":
            said += [(node.value.lineno, node.value)]
    texts = []
    for _, text in sorted(said, key=lambda one: one[0]):
        parts = text.values if isinstance(text, ast.JoinedStr) else [text]
        texts += [part.value for part in parts if isinstance(part, ast.Constant)]
    return re.sub(r"`[^`]*`", "", "\n".join(texts))


WORDS = ("step", "checkpoint", "token", "seed", "loss", "architecture", "atomic", "composed")


@pytest.mark.parametrize("path", LESSONS.values(), ids=lambda path: path.stem)
def test_no_word_of_training_is_used_before_it_is_explained(path):
    """A word is set in italics where it is explained, and that is where it stands first."""
    prose = prose_of(path)
    assert len(prose) > 2000
    for word in WORDS:
        first = re.search(rf"(\S*){word}s?\b", prose, re.IGNORECASE)
        assert first is None or first[1].endswith("*"), prose[first.start() - 60 : first.end()]


@pytest.mark.parametrize("number", ["0", "99"])
def test_a_lesson_that_is_not_there_is_told(latebloom, number):
    code, _, complaint = latebloom("lessons", number)
    assert code == 2
    assert "there is no lesson" in complaint


def test_the_list_names_every_lesson(latebloom):
    code, told, _ = latebloom("lessons")
    assert code == 0
    assert all(title_of(path) in told for path in LESSONS.values())


def test_for_a_script_a_lesson_is_copied_and_not_opened(monkeypatch, latebloom):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it was opened"))
    assert json.loads(latebloom("lessons", "--json")[1]).keys() == {str(i) for i in LESSONS}
    code, told, _ = latebloom("lessons", "7", "--to", "mine", "--json")
    mine = Path(json.loads(told)["notebook"])
    assert (code, mine.parent) == (0, Path("mine"))
    assert mine.read_text() == LESSONS[7].read_text()
    assert (mine.parent / "pharmacology.csv").exists()
    mine.write_text("# mine")
    latebloom("lessons", "7", "--to", "mine", "--json")
    assert mine.read_text() == "# mine"
    assert latebloom("lessons", "99", "--json")[0] == 2


@pytest.mark.slow
def test_they_run_one_after_the_other(tmp_path):
    pytest.importorskip("marimo")
    for path in LESSONS.values():
        ran = subprocess.run(
            [sys.executable, path, "--answers", "true"],
            cwd=tmp_path,
            env=os.environ | {"MARIMO_SKIP_UPDATE_CHECK": "1"},
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        assert ran.returncode == 0, f"{path.name}:\n{ran.stderr[-3000:]}"
