"""Weights for the page: sixteen-bit numbers in base64, and which checkpoints are worth their room.

Enters: the tensors of checkpoints, and accuracies by step. Leaves: text that the page's own script
unpacks (`lab/numbers.js`), and the steps of the checkpoints to ship.

Covers: the limit on their size. Does not cover: what else the page needs to ask a question
(`latebloom.reports.laboratory`).
"""

import base64
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

MOST_CHARACTERS = 6_000_000
"""Characters of base64 that all weights of a page have together."""
MOST_CHECKPOINTS = 24
"""Checkpoints of a small model that a page has at most, so that a reader can step through them."""
PROGRESS = 0.02
"""What the whole length of a training weighs, beside an accuracy's change from 0 to 1, when the
checkpoints are chosen: of a curve that has gone flat some are still taken, far apart."""


class TooLargeError(ValueError):
    """Numbers that sixteen bits cannot hold."""


def characters(parameters: int) -> int:
    """Characters of base64 that so many sixteen-bit numbers take."""
    return 4 * -(-2 * parameters // 3)


def how_many(parameters: int) -> int:
    """How many checkpoints of a model of so many parameters there is room for."""
    return min(MOST_CHECKPOINTS, MOST_CHARACTERS // characters(parameters))


def pack_weights(weights: Sequence[Float[ndarray, " _"]]) -> str:
    """The numbers one after the other, as little-endian halves in base64.

    Raises: TooLargeError if one is not finite as a half.
    """
    with np.errstate(over="ignore"):
        halves = np.concatenate(weights).astype("<f2")
    if not np.isfinite(halves).all():
        raise TooLargeError("a weight is too large for sixteen bits")
    return base64.b64encode(halves.tobytes()).decode()


def pack_whole(numbers: Int[ndarray, "..."]) -> dict[str, str | int]:
    """Whole numbers from 0 on, as little-endian integers of as few bytes as hold them.

    Returns: `width`, in bytes, and `base64`.
    """
    width = 2 if numbers.max(initial=0) < 1 << 16 else 4
    content = np.ascontiguousarray(numbers, f"<u{width}").tobytes()
    return {"width": width, "base64": base64.b64encode(content).decode()}


def telling(
    steps: Sequence[int], curves: Mapping[int, Mapping[str, float]], most: int
) -> list[int]:
    """The checkpoints that tell most of a training (`most_telling`), ascending."""
    return sorted(most_telling(steps, curves, most))


def most_telling(
    steps: Sequence[int], curves: Mapping[int, Mapping[str, float]], most: int
) -> list[int]:
    """The checkpoints that tell most of a training, the newest first, then by what they add.

    One after the other is taken, each time that whose accuracies are farthest from the nearest of
    those taken already: so first the outcome and the beginning, then what lies between.

    steps: of the checkpoints, ascending. curves: accuracy by step of evaluation and split; of a
    checkpoint that was not measured the evaluation before it tells.
    """
    if not steps or most < 1:
        return []
    names = sorted({name for accuracy in curves.values() for name in accuracy})
    measured = np.array(sorted(curves))
    table = np.array([[curves[step].get(name, 0.0) for name in names] for step in measured])
    # Before the first evaluation nothing is known, which is the row before the first.
    table = np.nan_to_num(table.reshape(len(measured), len(names)))
    table = np.concatenate((np.zeros((1, len(names))), table))
    accuracy = table[np.searchsorted(measured, steps, side="right")]
    progress = PROGRESS * np.array(steps) / max(steps[-1], 1)
    points = np.concatenate((accuracy, progress[:, None]), axis=1)
    chosen = [len(steps) - 1]
    far = np.abs(points - points[-1]).max(axis=1)
    while len(chosen) < min(most, len(steps)):
        chosen.append(int(far.argmax()))
        far = np.minimum(far, np.abs(points - points[chosen[-1]]).max(axis=1))
        far[chosen] = -1.0
    return [steps[i] for i in chosen]
