"""Where a name stands in a table: the first row of each, by arrays."""

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.worlds.chains.files import FactTable

NOWHERE = np.iinfo(np.int32).max
"""Stands for the row of a name that is nowhere."""


class Places:
    """The first row and the number of rows of each name of a table."""

    def __init__(self, table: FactTable) -> None:
        self.table = table
        rows = np.arange(len(table), dtype=np.int32)
        self.entity = np.full(len(table.entities), NOWHERE, np.int32)
        self.relation = np.full(len(table.relations), NOWHERE, np.int32)
        for first, names in (
            (self.entity, table.subject),
            (self.entity, table.object),
            (self.relation, table.relation),
        ):
            np.minimum.at(first, names, rows)
        self.uses = np.bincount(table.subject, minlength=len(table.entities)) + np.bincount(
            table.object, minlength=len(table.entities)
        )

    def number(self, row: int) -> int:
        """The number of a row in its file."""
        return int(self.table.line[row])

    def of_entity(self, entity: int) -> int:
        """The number of the first row with an entity."""
        return self.number(int(self.entity[entity]))

    def of_relation(self, relation: int) -> int:
        """The number of the first row with a relation."""
        return self.number(int(self.relation[relation]))

    def rows_with(self, marked: Bool[ndarray, " entity"]) -> Int[ndarray, " row"]:
        """The rows in which a marked name is subject or object, in order."""
        return np.flatnonzero(marked[self.table.subject] | marked[self.table.object])


def fact_in_words(table: FactTable, row: int) -> str:
    """A fact as a line: `imatinib -targets-> KIT`."""
    subject, relation, object_ = table.names(row)
    return f"{subject} -{relation}-> {object_}"
