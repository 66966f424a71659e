"""A trouble with a table: what it is, how often, and in which rows.

Whoever looks for troubles gives findings, each with the number of a row in its file; those of one
kind are told together, the first of them one by one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

MOST = 100
"""Findings of a kind that are kept; all are counted."""
SHOWN = 3
"""Findings of a kind that are shown to people."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place: the number of its row in the file, and what stands there."""

    row: int
    what: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Findings of one kind.

    kind: its name for scripts. means: what it is, in words that follow the count. way_out: what
    to do. count: how often; findings: the first of them.
    """

    kind: str
    means: str
    way_out: str
    count: int
    findings: tuple[Finding, ...]

    def lines(self, most: int = SHOWN) -> Iterator[str]:
        """What it is in a line, then its first rows, a line each."""
        yield f"{self.count:,} {self.means}; {self.way_out}"
        for one in self.findings[:most]:
            yield f"  row {one.row}: {one.what}"
        if self.count > most:
            yield f"  ... and {self.count - most:,} more"

    def line(self) -> str:
        """All in one line, with the first row."""
        first = self.findings[0]
        more = f" and {self.count - 1:,} more" if self.count > 1 else ""
        return f"row {first.row}: {first.what}{more} ({self.means}; {self.way_out})"

    def as_dict(self) -> dict[str, Any]:
        """The trouble for JSON."""
        found = [{"row": one.row, "what": one.what} for one in self.findings]
        names = {"kind": self.kind, "means": self.means, "way_out": self.way_out}
        return {**names, "count": self.count, "findings": found}


def trouble(
    kind: str, means: str, way_out: str, count: int, findings: Iterable[Finding]
) -> list[Trouble]:
    """The trouble of some findings; none if there are none.

    findings: looked at only as far as they are kept.
    """
    if not count:
        return []
    return [Trouble(kind, means, way_out, count, tuple(islice(findings, MOST)))]
