"""Reading facts from a file: CSV, TSV, JSON Lines or N-Triples.

Enters: a path, and which columns hold subject, relation and object. Leaves: a `FactTable`, the
rows as they stand, duplicates and all; what is wrong with them is the question of
`latebloom.worlds.chains.diagnosis`. The file is streamed: one beyond `max_facts` is refused without
being read to its end.

Covers: UTF-8 (with or without a byte order mark), quoted cells in CSV, names or numbers in JSON.
Does not cover: other encodings, compressed files, other RDF syntaxes.
"""

import csv
from array import array
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.files import import_extra
from latebloom.reading import parse_json

MAX_FACTS = 1_000_000
"""Rows read from a file at most, unless told otherwise."""
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
JSON_LINES = (".jsonl", ".ndjson")

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class FactTable:
    """Facts as they were given, names replaced by their place in two lists.

    source: where they come from, for messages.
    subject, object: index into `entities`; relation: index into `relations`.
    incomplete: rows that were left out because a name was missing.
    notes: what else a reader should know of how the rows came about.
    """

    source: str
    entities: tuple[str, ...]
    relations: tuple[str, ...]
    subject: Int[ndarray, " row"]
    relation: Int[ndarray, " row"]
    object: Int[ndarray, " row"]
    incomplete: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.subject)

    def names(self, row: int) -> Row:
        """Subject, relation and object of a row, in names."""
        return (
            self.entities[self.subject[row]],
            self.relations[self.relation[row]],
            self.entities[self.object[row]],
        )


def make_table(
    rows: Iterable[Row], source: str, *, max_facts: int = MAX_FACTS, notes: Sequence[str] = ()
) -> FactTable:
    """Numbers the names of rows in the order in which they appear; trims white space.

    Raises: FactsError if there is no complete row, or there are more than `max_facts`.
    """
    entities: dict[str, int] = {}
    relations: dict[str, int] = {}
    subject, relation, object_ = array("i"), array("i"), array("i")
    incomplete = 0
    for s, r, o in rows:
        s, r, o = s.strip(), r.strip(), o.strip()
        if not (s and r and o):
            incomplete += 1
            continue
        if len(subject) == max_facts:
            raise FactsError(
                f"{source} holds more than {max_facts:,} facts; give fewer, or raise"
                " world.max_facts (about 0.4 GB of memory for a million)"
            )
        subject.append(entities.setdefault(s, len(entities)))
        relation.append(relations.setdefault(r, len(relations)))
        object_.append(entities.setdefault(o, len(entities)))
    if not len(subject):
        what = f"its {incomplete} rows all lack a name" if incomplete else "it is empty"
        raise FactsError(
            f"{source} holds no facts: {what}; give one subject, relation, object a row"
        )
    return FactTable(
        source=source,
        entities=tuple(entities),
        relations=tuple(relations),
        subject=np.array(subject, dtype=np.int32),
        relation=np.array(relation, dtype=np.int32),
        object=np.array(object_, dtype=np.int32),
        incomplete=incomplete,
        notes=tuple(notes),
    )


def read_facts(
    path: Path,
    *,
    columns: tuple[str, str, str] = DEFAULT_COLUMNS,
    max_facts: int = MAX_FACTS,
) -> FactTable:
    """Reads a file of facts; its ending tells the format.

    columns: where subject, relation and object stand: names out of the header (or keys of a JSON
        object), or positions from 1. Left at their default, other usual names (`HEADERS`) are
        known too, and a CSV or TSV file without any of them has no header: its first three
        columns are meant.
    Raises: FactsError naming file, line and way out.
    """
    suffix = path.suffix.lower()
    known = (*DELIMITERS, *JSON_LINES, ".nt")
    if suffix not in known:
        raise FactsError(
            f"{path}: unknown ending {suffix!r}; facts are read from {', '.join(known)}"
        )
    if not path.is_file():
        raise FactsError(f"{path}: there is no such file")
    with readable(path):
        if suffix == ".nt":
            return make_table(name_terms(read_ntriples(path, max_facts)), str(path))
        with path.open(encoding="utf-8-sig", newline="") as lines:
            if suffix in DELIMITERS:
                rows = read_delimited(lines, path, DELIMITERS[suffix], columns)
            else:
                rows = read_jsonl(lines, path, columns)
            return make_table(rows, str(path), max_facts=max_facts)


def read_triples(path: Path) -> Iterator[Row]:
    """The rows of a file without a header in which tabs part subject, relation and object.

    Raises: FactsError naming file and line.
    """
    with readable(path), path.open(encoding="utf-8-sig", newline="") as lines:
        yield from read_delimited(lines, path, "\t", ("1", "2", "3"))


