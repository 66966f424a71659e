"""How a training shows itself while it runs: a live panel, plain lines, or nothing.

Enters: what the loop tells its listener. Leaves: text on standard error, so that standard output
stays free for `--json`.
Covers: terminals of any size, logs, notebooks. Does not cover: the run's files.
"""

import importlib
import math
import sys
import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Protocol, TextIO, runtime_checkable

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from latebloom.neutral import neutral
from latebloom.reports.splits import duration, in_order, percent
from latebloom.reports.terminal import SafeConsole
from latebloom.training.listener import Listener, Silence
from latebloom.training.milestones import LEVEL
from latebloom.worlds.splits import is_validation

PHASES = ("memorising", "generalising", "systematic")
"""The phases in the order in which a run that blooms goes through them."""

BLOCKS = "▁▂▃▄▅▆▇█"
"""Eighths of a cell; the full one is kept for accuracies of `LEVEL` and more."""

LEAST_WIDTH = 48
"""Columns that a training takes at least where several stand side by side."""

REDRAW_SECONDS = 0.1
"""Least time between two redraws of the live panel."""

NOTEBOOK_SECONDS = 1.0
"""Least time between two redraws in a notebook, but for evaluations."""


@runtime_checkable
class Progress(Listener, Protocol):
    """A listener that is shown inside `with`."""

    def __enter__(self) -> "Progress": ...

    def __exit__(self, *raised: object) -> None: ...


def make_progress(quiet: bool, stream: TextIO | None = None, *, beside: bool = False) -> Progress:
    """Nothing if `quiet`; the live panel on a terminal that can draw it; otherwise plain lines.

    stream: where it goes; standard error if None. beside: whether trainings that follow each other
    stay on show side by side.
    """
    if quiet:
        return QuietProgress()
    if stream is None and in_notebook():
        return NotebookProgress()
    shown_on = sys.stderr if stream is None else stream
    console = SafeConsole(file=shown_on, highlight=False)
    blocks = "utf" in console.encoding.lower()
    if console.is_terminal and not console.is_dumb_terminal and blocks:
        return LiveProgress(console, beside=beside)
    return PlainProgress(shown_on)


def in_notebook() -> bool:
    """Whether this runs in a notebook, which shows HTML."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


class QuietProgress(Silence):
    """Shows nothing."""

    def __enter__(self) -> "QuietProgress":
        return self

    def __exit__(self, *raised: object) -> None:
        pass


class PlainProgress:
    """One aligned line an evaluation, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.speed = 0.0
        self.step_width = 6
        self.columns: list[str] = []

    def __enter__(self) -> "PlainProgress":
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def start(
        self, total_steps: int, first_step: int, title: str, judged: Sequence[str] = ()
    ) -> None:
        self.step_width = max(6, len(str(total_steps)))
        resumed = f", from step {first_step}" if first_step else ""
        self.note(f"{title}: at most {total_steps} steps{resumed}")

    def step(self, step: int, loss: float, steps_per_second: float) -> None:
        self.speed = steps_per_second

    def evaluated(self, record: dict[str, Any]) -> None:
        accuracy = record["accuracy"]
        if not set(accuracy) <= set(self.columns):
            self.columns = in_order({*self.columns, *accuracy})
            heads = ["step".rjust(self.step_width), " seconds", " steps/s", "    loss"]
            self.note("  ".join([*heads, *(f"{name:>7}" for name in self.columns), "phase"]))
        numbers = [
            f"{record['step']:>{self.step_width}}",
            f"{record.get('seconds', 0):8.1f}",
            f"{record.get('steps_per_second', self.speed):8.1f}",
            f"{_number(record.get('loss')):8.4f}",
        ]
        shares = [percent(accuracy.get(name)).rjust(max(7, len(name))) for name in self.columns]
        self.note("  ".join([*numbers, *shares, record.get("phase", "")]))

    def note(self, text: str) -> None:
        self.stream.write(neutral(text.rstrip()) + "\n")
        self.stream.flush()


