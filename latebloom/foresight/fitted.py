"""A fitted forecaster: what it takes from a story, and what it says of it.

Enters: a `Story`, told up to some step, and a goal. Leaves: a `Chance`: the step, an interval, the
probability that the run ends before. All of what was fitted is read from JSON.

From the columns of the story an accelerated failure time model (`latebloom.foresight.regression`)
gives the distribution of the log step: normal, with mean m and spread s. Two things are known
besides. The step has not come yet, and after the last one, when the rate has fallen to zero,
nothing comes any more. So with F the normal distribution function,

- the probability of never is (1 - F(steps)) / (1 - F(now)), set right by a logistic regression on
  how often this came true in runs that it was not fitted on;
- the step is the median of what lies between now and the last step.

The interval is *conformal*: it does not trust the spread, but takes the errors that the model made
in fitting runs whose settings it had not seen, as quantiles of log(true / forecast), at about as
many steps as now. Of a new setting that is drawn as those were, it holds the true step as often as
it says, whatever the distribution.

Source: V. Vovk, A. Gammerman and G. Shafer, Algorithmic Learning in a Random World (2005); H. van
Houwelingen, Scandinavian Journal of Statistics 34 (2007), for forecasts from landmarks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latebloom.foresight.early import Story
from latebloom.foresight.regression import Accelerated, Logistic

NOMINAL = 0.9
"""How often an interval is to hold the true step."""
NEAR = 0.5
"""Errors count for an interval that were made at a step less than e to this times away, ..."""
ENOUGH = 20
"""... or those of the nearest runs, this many, where fewer are near."""


LEAST_TAIL = 1e-12
"""Probabilities below this are nothing."""
MOST_ODDS = 12.0
"""Log odds beyond this are certainty enough."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What is said of one goal.

    step: when it will be kept, if it comes; low, high: the interval around it; all None where it
    never came in fitting. never: the probability that the run ends before.
    """

    step: float | None
    low: float | None
    high: float | None
    never: float


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of a model in runs that it was not fitted on.

    run: the number of the run. log_step: when the forecast was made. error: log(true / forecast).
    """

    run: Float[ndarray, " error"]
    log_step: Float[ndarray, " error"]
    error: Float[ndarray, " error"]

    def interval(self, log_step: float, nominal: float = NOMINAL) -> tuple[float, float]:
        """The errors between which the middle `nominal` lies, at about this step.

        Each run counts once, with its forecast that was made nearest to this step.
        """
        apart = np.abs(self.log_step - log_step)
        order = np.lexsort((apart, self.run))
        nearest = order[np.unique(self.run[order], return_index=True)[1]]
        nearest = nearest[np.argsort(apart[nearest], kind="stable")]
        n = max(ENOUGH, int((apart[nearest] < NEAR).sum()))
        found = np.sort(self.error[nearest[:n]])
        # The k-th of n errors, from either end, has a share k / (n + 1) of all that may come beyond
        # it; where the runs are too few for so small a share, the last one has to do.
        k = max(1, math.floor((1 - nominal) / 2 * (len(found) + 1) + 1e-9))
        return float(found[k - 1]), float(found[-k])


@dataclass(frozen=True, slots=True)
class GoalModel:
    """What was fitted of one goal of one kind of run.

    columns: the names of the columns, in order. time: the censored regression. trust: from the log
    odds of never, as the regression has them, to the probability. errors: for the intervals.
    runs, came: how many runs it was fitted on, and how many of them got there.
    """

    columns: Sequence[str]
    time: Accelerated
    trust: Logistic
    errors: Errors
    runs: int
    came: int

    def __call__(self, story: Story, goal: str) -> Chance:
        """The forecast of a story."""
        known = story.setting() | (story.curves(goal) if self.needs_curves else {})
        row = np.array([[known[name] for name in self.columns]])
        mean = float(self.time(row)[0])
        step, odds = middle(mean, self.time.spread, story.step, story.budget)
        low, high = self.errors.interval(math.log(max(story.step, 1)))
        return Chance(
            step=step,
            low=max(float(story.step), step * math.exp(low)),
            high=min(float(story.budget), step * math.exp(high)),
            never=float(self.trust(np.array([[odds]]))[0]),
        )

    @property
    def needs_curves(self) -> bool:
        """Whether it looks at more than the setting."""
        return "log_step" in self.columns


def middle(mean: float, spread: float, now: float, last: float) -> tuple[float, float]:
    """The median step between now and the last one, and the log odds that it comes after the last.

    mean, spread: of the normal log step.
    """
    z_now = (math.log(max(now, 1.0)) - mean) / spread
    z_last = (math.log(last) - mean) / spread
    left, after = tail(z_now), tail(z_last)
    odds = math.log(max(after, LEAST_TAIL) / max(left - after, LEAST_TAIL))
    # Half of what lies between the two lies beyond the middle. Where all of it is too small for a
    # number, the nearer end has to do.
    half = (left + after) / 2
    z = -NormalDist().inv_cdf(min(half, 1 - LEAST_TAIL)) if half > LEAST_TAIL else z_now
    z = min(max(z, z_now), z_last)
    return math.exp(mean + spread * z), max(-MOST_ODDS, min(MOST_ODDS, odds))


def tail(z: float) -> float:
    """The probability that a standard normal number is larger than z."""
    return 0.5 * math.erfc(z / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class NeverCame:
    """A goal that no fitting run reached: a forecast is then that it never comes.

    runs: how many did not.
    """

    runs: int

    def __call__(self, story: Story, goal: str) -> Chance:
        """Laplace's rule: after n times never, the next is never with (n + 1) / (n + 2)."""
        return Chance(None, None, None, (self.runs + 1) / (self.runs + 2))


Model = GoalModel | NeverCame
"""What is known of a goal."""
