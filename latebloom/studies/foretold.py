"""The judge of a law that foretells: it is measured in one setting and tested in the others.

Enters: a seed's runs, one for each setting; the first is the one that the law is measured in.
Leaves: how far the law is off in the others, where it is told each of them up to the step at which
training was fitted, and nothing after it.

The law is that of latebloom.foresight.law: weight decay shrinks the weights from what they were
when training was fitted to a threshold at which generalising begins.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latebloom.errors import LatebloomError
from latebloom.intervals import student
from latebloom.studies.judges import Finding, Verdict, Watched
from latebloom.worlds.splits import Split


@dataclass(frozen=True)
class Foretold:
    """The delay between knowing the training questions and the held-out ones, foretold.

    A run in which the held-out questions did not come counts as if they had at its last step, if
    the law had them come before that; else nothing can be said of it, nor of a run that knew them
    as soon as the trained ones. The finding names what became of each run.
    """

    within: float = 0.25
    """The mean relative error that is held; twice as much is weaker."""
    split: str = str(Split.TEST_ID)
    """The questions whose step is foretold."""
    level: float = 0.9
    """The share of them that counts as known, as in latebloom.foresight."""

    @property
    def figure(self) -> str:
        return (
            f"mean relative error of the foretold delay between training at .99 and {self.split}"
            f" at {self.level:.2f}, by a law that was measured in the first setting"
        )

    @property
    def rule(self) -> str:
        return (
            f"held: at most {self.within:.0%}; weaker: at most {2 * self.within:.0%}; not, if the"
            " law cannot be measured in the first setting, as where the weights grow there, or if"
            " most of the others have no delay that could be held against it"
        )

    def of_seed(self, run: Watched) -> Finding:
        from latebloom.foresight.law import Norms, calibrate  # loads torch; listing claims does not

        norms = {
            name: Norms.at(one.records, one.fitted(), one.kept(self.split, self.level), one.pull)
            for name, one in run.varied.items()
        }
        first, *others = norms
        try:
            law = calibrate([norms[first]])
        except LatebloomError as error:
            return Finding(seed=run.seed, figure=None, verdict="not", said=str(error))
        ends = {name: run.varied[name].records[-1]["step"] for name in others}
        errors = {name: law.error(norms[name], end) for name, end in ends.items()}
        told = []
        for name, error in errors.items():
            if error is None:
                told.append(f"{name}: {law.unsaid(norms[name], ends[name])}")
            elif norms[name].grokked is None:
                told.append(f"{name}: off by {error:.0%} at least, never by step {ends[name]:,}")
            else:
                told.append(f"{name}: off by {error:.0%}")
        said = f"kappa {law.kappa:.2f}, V* {law.threshold:.0f}; " + ", ".join(told)
        known = [error for error in errors.values() if error is not None]
        if 2 * len(known) < len(errors):
            return Finding(seed=run.seed, figure=None, verdict="not", said=said)
        mean = float(np.mean(known))
        verdict: Verdict = "held" if mean <= self.within else "not"
        if self.within < mean <= 2 * self.within:
            verdict = "weaker"
        return Finding(seed=run.seed, figure=mean, verdict=verdict, said=said)

    def mean(self, figures: Sequence[float]) -> tuple[float, tuple[float, float]]:
        """The mean, with Student's interval; an error may be above 1."""
        values = np.array(figures)
        return float(values.mean()), student(values, most=math.inf)

    def in_words(self, value: float) -> str:
        return f"{value:.0%}"
