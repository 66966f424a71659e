"""How a training shows itself while it runs: a live panel, plain lines, or nothing.

Enters: what the loop tells its listener. Leaves: text on standard error, so that standard output
stays free for `--json`.
Covers: terminals of any size, logs, notebooks. Does not cover: the run's files.
"""

import sys
from collections.abc import Sequence
from typing import Any, Protocol, TextIO, runtime_checkable

from latebloom.neutral import neutral
from latebloom.reports.live_progress import LiveProgress
from latebloom.reports.notebook_progress import NotebookProgress, in_notebook
from latebloom.reports.ranked import lines_of_ranks
from latebloom.reports.shown import loss_of
from latebloom.reports.splits import in_order, percent
from latebloom.reports.terminal import SafeConsole
from latebloom.training.listener import Listener, Silence


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
            f"{loss_of(record):8.4f}",
        ]
        shares = [percent(accuracy.get(name)).rjust(max(7, len(name))) for name in self.columns]
        self.note("  ".join([*numbers, *shares, record.get("phase", "")]))
        for line in lines_of_ranks(record):
            self.note(" " * (self.step_width + 2) + line)

    def note(self, text: str) -> None:
        self.stream.write(neutral(text.rstrip()) + "\n")
        self.stream.flush()
