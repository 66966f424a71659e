"""The numeric-table world: comparing one's own entities by measured numbers.

Enters: a table, a row for each entity and a column for each attribute. Leaves: a comparison
`World`. Numbers become values on a scale that all attributes share:

- `rank`: 1 for the smallest number of an attribute, 2 for the next, ...; equal numbers share a
  rank, so `=` means the very same number.
- `bins`: as many equally filled bins as asked; equal numbers are never torn apart, and `=` means
  "in the same bin".

A number that is missing is never told and never asked.

Covers: CSV and TSV with a header, UTF-8; empty cells and `NA`, `N/A`, `nan`, `null`, `-` are
missing numbers.
Does not cover: units, ranges, decimal commas.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.chains.delimited import DELIMITERS, encoding_message
from latebloom.worlds.comparisons.made import MISSING, PairConfig, ValueTable, world_of_table
from latebloom.worlds.numbers import NumberTable
from latebloom.worlds.streams import Draw
from latebloom.worlds.world import World

ABSENT = ("", "na", "n/a", "nan", "null", "-")
"""Cells, in any letter case, that stand for no number."""
Scale = Literal["rank", "bins"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScaleConfig(PairConfig):
    """How numbers become values."""

    scale: Scale = "rank"
    """`rank`: by place in the order of the attribute; `bins`: by equally filled bin."""
    bins: int = 20
    """Bins of each attribute; without effect on ranks."""
    phi: float = math.inf
    """Comparisons trained on for each ID atomic fact; inf: all, less what is held out."""

    def __post_init__(self) -> None:
        PairConfig.__post_init__(self)
        if self.bins < 2:
            raise WorldError(f"world.bins is {self.bins}; one bin compares nothing, give 2 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class NumericTableConfig(ScaleConfig):
    """A world of one's own numbers."""

    kind: Literal["numeric-table"] = "numeric-table"
    """Which world this is."""
    facts: str = ""
    """The file, .csv or .tsv: a header, then a row for each entity."""
    entity: str = ""
    """Column of the entities' names; empty: the first."""


def make_numeric_table(config: NumericTableConfig, seed: int) -> World:
    """Reads the file and draws the splits; the same file and seed give the same bytes.

    Raises: FactsError for the file, WorldError for more than its numbers give.
    """
    return world_of_numbers(load_number_table(config), config, seed)


def load_number_table(config: NumericTableConfig) -> NumberTable:
    """Reads the file that the config names.

    Raises: FactsError naming the file, the line and the way out.
    """
    if not config.facts:
        raise FactsError("world.facts is empty; name a table of numbers: --facts FILE --numeric")
    return read_numbers(Path(config.facts), config.entity)


def world_of_numbers(table: NumberTable, config: ScaleConfig, seed: int) -> World:
    """The comparison world of a table of numbers.

    Raises: FactsError if there are fewer than three entities, or an attribute has one value.
    """
    rng = np.random.default_rng([seed, Draw.OWN_NUMBERS])
    return world_of_table(scaled(table, config), config, rng)


def scaled(table: NumberTable, config: ScaleConfig) -> ValueTable:
    """The table with its numbers as values on one scale.

    Raises: as `world_of_numbers`.
    """
    if len(table.entities) < 3:
        raise FactsError(
            f"{table.source} holds {len(table.entities)} entities; comparing takes at least 3"
        )
    if not table.attributes:
        raise FactsError(f"{table.source} has no column of numbers besides the entities' names")
    columns = [place_numbers(column, config) for column in table.number.T]
    for name, column in zip(table.attributes, columns, strict=True):
        n_values = len(np.unique(column[column != MISSING]))
        if n_values < 2:
            told = "no value" if n_values == 0 else "one value"
            raise FactsError(
                f"{table.source}: the attribute {name!r} has {told} for all entities, so it"
                " compares nothing; leave the column out"
            )
    value = np.stack(columns, axis=1)
    word = "rank" if config.scale == "rank" else "bin"
    values = tuple(f"{word} {i + 1}" for i in range(int(value.max()) + 1))
    return ValueTable(table.entities, table.attributes, values, value)


