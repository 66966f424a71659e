"""What a forecast has to beat: simple forecasts of the same step, fitted on the same runs.

- constant: the median step of the fitting runs that got there.
- phi alone: a straight line of log step over log phi.
- extrapolation: the loss of the held-out questions, as a straight line over log step through the
  second half of the steps so far, followed to the loss at which fitting runs got there.
- setting alone: our own regression without any curve.
- law: that of `latebloom.foresight.law`, calibrated on the fitting runs. It needs to know when the
  training questions were known by heart and how large the weights were, which is later than the
  other forecasts are made; it is told. Where that never came, or not before the goal, it has no
  forecast, and is judged without.

None of them is told at which share of its steps a run is looked at. Each says a step between now
and the last.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from latebloom.errors import LatebloomError
from latebloom.foresight.early import GOALS, Story, loss_of
from latebloom.foresight.fitting import fit_before
from latebloom.foresight.law import Norms, calibrate
from latebloom.worlds.splits import chosen_by

Rival = Callable[[Story, Story], float]
"""From a run as far as it is told, and the whole run (for what a rival is given), to a step."""


def rivals(stories: Sequence[Story], goal: str) -> dict[str, Rival]:
    """All rivals, fitted on these runs."""
    there = [story for story in stories if story.came(goal)]
    found: dict[str, Rival] = {
        "constant": constant(there, goal),
        "phi alone": phi_alone(there, goal),
        "extrapolation": Extrapolation.of(there, goal),
        "setting alone": setting_alone(stories, goal),
    }
    try:
        found["law"] = law(there, goal)
    except LatebloomError:  # none memorised first, or no weights shrank: it says nothing here
        found["law"] = lambda told, whole: math.nan
    return found


def within(step: float, told: Story) -> float:
    """The nearest step that is possible: after now, and not after the last."""
    return min(max(step, told.step), told.budget) if math.isfinite(step) else step


def constant(there: Sequence[Story], goal: str) -> Rival:
    """The median step."""
    median = float(np.median([story.came(goal) or 0 for story in there]))
    return lambda told, whole: within(median, told)


def phi_alone(there: Sequence[Story], goal: str) -> Rival:
    """A straight line of log step over log phi."""
    x = [math.log(story.sizes.phi + 0.1) for story in there]
    slope, base = np.polyfit(x, [math.log(story.came(goal) or 1) for story in there], 1)

    def say(told: Story, whole: Story) -> float:
        return within(math.exp(base + slope * math.log(told.sizes.phi + 0.1)), told)

    return say


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """The held-out loss, followed in a straight line over log step.

    level: the loss, in nats, at which fitting runs got there: their median.
    """

    goal: str
    level: float

    @classmethod
    def of(cls, there: Sequence[Story], goal: str) -> "Extrapolation":
        """With the level of these runs."""
        at = [held_loss(story.until(story.came(goal) or 0), goal)[-1] for story in there]
        return cls(goal, float(np.median(at)))

    def __call__(self, told: Story, whole: Story) -> float:
        steps = np.array([record["step"] for record in told.records], float)
        loss = np.array(held_loss(told, self.goal))
        late = steps >= steps[-1] / 2
        if late.sum() < 2:
            late[-2:] = True
        slope, base = np.polyfit(np.log(steps[late]), loss[late], 1)
        if slope >= 0:  # it does not fall, so a line never gets there
            return float(told.budget)
        return within(math.exp(min((self.level - base) / slope, 30.0)), told)


def held_loss(story: Story, goal: str) -> list[float]:
    """The loss of the held-out questions at every evaluation."""
    return [loss_of(r, chosen_by(GOALS[goal], r["accuracy"])) for r in story.records]


def setting_alone(stories: Sequence[Story], goal: str) -> Rival:
    """Our own regression of the setting, which does not know the curves."""
    model = fit_before(stories, goal).model
    return lambda told, whole: model(told, goal).step or math.nan


def law(there: Sequence[Story], goal: str) -> Rival:
    """The published law, calibrated on the runs that memorised first."""
    passage = calibrate([Norms.of(story, goal) for story in there])

    def say(told: Story, whole: Story) -> float:
        norms = Norms.of(whole, goal)
        return within(passage(norms), told) if norms.late else math.nan

    return say


def of_all(fitted: Mapping[str, Rival], told: Story, whole: Story) -> dict[str, float]:
    """What each rival says of a run."""
    return {name: float(rival(told, whole)) for name, rival in fitted.items()}
