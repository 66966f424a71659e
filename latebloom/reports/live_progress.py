"""A training's progress on a terminal: a panel that redraws itself, at any width and height."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from latebloom.reports.shown import Shown

LEAST_WIDTH = 48
"""Columns that a training takes at least where several stand side by side."""

REDRAW_SECONDS = 0.1
"""Least time between two redraws."""


class LiveProgress:
    """A panel that redraws itself: bar, speed, time left, a curve for each split, the phase.

    beside: keep the trainings before this one on show, side by side where the terminal is wide
    enough for it, else one below the other.
    """

    def __init__(self, console: Console, *, beside: bool = False) -> None:
        self.console = console
        self.beside = beside
        # Redrawn by the loop's own calls: a thread would take time from the training's.
        self.live = Live(console=console, auto_refresh=False, redirect_stdout=False)
        self.trainings = [Shown()]
        self.drawn = time.monotonic()

    def __enter__(self) -> "LiveProgress":
        self.live.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.now.stop()
        self._draw()
        self.live.stop()

    @property
    def now(self) -> "Shown":
        """The training that is under way."""
        return self.trainings[-1]

    def start(
        self, total_steps: int, first_step: int, title: str, judged: Sequence[str] = ()
    ) -> None:
        earlier = self.trainings if self.beside and self.now.title else []
        for training in earlier:
            training.stop()
        self.trainings = [*earlier, Shown(title, tuple(judged), total_steps, first_step)]
        self._draw()

    def step(self, step: int, loss: float, steps_per_second: float) -> None:
        now = self.now
        now.last_step, now.loss, now.speed = step, loss, steps_per_second
        if time.monotonic() - self.drawn >= REDRAW_SECONDS:
            self._draw()

    def evaluated(self, record: dict[str, Any]) -> None:
        self.now.take(record)
        self._draw()

    def note(self, text: str) -> None:
        self.console.print(Text(text))

    def _draw(self) -> None:
        self.drawn = time.monotonic()
        self.live.update(self.panel(), refresh=True)

    def panel(self) -> Group | Table:
        """What is shown now: never wider or higher than the terminal, and nothing before a training
        has begun."""
        begun = [one for one in self.trainings if one.title]
        n, width, height = len(begun), self.console.width, self.console.height
        if n < 2 or width < n * LEAST_WIDTH:
            return Group(*(one.panel(width, height // n) for one in begun))
        columns = Table.grid(padding=(0, 3, 0, 0), expand=True)
        for _ in begun:
            columns.add_column(ratio=1)
        columns.add_row(*(one.panel(width // n - 3, height) for one in begun))
        return columns
