"""One number for a row of numbers, so that rows are compared and sorted as fast as numbers are."""

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

LARGEST = 2**63
"""No number that is packed reaches this."""


def row_keys(rows: Int[ndarray, "row column"]) -> Int[ndarray, " row"]:
    """A number for each row of numbers from 0 on; equal for equal rows and for no others.

    The columns are the digits of the number. Where they would be too many for 64 bits, the rows so
    far are numbered through first.
    """
    base = int(rows.max(initial=0)) + 1
    keys, span = np.zeros(len(rows), np.int64), 1
    for column in rows.T:
        if span * base > LARGEST:
            values, keys = np.unique(keys, return_inverse=True)
            span = len(values)
        keys = keys * base + column
        span *= base
    return keys


def are_among(keys: Int[ndarray, " key"], some: Int[ndarray, " _"]) -> Bool[ndarray, " key"]:
    """Which keys are one of some others. Where these are few, they are all that is sorted."""
    if not len(some):
        return np.zeros(len(keys), bool)
    known = np.sort(some)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return known[at] == keys
