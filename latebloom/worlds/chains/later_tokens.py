"""The token ids of a world once the names of facts that are told later have joined it.

Entities, relations, relations read backwards, fillers: this order stays, and within each kind the
new names follow the old ones. So every old token has a new id, and the weights that belong to it
can be moved there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import FactsError, LatebloomError
from latebloom.worlds.chains.files import FactTable
from latebloom.worlds.chains.later_names import Known
from latebloom.worlds.chains.triples import read_both_ways
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.wording import INVERSE
from latebloom.worlds.world import World

Rows = Int[ndarray, "_ 3"]
"""Facts as rows `subject relation object` of token ids."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Where in a vocabulary the entities end, and the relations."""

    entities: int
    relations: int

    @classmethod
    def of(cls, world: World) -> "Kinds":
        """Raises: LatebloomError for a world that does not ask chains over a table of facts."""
        facts, task = world.facts, world.task
        if not isinstance(task, ChainTask) or not len(facts):
            raise LatebloomError(
                "facts are learned later by runs on chains of facts, such as facts and composition;"
                " grow a new run"
            )
        if task.facts_before:
            raise LatebloomError(
                "facts stand before this run's questions, and some might no longer be true; so it"
                " learns nothing later: grow a new run"
            )
        if task.numbers is not None:
            raise LatebloomError(
                "this run's numbers are places in an order, which a new one would move, so it"
                " learns nothing later: add the rows to its table and grow it again (latebloom grok"
                " facts --facts FILE)"
            )
        fillers = 2 if task.layout.has_fillers else 0
        first = int(facts.relation.min())
        if max(facts.subject.max(), facts.object.max()) >= first:
            raise LatebloomError(
                "this run numbers entities and relations in no order, so none can be added; grow a"
                " new run from the table"
            )
        return cls(first, len(world.vocabulary) - fillers - first)


@dataclass(frozen=True, slots=True)
class Numbering:
    """The names of a world and of a table together, and the table's facts in their ids.

    names: by token id. renumbered: the new id of each old token. entities: how many there are.
    forward, relations: how many relations, without and with those read backwards.
    rows: the facts of the table, each once.
    """

    names: tuple[str, ...]
    renumbered: Int[ndarray, " old_token"]
    entities: int
    forward: int
    relations: int
    rows: Rows

    @classmethod
    def joining(
        cls, kinds: Kinds, words: Sequence[str], table: FactTable, *, inverse: bool
    ) -> "Numbering":
        """The names of a table join the words of a world.

        inverse: whether the world tells every fact backwards as well.
        Raises: FactsError for names that cannot be meant.
        """
        n, m = kinds.entities, kinds.relations
        forward = m // 2 if inverse else m
        known = Known.of(words[:n], words[n : n + forward], table.source)
        of_entity, new_entities = known.place(table.entities, as_relation=False)
        of_relation, new_relations = known.place(table.relations, as_relation=True)
        backwards = [INVERSE + name for name in new_relations] if inverse else []
        taken = {*words, *new_entities, *new_relations}
        for name in backwards:
            if name in taken:
                raise FactsError(f"{table.source}: {name!r} is a name already; rename one of them")
        old = np.arange(len(words))
        renumbered = old + len(new_entities) * (old >= n)
        renumbered += len(new_relations) * (old >= n + forward)
        renumbered += len(backwards) * (old >= n + m)
        entities, more = n + len(new_entities), forward + len(new_relations)
        relation = entities + of_relation[table.relation]
        rows = np.stack((of_entity[table.subject], relation, of_entity[table.object]), axis=1)
        return cls(
            names=(
                *(*words[:n], *new_entities, *words[n : n + forward], *new_relations),
                *(*words[n + forward : n + m], *backwards, *words[n + m :]),
            ),
            renumbered=renumbered,
            entities=entities,
            forward=more,
            relations=more * (2 if inverse else 1),
            rows=rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])],
        )

    def both_ways(self, rows: Rows) -> Rows:
        """Facts told forwards, and then each read backwards."""
        return read_both_ways(rows, self.forward)

    def is_forward(self, rows: Rows) -> Bool[ndarray, " row"]:
        """Which facts are told forwards."""
        return rows[:, 1] < self.entities + self.forward

    def of_pair(self, rows: Rows, others: Rows) -> Bool[ndarray, " row"]:
        """Which facts have their subject and relation from one of the others."""
        return np.isin(self.pairs(rows), self.pairs(others))

    def within(self, rows: Rows, others: Rows) -> Bool[ndarray, " row"]:
        """Which facts are among the others."""
        one, other = (self.pairs(some) * self.width + some[:, 2] for some in (rows, others))
        return np.isin(one, other)

    def pairs(self, rows: Rows) -> Int[ndarray, " row"]:
        """A number for the subject and relation of each fact."""
        return rows[:, 0].astype(np.int64) * self.width + rows[:, 1]

    @property
    def width(self) -> int:
        """More than any id of an entity or a relation."""
        return self.entities + self.relations
