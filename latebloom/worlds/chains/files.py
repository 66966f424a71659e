"""Reading facts from a file: CSV, TSV, Excel, Parquet, JSON Lines or N-Triples.

Enters: a path, and which columns hold subject, relation and object. Leaves: a `FactTable`, the
rows as they stand, duplicates and all; what is wrong with them is the question of
`latebloom.worlds.chains.diagnosis`. The file is streamed: one beyond `max_facts` is refused without
being read to its end.

Covers: what `latebloom.worlds.chains.delimited` and `latebloom.worlds.chains.sheets` do; UTF-8
alone, names or numbers, in JSON.
Does not cover: compressed files, other RDF syntaxes.
"""

from array import array
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.files import import_extra
from latebloom.reading import parse_json
from latebloom.worlds.chains.delimited import (
    DEFAULT_COLUMNS,
    DELIMITERS,
    HEADERS,
    Cells,
    Row,
    encoding_message,
    find_format,
    read_cells,
    read_delimited,
    take_columns,
)
from latebloom.worlds.chains.sheets import SHEETS

MAX_FACTS = 1_000_000
"""Rows read from a file at most, unless told otherwise."""
JSON_LINES = (".jsonl", ".ndjson")
READ = (*DELIMITERS, *SHEETS, *JSON_LINES, ".nt")
"""The endings of files that facts are read from."""


@dataclass(frozen=True, slots=True)
class FactTable:
    """Facts as they were given, names replaced by their place in two lists.

    source: where they come from, for messages.
    subject, object: index into `entities`; relation: index into `relations`.
    incomplete: rows that were left out because a name was missing.
    notes: what else a reader should know of how the rows came about.
    line: the number of each row where it comes from, from 1. lacking: those of the incomplete ones.
    """

    source: str
    entities: tuple[str, ...]
    relations: tuple[str, ...]
    subject: Int[ndarray, " row"]
    relation: Int[ndarray, " row"]
    object: Int[ndarray, " row"]
    incomplete: int = 0
    notes: tuple[str, ...] = ()
    line: Int[ndarray, " row"] = field(default_factory=lambda: np.empty(0, np.int32))
    lacking: Int[ndarray, " lacking"] = field(default_factory=lambda: np.empty(0, np.int32))

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
    rows: Iterable[Row],
    source: str,
    *,
    max_facts: int = MAX_FACTS,
    notes: Sequence[str] = (),
    numbers: "array[int] | None" = None,
) -> FactTable:
    """Numbers the names of rows in the order in which they appear; trims white space.

    numbers: of the rows in their file, which whoever gives the rows appends as it goes; None: they
        are counted from 1.
    Raises: FactsError if there is no complete row, or there are more than `max_facts`.
    """
    entities: dict[str, int] = {}
    relations: dict[str, int] = {}
    subject, relation, object_ = array("i"), array("i"), array("i")
    at, lacking = array("i"), array("i")
    for place, (s, r, o) in enumerate(rows):
        s, r, o = s.strip(), r.strip(), o.strip()
        if not (s and r and o):
            lacking.append(place)
            continue
        if len(subject) == max_facts:
            raise FactsError(
                f"{source} holds more than {max_facts:,} facts; give fewer, or raise"
                " world.max_facts (about 0.4 GB of memory for a million)"
            )
        at.append(place)
        subject.append(entities.setdefault(s, len(entities)))
        relation.append(relations.setdefault(r, len(relations)))
        object_.append(entities.setdefault(o, len(entities)))
    if not len(subject):
        what = f"its {len(lacking)} rows all lack a name" if lacking else "it is empty"
        raise FactsError(
            f"{source} holds no facts: {what}; give one subject, relation, object a row"
        )
    total = len(at) + len(lacking)
    number = np.arange(1, total + 1) if numbers is None else np.array(numbers)
    return FactTable(
        source=source,
        entities=tuple(entities),
        relations=tuple(relations),
        subject=np.array(subject, dtype=np.int32),
        relation=np.array(relation, dtype=np.int32),
        object=np.array(object_, dtype=np.int32),
        incomplete=len(lacking),
        notes=tuple(notes),
        line=number[np.array(at, np.int32)].astype(np.int32),
        lacking=number[np.array(lacking, np.int32)].astype(np.int32),
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
    check_place(path)
    numbers = array("i")
    with readable(path):
        if suffix == ".nt":
            return make_table(name_terms(read_ntriples(path, max_facts)), str(path))
        if suffix in JSON_LINES:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                rows = read_jsonl(lines, path, columns, numbers)
                return make_table(rows, str(path), max_facts=max_facts, numbers=numbers)
        with open_cells(path) as (cells, notes):
            rows = take_columns(cells, path, columns, numbers)
            return make_table(rows, str(path), max_facts=max_facts, notes=notes, numbers=numbers)


def check_place(path: Path) -> None:
    """Raises: FactsError if facts are not read from such a file, or it is not there."""
    suffix = path.suffix.lower()
    if suffix not in READ:
        raise FactsError(
            f"{path}: unknown ending {suffix!r}; facts are read from {', '.join(READ)}"
        )
    if not path.is_file():
        raise FactsError(f"{path}: there is no such file")


@contextmanager
def open_cells(path: Path) -> Generator[tuple[Iterator[Cells], tuple[str, ...]], None, None]:
    """The rows of a CSV, TSV, Excel or Parquet file, and what is to be said of how it was saved.

    Raises: FactsError naming file, line and way out.
    """
    sheet = SHEETS.get(path.suffix.lower())
    if sheet is not None:
        yield sheet(path), ()
        return
    found = find_format(path)
    with path.open(encoding=found.encoding, newline="") as lines:
        yield read_cells(lines, path, found.delimiter), found.notes()


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


def read_jsonl(
    lines: Iterable[str], path: Path, columns: Row, numbers: "array[int]"
) -> Iterator[Row]:
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
        numbers.append(number)
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
