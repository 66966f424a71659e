"""Wide or long: whether a table has a row for each fact, or a row for each thing.

Enters: the first rows of a file. Leaves: its `Shape`. In a *long* table a row is a fact (subject,
relation, object); in a *wide* one it is a thing, and each column after the first a relation:

    drug      class   targets         subject   relation   object
    imatinib  TKI     ABL1            imatinib  class      TKI

A wide table taken for a long one is nonsense that nothing else notices. It is read as if it had
been written long.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from latebloom.worlds.chains.checking.cells import unit_of
from latebloom.worlds.chains.delimited import (
    DEFAULT_COLUMNS,
    DELIMITERS,
    HEADERS,
    Cells,
    Row,
    find_format,
)
from latebloom.worlds.chains.files import (
    MAX_FACTS,
    FactTable,
    check_place,
    make_table,
    open_cells,
    read_facts,
    readable,
)
from latebloom.worlds.chains.sheets import SHEETS

LOOKED_AT = 1000
"""Rows by which the shape is told."""
MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class Shape:
    """How a table lies.

    wide: whether a row is a thing and not a fact. header: the names of its columns, empty where it
    has none. saved: how its cells are parted and its letters encoded, in words. numeric: columns
    after the first whose cells are numbers.
    """

    wide: bool = False
    header: tuple[str, ...] = ()
    saved: str = ""
    numeric: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The shape for people."""
        out = [f"format: {self.saved}"] if self.saved else []
        if not self.wide:
            named = f", columns {', '.join(self.header)}" if self.header else ""
            return [*out, f"shape: long, a row for each fact{named}"]
        out.append(
            f"shape: wide, a row for each {self.header[0]} and a column for each of"
            f" {', '.join(self.header[1:])}; it is read as if it were long"
        )
        if len(self.numeric) == len(self.header) - 1:
            out.append("  all are numbers: latebloom grok facts --numeric compares them")
        return out


def read_shaped(
    path: Path, columns: Row = DEFAULT_COLUMNS, max_facts: int = MAX_FACTS
) -> tuple[FactTable, Shape]:
    """The facts of a file and how they lie; a wide table is read as if it were long.

    Raises: FactsError as `read_facts`.
    """
    check_place(path)
    suffix = path.suffix.lower()
    if suffix not in (*DELIMITERS, *SHEETS):
        return read_facts(path, columns=columns, max_facts=max_facts), Shape()
    with readable(path):
        saved = find_format(path).in_words() if suffix in DELIMITERS else suffix[1:]
        with open_cells(path) as (cells, notes):
            head = list(islice(cells, LOOKED_AT))
            shape = shape_of([row for _, row in head], columns, saved)
            if shape.wide:
                numbers = array("i")
                rows = melted(chain(head, cells), numbers)
                table = make_table(
                    rows, str(path), max_facts=max_facts, notes=notes, numbers=numbers
                )
                return table, shape
    return read_facts(path, columns=columns, max_facts=max_facts), shape


def shape_of(rows: Sequence[Sequence[str]], columns: Row, saved: str) -> Shape:
    """The shape of a table by its first rows."""
    if not rows:
        return Shape(saved=saved)
    header = tuple(cell.strip() for cell in rows[0])
    names = {cell.casefold() for cell in header}
    if columns != DEFAULT_COLUMNS or any(names.issuperset(known) for known in HEADERS):
        return Shape(header=header, saved=saved)
    body = rows[1:]
    if len(header) < 2 or len(body) < 2 or len(names) < len(header) or "" in header:
        return Shape(saved=saved)
    first = [row[0].strip() for row in body]
    # Long tables say many facts of a subject, and few relations over and over.
    keyed = len(set(first)) >= MOSTLY * len(first)
    numeric = tuple(
        name for i, name in enumerate(header[1:], 1) if is_numeric([row[i] for row in body])
    )
    repeats = len(header) == 3 and len({row[1].strip() for row in body}) <= len(body) // 2
    # The first row of a long table without a header is a fact, whose names come again.
    a_fact = len(header) == 3 and any(cell.strip() in header for row in body for cell in row)
    if a_fact or not keyed or (repeats and header[1] not in numeric):
        return Shape(saved=saved)
    return Shape(True, header, saved, numeric)


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether the cells of a column that hold something hold numbers."""
    some = [cell.strip() for cell in cells if cell.strip()]
    return bool(some) and all(unit_of(cell) is not None for cell in some)


def melted(cells: Iterator[Cells], numbers: "array[int]") -> Iterator[Row]:
    """The facts of a wide table, each with the number of its row; empty cells lack an object."""
    _, header = next(cells)
    for number, row in cells:
        for name, cell in zip(header[1:], row[1:], strict=True):
            numbers.append(number)
            yield row[0], name, cell
