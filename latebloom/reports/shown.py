"""One training as a terminal shows it, drawn in so many columns and lines.

Enters: what a listener is told. Leaves: a bar, its speed, a curve for each split, the phase.
"""

import math
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from latebloom.reports.ranked import rank_lines
from latebloom.reports.sparkline import sparkline, validation_line
from latebloom.reports.splits import duration, in_order, percent
from latebloom.training.milestones import LEVEL
from latebloom.worlds.splits import is_validation

PHASES = ("memorising", "generalising", "systematic")
"""The phases in the order in which a run that blooms goes through them."""

NEXT = {
    "memorising": "held-out questions may come long after; Ctrl-C keeps the run",
    "generalising": "OOD questions come last, if they come; Ctrl-C keeps the run",
}
"""What to expect and what to do, by phase: at most 60 columns."""

HINT_HEIGHT = 12
"""Lines of a terminal that has room for such a hint."""


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
        self.sets: list[str] = []
        self.began, self.ended = time.monotonic(), math.nan

    def stop(self) -> None:
        """It is over: its clock stands still."""
        self.ended = time.monotonic()

    @property
    def over(self) -> bool:
        """Whether its clock stands still."""
        return not math.isnan(self.ended)

    def take(self, record: Mapping[str, Any]) -> None:
        """An evaluation."""
        self.last_step = record["step"]
        self.loss = loss_of(record)
        self.speed = record.get("steps_per_second", self.speed)
        self.phase = record.get("phase", "")
        # Of a run that was resumed, or is only watched, the earlier seconds count as well.
        self.began = time.monotonic() - record.get("seconds", time.monotonic() - self.began)
        self.sets = rank_lines(record)
        for split, share in record["accuracy"].items():
            self.curves.setdefault(split, []).append(share)

    def panel(self, width: int, height: int) -> Group:
        """What is shown of it in so many columns and lines."""
        hint = NEXT.get(self.phase, "") if height >= HINT_HEIGHT and not self.over else ""
        hints = [Text(hint, style="dim", no_wrap=True, overflow="ellipsis")] if hint else []
        # Of sets as many lines as leave room for the splits that the run is judged by.
        room = max(0, height - len(hints) - 5 - max(2, len(self.judged)))
        sets = [Text(line, no_wrap=True, overflow="ellipsis") for line in self.sets[:room]]
        splits = self._splits(width, height - len(hints) - len(sets))
        return Group(self._bar(), self._facts(width), *splits, *sets, self._phases(), *hints)

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

    def _facts(self, width: int) -> Text:
        """Time and loss: as many of them as have room, the most wanted first."""
        parts: list[str] = []
        if self.over:
            parts = [duration(self.ended - self.began), f"loss {self.loss:.4f}"]
        elif self.speed > 0:
            left = max(0, self.total_steps - self.last_step) / self.speed
            # A run that reaches its goal stops before all its steps are done.
            parts = [
                f"at most {duration(left)} left",
                f"{duration(time.monotonic() - self.began)} gone",
                f"loss {self.loss:.4f}",
                f"{self.speed:.1f} steps/s",
            ]
        while len(parts) > 1 and len(" · ".join(parts)) > width:
            parts.pop()
        return Text(" · ".join(parts), style="dim", overflow="ellipsis", no_wrap=True)

    def _splits(self, columns: int, lines_high: int) -> list[Text]:
        """A line for each split, as many as there is room for, then one for those that are for
        validation."""
        names = [name for name in in_order(self.curves) if not is_validation(name)]
        aside = validation_line(self.curves, columns) if lines_high > 6 else ""
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
            lines.append(Text(aside, style="dim", no_wrap=True, overflow="crop"))
        return lines

    def _phases(self) -> Text:
        if not self.phase:
            return Text("")
        line = Text(no_wrap=True, overflow="ellipsis")
        for name in PHASES if self.phase in PHASES else (self.phase,):
            line.append(" → " if line else "", style="dim")
            line.append(name, style="bold" if name == self.phase else "dim")
        return line


def loss_of(record: Mapping[str, Any]) -> float:
    """The loss of an evaluation in nats, nan where there was none."""
    loss = record.get("loss")
    return math.nan if loss is None else loss
