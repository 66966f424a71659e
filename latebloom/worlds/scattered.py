"""Numbers that look drawn at random and depend on a row of numbers alone.

Enters: rows of whole numbers. Leaves: for each a number of 64 bits, the same wherever and whenever
the row comes. So what is decided by it hangs neither on other rows nor on their order.

Source: the mixing function of splitmix64 (Steele, Lea and Flood, 2014).
"""

import numpy as np
from jaxtyping import Integer, UInt64
from numpy import ndarray


def scattered(rows: Integer[ndarray, "row column"]) -> UInt64[ndarray, " row"]:
    """A number for each row; of different rows as if drawn at random."""
    mixed = np.zeros(len(rows), np.uint64)
    for column in rows.T.astype(np.uint64):
        mixed += column + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed
