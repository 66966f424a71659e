"""Curves of accuracies as text, a character a value."""

import math
from collections.abc import Mapping, Sequence

from latebloom.reports.splits import in_order, percent
from latebloom.training.milestones import LEVEL
from latebloom.worlds.splits import is_validation

BLOCKS = "▁▂▃▄▅▆▇█"
"""Eighths of a cell; the full one is kept for accuracies of `LEVEL` and more."""


def sparkline(shares: list[float], width: int) -> str:
    """A curve of shares in [0, 1], a character each, at most `width` of them.

    A longer curve is thinned; each character is then the last of the shares that it stands for.
    """
    n = len(shares)
    if n > width:
        shares = [shares[-(-(i + 1) * n // width) - 1] for i in range(width)]
    top = len(BLOCKS) - 1
    return "".join(
        " " if share != share else BLOCKS[min(top, int(max(share, 0.0) / LEVEL * top))]
        for share in shares
    )


def validation_line(curves: Mapping[str, Sequence[float]], width: float = math.inf) -> str:
    """The newest figures of the validation splits in one line of so many columns, as many of them
    as fit whole; empty where there is none."""
    line = ""
    for name in filter(is_validation, in_order(curves)):
        longer = f"{line}{'  ' if line else ''}{name} {percent(curves[name][-1])}"
        if len(longer) > width:
            break
        line = longer
    return line
