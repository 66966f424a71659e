"""The lessons: `latebloom lessons`."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import latebloom
from latebloom.cli.app import Json, app, err, out
from latebloom.errors import LatebloomError

SHIPPED = Path(latebloom.__file__).parent / "lessons"
"""The notebooks, `1_memorising.py` and so on."""


def all_lessons() -> dict[int, Path]:
    """The notebooks by number."""
    return {int(path.name.partition("_")[0]): path for path in sorted(SHIPPED.glob("[0-9]*.py"))}


def title_of(notebook: Path) -> str:
    """What a lesson is about: its first line."""
    return (ast.get_docstring(ast.parse(notebook.read_text(encoding="utf-8"))) or "").strip()


def tables_of(notebook: Path) -> list[Path]:
    """The tables beside a notebook that it reads."""
    text = notebook.read_text(encoding="utf-8")
    return [path for path in sorted(SHIPPED.glob("*.csv")) if path.name in text]


@app.command
def lessons(number: int | None = None, *, to: Path = Path("lessons"), json_: Json = False) -> None:
    """List the lessons, or open one: a notebook in the browser, to be changed as you like.

    Each takes some minutes on two cores and starts from zero. What it trains is kept under
    runs/lessons.

    Parameters
    ----------
    number
        The lesson to open; without it, the list.
    to
        The folder for your own copy, on which you work. One that is there already is kept.
    json_
        Print the list as JSON; of one lesson, copy it, print where it is, and open nothing.
    """
    known = all_lessons()
    if number is None:
        if json_:
            print(json.dumps({i: title_of(path) for i, path in known.items()}))
            return
        for i, path in known.items():
            out.print(f"{i}  {title_of(path)}", markup=False)
        out.print("open one: latebloom lessons 1", markup=False)
        return
    if number not in known:
        raise LatebloomError(f"there is no lesson {number}; there are {min(known)} to {max(known)}")
    mine = to / known[number].name
    if json_:
        copy_lesson(known[number], mine)
        print(json.dumps({"notebook": str(mine)}))
        return
    from latebloom.files import import_extra

    import_extra("marimo", "lessons", "a lesson")
    copy_lesson(known[number], mine)
    err.print(f"your copy is {mine}; Ctrl-C ends", markup=False)
    subprocess.run([sys.executable, "-m", "marimo", "edit", str(mine)], check=False)


def copy_lesson(notebook: Path, mine: Path) -> None:
    """Copies a lesson and the tables that it reads; a copy that is there is kept."""
    mine.parent.mkdir(parents=True, exist_ok=True)
    if not mine.exists():
        shutil.copy(notebook, mine)
    for table in tables_of(notebook):
        shutil.copy(table, mine.parent)
