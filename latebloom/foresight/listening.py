"""A forecast in the progress of a training: a line whenever it has changed.

Enters: the listener that shows a training, and the run folder that the training writes. Leaves: the
same listener, which is also told the forecast after an evaluation, as a note.

A forecast takes a millisecond or two and no pass through the model. It must never stop a training,
so a run that cannot be forecast says so once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.foresight.early import LEAST, Sizes, Story
from latebloom.foresight.forecast import Forecast, load_forecaster
from latebloom.training.listener import Listener
from latebloom.training.run_folder import RunFolder

CHANGED = 0.1
"""Change of a forecast step, as a share of it, from which on it is told again."""


class Foretelling:
    """Hands everything on to a listener, and tells it the forecasts besides."""

    def __init__(self, listener: Listener, folder: Path) -> None:
        self.listener = listener
        self.folder = folder
        self.story: Story | None = None
        self.told: Forecast | None = None
        self.gave_up = False

    def start(
        self, total_steps: int, first_step: int, title: str, judged: Sequence[str] = ()
    ) -> None:
        self.listener.start(total_steps, first_step, title, judged)

    def step(self, step: int, loss: float, steps_per_second: float) -> None:
        self.listener.step(step, loss, steps_per_second)

    def note(self, text: str) -> None:
        self.listener.note(text)

    def evaluated(self, record: dict[str, Any]) -> None:
        self.listener.evaluated(record)
        if self.gave_up:
            return
        try:
            self.story = self.after(record)
            if len(self.story.records) >= LEAST:
                self.tell(load_forecaster()(self.story))
        except LatebloomError as error:
            self.gave_up = True
            self.note(f"no forecast: {error}")

    def after(self, record: dict[str, Any]) -> Story:
        """The run up to an evaluation; what came before it is read where the run was resumed."""
        if self.story is not None:
            return Story(self.story.config, self.story.sizes, [*self.story.records, record])
        run = RunFolder.open(self.folder)
        load_forecaster().kind_of(run.config())
        before = [one for one in run.metrics() if one["step"] < record["step"]]
        return Story(run.config(), Sizes.of(run.data()), [*before, record])

    def tell(self, forecast: Forecast) -> None:
        """Says a forecast that differs from the one that was said last."""
        if self.told is None or differs(self.told, forecast):
            self.told = forecast
            self.note(forecast.short())


def differs(before: Forecast, now: Forecast) -> bool:
    """Whether a goal has come, or is expected at another step than before."""
    for goal, outlook in now.goals.items():
        was = before.goals[goal]
        if (was.came, was.begun) != (outlook.came, outlook.begun):
            return True
        if was.chance is None or outlook.chance is None:
            continue
        if was.chance.step is None or outlook.chance.step is None:
            continue
        if abs(outlook.chance.step / was.chance.step - 1) > CHANGED:
            return True
    return False
