"""Answers as sets, as they are shown: a line for each kind of question, the same everywhere.

Enters: `ranking` and `coverage` of an evaluation or a summary, and `table` of a summary. Leaves:
lines for a terminal and rows for a page. A record without them, or with something else in their
place, has none: files of a run folder may hold anything.
"""

import math
from collections.abc import Mapping
from itertools import product
from typing import Any

from latebloom.reports.splits import percent

KINDS = ("known", "missing", "ood")
"""Answers that follow from told facts, those that need one which was never told, and those that
need one which was told alone."""
BY = {"ranking": "", "hop_by_hop": ", hop by hop", "product": ", by their branches"}
"""Where ranks stand in a summary, and what is said of their questions."""
LARGEST = 1e15
"""Numbers from here on are nothing that was counted."""
MEASURES = ("mrr", "hits1", "hits3", "hits10", "set_f1")


def rank_rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each kind of question: `query` (1p, 2p), `kind`, `n`, and the measures."""
    rows = []
    queries = sorted({query for by in BY for query in table_in(record, by)})
    for query, kind, by in product(queries, KINDS, BY):
        kinds = table_in(record, by).get(query)
        entry = table_in(kinds, kind) if isinstance(kinds, Mapping) else {}
        if entry:
            measures = {name: number(entry.get(name)) for name in MEASURES}
            n, said = number(entry.get("n")), f"{kind}{BY[by]}"
            rows.append({"query": str(query), "kind": said, "n": n and int(n), **measures})
    return rows


def coverage_row(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the sets hold: `nominal`, `empirical`, `mean_size`, and `of` which answers."""
    entry = table_in(record, "coverage")
    row = {name: number(entry.get(name)) for name in ("nominal", "empirical", "mean_size")}
    if any(value is None for value in row.values()):
        return None
    return {**row, "of": str(entry.get("of", ""))}


def rank_lines(record: Mapping[str, Any]) -> list[str]:
    """The ranks and the coverage of an evaluation, a line each."""
    lines = []
    for row in rank_rows(record):
        f1 = "" if row["set_f1"] is None else f", set F1 {decimal(row['set_f1'])}"
        lines.append(
            f"{row['query']} {row['kind']}: MRR {decimal(row['mrr'])}, Hits@1"
            f" {percent(row['hits1'])}{f1}"
        )
    held = coverage_row(record)
    if held:
        lines.append(
            f"sets meant to hold {held['nominal']:.0%} of {held['of']} answers:"
            f" {percent(held['empirical'])}, {held['mean_size']:.1f} names"
        )
    return lines


def table_rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the table of such a run held, and what was left out, in words."""
    table = table_in(summary, "table")
    named = (
        ("told", "facts told"),
        ("told_alone", "of these told alone, never composed"),
        ("never_told", "facts never told, asked as a test"),
        ("left_out", "two-hop questions left out: more than half of all names answer them"),
    )
    rows = [(words, f"{int(n):,}") for key, words in named if (n := number(table.get(key)))]
    for key, words in (("pairs", "pairs by their answers"), ("questions", "two-hop questions")):
        counts = ((name, number(n)) for name, n in table_in(table, key).items())
        by_size = ", ".join(f"{name}: {int(n):,}" for name, n in counts if n)
        rows += [(words, by_size)] if by_size else []
    return rows


def counting_line(summary: Mapping[str, Any]) -> str:
    """How many of the facts that were never told counting puts first, beside the run; "" where
    none was held out."""
    ours, counted = (
        number(table_in(table_in(table_in(summary, by), "1p"), "missing").get("hits1"))
        for by in ("ranking", "counting")
    )
    if ours is None or counted is None:
        return ""
    return (
        f"Of the facts that were never told it puts {percent(ours)} first, and mere counting"
        f" {percent(counted)}."
    )


def table_in(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The table under a key; empty where there is something else."""
    found = record.get(key)
    return found if isinstance(found, Mapping) else {}


def number(value: Any) -> float | None:
    """A finite number; None for anything else."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and abs(value) < LARGEST else None


def decimal(value: float | None) -> str:
    """A measure with three places, rounded down: only 1 is shown as 1.000."""
    return "-" if value is None else f"{math.floor(value * 1000 + 1e-9) / 1000:.3f}"
