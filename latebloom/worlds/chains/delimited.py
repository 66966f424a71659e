"""Tables of text and of spreadsheets as rows of cells, however they were saved.

Enters: a file of CSV or TSV, an Excel workbook, a Parquet file. Leaves: its rows as cells of text,
each with its number in the file, and the three columns that hold subject, relation and object.

A CSV need not be parted by commas nor written in UTF-8: what spreadsheets save in many countries is
parted by semicolons and written in Windows-1252. Both are found, and told (`Format.notes`). A file
in which some letters are UTF-8 and others are not is damaged, and refused with the place.
"""

import codecs
import csv
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from latebloom.errors import FactsError

DEFAULT_COLUMNS = ("subject", "relation", "object")
HEADERS = (
    DEFAULT_COLUMNS,
    ("subject", "predicate", "object"),
    ("head", "relation", "tail"),
    ("s", "p", "o"),
    ("h", "r", "t"),
)
"""Column names that are known without being told, in any letter case."""
DELIMITERS = {".csv": ",", ".tsv": "\t"}
OTHERS = (";", "\t", "|")
"""What parts the cells of a CSV whose first row has no three columns by commas."""
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
LOOKED_AT = 20
"""Lines by which the separator is found."""
CHUNK = 1 << 20
"""Bytes by which the encoding of a file is found, at a time."""

Row = tuple[str, str, str]
Cells = tuple[int, list[str]]
"""A row with its number in the file, from 1."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a table of text was saved."""

    encoding: str = "utf-8-sig"
    delimiter: str = ","

    def notes(self) -> tuple[str, ...]:
        """What is not as it is expected of such a file, in words."""
        found = []
        if self.encoding != "utf-8-sig":
            found.append(f"it is not UTF-8 and was read as {self.encoding}: look at its accents")
        if self.delimiter in OTHERS and self.delimiter != "\t":
            found.append(f"its cells are parted by {NAMES[self.delimiter]}")
        return tuple(found)

    def in_words(self) -> str:
        """The separator and the encoding."""
        encoding = "UTF-8" if self.encoding == "utf-8-sig" else self.encoding
        return f"cells parted by {NAMES[self.delimiter]}, {encoding}"


def find_format(path: Path) -> Format:
    """The encoding and the separator of a CSV or TSV file.

    Raises: FactsError naming line and byte where the encoding cannot be told.
    """
    encoding = find_encoding(path)
    usual = DELIMITERS[path.suffix.lower()]
    if usual == "\t":
        return Format(encoding, usual)
    with path.open(encoding=encoding, newline="") as lines:
        head = [line[:CHUNK] for line in islice(lines, LOOKED_AT)]
    widths = {one: widths_of(head, one) for one in (usual, *OTHERS)}
    if max(widths[usual], default=0) >= 3:
        return Format(encoding, usual)
    for one in OTHERS:
        if widths[one] and min(widths[one]) == max(widths[one]) >= 3:
            return Format(encoding, one)
    return Format(encoding, usual)


def widths_of(lines: Sequence[str], delimiter: str) -> list[int]:
    """How many cells each of some lines has by a separator; none where quotes do not close."""
    try:
        return [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return []


def find_encoding(path: Path) -> str:
    """UTF-8 where all of the file is, UTF-16 where it says so, else Windows-1252.

    Raises: FactsError for a file that is none of these.
    """
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        good = bad = False
        while chunk := file.read(CHUNK):
            if b"\0" in chunk:
                raise FactsError(f"{path} holds zero bytes: it is no table of text")
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(chunk).lstrip("\ufeff")
            bad |= "\ufffd" in text
            good |= any(ord(letter) > 127 and letter != "\ufffd" for letter in set(text))
        bad |= bool(decoder.decode(b"", final=True))
    if not bad:
        return "utf-8-sig"
    if good:
        raise FactsError(encoding_message(path))
    return "cp1252"


def encoding_message(path: Path) -> str:
    """Which line and byte of a file is not UTF-8."""
    start = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return (
                    f"{path}, line {number}: byte {start + error.start + 1} of the file is not"
                    " UTF-8; save it as UTF-8 (iconv -f LATIN1 -t UTF-8, if it is Latin-1)"
                )
            start += len(line)
    return f"{path} is not UTF-8; save it as UTF-8"


def read_cells(lines: Iterable[str], path: Path, delimiter: str) -> Iterator[Cells]:
    """The rows of a CSV or TSV file that are not blank; TSV knows no quotes.

    Raises: FactsError naming the line of a quote that is not closed, or of another width.
    """
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
    width = 0
    try:
        for row in reader:
            if len(row) != width:
                if not row:
                    continue
                if width:
                    raise FactsError(
                        f"{path}, line {reader.line_num}: {len(row)} columns where the first row"
                        f" has {width}; quote names that hold {delimiter!r}, or mend the line"
                    )
                width = len(row)
            yield reader.line_num, row
    except csv.Error as error:
        raise FactsError(
            f"{path}, line {reader.line_num}: {error}; look for a quote that is not closed there"
        ) from error


def take_columns(
    cells: Iterator[Cells], path: Path, columns: Row, numbers: "array[int]"
) -> Iterator[Row]:
    """Subject, relation and object of each row.

    numbers: takes the number of each row that is given, in order.
    """
    first = next(cells, None)
    if first is None:
        return
    (i, j, k), is_header = find_columns(first[1], columns, path)
    if not is_header:
        numbers.append(first[0])
        yield first[1][i], first[1][j], first[1][k]
    for number, row in cells:
        numbers.append(number)
        yield row[i], row[j], row[k]


def read_delimited(
    lines: Iterable[str],
    path: Path,
    delimiter: str,
    columns: Row,
    numbers: "array[int] | None" = None,
) -> Iterator[Row]:
    """The three cells of every row of a CSV or TSV file."""
    numbers = array("i") if numbers is None else numbers
    return take_columns(read_cells(lines, path, delimiter), path, columns, numbers)


def find_columns(
    first: Sequence[str], columns: Row, path: Path
) -> tuple[tuple[int, int, int], bool]:
    """Where subject, relation and object stand, from 0, and whether the first row is a header."""
    cells = [cell.strip() for cell in first]
    folded = [cell.casefold() for cell in cells]
    if columns == DEFAULT_COLUMNS:
        for names in HEADERS:
            if all(name in folded for name in names):
                return (
                    folded.index(names[0]),
                    folded.index(names[1]),
                    folded.index(names[2]),
                ), True
        columns = ("1", "2", "3")
    places: list[int] = []
    for role, column in zip(DEFAULT_COLUMNS, columns, strict=True):
        if column.isdecimal():
            if not 1 <= int(column) <= len(cells):
                raise FactsError(
                    f"{path}: there is no column {column} for the {role}, the first row has"
                    f" {len(cells)}; check the separator, or set world.{role} to a column"
                )
            places.append(int(column) - 1)
        elif column in cells:
            places.append(cells.index(column))
        else:
            raise FactsError(
                f"{path}: there is no column {column!r} for the {role}; the first row has"
                f" {', '.join(cells)}; set world.{role} to a name or a position from 1"
            )
    if len(set(places)) < 3:
        raise FactsError(f"{path}: subject, relation and object need three different columns")
    named = any(not column.isdecimal() for column in columns)
    return (places[0], places[1], places[2]), named or tuple(folded[p] for p in places) in HEADERS