@contextmanager
def readable(path: Path) -> Generator[None, None, None]:
    """Says in one line why a file cannot be read.

    Raises: FactsError.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise FactsError(encoding_message(path)) from error
    except OSError as error:
        raise FactsError(f"{path} cannot be read: {error.strerror or error}") from error


def read_delimited(
    lines: Iterable[str], path: Path, delimiter: str, columns: tuple[str, str, str]
) -> Iterator[Row]:
    """The three cells of every row of a CSV or TSV file; TSV knows no quotes."""
    quoting = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
    try:
        first = next((row for row in reader if row), None)
        if first is None:
            return
        (i, j, k), is_header = find_columns(first, columns, path)
        if not is_header:
            yield first[i], first[j], first[k]
        width = len(first)
        for row in reader:
            if len(row) != width:
                if not row:
                    continue
                raise FactsError(
                    f"{path}, line {reader.line_num}: {len(row)} columns where the first row has"
                    f" {width}; quote names that hold {delimiter!r}, or mend the line"
                )
            yield row[i], row[j], row[k]
    except csv.Error as error:
        raise FactsError(
            f"{path}, line {reader.line_num}: {error}; look for a quote that is not closed there"
        ) from error


def find_columns(
    first: Sequence[str], columns: tuple[str, str, str], path: Path
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


def read_jsonl(lines: Iterable[str], path: Path, columns: tuple[str, str, str]) -> Iterator[Row]:
    """The three values of every line: an object with named values, or an array."""
    keys: tuple[Any, ...] | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            item = parse_json(line)
        except ValueError as error:
            why = getattr(error, "msg", error)
            raise FactsError(f"{place}: not JSON ({why}); give one object a line") from error
        if isinstance(item, list):
            item = {str(i): value for i, value in enumerate(item, 1)}
        if not isinstance(item, dict):
            raise FactsError(f"{place}: {line.strip()[:40]} is neither an object nor an array")
        if keys is None:
            keys = find_keys(item, columns, place)
        values = [item.get(key) for key in keys]
        for value in values:
            if isinstance(value, (dict, list, bool)):
                raise FactsError(f"{place}: {str(value)[:40]} is not a name; give text or a number")
        s, r, o = ("" if value is None else str(value) for value in values)
        yield s, r, o


def find_keys(item: dict[str, Any], columns: tuple[str, str, str], place: str) -> tuple[str, ...]:
    """The keys of subject, relation and object in the first JSON object."""
    choices = (columns,) if columns != DEFAULT_COLUMNS else (*HEADERS, ("1", "2", "3"))
    for names in choices:
        if all(name in item for name in names):
            return names
    missing = next(name for name in columns if name not in item)
    role = DEFAULT_COLUMNS[columns.index(missing)]
    raise FactsError(
        f"{place}: there is no {missing!r} for the {role}; it has {', '.join(item)};"
        f" set world.{role} to one of these"
    )


def read_ntriples(path: Path, max_facts: int) -> list[tuple[Any, Any, Any]]:
    """The triples of an N-Triples file as pyoxigraph terms."""
    rdf = import_extra("pyoxigraph", "rdf", "reading N-Triples")
    triples = []
    try:
        for triple in rdf.parse(path=str(path), format=rdf.RdfFormat.N_TRIPLES):
            if len(triples) == max_facts:
                raise FactsError(
                    f"{path} holds more than {max_facts:,} facts; give fewer, or raise"
                    " world.max_facts"
                )
            triples.append((triple.subject, triple.predicate, triple.object))
    except SyntaxError as error:
        raise FactsError(f"{path}: not N-Triples: {error.msg}") from error
    return triples


def name_terms(triples: Sequence[tuple[Any, Any, Any]]) -> Iterator[Row]:
    """Triples in names: a literal's text, a blank node as `_:id`, and of an IRI what follows its
    last `#` or `/` where that is no other term's name, else all of it.
    """
    for_entities = name_each({term for s, _, o in triples for term in (s, o)})
    for_relations = name_each({p for _, p, _ in triples})
    for s, p, o in triples:
        yield for_entities[s], for_relations[p], for_entities[o]


def name_each(terms: set[Any]) -> dict[Any, str]:
    """A short name for every term; different terms get different names, literals by their text."""
    whole = {
        term: str(term) if type(term).__name__ == "BlankNode" else str(term.value) for term in terms
    }
    short = {
        term: name.rstrip("/#").replace("#", "/").rpartition("/")[2] or name
        for term, name in whole.items()
        if type(term).__name__ == "NamedNode"
    }
    taken = {name for term, name in whole.items() if term not in short}
    seen: set[str] = set()
    for name in short.values():
        (taken if name in seen else seen).add(name)
    return whole | {term: name for term, name in short.items() if name not in taken}


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
