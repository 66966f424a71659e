"""Rank correlations: whether one number of a run foretells another.

Enters: arrays, a value for each run. Leaves: ranks, and correlations of them; their intervals over
runs are `latebloom.intervals.bootstrap`'s.
"""

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray


def correlation(x: Float[ndarray, " run"], y: Float[ndarray, " run"]) -> float | None:
    """Pearson's, of ranks Spearman's; None where one of the two is the same everywhere."""
    if not x.std() or not y.std():
        return None
    return float(np.corrcoef(x, y)[0, 1])


def less_mean(
    values: Float[ndarray, " run"], group: Shaped[ndarray, " run"]
) -> Float[ndarray, " run"]:
    """Each value less the mean of its group."""
    _, which = np.unique(group, return_inverse=True)
    return values - (np.bincount(which, values) / np.bincount(which))[which]


def ranks(values: Float[ndarray, " run"]) -> Float[ndarray, " run"]:
    """The rank of each value from 1, of equal ones their mean."""
    below = (values[:, None] > values).sum(1)
    same = (values[:, None] == values).sum(1)
    return below + (same + 1) / 2
