"""What a table of facts is worth before anything is trained on it.

Enters: a `FactTable`. Leaves: a `Diagnosis`: which rows a world can be made of, how many
questions they make, and what was left out and why.

A pair (subject, relation) with several objects keeps them all, as a set of answers (`keep`), is
left out (`drop`), cut to the first (`first`), or refused (`error`). Whether it is a contradiction
or the nature of its relation (a country's neighbours) is told by the other pairs of that relation.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.worlds.answers import distinct
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.counts import SetCounts, count_sets
from latebloom.worlds.chains.files import FactTable

ManyValued = Literal["keep", "drop", "first", "error"]

FUNCTIONAL_SHARE = 0.9
"""A relation is functional if at least this share of its pairs has one object; its other pairs
count as contradictions."""
MAX_EXAMPLES = 3
MAX_NAMES = 8


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Counts over a table of facts. A pair is a (subject, relation) that stands in the table.

    kept: the rows that the world is made of, in order.
    entities, relations: names that occur in the kept rows.
    rows: complete rows in the table; incomplete: rows without a name, left out.
    duplicates: rows that repeat an earlier one, left out.
    functional_pairs, many_valued_pairs: pairs with one object, with several.
    many_valued_facts: distinct facts of the many-valued pairs.
    contradictions: many-valued pairs of relations that are functional otherwise.
    many_valued_relations: relations whose many-valued pairs are more than that.
    examples: a few many-valued pairs with their objects, contradictions first.
    two_hop: two-hop questions that the kept facts make; where pairs have several objects, the ways
        from one fact to another.
    sets: the questions by the number of their answers, where some have several.
    """

    source: str
    policy: ManyValued
    kept: Int[ndarray, " fact"]
    entities: int
    relations: int
    rows: int
    incomplete: int
    duplicates: int
    functional_pairs: int
    many_valued_pairs: int
    many_valued_facts: int
    contradictions: int
    many_valued_relations: tuple[str, ...]
    examples: tuple[str, ...]
    two_hop: int
    notes: tuple[str, ...]
    sets: SetCounts | None = None

    @property
    def several(self) -> bool:
        """Whether some kept pair has several objects."""
        return self.policy == "keep" and self.many_valued_pairs > 0

    @property
    def facts(self) -> int:
        """Facts that the world is made of."""
        return len(self.kept)

    @property
    def left_out(self) -> dict[str, int]:
        """Rows that were left out, by reason."""
        kept_of_many = {"first": self.many_valued_pairs, "keep": self.many_valued_facts}
        return {
            "a name is missing": self.incomplete,
            "said before": self.duplicates,
            "one of several objects": self.many_valued_facts - kept_of_many.get(self.policy, 0),
        }

    def available_phi(self, ood_frac: float, test_id_frac: float) -> float:
        """The phi to expect: inferred training facts for each ID fact, if OOD facts are drawn at
        random. The world's own figure differs a little by chance.
        """
        return (1 - ood_frac) * (1 - test_id_frac) * self.two_hop / max(self.facts, 1)

    def lines(self) -> list[str]:
        """The diagnosis for people."""
        out = [
            f"{self.source}: {self.rows:,} facts read, {self.facts:,} kept,"
            f" {self.entities:,} entities, {self.relations:,} relations",
            *(
                [
                    f"two-hop questions: {self.two_hop:,}, {self.two_hop / max(self.facts, 1):.2f}"
                    " for each fact",
                    f"(subject, relation) pairs: {self.functional_pairs:,} with one object,"
                    f" {self.many_valued_pairs:,} with several",
                ]
                if self.sets is None
                else self.sets.lines()
            ),
        ]
        if self.contradictions:
            out.append(
                f"contradictions: {self.contradictions:,} pairs have several objects although"
                " their relation has one nearly everywhere"
            )
        if self.many_valued_relations:
            names = ", ".join(self.many_valued_relations[:MAX_NAMES])
            more = len(self.many_valued_relations) - MAX_NAMES
            out.append(f"many-valued relations: {names}{f' and {more:,} more' * (more > 0)}")
        out += [f"for instance: {example}" for example in self.examples]
        out += [f"left out: {n:,} ({reason})" for reason, n in self.left_out.items() if n]
        return out + list(self.notes)

    def __str__(self) -> str:
        return "\n".join(self.lines())


def diagnose(
    table: FactTable, many_valued: ManyValued = "drop", *, share: float = 1.0
) -> Diagnosis:
    """Counts what the table holds and chooses the rows to keep.

    share: of all names, from which on a question that they answer says nothing.
    Raises: FactsError if a pair has several objects and `many_valued` is "error", or if no row is
    left.
    """
    pair = table.subject.astype(np.int64) * len(table.relations) + table.relation
    order = np.lexsort((table.object, pair))  # stable: equal rows stay in the order of the table
    new_pair = np.diff(pair[order], prepend=-1) != 0
    new_fact = new_pair | (np.diff(table.object[order], prepend=-1) != 0)
    fact_rows = order[new_fact]  # the first row of every distinct fact
    pair_of_fact = np.cumsum(new_pair[new_fact]) - 1
    n_objects = np.bincount(pair_of_fact)
    many = n_objects > 1

    starts = np.flatnonzero(new_pair[new_fact])
    if many_valued == "first":
        kept = np.minimum.reduceat(fact_rows, starts) if len(starts) else fact_rows
    elif many_valued == "keep":
        kept = fact_rows
    else:
        kept = fact_rows[~many[pair_of_fact]]
    kept = np.sort(kept)

    relation_of_pair = table.relation[fact_rows[starts]]
    functional = functional_relations(relation_of_pair, many, len(table.relations))
    contradicting = many & functional[relation_of_pair]
    shown = np.flatnonzero(many)
    shown = shown[np.argsort(~contradicting[shown], kind="stable")][:MAX_EXAMPLES]
    examples = tuple(
        describe_pair(table, fact_rows[starts[p] : starts[p] + n_objects[p]]) for p in shown
    )
    if many_valued == "error" and many.any():
        raise FactsError(
            f"{table.source}: {int(many.sum()):,} (subject, relation) pairs have several objects,"
            f" such as {examples[0]}; mend them, or set world.many_valued to drop or first"
        )
    if not len(kept) and len(table):
        raise FactsError(
            f"{table.source}: every (subject, relation) pair has several objects, such as"
            f" {examples[0]}; set world.many_valued to first"
        )
    sets = None
    if many_valued == "keep" and many.any():
        sets = count_sets(facts_of(table, kept), len(table.entities), share)
    several = np.unique(relation_of_pair[many & ~contradicting])
    return Diagnosis(
        source=table.source,
        policy=many_valued,
        kept=kept,
        entities=len(distinct(np.concatenate((table.subject[kept], table.object[kept])))),
        relations=len(distinct(table.relation[kept])),
        rows=len(table),
        incomplete=table.incomplete,
        duplicates=len(table) - len(fact_rows),
        functional_pairs=int((~many).sum()),
        many_valued_pairs=int(many.sum()),
        many_valued_facts=int(n_objects[many].sum()),
        contradictions=int(contradicting.sum()),
        many_valued_relations=tuple(table.relations[r] for r in several),
        examples=examples,
        two_hop=count_two_hop(table, kept),
        notes=table.notes,
        sets=sets,
    )


def facts_of(table: FactTable, rows: Int[ndarray, " fact"]) -> Facts:
    """Some rows of a table as facts; the tokens of relations follow those of all entities."""
    relation = table.relation[rows] + np.int32(len(table.entities))
    none = np.zeros(len(rows), bool)
    return Facts(table.subject[rows], relation, table.object[rows], none)


def functional_relations(
    relation_of_pair: Int[ndarray, " pair"], many: Bool[ndarray, " pair"], n_relations: int
) -> Bool[ndarray, " relation"]:
    """Which relations have one object for nearly every subject."""
    pairs = np.bincount(relation_of_pair, minlength=n_relations)
    single = np.bincount(relation_of_pair[~many], minlength=n_relations)
    return single >= FUNCTIONAL_SHARE * pairs


def count_two_hop(table: FactTable, kept: Int[ndarray, " fact"]) -> int:
    """How many facts follow on facts: for each kept fact those whose subject is its object."""
    out_degree = np.bincount(table.subject[kept], minlength=len(table.entities))
    return int(out_degree[table.object[kept]].sum())


def describe_pair(table: FactTable, rows: Int[ndarray, " fact"]) -> str:
    """A many-valued pair in words: `Rhine -mouth-> North Sea | Lake Constance`, in file order."""
    names = [table.names(int(row)) for row in np.sort(rows)[: MAX_EXAMPLES + 1]]
    subject, relation, _ = names[0]
    objects = [name[2] for name in names[:MAX_EXAMPLES]]
    more = f" | and {len(rows) - MAX_EXAMPLES} more" if len(rows) > MAX_EXAMPLES else ""
    return f"{subject} -{relation}-> {' | '.join(objects)}{more}"
