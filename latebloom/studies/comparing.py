"""Judges of claims that compare settings: more decay, a higher ratio, more layers.

Enters: a seed's runs, one for each setting in their order (`Watched.varied`). Leaves: a figure and
a verdict for the seed, as every judge's. A run that never got there counts as later than all that
did: nothing is left out.
"""

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar

from latebloom.studies.judges import Finding, OfRatios, OfShares, Verdict, Watched
from latebloom.worlds.splits import Split


@dataclass(frozen=True)
class Sooner(OfRatios):
    """Held-out questions come the sooner, the further one goes through the settings."""

    times: float = 2.0
    """The least multiple of the last setting's steps that the first one needs."""
    split: str = str(Split.TEST_ID)
    level: float = 0.95

    @property
    def figure(self) -> str:
        return (
            f"steps until {self.split} kept {self.level:.2f} in the first setting, in multiples of"
            " those in the last"
        )

    @property
    def rule(self) -> str:
        return (
            f"held: {self.times:g} times or more, and no setting later than the one before it;"
            f" weaker: {math.sqrt(self.times):.1f} times or more; where the first never kept it,"
            " its last step counts, and the figure is at least that"
        )

    def of_seed(self, run: Watched) -> Finding:
        steps = {name: one.kept(self.split, self.level) for name, one in run.varied.items()}
        told = (f"{name}: {f'{n:,}' if n else 'never'}" for name, n in steps.items())
        said = f"kept {self.level:.2f} from step " + ", ".join(told)
        first, *_, last = steps.values()
        if last is None:
            return Finding(seed=run.seed, figure=None, verdict="not", said=said)
        reached = first or next(iter(run.varied.values())).records[-1]["step"]
        order = [math.inf if n is None else n for n in steps.values()]
        falls = all(later <= sooner for sooner, later in itertools.pairwise(order))
        ratio = reached / last
        verdict: Verdict = "held" if ratio >= self.times and falls else "not"
        if verdict == "not" and ratio >= math.sqrt(self.times):
            verdict = "weaker"
        return Finding(seed=run.seed, figure=ratio, verdict=verdict, said=said)


@dataclass(frozen=True)
class SameEpochs(OfRatios):
    """Held-out questions come after as many rounds through the training set in every setting."""

    within: float = 1.5
    """The factor by which the rounds of the first and the last setting may differ."""
    split: str = str(Split.TEST_ID)
    level: float = 0.95

    @property
    def figure(self) -> str:
        return (
            f"epochs until {self.split} kept {self.level:.2f} in the last setting, in multiples of"
            " those in the first"
        )

    @property
    def rule(self) -> str:
        most = self.within
        return (
            f"held: {1 / most:.2f} to {most:.2f} times;"
            f" weaker: {1 / most**2:.2f} to {most**2:.2f} times"
        )

    def of_seed(self, run: Watched) -> Finding:
        first, *_, last = run.varied.values()
        ends = [one.kept(self.split, self.level) for one in (first, last)]
        said = "kept from step " + " and ".join(f"{n:,}" if n else "never" for n in ends)
        if ends[0] is None or ends[1] is None:
            return Finding(seed=run.seed, figure=None, verdict="not", said=said)
        ratio = (ends[1] / rows_trained(last)) / (ends[0] / rows_trained(first))
        apart = max(ratio, 1 / ratio)
        verdict: Verdict = "held" if apart <= self.within else "not"
        if self.within < apart <= self.within**2:
            verdict = "weaker"
        return Finding(seed=run.seed, figure=ratio, verdict=verdict, said=said)

    def in_words(self, value: float) -> str:
        return f"{value:.2f} times"


def rows_trained(run: Watched) -> int:
    """Rows of the training set: a step reads as many of them in every setting."""
    return sum(len(run.world.examples(split)) for split in run.world.trained)


class OfDifferences(OfShares):
    """Judges whose figure is the difference of two shares, in [-1, 1]."""

    lowest: ClassVar[float] = -1.0


@dataclass(frozen=True)
class Gain(OfDifferences):
    """Held-out questions that the last setting answers and the first does not."""

    split: str = str(Split.TEST_OOD)
    least: float = 0.5
    """The gain that is held."""
    some: float = 0.1
    """The gain that is weaker."""

    @property
    def figure(self) -> str:
        return f"the accuracy of {self.split} at the end, the last setting's less the first's"

    @property
    def rule(self) -> str:
        return f"held: at least {self.least:g}; weaker: at least {self.some:g}"

    def of_seed(self, run: Watched) -> Finding:
        finals = {name: one.final[self.split] for name, one in run.varied.items()}
        first, *_, last = finals.values()
        return difference_of(run, finals, last - first, self.least, self.some)


@dataclass(frozen=True)
class Middle(OfDifferences):
    """A setting in the middle that does better than both ends: an inverted U."""

    split: str = str(Split.TEST_OOD)
    least: float = 0.05
    """The lead that is held; any lead at all is weaker."""

    @property
    def figure(self) -> str:
        return (
            f"the accuracy of {self.split} at the end, the best setting in the middle less the"
            " better end"
        )

    @property
    def rule(self) -> str:
        return f"held: at least {self.least:g}; weaker: above 0"

    def of_seed(self, run: Watched) -> Finding:
        finals = {name: one.final[self.split] for name, one in run.varied.items()}
        first, *middle, last = finals.values()
        return difference_of(run, finals, max(middle) - max(first, last), self.least, 1e-9)


@dataclass(frozen=True)
class Behind(OfDifferences):
    """Longer questions that stay behind the short ones, in one run."""

    split: str
    ahead: str = str(Split.TEST_ID)
    least: float = 0.3
    """How far behind is held; a third of it is weaker."""

    @property
    def figure(self) -> str:
        return f"the accuracy of {self.ahead} less that of {self.split}, at the end"

    @property
    def rule(self) -> str:
        return f"held: at least {self.least:g}; weaker: at least {self.least / 3:.2g}"

    def of_seed(self, run: Watched) -> Finding:
        finals = {name: run.final[name] for name in (self.ahead, self.split)}
        gap = finals[self.ahead] - finals[self.split]
        return difference_of(run, finals, gap, self.least, self.least / 3)


def difference_of(
    run: Watched, finals: dict[str, float], gap: float, least: float, some: float
) -> Finding:
    """The finding of a difference between accuracies."""
    verdict: Verdict = "held" if gap >= least else "weaker" if gap >= some else "not"
    said = "at the end " + ", ".join(f"{name}: {value:.3f}" for name, value in finals.items())
    return Finding(seed=run.seed, figure=gap, verdict=verdict, said=said)
