"""A notebook file whose one cell asks a run: `latebloom explore RUN --notebook`.

Enters: a run's folder. Leaves: a file that marimo or Jupyter opens, with the call of
`latebloom.explore` in it, and the words that open it. The cell names the run by its whole path, as
the two disagree about the folder in which a notebook's Python starts.

Covers: marimo's notebooks (plain Python) and Jupyter's (JSON, which VS Code and Colab read too).
Does not cover: running the cell, which both leave to the reader.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from latebloom.errors import LatebloomError
from latebloom.files import write_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """One kind of notebook file."""

    name: str
    suffix: str
    """How the names of such files end."""
    written: Callable[[str], str]
    """From the code of the cell to the content of the file."""
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


MARIMO = Format(
    name="marimo",
    suffix=".py",
    written=as_marimo,
    openers=(("marimo", "edit"),),
    run_cell="Ctrl-Enter",
    brought_by="'latebloom[lessons]'",
)
JUPYTER = Format(
    name="Jupyter",
    suffix=".ipynb",
    written=as_jupyter,
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


def write_notebook(run: Path, path: Path, device: str = "cpu") -> bool:
    """Writes a notebook that asks a run; one that is there already is kept.

    run: its folder. path: of the file, whose ending says the format. device: where the cell runs
    the model. Gives whether it was written.
    Raises: LatebloomError for an ending that no format has; OSError if it cannot be written.
    """
    chosen = format_of(path)
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, chosen.written(code_of(run, device)))
    return True
