"""Judges: what the runs of a reproduction must show for a paper's claim to count as reproduced.

Enters: the evaluations of one seed's run, or of several. Leaves: for each seed a figure and a
verdict, and what they say together.

A level counts as *kept* from the first of three evaluations in a row that all reached it: a single
evaluation may reach it by luck. A claim is `held` if it holds in every seed, `not` if most seeds
show nothing of it, and `weaker` in between.

Covers: judging alone, with arrays; nothing here loads torch, so that the claims can be listed at
once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

from latebloom.evaluation.guessing import guess_by_last_token
from latebloom.intervals import student, student_of_ratios, wilson
from latebloom.training.milestones import LEVEL, sustained_step
from latebloom.training.until import IN_A_ROW
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

Verdict = Literal["held", "weaker", "not"]
FITTED = str(Split.TRAIN_INFERRED)
"""The split whose accuracy says when training was fitted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """One seed's run, as a judge sees it."""

    seed: int
    records: Sequence[Mapping[str, Any]]
    """Its evaluations by step, as in `metrics.jsonl`."""
    final: Mapping[str, float]
    """Accuracy of every whole split at the end."""
    world: World
    """What it was trained on."""
    tokens_a_step: float = 1.0
    """Tokens of questions that a step reads in the mean."""
    pull: float = 0.0
    """2 x rate x decay: the share of the squared weights that decay takes away in a step."""
    varied: "Mapping[str, Watched]" = field(default_factory=dict)
    """Where a claim compares settings: the run of each with this seed, in their order."""

    def kept(self, split: str, level: float) -> int | None:
        """The step from which a level was kept; None if it never was."""
        return sustained_step(self.records, split, level)

    def fitted(self) -> int | None:
        """The step from which the trained questions were known, .99 of them."""
        return self.kept(FITTED, LEVEL)

    def at(self, step: int, split: str) -> float:
        """The accuracy at one evaluation."""
        return next(r["accuracy"][split] for r in self.records if r["step"] == step)

    def highest_kept(self, split: str) -> float:
        """The highest accuracy that was kept at any time; the lowest of all if there are few."""
        values = np.array([record["accuracy"][split] for record in self.records])
        width = min(IN_A_ROW, len(values))
        return float(np.lib.stride_tricks.sliding_window_view(values, width).min(axis=1).max())


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one seed shows."""

    seed: int
    figure: float | None
    """The judge's figure; None where it is not defined, as when training was never fitted."""
    verdict: Verdict
    said: str
    """What happened, in words."""


@runtime_checkable
class Judge(Protocol):
    """Turns runs into a figure and a verdict."""

    @property
    def figure(self) -> str:
        """What the figure is, in words."""
        ...

    @property
    def rule(self) -> str:
        """When the claim is held, and when it is weaker."""
        ...

    def of_seed(self, run: Watched) -> Finding:
        """What one seed shows."""
        ...

    def mean(self, figures: Sequence[float]) -> tuple[float, tuple[float, float]]:
        """The mean of the figures over seeds, and its 95 % interval."""
        ...

    def in_words(self, value: float) -> str:
        """A figure as it is shown."""
        ...


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """What several seeds say: `held` only if all do, `not` if most do."""
    if all(verdict == "held" for verdict in verdicts):
        return "held"
    return "not" if 2 * verdicts.count("not") > len(verdicts) else "weaker"


class OfRatios:
    """Judges whose figure is a ratio."""

    def mean(self, figures: Sequence[float]) -> tuple[float, tuple[float, float]]:
        """The geometric mean, with Student's interval over the logarithms."""
        values = np.array(figures)
        return float(np.exp(np.log(values).mean())), student_of_ratios(values)

    def in_words(self, value: float) -> str:
        return f"{value:.1f} times"


class OfShares:
    """Judges whose figure is a share of right answers, or the difference of two.

    lowest: the least that a figure can be; -1 of a difference.
    """

    lowest: ClassVar[float] = 0.0

    def mean(self, figures: Sequence[float]) -> tuple[float, tuple[float, float]]:
        """The mean, with Student's interval."""
        values = np.array(figures)
        return float(values.mean()), student(values, least=self.lowest)

    def in_words(self, value: float) -> str:
        return f"{value:.3f}"


