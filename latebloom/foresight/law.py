"""The published law of the delay: how long weight decay needs to shrink the weights far enough.

A model that has learned its training set by heart has large weights. Weight decay makes them
smaller: with V the squared norm of all weights, eta the rate and lambda the decay, plain gradient
descent would leave V(t) = V_mem exp(-2 eta lambda t) after t steps. AdamW does so at another pace,
kappa times that. If generalising begins when V falls to a threshold V*, then

    T_grok - T_mem = log(V_mem / V*) / (2 kappa eta lambda)

with T_mem the step at which the training set is known and V_mem the squared norm there. kappa and
V* are measured once, on runs of a single setting, and then hold for others.

Enters: two numbers and the first part of a run. Leaves: a step.

Source: arXiv:2605.18845 (the law, and that kappa and V* are calibrated on one setting).
Differs: how the paper measures kappa is not known here. We take it from the runs themselves: the
mean slope of log V between T_mem and T_grok, divided by -2 eta lambda; V* is the geometric mean of
V at T_grok. T_mem is the first of three evaluations in a row at which .99 of the trained questions
are right, T_grok the same for `LEVEL` of the held-out ones.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from latebloom.errors import LatebloomError
from latebloom.foresight.early import Story
from latebloom.training.milestones import sustained_step
from latebloom.worlds.splits import Split


@dataclass(frozen=True, slots=True)
class Norms:
    """What the law needs of a run: when, and how large the squared norm was.

    memorised, grokked: steps; None if it did not come. at_memorised, at_grokked: squared norms.
    pull: 2 eta lambda, the share of V that decay takes away in a step.
    """

    memorised: int | None
    at_memorised: float
    grokked: int | None
    at_grokked: float
    pull: float

    @classmethod
    def of(cls, story: Story, goal: str = "id") -> "Norms":
        """Those of a run as far as it is told."""
        train = story.config.train
        return cls.at(
            story.records,
            sustained_step(story.records, Split.TRAIN_INFERRED),
            story.came(goal),
            2 * train.lr * train.weight_decay,
        )

    @classmethod
    def at(
        cls,
        records: Sequence[Mapping[str, Any]],
        memorised: int | None,
        grokked: int | None,
        pull: float,
    ) -> "Norms":
        """Those of a run's evaluations at these steps."""
        square = {r["step"]: r["signs"]["weight_norm"] ** 2 for r in records}
        return cls(
            memorised,
            square[memorised] if memorised else math.nan,
            grokked,
            square[grokked] if grokked else math.nan,
            pull,
        )

    @property
    def late(self) -> bool:
        """Whether it memorised first and grokked afterwards, which the law is about."""
        return bool(self.memorised and self.grokked and self.grokked > self.memorised)


@dataclass(frozen=True, slots=True)
class FirstPassage:
    """The calibrated law.

    kappa: the pace of the shrinking, in units of that of plain gradient descent.
    threshold: V*, a squared norm.
    """

    kappa: float
    threshold: float

    def __call__(self, norms: Norms) -> float:
        """The step at which it groks; nan where it has not memorised, or nothing pulls.

        Where V_mem lies below the threshold already, that is at once: the step T_mem.
        """
        if norms.memorised is None or norms.pull <= 0:
            return math.nan
        apart = max(0.0, math.log(norms.at_memorised / self.threshold))
        return norms.memorised + apart / (self.kappa * norms.pull)

    def error(self, norms: Norms, end: int) -> float | None:
        """How far off it is, relative to the true delay; None where that cannot be said (`unsaid`).

        end: the last step of the run. If it did not generalise, the delay is taken to be over then,
        so that the law is off by so much at least.
        """
        if norms.memorised is None or self.unsaid(norms, end):
            return None
        delay = (norms.grokked or end) - norms.memorised
        return abs((self(norms) - norms.memorised) / delay - 1)

    def unsaid(self, norms: Norms, end: int) -> str:
        """Why nothing can be said of how far off it is; empty where something can."""
        if norms.memorised is None:
            return "never knew its training questions"
        if norms.pull <= 0:
            return "without decay"
        if norms.grokked is None and self(norms) >= end:
            return f"not by step {end:,}, as foretold"
        if (norms.grokked or end) <= norms.memorised:
            return "no delay"
        return ""


def calibrate(runs: Sequence[Norms]) -> FirstPassage:
    """The law from runs of one setting.

    Raises: LatebloomError if none of them memorised first, or the weights of none shrank.
    """
    late = [run for run in runs if run.late]
    if not late:
        raise LatebloomError("the law needs runs that memorise first and generalise afterwards")
    paces = [
        math.log(run.at_memorised / run.at_grokked)
        / ((run.grokked or 0) - (run.memorised or 0))
        / run.pull
        for run in late
    ]
    kappa = float(np.mean(paces))
    if not kappa > 0:
        raise LatebloomError(
            "the weights of these runs grew between memorising and generalising, so the law, in"
            " which they shrink, cannot be calibrated on them"
        )
    return FirstPassage(kappa, math.exp(np.mean([math.log(run.at_grokked) for run in late])))
