"""What stands in the cells: several names in one, marks for nothing, numbers with units.

Enters: the names of a table. Leaves: troubles, each with its rows. A name is looked at once,
however many rows have it.
"""

import re
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.worlds.chains.checking.places import Places, fact_in_words
from latebloom.worlds.chains.checking.trouble import Finding, Trouble, trouble

MISSING = frozenset(
    (
        *("na", "n/a", "n.a.", "n.a", "#n/a", "nan", "nil", "none", "null", "unknown", "missing"),
        *("not available", "not applicable", "not known", "tbd", "tba", "?", "??", "-", "--"),
        *("–", "—", ".", "..", "..."),
    )
)
"""What people write, in any letter case, where they have nothing to write."""
LIST = re.compile(r"\S\s*[;|\n]\s*\S")
"""Several names in a cell, whatever they are."""
PERHAPS = re.compile(r", | / | & | and | \+ ")
"""What parts several names in a cell, where each of them is a name of the table by itself."""
UNIT = r"(?P<unit>[^\W\d_%°].{0,15}|[%°].{0,3})"
NUMBER = re.compile(rf"[<>~≈±≤≥]*\s*[-+]?\d[\d ,.]*(?:e[-+]?\d+)?\s*{UNIT}?")
"""A number, perhaps with a unit."""


def check_cells(places: Places) -> list[Trouble]:
    """The troubles with what stands in the cells of a table."""
    return [*lacking(places), *marks_for_nothing(places), *lists(places), *numbers(places)]


def lacking(places: Places) -> list[Trouble]:
    """Rows in which a name is missing."""
    rows = places.table.lacking
    findings = (Finding(int(row), "a cell is empty") for row in rows)
    return trouble("empty", "rows lack a name", "they are left out", len(rows), findings)


def marks_for_nothing(places: Places) -> list[Trouble]:
    """Rows in which a mark stands for nothing."""
    table = places.table
    marked = np.array([name.casefold() in MISSING for name in table.entities], bool)
    rows = places.rows_with(marked)
    findings = (Finding(places.number(row), fact_in_words(table, row)) for row in rows.tolist())
    way_out = "as it stands, all of them are one thing: leave the cell empty"
    return trouble("missing", "rows have a mark for a missing value", way_out, len(rows), findings)


def lists(places: Places) -> list[Trouble]:
    """Rows in which a cell holds several names."""
    table = places.table
    known = set(table.entities)
    marked = np.array([is_list(name, known) for name in table.entities], bool)
    rows = places.rows_with(marked)
    findings = (Finding(places.number(row), fact_in_words(table, row)) for row in rows.tolist())
    way_out = "give each name a row of its own"
    return trouble("list", "rows have several names in a cell", way_out, len(rows), findings)


def is_list(name: str, known: set[str]) -> bool:
    """Whether a cell holds several names."""
    if name.isalnum():
        return False
    if LIST.search(name):
        return True
    parts = PERHAPS.split(name)
    return len(parts) > 1 and all(part.strip() in known for part in parts)


def numbers(places: Places) -> list[Trouble]:
    """Relations whose objects are numbers, and those whose numbers have several units."""
    table = places.table
    units: list[str | None] = [unit_of(name) for name in table.entities]
    is_number = np.array([unit is not None for unit in units], bool)
    if not is_number.any():
        return []
    counts = np.bincount(table.relation[is_number[table.object]], minlength=len(table.relations))
    found = np.flatnonzero(counts)
    out = trouble(
        "number",
        "relations have numbers as objects",
        "to a model each number is a name of its own; --numeric compares a table of numbers",
        len(found),
        (of_relation(places, is_number, int(r), int(counts[r])) for r in found),
    )
    mixed = [(int(r), seen) for r in found if len(seen := units_of(places, units, int(r))) > 1]
    findings = (Finding(min(seen.values()), units_in_words(places, r, seen)) for r, seen in mixed)
    return out + trouble(
        "unit", "relations have numbers in several units", "use one unit", len(mixed), findings
    )


def unit_of(name: str) -> str | None:
    """The unit of a number, empty where it has none; None for what is no number."""
    if not (name[0].isdigit() or name[0] in "<>~≈±≤≥+-"):
        return None
    found = NUMBER.fullmatch(name)
    return None if found is None else (found["unit"] or "").strip()


def of_relation(
    places: Places, marked: Bool[ndarray, " entity"], relation: int, count: int
) -> Finding:
    """How many objects of a relation are numbers, at the first."""
    table = places.table
    rows: Int[ndarray, " row"] = np.flatnonzero(table.relation == relation)
    first = int(rows[np.argmax(marked[table.object[rows]])])
    return Finding(
        places.number(first), f"{fact_in_words(table, first)} ({count:,} of {len(rows):,} objects)"
    )


def units_of(places: Places, units: list[str | None], relation: int) -> dict[str, int]:
    """The units of a relation's numbers, each with the number of its first row."""
    table = places.table
    seen: dict[str, int] = {}
    for row in first_rows(table.object, np.flatnonzero(table.relation == relation)):
        unit = units[table.object[row]]
        if unit is not None:
            seen.setdefault(unit, places.number(row))
    return seen


def first_rows(names: Int[ndarray, " row"], rows: Int[ndarray, " some"]) -> Iterator[int]:
    """The first of some rows for each name, in order."""
    at = np.unique(names[rows], return_index=True)[1]
    yield from np.sort(rows[at]).tolist()


def units_in_words(places: Places, relation: int, seen: dict[str, int]) -> str:
    """The units of a relation with the row of each."""
    told = ", ".join(f"{unit or 'none'} (row {row})" for unit, row in list(seen.items())[:6])
    return f"{places.table.relations[relation]}: {told}"
