"""A notebook file whose one cell asks a run: `latebloom explore RUN --notebook`.

Enters: a run's folder. Leaves: a file that marimo or Jupyter opens, with the call of
`latebloom.explore` in it, and the words that open it. The cell names the run by its whole path, as
the two disagree about the folder in which a notebook's Python starts.

Covers: marimo's notebooks (plain Python) and Jupyter's (JSON, which VS Code and Colab read too). A
file that is there already is kept, with whatever somebody wrote into it, if it asks the run.
Does not cover: running the cell, which both leave to the reader.
"""

import ast
import json
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from latebloom.errors import LatebloomError
from latebloom.files import write_text
from latebloom.reading import parse_json, read_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """One kind of notebook file."""

    name: str
    suffix: str
    """How the names of such files end."""
    written: Callable[[str], str]
    """From the code of the cell to the content of the file."""
    read: Callable[[str], Iterable[str]]
    """From the content of a file, which may be anybody's, to the code in it: a part or several."""
    openers: tuple[tuple[str, ...], ...]
    """What may open it, as the words after `python -m`; the first is the module."""
    run_cell: str
    """What to press so that the cell runs."""
    brought_by: str
    """What pip installs to have an opener."""

    def opener(self) -> tuple[str, ...] | None:
        """The words of the first opener that is installed; None: none is."""
        return next((words for words in self.openers if find_spec(words[0]) is not None), None)


def as_marimo(code: str) -> str:
    """A marimo notebook of one cell."""
    body = "\n".join(f"    {line}" if line else "" for line in code.splitlines())
    return (
        "import marimo\n\napp = marimo.App()\n\n\n@app.cell\ndef _():\n"
        f'{body}\n    return\n\n\nif __name__ == "__main__":\n    app.run()\n'
    )


def as_jupyter(code: str) -> str:
    """A Jupyter notebook of one cell, in version 4.5 of its format."""
    cell = {
        "cell_type": "code",
        "id": "explore",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": code,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    told = {
        "cells": [cell],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def cells_of_jupyter(content: str) -> list[str]:
    """The code of a Jupyter notebook, cell by cell; none if it is no notebook."""
    try:
        cells = parse_json(content)["cells"]
        codes = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        # Jupyter itself saves a cell as a list of its lines.
        return [code if isinstance(code, str) else "".join(code) for code in codes]
    except (ValueError, KeyError, TypeError):
        return []


MARIMO = Format(
    name="marimo",
    suffix=".py",
    written=as_marimo,
    read=lambda content: [content],
    openers=(("marimo", "edit"),),
    run_cell="Ctrl-Enter",
    brought_by="'latebloom[lessons]'",
)
JUPYTER = Format(
    name="Jupyter",
    suffix=".ipynb",
    written=as_jupyter,
    read=cells_of_jupyter,
    openers=(("jupyterlab",), ("notebook",)),
    run_cell="Shift-Enter",
    brought_by="jupyterlab",
)
FORMATS = (MARIMO, JUPYTER)


def format_of(path: Path | None) -> Format:
    """The format that a file's name asks for.

    path: None: the first format that something installed here opens, or else Jupyter's, which
    most other programs read.
    Raises: LatebloomError for a name that ends otherwise.
    """
    if path is None:
        return next((one for one in FORMATS if one.opener() is not None), JUPYTER)
    for one in FORMATS:
        if path.suffix == one.suffix:
            return one
    endings = " or ".join(f"{one.suffix} ({one.name})" for one in FORMATS)
    raise LatebloomError(f"{path}: the name of a notebook ends in {endings}")


def code_of(run: Path, device: str) -> str:
    """What the cell runs."""
    asked = repr(run.resolve().as_posix())
    if device != "cpu":
        asked += f", device={device!r}"
    return f"import latebloom\n\nlatebloom.explore({asked})"


def calls_in(code: str) -> set[str]:
    """The calls in some code, however they are laid out; none if it is no Python."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about its style
            tree = ast.parse(code)
        return {ast.dump(one) for one in ast.walk(tree) if isinstance(one, ast.Call)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def asks(path: Path, run: Path, device: str) -> bool:
    """Whether the file that is there is a notebook that asks this run on this device."""
    (ours,) = calls_in(code_of(run, device))
    try:
        content = read_text(path)
    except (OSError, ValueError):
        return False
    return any(ours in calls_in(code) for code in format_of(path).read(content))


def write_notebook(run: Path, path: Path, device: str = "cpu") -> bool:
    """Writes a notebook that asks a run; one that is there already is kept.

    run: its folder. path: of the file, whose ending says the format. device: where the cell runs
    the model. Gives whether it was written.
    Raises: LatebloomError for an ending that no format has, and where a file is there that asks
    another run, or on another device, or nothing: it may be of the run that this one is a copy of,
    or of whoever gave the run away. OSError if it cannot be written.
    """
    chosen = format_of(path)
    if path.exists():
        if asks(path, run, device):
            return False
        raise LatebloomError(
            f"{path} is there, and does not ask this run on device {device}: write another with"
            " --out FILE, or delete it"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, chosen.written(code_of(run, device)))
    return True