@dataclass(frozen=True)
class Bloom(OfRatios):
    """Held-out questions that are answered long after training was fitted."""

    split: str
    times: float
    """The least multiple of the steps of the fit."""
    level: float = 0.95

    @property
    def figure(self) -> str:
        return (
            f"steps until {self.split} kept {self.level:.2f}, in multiples of those until training"
            f" kept {LEVEL:.2f}"
        )

    @property
    def rule(self) -> str:
        return (
            f"held: {self.times:g} times or more; weaker: {self.some:.1f} times or more, or at the"
            f" end at least half of the way from its accuracy at the fit to {self.level:.2f}"
        )

    @property
    def some(self) -> float:
        """The multiple that is weaker: half of the way on a log scale."""
        return math.sqrt(self.times)

    def of_seed(self, run: Watched) -> Finding:
        fitted, bloomed = run.fitted(), run.kept(self.split, self.level)
        if fitted is None:
            return Finding(seed=run.seed, figure=None, verdict="not", said="training never fitted")
        at_fit, last = run.at(fitted, self.split), run.final[self.split]
        said = f"training kept {LEVEL:.2f} from step {fitted:,}, when {self.split} was {at_fit:.2f}"
        if bloomed is None:
            half = at_fit < self.level and last >= (at_fit + self.level) / 2
            said += f"; it never kept {self.level:.2f} and ended at {last:.2f}"
            return Finding(
                seed=run.seed, figure=None, verdict="weaker" if half else "not", said=said
            )
        ratio = bloomed / fitted
        verdict = "held" if ratio >= self.times else "weaker" if ratio >= self.some else "not"
        said += f"; it kept {self.level:.2f} from step {bloomed:,}"
        return Finding(seed=run.seed, figure=ratio, verdict=verdict, said=said)


@dataclass(frozen=True)
class AtChance(OfShares):
    """Questions that are never answered better than by guessing."""

    split: str = str(Split.TEST_OOD)
    most: float = 0.1

    @property
    def figure(self) -> str:
        return f"the highest accuracy that {self.split} kept at any time"

    @property
    def rule(self) -> str:
        return (
            f"held: at most {self.most:g}, or no more than guessing by the last relation gets (the"
            " upper end of its 95 % interval); weaker: at most twice that"
        )

    def of_seed(self, run: Watched) -> Finding:
        correct, n = guess_by_last_token(run.world, self.split)
        limit = max(self.most, wilson(correct, n)[1])
        highest = run.highest_kept(self.split)
        verdict = "held" if highest <= limit else "weaker" if highest <= 2 * limit else "not"
        said = f"at most {highest:.3f}; guessing by the last relation gets {correct} of {n} right"
        return Finding(seed=run.seed, figure=highest, verdict=verdict, said=said)


@dataclass(frozen=True)
class Rise(OfShares):
    """Questions that are answered more and more often while training has long been fitted."""

    split: str = str(Split.TEST_OOD)
    least: float = 0.5
    """The rise that is held."""
    some: float = 0.1
    """The rise that is weaker."""

    @property
    def figure(self) -> str:
        return f"the accuracy of {self.split} at the end"

    @property
    def rule(self) -> str:
        return (
            f"held: at least {self.least:g} above its accuracy when training was fitted; weaker: at"
            f" least {self.some:g} above it"
        )

    def of_seed(self, run: Watched) -> Finding:
        fitted, last = run.fitted(), run.final[self.split]
        if fitted is None:
            return Finding(seed=run.seed, figure=last, verdict="not", said="training never fitted")
        at_fit = run.at(fitted, self.split)
        rise = last - at_fit
        verdict = "held" if rise >= self.least else "weaker" if rise >= self.some else "not"
        said = f"from {at_fit:.3f} at the fit, step {fitted:,}, to {last:.3f} at the end"
        return Finding(seed=run.seed, figure=last, verdict=verdict, said=said)