def place_numbers(
    number: Float[ndarray, " entity"], config: ScaleConfig
) -> Int[ndarray, " entity"]:
    """The place of each number on the scale, from 0; MISSING for NaN."""
    present = ~np.isnan(number)
    there = number[present]
    place = np.full(len(number), MISSING, np.int32)
    if config.scale == "rank":
        place[present] = np.unique(there, return_inverse=True)[1]
    elif len(there):
        below = np.searchsorted(np.sort(there), there, side="left")
        place[present] = below * config.bins // len(there)
    return place


def read_numbers(path: Path, entity: str = "") -> NumberTable:
    """Reads a table of numbers; `entity` names the column of the names, by default the first.

    Raises: FactsError naming file, line, column and way out.
    """
    delimiter = DELIMITERS.get(path.suffix.lower())
    if delimiter is None:
        raise FactsError(
            f"{path}: unknown ending {path.suffix!r}; numbers are read from {', '.join(DELIMITERS)}"
        )
    if not path.is_file():
        raise FactsError(f"{path}: there is no such file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            header = [name.strip() for name in next(reader, [])]
            check_header(path, header)
            place = find_column(path, header, entity)
            names, rows = read_rows(path, numbered(reader), header, place)
    except UnicodeDecodeError as error:
        raise FactsError(encoding_message(path)) from error
    except csv.Error as error:
        raise FactsError(f"{path}: not a table ({error}); check its quotes") from error
    attributes = tuple(header[:place] + header[place + 1 :])
    number = np.array(rows, dtype=np.float64).reshape(len(names), len(attributes))
    return NumberTable(str(path), tuple(names), attributes, number)


def numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line each ends on; blank lines are passed over."""
    for row in reader:
        if row:
            yield reader.line_num, row  # type: ignore[attr-defined]


def check_header(path: Path, header: Sequence[str]) -> None:
    """Raises: FactsError if a column has no name or two have one."""
    if not header:
        raise FactsError(f"{path} is empty; give a header and a row for each entity")
    seen: set[str] = set()  # a search in the list itself would cost the square of its length
    for number, name in enumerate(header, 1):
        if not name:
            raise FactsError(f"{path}, line 1: column {number} has no name")
        if name in seen:
            raise FactsError(f"{path}, line 1: two columns are named {name!r}; rename one")
        seen.add(name)


def find_column(path: Path, header: Sequence[str], entity: str) -> int:
    """Where the entities' names stand."""
    if entity and entity not in header:
        raise FactsError(
            f"{path}: there is no column {entity!r}; it has {', '.join(header)}; set world.entity"
            " to one of these"
        )
    return header.index(entity) if entity else 0


def read_rows(
    path: Path, rows: Iterator[tuple[int, list[str]]], header: Sequence[str], place: int
) -> tuple[list[str], list[list[float]]]:
    """Names and numbers, row by row."""
    seen: dict[str, int] = {}
    numbers = []
    for line, row in rows:
        if len(row) != len(header):
            raise FactsError(
                f"{path}, line {line}: {len(row)} cells, but the header has {len(header)}"
            )
        name = row[place].strip()
        if not name:
            raise FactsError(f"{path}, line {line}: the entity has no name in {header[place]!r}")
        if name in seen:
            raise FactsError(
                f"{path}, line {line}: {name!r} stands on line {seen[name]} already; keep one row"
                " for each entity"
            )
        seen[name] = line
        numbers.append(
            [
                read_cell(cell, f"{path}, line {line}, column {column!r}")
                for i, (cell, column) in enumerate(zip(row, header, strict=True))
                if i != place
            ]
        )
    return list(seen), numbers


def read_cell(cell: str, place: str) -> float:
    """A number, NaN if the cell says that there is none."""
    text = cell.strip()
    if text.casefold() in ABSENT:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise FactsError(
            f"{place}: {text!r} is not a number; write it plainly (12.5, 3e-4), or leave it empty"
        )
    return number
