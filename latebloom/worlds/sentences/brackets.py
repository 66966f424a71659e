"""Which bracket closes which: well-nested lines, all of them at once."""

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

FAR = 10
"""Tokens between an opening bracket and its closing one, at least, for the bracket to count in the
published metric."""


def openers(steps: Int[ndarray, "line pos"]) -> Int[ndarray, "line pos"]:
    """For each closing bracket the position of its opener, elsewhere -1."""
    row, column = np.nonzero(steps)
    step = steps[row, column]
    # Lines end at depth 0, so the depth goes on over all of them. A pair's brackets have one level,
    # and within a level opening and closing ones take turns.
    level = np.cumsum(step, dtype=np.int16) + (step < 0)
    order = np.argsort(level, kind="stable")
    opener, closing = order[0::2], order[1::2]
    found = np.full(steps.shape, -1, np.int16)
    found[row[closing], column[closing]] = column[opener]
    return found


def far_closings(
    tokens: Int[ndarray, "line pos"], kinds: int, far: int = FAR
) -> Bool[ndarray, "line pos"]:
    """Where a closing bracket stands `far` tokens or more after its opener.

    tokens: 0 for the start token and padding, 1 to `kinds` for opening brackets, above that for
    closing ones.
    """
    opens = (tokens >= 1) & (tokens <= kinds)
    steps = opens.astype(np.int8) - (tokens > kinds).astype(np.int8)
    opener = openers(steps)
    return (opener >= 0) & (np.arange(tokens.shape[1]) - opener >= far)
