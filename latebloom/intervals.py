"""95 % intervals: how far a measured number may lie from the true one.

- Of a share, right answers among questions: `wilson`. It keeps inside [0, 1] and holds for few
  questions and for shares near 0 or 1, where the usual normal interval is too narrow or sticks out.
- Of a mean over a few runs: `student`, which is wide where there are few.
- Of any other number that runs together give, such as a correlation: `bootstrap`.

Enters: counts or arrays. Leaves: (low, high).
"""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Student's t for 95 %, of 2 values on; with more than ten the last is near enough."""
DRAWS = 2000
"""Bootstrap samples of an interval."""


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


def student(values: Float[ndarray, " run"]) -> tuple[float, float]:
    """Student's interval for a mean of shares in [0, 1]; the value itself where there is one."""
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return mean, mean
    half = STUDENT[min(n, len(STUDENT) + 1) - 2] * float(values.std(ddof=1)) / n**0.5
    return max(0.0, mean - half), min(1.0, mean + half)


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
