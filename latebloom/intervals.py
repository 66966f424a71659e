"""95 % intervals: how far a measured number may lie from the true one.

Two things make an accuracy uncertain, and each has its interval. *Within a run* the model was asked
only some questions: `wilson`. *Over seeds* another world and other weights give another model:
`student`, and `bootstrap` beside it. Where seeds differ more than the luck of the questions would
make them, `OverSeeds.overdispersion` is above 1, and only the interval over seeds says how far the
next run may lie from the mean of these.

- Of a share, right answers among questions: `wilson`. It keeps inside [0, 1] and holds for few
  questions and for shares near 0 or 1, where the usual normal interval is too narrow or sticks out.
- Of a mean over a few runs: `student`, which is wide where there are few; of a mean of ratios, such
  as "20 times the steps", `student_of_ratios`.
- Of any other number that runs together give, such as a correlation: `bootstrap`. Of fewer than
  about ten runs it is too narrow: of five it covers the true mean in 83 % of cases.

Enters: counts or arrays. Leaves: (low, high), or an `OverSeeds` with all of them.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

LEVEL = 0.95
"""How often an interval is to hold the true value."""
DRAWS = 2000
"""Bootstrap samples of an interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OverSeeds:
    """Shares of right answers, a share for each seed, taken together."""

    seeds: int
    """Runs, each with a seed of its own."""
    mean: float
    """Mean of the seeds' shares."""
    lowest: float
    """The worst seed's share."""
    highest: float
    """The best seed's share."""
    ci95_over_seeds: tuple[float, float] | None
    """Student's interval of the mean over seeds; None for a single one."""
    ci95_over_seeds_bootstrap: tuple[float, float] | None
    """The bootstrap's interval of the same mean, which assumes no shape; None for a single one."""
    ci95_over_questions: tuple[float, float]
    """Wilson's interval over the questions of all seeds, as if one model had answered them."""
    overdispersion: float | None
    """Variance over seeds, divided by the variance that questions drawn at random would make; 1:
    seeds do not matter. None for a single seed, or where every answer was right, or none."""

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        return asdict(self)


def over_seeds(correct: Int[ndarray, " seed"], n: Int[ndarray, " seed"]) -> OverSeeds:
    """What the right answers of a few seeds say together.

    correct, n: right answers and questions of each seed.
    """
    share, seeds = correct / n, len(n)
    several = seeds > 1
    pooled = float(correct.sum() / n.sum())
    by_chance = float(np.mean(pooled * (1 - pooled) / n))
    return OverSeeds(
        seeds=seeds,
        mean=float(share.mean()),
        lowest=float(share.min()),
        highest=float(share.max()),
        ci95_over_seeds=student(share) if several else None,
        ci95_over_seeds_bootstrap=bootstrap_of_mean(share) if several else None,
        ci95_over_questions=wilson(int(correct.sum()), int(n.sum())),
        overdispersion=float(share.var(ddof=1)) / by_chance if several and by_chance else None,
    )


def wilson(correct: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval for a share of `correct` in `n` trials; (0, 1) for n = 0.

    Source: E. B. Wilson, JASA 22 (1927). z: 1.96 for 95 %.
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = correct / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def student(
    values: Float[ndarray, " run"], *, least: float = 0.0, most: float = 1.0
) -> tuple[float, float]:
    """Student's interval for a mean; the value itself where there is one.

    least, most: what a value can be, [0, 1] for a share; the interval is cut off there.
    """
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return mean, mean
    half = t_quantile(n - 1) * float(values.std(ddof=1)) / n**0.5
    return max(least, mean - half), min(most, mean + half)


def student_of_ratios(values: Float[ndarray, " run"]) -> tuple[float, float]:
    """Student's interval for the geometric mean of positive numbers, from their logarithms."""
    low, high = student(np.log(values), least=-math.inf, most=math.inf)
    return math.exp(low), math.exp(high)


def t_quantile(freedom: int, level: float = LEVEL) -> float:
    """How far from 0 the middle `level` of Student's distribution reaches: 4.30 for 2 degrees.

    freedom: degrees of freedom, 1 or more.
    Source: Abramowitz and Stegun, 26.7.3 and 26.7.4, solved for t by halving.
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        low, high = (angle, high) if _t_within(angle, freedom) < level else (low, angle)
    return math.sqrt(freedom) * math.tan(low)


def _t_within(angle: float, freedom: int) -> float:
    """The probability that |T| is below sqrt(freedom) tan(angle)."""
    sine, cosine, odd = math.sin(angle), math.cos(angle), freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(1 + odd, freedom - 2, 2):
        term *= cosine * cosine * k / (k + 1)
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def bootstrap(
    statistic: Callable[[Int[ndarray, " run"]], float | None], n: int, *, draws: int = DRAWS
) -> tuple[float, float]:
    """The percentile bootstrap's interval of what `n` runs give together.

    Runs are drawn again and again with replacement, always the same draws; the interval holds the
    middle 95 % of what the statistic says of them.

    statistic: is given the numbers of the drawn runs; None where it is not defined, as a
    correlation where all values are the same: that draw is left out.

    Source: B. Efron, Annals of Statistics 7 (1979).
    """
    drawn = map(statistic, np.random.default_rng(0).integers(0, n, (draws, n)))
    low, high = np.quantile([value for value in drawn if value is not None], (0.025, 0.975))
    return float(low), float(high)


def bootstrap_of_mean(values: Float[ndarray, " run"]) -> tuple[float, float]:
    """The percentile bootstrap's interval of a mean."""
    return bootstrap(lambda drawn: float(values[drawn].mean()), len(values))
