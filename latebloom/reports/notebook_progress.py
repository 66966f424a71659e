"""A training's progress in a notebook: a small table under the cell."""

import importlib
import sys
import time
from collections.abc import Sequence
from html import escape
from typing import Any

from latebloom.reports.ranked import lines_of_ranks
from latebloom.reports.sparkline import sparkline, validation_line
from latebloom.reports.splits import in_order, percent
from latebloom.worlds.splits import is_validation

REDRAW_SECONDS = 1.0
"""Least time between two redraws, but for evaluations."""


def in_notebook() -> bool:
    """Whether this runs in a notebook, which shows HTML."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


class NotebookProgress:
    """A small table under the cell, drawn anew at every evaluation: a curve for each split."""

    def __init__(self) -> None:
        self.display: Any = importlib.import_module("IPython.display")
        self.place: Any = None
        self.title, self.phase, self.notes = "", "", ""
        self.total_steps = self.last_step = 0
        self.drawn = 0.0
        self.curves: dict[str, list[float]] = {}
        self.ranks: list[str] = []

    def __enter__(self) -> "NotebookProgress":
        self.place = self.display.display(self.page(), display_id=True)
        return self

    def __exit__(self, *raised: object) -> None:
        self._draw()

    def start(
        self, total_steps: int, first_step: int, title: str, judged: Sequence[str] = ()
    ) -> None:
        self.title, self.total_steps, self.last_step = title, total_steps, first_step
        self._draw()

    def step(self, step: int, loss: float, steps_per_second: float) -> None:
        self.last_step = step
        if time.monotonic() - self.drawn >= REDRAW_SECONDS:
            self._draw()

    def evaluated(self, record: dict[str, Any]) -> None:
        self.last_step, self.phase = record["step"], record.get("phase", "")
        for split, share in record["accuracy"].items():
            self.curves.setdefault(split, []).append(share)
        self.ranks = lines_of_ranks(record)
        self._draw()

    def note(self, text: str) -> None:
        self.notes += f"<div>{escape(text)}</div>"
        self._draw()

    def _draw(self) -> None:
        self.drawn = time.monotonic()
        self.place.update(self.page())

    def page(self) -> Any:
        """What is shown now, as HTML that IPython displays."""
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(name)}</td><td>{percent(curve[-1])}</td>"
            f"<td style='text-align:left'><code>{sparkline(curve, 48)}</code></td></tr>"
            for name in in_order(self.curves)
            if not is_validation(name)
            for curve in [self.curves[name]]
        )
        aside = f"<div style='opacity:.6'>{escape(validation_line(self.curves))}</div>"
        head = f"<b>{escape(self.title)}</b> step {self.last_step:,} of {self.total_steps:,}"
        phase = f", {escape(self.phase)}" if self.phase else ""
        ranks = "".join(f"<div><code>{escape(line)}</code></div>" for line in self.ranks)
        table = f"<table>{rows}</table>{ranks}{aside}"
        return self.display.HTML(f"{self.notes}<div>{head}{phase}</div>{table}")
