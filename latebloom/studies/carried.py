"""Judges of claims about runs that begin with the weights of others.

Enters: a seed's runs by their names (`Watched.varied`). Leaves: a figure and a verdict for the
seed, as every judge's. A run that never kept the level counts as one that would have kept it right
after its last step, so no seed is left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from latebloom.studies.judges import Finding, Judge, OfRatios, Verdict, Watched
from latebloom.worlds.splits import Split


@dataclass(frozen=True)
class Cheaper(OfRatios):
    """A run that begins with another's weights learns with less than one from random weights.

    alone: the run from random weights. carried: the other. before: the runs whose whole training
    counts as well, for the weights had to be made.
    """

    alone: str
    carried: str
    before: tuple[str, ...] = ()
    times: float = 1.5
    """The ratio that is held."""
    split: str = str(Split.TEST_ID)
    level: float = 0.95

    @property
    def figure(self) -> str:
        also = (
            f", the whole training of {' and '.join(self.before)} included" if self.before else ""
        )
        return (
            f"tokens read until {self.split} kept {self.level:.2f} in {self.alone!r}, in multiples"
            f" of those in {self.carried!r}{also}"
        )

    @property
    def rule(self) -> str:
        return (
            f"held: {self.times:g} times or more; weaker: {math.sqrt(self.times):.2f} times or"
            " more; where a run never kept it, all that it read counts"
        )

    def of_seed(self, run: Watched) -> Finding:
        kept = {name: run.varied[name].kept(self.split, self.level) for name in self.pair}
        said = f"kept {self.level:.2f} from step " + ", ".join(
            f"{name}: {f'{step:,}' if step else 'never'}" for name, step in kept.items()
        )
        if all(step is None for step in kept.values()):
            return Finding(seed=run.seed, figure=None, verdict="not", said=said)
        alone, carried = (
            (step or last_step(run.varied[name])) * run.varied[name].tokens_a_step
            for name, step in kept.items()
        )
        sources = [run.varied[name] for name in self.before]
        made = sum(last_step(one) * one.tokens_a_step for one in sources)
        ratio = alone / (carried + made)
        verdict: Verdict = "held" if ratio >= self.times else "not"
        if verdict == "not" and ratio >= math.sqrt(self.times):
            verdict = "weaker"
        if kept[self.carried] is None:
            verdict = "not"
        return Finding(seed=run.seed, figure=ratio, verdict=verdict, said=said)

    @property
    def pair(self) -> tuple[str, str]:
        """The two runs, the one from random weights first."""
        return self.alone, self.carried

    @property
    def needs(self) -> tuple[str, ...]:
        """All runs that it looks at."""
        return (*self.pair, *self.before)

    def in_words(self, value: float) -> str:
        return f"{value:.2f} times"


def last_step(run: Watched) -> int:
    """The step at which a run ended."""
    return run.records[-1]["step"]


@dataclass(frozen=True)
class Between:
    """Another judge, who is shown two of a seed's runs and no others."""

    judge: Judge
    first: str
    last: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The two runs."""
        return self.first, self.last

    @property
    def figure(self) -> str:
        return f"{self.judge.figure} (first: {self.first}; last: {self.last})"

    @property
    def rule(self) -> str:
        return self.judge.rule

    def of_seed(self, run: Watched) -> Finding:
        two = {name: run.varied[name] for name in (self.first, self.last)}
        return self.judge.of_seed(replace(two[self.first], varied=two))

    def mean(self, figures: Sequence[float]) -> tuple[float, tuple[float, float]]:
        return self.judge.mean(figures)

    def in_words(self, value: float) -> str:
        return self.judge.in_words(value)