class NotebookProgress:
    """A small table under the cell, drawn anew at every evaluation: a curve for each split."""

    def __init__(self) -> None:
        self.display: Any = importlib.import_module("IPython.display")
        self.place: Any = None
        self.title, self.phase, self.notes = "", "", ""
        self.total_steps = self.last_step = 0
        self.drawn = 0.0
        self.curves: dict[str, list[float]] = {}

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
        if time.monotonic() - self.drawn >= NOTEBOOK_SECONDS:
            self._draw()

    def evaluated(self, record: dict[str, Any]) -> None:
        self.last_step, self.phase = record["step"], record.get("phase", "")
        for split, share in record["accuracy"].items():
            self.curves.setdefault(split, []).append(share)
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
        table = f"<table>{rows}</table>{aside}"
        return self.display.HTML(f"{self.notes}<div>{head}{phase}</div>{table}")


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
        """What is shown now: never wider or higher than the terminal."""
        n, width, height = len(self.trainings), self.console.width, self.console.height
        if n == 1 or width < n * LEAST_WIDTH:
            return Group(*(one.panel(width, height // n) for one in self.trainings))
        columns = Table.grid(padding=(0, 3, 0, 0), expand=True)
        for _ in self.trainings:
            columns.add_column(ratio=1)
        columns.add_row(*(one.panel(width // n - 3, height) for one in self.trainings))
        return columns


class Shown:
    """One training as the live panel shows it."""

    def __init__(
        self,
        title: str = "",
        judged: tuple[str, ...] = (),
        total_steps: int = 0,
        first_step: int = 0,
    ) -> None:
        self.title, self.judged, self.total_steps = title, judged, total_steps
        self.last_step = first_step
        self.loss = self.speed = 0.0
        self.phase = ""
        self.curves: dict[str, list[float]] = {}
        self.began, self.ended = time.monotonic(), math.nan

    def stop(self) -> None:
        """It is over: its clock stands still."""
        self.ended = time.monotonic()

    def take(self, record: Mapping[str, Any]) -> None:
        """An evaluation."""
        self.last_step = record["step"]
        self.loss = _number(record.get("loss"))
        self.speed = record.get("steps_per_second", self.speed)
        self.phase = record.get("phase", "")
        for split, share in record["accuracy"].items():
            self.curves.setdefault(split, []).append(share)

    def panel(self, width: int, height: int) -> Group:
        """What is shown of it in so many columns and lines."""
        return Group(self._bar(), self._facts(), *self._splits(width, height), self._phases())

    def _bar(self) -> Table:
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_column(no_wrap=True, justify="right")
        bar = ProgressBar(
            total=max(self.total_steps, 1),
            completed=self.last_step,
            complete_style="blue",
            finished_style="green",
        )
        grid.add_row(
            Text(self.title, style="bold"), bar, f"{self.last_step:,}/{self.total_steps:,}"
        )
        return grid

    def _facts(self) -> Text:
        parts = []
        if self.ended == self.ended:
            parts = [f"{duration(self.ended - self.began)}", f"loss {self.loss:.4f}"]
        elif self.speed > 0:
            left = max(0, self.total_steps - self.last_step) / self.speed
            # A run that reaches its goal stops before all its steps are done.
            parts = [
                f"{self.speed:.1f} steps/s",
                f"{duration(time.monotonic() - self.began)} gone",
                f"at most {duration(left)} left",
                f"loss {self.loss:.4f}",
            ]
        return Text(" · ".join(parts), style="dim", overflow="ellipsis", no_wrap=True)

    def _splits(self, columns: int, lines_high: int) -> list[Text]:
        """A line for each split, as many as there is room for, then one for those that are for
        validation."""
        names = [name for name in in_order(self.curves) if not is_validation(name)]
        aside = validation_line(self.curves) if lines_high > 6 else ""
        room = max(1, lines_high - 5 - bool(aside))
        if len(names) <= room:
            shown = names
        else:
            # Those that a run is judged by stay; a stable sort keeps the rest in their order.
            ranked = sorted(names, key=lambda name: name not in self.judged)
            shown = in_order(ranked[: room - 1])
        wide = max(map(len, shown), default=0)
        width = min(48, max(4, columns - wide - 11))
        lines = []
        for name in shown:
            curve = self.curves[name]
            style = "green" if curve[-1] >= LEVEL else "yellow" if curve[-1] >= 0.5 else ""
            lines.append(
                Text.assemble(
                    f"{name:<{wide}}  ",
                    (f"{percent(curve[-1]):>7}  ", style),
                    (sparkline(curve, width), style),
                    no_wrap=True,
                    overflow="crop",
                )
            )
        if len(shown) < len(names):
            lines.append(Text(f"and {len(names) - len(shown)} more splits", style="dim"))
        if aside:
            lines.append(Text(aside, style="dim", no_wrap=True, overflow="ellipsis"))
        return lines

    def _phases(self) -> Text:
        if not self.phase:
            return Text("")
        line = Text(no_wrap=True, overflow="ellipsis")
        for name in PHASES if self.phase in PHASES else (self.phase,):
            line.append(" → " if line else "", style="dim")
            line.append(name, style="bold" if name == self.phase else "dim")
        return line


def validation_line(curves: Mapping[str, Sequence[float]]) -> str:
    """The newest figures of the validation splits in one line; empty where there is none."""
    names = [name for name in in_order(curves) if is_validation(name)]
    return "  ".join(f"{name} {percent(curves[name][-1])}" for name in names)


def sparkline(shares: list[float], width: int) -> str:
    """A curve of shares in [0, 1], a character each, at most `width` of them.

    A longer curve is thinned; each character is then the last of the shares that it stands for.
    """
    n = len(shares)
    if n > width:
        shares = [shares[-(-(i + 1) * n // width) - 1] for i in range(width)]
    top = len(BLOCKS) - 1
    return "".join(
        " " if share != share else BLOCKS[min(top, int(max(share, 0.0) / LEVEL * top))]
        for share in shares
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
