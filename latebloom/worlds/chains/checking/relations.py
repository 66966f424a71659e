"""What the facts of a table say about each other: repeats, contradictions, lonely relations.

Enters: a table. Leaves: for each relation what stays and goes, and troubles with their rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.worlds.chains.checking.circles import circles
from latebloom.worlds.chains.checking.places import Places, fact_in_words
from latebloom.worlds.chains.checking.trouble import Finding, Trouble, trouble
from latebloom.worlds.chains.diagnosis import Diagnosis, functional_relations
from latebloom.worlds.chains.files import FactTable


@dataclass(frozen=True, slots=True)
class RelationCounts:
    """A relation: its distinct facts, how many of them stay, its pairs by their objects.

    one, several: pairs of a subject and this relation with one object, with several. most: objects
    of the pair that has most.
    """

    name: str
    facts: int
    kept: int
    one: int
    several: int
    most: int

    def as_dict(self) -> dict[str, Any]:
        """The counts for JSON."""
        return {
            "relation": self.name,
            "facts": self.facts,
            "kept": self.kept,
            "pairs_with_one_object": self.one,
            "pairs_with_several": self.several,
            "most_objects": self.most,
        }


class Pairs:
    """The distinct facts of a table by their (subject, relation).

    fact: the first row of each distinct fact. pair: the pair of each. again: rows that repeat one.
    start: the first fact of each pair. objects: how many each pair has. relation: of each pair.
    """

    def __init__(self, table: FactTable) -> None:
        key = table.subject.astype(np.int64) * len(table.relations) + table.relation
        order = np.lexsort((table.object, key))
        new_pair = np.diff(key[order], prepend=-1) != 0
        new_fact = new_pair | (np.diff(table.object[order], prepend=-1) != 0)
        self.fact = order[new_fact]
        self.again = np.sort(order[~new_fact])
        self.first_of_again = self.fact[np.cumsum(new_fact) - 1][~new_fact][
            np.argsort(order[~new_fact])
        ]
        self.start = np.flatnonzero(new_pair[new_fact])
        self.objects = np.diff(np.append(self.start, len(self.fact)))
        self.relation = table.relation[self.fact[self.start]]

    def rows_of(self, pair: int) -> Int[ndarray, " row"]:
        """The rows of a pair's facts, in order."""
        start = self.start[pair]
        return np.sort(self.fact[start : start + self.objects[pair]])


def count_relations(table: FactTable, pairs: Pairs, diagnosis: Diagnosis) -> list[RelationCounts]:
    """The counts of each relation, those with most facts first."""
    n = len(table.relations)
    facts = np.bincount(table.relation[pairs.fact], minlength=n)
    kept = np.bincount(table.relation[diagnosis.kept], minlength=n)
    many = pairs.objects > 1
    one = np.bincount(pairs.relation[~many], minlength=n)
    several = np.bincount(pairs.relation[many], minlength=n)
    most = np.zeros(n, np.int64)
    np.maximum.at(most, pairs.relation, pairs.objects)
    columns = np.stack((facts, kept, one, several, most), axis=1)
    order = np.argsort(-facts, kind="stable")
    return [RelationCounts(table.relations[r], *columns[r].tolist()) for r in order]


def check_relations(places: Places, pairs: Pairs, single: Sequence[str]) -> list[Trouble]:
    """The troubles between the facts of a table.

    single: relations that are declared to have one object.
    Raises: FactsError for a name that is no relation of the table.
    """
    return [
        *repeats(places, pairs),
        *contradictions(places, pairs, declared(places.table, single)),
        *own_objects(places),
        *lonely(places, pairs),
        *circles(places, pairs.fact),
    ]


def declared(table: FactTable, single: Sequence[str]) -> Bool[ndarray, " relation"]:
    """Which relations are declared to have one object.

    Raises: FactsError for a name that is no relation of the table.
    """
    mask = np.zeros(len(table.relations), bool)
    for name in single:
        if name not in table.relations:
            there = ", ".join(table.relations[:8])
            raise FactsError(f"--single {name!r} is no relation of {table.source}; it has {there}")
        mask[table.relations.index(name)] = True
    return mask


def repeats(places: Places, pairs: Pairs) -> list[Trouble]:
    """Rows that say again what an earlier one said."""
    table = places.table
    findings = (
        Finding(
            places.number(row), f"{fact_in_words(table, row)} (first in row {places.number(first)})"
        )
        for row, first in zip(pairs.again.tolist(), pairs.first_of_again.tolist(), strict=True)
    )
    return trouble("repeat", "rows say it again", "they are left out", len(pairs.again), findings)


def contradictions(
    places: Places, pairs: Pairs, single: Bool[ndarray, " relation"]
) -> list[Trouble]:
    """Pairs with several objects whose relation was declared to have one, or mostly has one."""
    table, many = places.table, pairs.objects > 1
    usual = functional_relations(pairs.relation, many, len(table.relations)) & ~single
    broken = np.flatnonzero(many & single[pairs.relation])
    odd = np.flatnonzero(many & usual[pairs.relation])

    def finding(pair: int) -> Finding:
        rows = pairs.rows_of(pair).tolist()
        subject, relation, _ = table.names(rows[0])
        told = ", ".join(f"{table.names(r)[2]} (row {places.number(r)})" for r in rows[:5])
        return Finding(places.number(rows[1]), f"{subject} -{relation}-> {told}")

    return [
        *trouble(
            "contradiction",
            "pairs have several objects though their relation was declared to have one",
            "mend the wrong row",
            len(broken),
            map(finding, broken.tolist()),
        ),
        *trouble(
            "odd",
            "pairs have several objects though their relation has one nearly everywhere",
            "mend the row if it is an error (--single RELATION makes it one)",
            len(odd),
            map(finding, odd.tolist()),
        ),
    ]


def own_objects(places: Places) -> list[Trouble]:
    """Facts whose subject is their object."""
    table = places.table
    rows = np.flatnonzero(table.subject == table.object)
    findings = (Finding(places.number(row), fact_in_words(table, row)) for row in rows.tolist())
    means, way_out = "facts have one name as subject and object", "leave out what is not meant"
    return trouble("self", means, way_out, len(rows), findings)


def lonely(places: Places, pairs: Pairs) -> list[Trouble]:
    """Relations that one fact has."""
    table = places.table
    counts = np.bincount(table.relation[pairs.fact], minlength=len(table.relations))
    found = np.flatnonzero(counts == 1)
    found = found[np.argsort(places.relation[found])]
    findings = (
        Finding(places.of_relation(r), fact_in_words(table, int(places.relation[r])))
        for r in found.tolist()
    )
    way_out = "a model learns nothing of a relation from one fact: is its name misspelt?"
    return trouble("lonely", "relations have a single fact", way_out, len(found), findings)
