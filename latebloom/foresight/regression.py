"""Two small regressions: of a time that was not always lived to see, and of a probability.

A run that has not grokked when its steps end says something about the time: that it is longer than
the steps. Leaving such runs out would make every forecast too early; calling their end the time
would make it too early as well. A *censored* regression counts them for what they say.

`Accelerated` is an accelerated failure time model: log T = x w + b + s e, with e a standard normal
number, fitted by maximum likelihood with a ridge penalty on w. A run seen to get there at T
contributes the density of its log T, a censored one the probability of lying beyond its end c.
The fit alternates (EM): in place of a censored log T stands its mean given that it lies beyond
log c, which is m + s h((log c - m) / s) with h(z) = phi(z) / (1 - Phi(z)), the normal hazard; then
w, b and s are those of a ridge regression, s made larger by what the means leave out.

`Logistic` is the usual one: p = 1 / (1 + exp(-(x w + b))), fitted by Newton's method with a ridge.

Enters: arrays. Leaves: frozen coefficients that predict, and that JSON can hold.

Source: J. Tobin, Econometrica 26 (1958); A. Dempster, N. Laird and D. Rubin, JRSS B 39 (1977).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

ROUNDS = 200
"""Alternations of the censored fit at most; it settles within a few dozen."""
SETTLED = 1e-6
"""Change of the spread from which on the fit has settled."""
LEAST_SPREAD = 1e-3
"""Least spread of a log time: a fit that explains every run exactly is not believed."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How columns are brought to mean 0 and spread 1, so that one penalty is fair to all."""

    mean: Float[ndarray, " column"]
    spread: Float[ndarray, " column"]

    @classmethod
    def of(cls, x: Float[ndarray, "row column"], weight: Float[ndarray, " row"]) -> "Scale":
        """That of weighted rows; a column that does not vary has spread 1."""
        mean = weight @ x / weight.sum()
        spread = np.sqrt(weight @ (x - mean) ** 2 / weight.sum())
        return cls(mean, np.where(spread > 1e-9, spread, 1.0))

    def __call__(self, x: Float[ndarray, "row column"]) -> Float[ndarray, "row column"]:
        return (x - self.mean) / self.spread


@dataclass(frozen=True, slots=True)
class Accelerated:
    """A fitted censored regression of log times.

    weight: of the scaled columns. base: the log time of a mean run. spread: the standard deviation
    of the log time around what the columns tell.
    """

    scale: Scale
    weight: Float[ndarray, " column"]
    base: float
    spread: float

    def __call__(self, x: Float[ndarray, "row column"]) -> Float[ndarray, " row"]:
        """The mean log time of each row."""
        return self.scale(x) @ self.weight + self.base


def fit_accelerated(
    x: Float[ndarray, "row column"],
    log_time: Float[ndarray, " row"],
    seen: Bool[ndarray, " row"],
    weight: Float[ndarray, " row"],
    ridge: float,
) -> Accelerated:
    """The censored ridge regression.

    log_time: of getting there where `seen`, else of the end of what was looked at.
    weight: how much each row counts. ridge: the penalty on the scaled weights, in units of rows.
    """
    scale = Scale.of(x, weight)
    columns = np.column_stack((scale(x), np.ones(len(x))))
    penalty = ridge * np.diag([1.0] * x.shape[1] + [0.0])
    solve = np.linalg.solve(columns.T @ (weight[:, None] * columns) + penalty, columns.T * weight)
    mean, spread = np.full(len(x), np.average(log_time, weights=weight)), float(log_time.std()) + 1
    hidden = ~seen
    solution = np.zeros(columns.shape[1])
    for _ in range(ROUNDS):
        z = (log_time - mean) / spread
        rate = hazard(z)
        stands = np.where(hidden, mean + spread * rate, log_time)
        solution = solve @ stands
        mean = columns @ solution
        # The variance of a normal number that is known to lie beyond z, in units of the spread's.
        left_out = np.where(hidden, 1 + z * rate - rate**2, 0.0) * spread**2
        square = np.average((stands - mean) ** 2 + left_out, weights=weight)
        before, spread = spread, max(LEAST_SPREAD, math.sqrt(square))
        if abs(spread - before) < SETTLED:
            break
    return Accelerated(scale, solution[:-1], float(solution[-1]), spread)


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted logistic regression."""

    scale: Scale
    weight: Float[ndarray, " column"]
    base: float

    def __call__(self, x: Float[ndarray, "row column"]) -> Float[ndarray, " row"]:
        """The probability of each row."""
        return 1 / (1 + np.exp(-np.clip(self.scale(x) @ self.weight + self.base, -30, 30)))


def fit_logistic(
    x: Float[ndarray, "row column"],
    happened: Bool[ndarray, " row"],
    weight: Float[ndarray, " row"],
    ridge: float,
) -> Logistic:
    """The logistic ridge regression of what happened."""
    scale = Scale.of(x, weight)
    columns = np.column_stack((scale(x), np.ones(len(x))))
    # A little penalty on the base too, without which it has no end where all rows are alike.
    penalty = np.diag([ridge] * x.shape[1] + [1e-3])
    solution = np.zeros(columns.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(columns @ solution, -30, 30)))
        slope = columns.T @ (weight * (happened - p)) - penalty @ solution
        curvature = columns.T @ ((weight * p * (1 - p))[:, None] * columns) + penalty
        step = np.linalg.solve(curvature, slope)
        solution = solution + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < SETTLED:
            break
    return Logistic(scale, solution[:-1], float(solution[-1]))


def hazard(z: Float[ndarray, " row"]) -> Float[ndarray, " row"]:
    """phi(z) / (1 - Phi(z)); far out, where both vanish, the series z + 1 / z takes its place."""
    near = np.minimum(z, 8.0)
    density = np.exp(-0.5 * near**2) / math.sqrt(2 * math.pi)
    return np.where(z < 8, density / beyond(near), z + 1 / np.maximum(z, 1.0))


def beyond(z: Float[ndarray, "*rows"]) -> Float[ndarray, "*rows"]:
    """1 - Phi(z), the probability that a standard normal number is larger."""
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(np.asarray(z) / math.sqrt(2))
