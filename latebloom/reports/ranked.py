"""Where a run's questions have several answers: ranks and coverage, for the progress and the page.

Enters: what an evaluation or a summary holds under `ranking`, `coverage` and `table`. Leaves: lines
for a terminal, rows for the report. Accuracy alone tells little of such a run: a first guess may be
right while the other answers stand far down.
"""

import math
from collections.abc import Mapping
from typing import Any

from latebloom.errors import RunFolderError

QUERIES: Mapping[str, str] = {
    "1p": "one hop",
    "2p": "two hops",
    "3p": "three hops",
    "2i": "two questions at once (product of both)",
}
"""The kinds of questions in words, by their names in the field."""
KINDS: Mapping[str, str] = {
    "known": "answers that follow from told facts",
    "missing": "answers that need a fact never told",
}


def rows_of(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each kind of question and of answer, empty for a run whose questions have one.

    Raises: RunFolderError if what stands there is no ranking.
    """
    rows: list[dict[str, Any]] = []
    coverage = table.get("coverage") or {}
    try:
        for query, kinds in (table.get("ranking") or {}).items():
            for kind, found in kinds.items():
                held = coverage.get("by_query", {}).get(query, {})
                here = coverage.get("of") == kind
                row = {
                    "query": str(query),
                    "holds": QUERIES.get(query, str(query)),
                    "kind": str(kind),
                    "answers": KINDS.get(kind, str(kind)),
                    "n": int(found["n"]),
                    **{name: share(found[name]) for name in ("mrr", "hits1", "hits3", "hits10")},
                    "set_f1": known_share(found["set_f1"]),
                    "coverage": known_share(held.get("empirical")) if here else None,
                    "size": float(held["mean_size"]) if here and held else None,
                }
                rows.append(row)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"the ranking of this run cannot be read ({error!r}); make its summary again: latebloom"
            " grok --resume RUN"
        ) from error
    return rows


def share(value: Any) -> float:
    """A number between 0 and 1.

    Raises: ValueError if it is none.
    """
    found = float(value)
    if not (math.isfinite(found) and 0 <= found <= 1):
        raise ValueError(f"{value!r} is no share")
    return found


def known_share(value: Any) -> float | None:
    """The same where nothing may stand instead."""
    return None if value is None else share(value)


def lines_of_ranks(table: Mapping[str, Any]) -> list[str]:
    """A line for each kind of question and answer: `2p missing  MRR .835  Hits@1 .768 ...`."""
    out = []
    for row in rows_of(table):
        parts = [f"{row['query']} {row['kind']:<7}"]
        named = (("MRR", "mrr"), ("Hits@1", "hits1"), ("set F1", "set_f1"))
        parts += [f"{said} {row[name]:.3f}" for said, name in named if row[name] is not None]
        if row["coverage"] is not None:
            parts.append(f"sets hold {row['coverage']:.3f} with {row['size']:.1f} names")
        out.append("  ".join(parts))
    return out


def held_lines(summary: Mapping[str, Any]) -> list[str]:
    """What the table held and what was left out, as the summary tells it."""
    lines = summary.get("table")
    return [str(line) for line in lines] if isinstance(lines, list) else []
