"""Relations whose objects are numbers, apart from those whose objects are names.

Enters: a table of facts, a row for each fact. Leaves: `Apart`: the facts between names, and a
`NumberTable` of the numbers, a row for each thing and a column for each measured relation. A
relation is *measured* if

- each of its objects is a plain number (`18`, `0.5`, `3e-4`), perhaps with a unit (`18 h`); cells
  that say that there is none (`n/a`, `-`) are left out;
- there is one unit, in the cells or in brackets behind the relation (`half-life (h)`);
- each of its subjects has one number, and no number is itself the subject of a fact;
- three subjects or more have one, and two of them differ.

A relation whose objects are mostly numbers and that is not measured is told with the row that
stands in the way; its objects remain names.

Does not cover: ranges, marks such as `<5`, decimal commas. Identifiers that are whole numbers look
like numbers: `world.numbers` names the relations that are meant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.worlds.chains.checking.cells import MISSING, UNIT
from latebloom.worlds.chains.checking.cells import unit_of as looks_like_number
from latebloom.worlds.chains.files import FactTable
from latebloom.worlds.numbers import NumberTable
from latebloom.worlds.units import unit_of, without_unit

PLAIN = re.compile(
    rf"(?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)\s*{UNIT}?", re.IGNORECASE
)
"""A number as it is written plainly, perhaps with a unit."""
BEGINS = frozenset("0123456789+-.<>~≈±≤≥")
"""How a name begins that may be a number."""
FEWEST = 3
"""Subjects of a measured relation at least: fewer compare nothing."""
MOSTLY = 0.5
"""The share of numbers among a relation's objects from which on it is said why it is not measured.
"""
AUTO, NONE = "auto", "none"
"""What `world.numbers` may say besides the names of relations."""


@dataclass(frozen=True, slots=True)
class Column:
    """A relation that has numbers.

    relation: its index. unit: of all its numbers, empty if none is said. n, of: how many of its
    rows hold what looks like a number, and how many it has. why: what stands in the way of
    comparing them, empty if nothing does.
    """

    relation: int
    unit: str
    n: int
    of: int
    why: str = ""


class Cells:
    """The numbers among the names of a table.

    number: nan of what is none. unit: index into `units`, by name. is_like: whether a name looks
    like a number, though it need not be written plainly. is_mark: whether it stands for nothing.
    """

    def __init__(self, table: FactTable) -> None:
        n = len(table.entities)
        self.number = np.full(n, np.nan)
        self.unit = np.zeros(n, np.int32)
        self.is_like = np.zeros(n, bool)
        units = {"": 0}
        for i, name in enumerate(table.entities):
            if name[0] not in BEGINS:
                continue
            self.is_like[i] = looks_like_number(name) is not None
            found = PLAIN.fullmatch(name)
            if found is not None and np.isfinite(value := float(found["number"])):
                self.number[i] = value
                self.unit[i] = units.setdefault((found["unit"] or "").strip(), len(units))
        self.units = tuple(units)
        self.is_number = ~np.isnan(self.number)
        self.is_mark = np.array([name.casefold() in MISSING for name in table.entities], bool)


@dataclass(frozen=True, slots=True)
class Apart:
    """A table, its numbers apart.

    named: the facts between names. numbers: None where none are compared. columns: the relations
    that have numbers, by their places in the whole table. names: of all its relations.
    """

    named: FactTable
    numbers: NumberTable | None
    columns: tuple[Column, ...]
    names: tuple[str, ...]

    def compared(self, one: Column) -> bool:
        """Whether the numbers of a relation are compared."""
        named = with_unit(self.names[one.relation], one.unit)
        return self.numbers is not None and named in self.numbers.attributes

    @property
    def n_comparisons(self) -> int:
        """Questions that compare two things, in both orders."""
        if self.numbers is None:
            return 0
        n = np.isfinite(self.numbers.number).sum(axis=0)
        return int((n * (n - 1)).sum())

    def lines(self) -> list[str]:
        """What was found, for people; a line for each relation with numbers."""
        out = []
        for one in self.columns:
            name = self.names[one.relation]
            if self.compared(one):
                unit = f", in {one.unit}" if one.unit else ""
                marks = one.of - one.n
                lack = f" ({marks:,} cells say that there is none)" if marks else ""
                out.append(f"numbers: {name} is measured: {one.n:,} numbers{unit}{lack}")
            elif not one.why:
                out.append(
                    f"numbers: {name} could be compared; here each number is a name of its own"
                    " (recipe table, or --world.numbers auto)"
                )
            elif one.n >= MOSTLY * one.of:
                out.append(
                    f"numbers: {name} is not compared ({one.n:,} of {one.of:,} objects look like"
                    f" numbers): {one.why}; each is a name of its own"
                )
        return out

    def as_dicts(self) -> list[dict[str, Any]]:
        """The same for JSON."""
        return [
            {
                "relation": self.names[one.relation],
                "measured": self.compared(one),
                "unit": one.unit,
                "numbers": one.n,
                "objects": one.of,
                "why_not": one.why,
            }
            for one in self.columns
        ]


def set_apart(table: FactTable, wanted: Sequence[str]) -> Apart:
    """The numbers of a table apart from its names.

    wanted: `auto` for every relation that is measured, or their names; empty, or `none`: none.
    Raises: FactsError for a relation that is wanted and is not there, or is not measured.
    """
    asked = () if tuple(wanted) == (NONE,) else tuple(wanted)
    cells = Cells(table)
    columns = columns_of(table, cells)
    by_name = {table.relations[one.relation]: one for one in columns}
    measured = [one for one in columns if not one.why]
    if asked != (AUTO,):
        for name in asked:
            check_wanted(table, by_name, name)
        measured = [one for one in measured if table.relations[one.relation] in asked]
    if not measured:
        return Apart(table, None, tuple(columns), table.relations)
    of_measured = np.isin(table.relation, [one.relation for one in measured])
    named = subset(table, np.flatnonzero(~of_measured))
    return Apart(named, numbers_of(table, cells, measured), tuple(columns), table.relations)


def check_wanted(table: FactTable, by_name: dict[str, Column], name: str) -> None:
    """Raises: FactsError if a relation that is to be compared cannot be."""
    if name not in table.relations:
        there = ", ".join(table.relations[:8])
        raise FactsError(
            f"world.numbers: {name!r} is no relation of {table.source}; it has {there}"
        )
    why = by_name[name].why if name in by_name else "none of its objects is a number"
    if why:
        raise FactsError(f"{table.source}: {name!r} cannot be compared: {why}; mend the table")


def columns_of(table: FactTable, cells: Cells) -> list[Column]:
    """The relations that have numbers, in the order of the table."""
    n = len(table.relations)
    numbers = np.bincount(table.relation[cells.is_like[table.object]], minlength=n)
    order = np.argsort(table.relation, kind="stable")
    ends = np.cumsum(np.bincount(table.relation, minlength=n))
    is_subject = np.zeros(len(table.entities), bool)
    is_subject[table.subject] = True
    found = []
    for relation in np.flatnonzero(numbers).tolist():
        rows = order[ends[relation - 1] if relation else 0 : ends[relation]]
        unit, why = examined(table, cells, relation, rows, is_subject)
        found.append(Column(relation, unit, int(numbers[relation]), len(rows), why))
    return found


def examined(
    table: FactTable,
    cells: Cells,
    relation: int,
    rows: Int[ndarray, " row"],
    is_subject: Bool[ndarray, " entity"],
) -> tuple[str, str]:
    """The unit of a relation that has numbers, and what stands in the way of comparing them."""
    objects = table.object[rows]
    number = cells.is_number[objects]
    other = ~number & ~cells.is_mark[objects]
    if other.any():
        return "", told(table, int(rows[np.argmax(other)]), "is no plain number")
    rows, objects = rows[number], objects[number]
    header = unit_of(table.relations[relation])
    of_cells, first = np.unique(cells.unit[objects], return_index=True)
    units = {cells.units[u] or header: int(rows[at]) for u, at in zip(of_cells, first, strict=True)}
    if header:
        units.setdefault(header, -1)
    if len(units) > 1:
        some = ", ".join(
            f"{unit or 'none'} ({f'row {table.line[row]}' if row >= 0 else 'in its name'})"
            for unit, row in list(units.items())[:3]
        )
        return "", f"it has several units: {some}"
    unit = next(iter(units))
    value = cells.number[objects]
    order = np.lexsort((rows, table.subject[rows]))
    same = np.diff(table.subject[rows][order]) == 0
    differ = same & (np.diff(value[order]) != 0)
    if differ.any():
        at = int(np.argmax(differ))
        one, two = (int(rows[order[i]]) for i in (at, at + 1))
        return unit, (
            f"{table.names(one)[0]} has {table.names(one)[2]} (row {table.line[one]}) and"
            f" {table.names(two)[2]} (row {table.line[two]})"
        )
    if is_subject[objects].any():
        return unit, told(table, int(rows[np.argmax(is_subject[objects])]), "is a subject as well")
    if len(order) - int(same.sum()) < FEWEST or len(np.unique(value)) < 2:
        return unit, f"comparing takes {FEWEST} subjects, and two numbers that differ"
    return unit, ""


def told(table: FactTable, row: int, what: str) -> str:
    """What is wrong with the object of a row."""
    return f"{table.names(row)[2]!r} (row {table.line[row]}) {what}"


def numbers_of(table: FactTable, cells: Cells, columns: Sequence[Column]) -> NumberTable:
    """The numbers of measured relations, a row for each subject in the order of the table."""
    some = np.isin(table.relation, [one.relation for one in columns])
    subjects = np.unique(table.subject[some & cells.is_number[table.object]])
    number: Float[ndarray, "entity attribute"] = np.full((len(subjects), len(columns)), np.nan)
    for column, one in enumerate(columns):
        rows = np.flatnonzero((table.relation == one.relation) & cells.is_number[table.object])
        number[np.searchsorted(subjects, table.subject[rows]), column] = cells.number[
            table.object[rows]
        ]
    names = [table.relations[one.relation] for one in columns]
    return NumberTable(
        source=table.source,
        entities=tuple(table.entities[i] for i in subjects),
        attributes=tuple(map(with_unit, names, (one.unit for one in columns))),
        number=number,
    )


def with_unit(name: str, unit: str) -> str:
    """A relation with its unit in brackets: `half-life (h)`."""
    return f"{without_unit(name)} ({unit})" if unit else name


def subset(table: FactTable, rows: Int[ndarray, " row"]) -> FactTable:
    """Some rows of a table as a table of their own, with no name that they do not use."""
    subject, relation, object_ = table.subject[rows], table.relation[rows], table.object[rows]
    used, at = np.unique(np.concatenate((subject, object_)), return_inverse=True)
    used_relations, relation_at = np.unique(relation, return_inverse=True)
    return FactTable(
        source=table.source,
        entities=tuple(table.entities[i] for i in used),
        relations=tuple(table.relations[i] for i in used_relations),
        subject=at[: len(rows)].astype(np.int32),
        relation=relation_at.astype(np.int32),
        object=at[len(rows) :].astype(np.int32),
        incomplete=table.incomplete,
        notes=table.notes,
        line=table.line[rows],
        lacking=table.lacking,
    )
