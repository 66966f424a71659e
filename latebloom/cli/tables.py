"""Tables that fit: columns are left out, the least needed first, until the rest has room."""

from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.table import Table

GAP = 2
"""Spaces between two columns."""


def fitting(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    console: Console,
    spare: Sequence[str],
    *,
    faint: Collection[str] = (),
) -> Table:
    """A table no wider than the console, the first column to the left, the others to the right.

    spare: columns that may be left out, in this order, where there is no room.
    faint: first cells of the rows that are of less interest.
    """
    rows = list(rows)
    widths = {
        name: GAP + max(map(len, (name, *cells)))
        for name, *cells in zip(columns, *rows, strict=True)
    }
    left_out: list[str] = []
    for column in spare:
        if sum(widths[name] for name in columns if name not in left_out) - GAP <= console.width:
            break
        left_out.append(column)
    return table_of(columns, rows, left_out, faint=faint)


def table_of(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    left_out: Iterable[str] = (),
    *,
    faint: Collection[str] = (),
) -> Table:
    """A plain table without some of its columns; rows that begin with a word of `faint` are dim."""
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
    kept = [i for i, column in enumerate(columns) if column not in set(left_out)]
    for i in kept:
        table.add_column(columns[i], justify="left" if i == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(row[i] for i in kept), style="dim" if row[0] in faint else None)
    return table


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each row, columns one under the other, never broken: for pipes."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def described(console: Console, entries: Iterable[tuple[str, str, str]]) -> None:
    """Entries for a terminal of any width: a name with a remark, its description under it."""
    from rich.padding import Padding
    from rich.text import Text

    for name, remark, about in entries:
        line = Text.assemble((name, "bold"), "  ", (remark, "dim"))
        fits = line.cell_len <= console.width
        console.print(line if fits else Text(name, "bold"), soft_wrap=False)
        body = [] if fits else [Text(remark, "dim")]
        for text in [*body, *([Text(about)] if about else [])]:
            console.print(Padding(text, (0, 0, 0, 4)), soft_wrap=False)
