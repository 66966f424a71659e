"""Facts that are told later: what a file adds to the facts of a world, and what it corrects.

Enters: a world of chains and a table of facts. Leaves: `Later`: the names, old and new, the facts
as they stand then, and which of them are new. Old names keep their order and new ones follow them
within their kind, so entities still come first, then relations, then fillers.

Where a question has one answer, a fact whose subject and relation were told before *corrects* it.
Where it has several, a fact is *added*, unless what is told is to be replaced. A world that tells
every fact backwards as well is told these backwards, too.

What cannot be meant is refused: two objects where there is room for one, more facts than the world
has, none that is new, and names as `latebloom.worlds.chains.later_names` tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import FactsError, LatebloomError
from latebloom.worlds.answers import distinct
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.files import FactTable
from latebloom.worlds.chains.later_names import Known
from latebloom.worlds.chains.triples import read_both_ways
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.wording import INVERSE
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class Later:
    """The facts of a world after more of them were told.

    task, vocabulary: as they are then. renumbered: the new token id of each old one.
    entities, relations: how many there are then. facts: as they stand then; those of a pair of
    subject and relation that was touched are marked OOD. changed: which belong to such a pair.
    new: which were not told before. kept: the rows of the old facts that still hold and belong to
    no touched pair. added, corrected, removed, known: how many rows of the file (told forwards)
    add a fact, change one, how many facts they take away, and how many were told already.
    """

    task: ChainTask
    vocabulary: Vocabulary
    renumbered: Int[ndarray, " old_token"]
    entities: int
    relations: int
    facts: Facts
    changed: Bool[ndarray, " fact"]
    new: Bool[ndarray, " fact"]
    kept: Int[ndarray, " old_fact"]
    added: int
    corrected: int
    removed: int
    known: int

    def in_words(self) -> str:
        """What was told, for people."""
        told = [(self.added, "added"), (self.corrected, "corrected"), (self.removed, "taken away")]
        return ", ".join(f"{n:,} {what}" for n, what in told if n)


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
        fillers = 2 if task.layout.has_fillers else 0
        first = int(facts.relation.min())
        if max(facts.subject.max(), facts.object.max()) >= first:
            raise LatebloomError(
                "this run numbers entities and relations in no order, so none can be added; grow a"
                " new run from the table"
            )
        return cls(first, len(world.vocabulary) - fillers - first)


def tell_later(world: World, table: FactTable, *, inverse: bool, replacing: bool = False) -> Later:
    """What a table changes in a world.

    inverse: whether the world tells every fact backwards as well. replacing: whether the objects
    that the table gives a subject and relation take the place of all that were told; only where
    questions have several answers.
    Raises: FactsError for a table that contradicts itself, names what cannot be meant, or tells
    nothing new; LatebloomError for a world that cannot learn.
    """
    kinds = Kinds.of(world)
    task = world.task
    assert isinstance(task, ChainTask)
    if replacing and not task.several:
        raise LatebloomError(
            "--replace has no effect: the questions of this run have one answer, and a new one"
            " always replaces it"
        )
    words = world.vocabulary.words
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
    # Entities, relations, relations backwards, fillers: the new ones after the old of their kind.
    old = np.arange(len(words))
    renumbered = old + len(new_entities) * (old >= n)
    renumbered += len(new_relations) * (old >= n + forward)
    renumbered += len(backwards) * (old >= n + m)
    entities, more = n + len(new_entities), forward + len(new_relations)
    relations = more * (2 if inverse else 1)
    names = (
        *(*words[:n], *new_entities, *words[n : n + forward], *new_relations),
        *(*words[n + forward : n + m], *backwards, *words[n + m :]),
    )
    rows = np.stack(
        (of_entity[table.subject], entities + of_relation[table.relation], of_entity[table.object]),
        axis=1,
    )
    rows = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]
    before = renumbered[world.facts.rows()]
    width = entities + relations
    n_new = int((~np.isin(triple_keys(rows, width), triple_keys(before, width))).sum())
    if not n_new and not replacing:
        raise FactsError(
            f"{table.source}: all {len(rows):,} facts were told already; there is nothing to learn"
        )
    if n_new > len(world.facts):
        raise FactsError(
            f"{table.source} tells {n_new:,} new facts, and the run was told {len(world.facts):,}:"
            " a new run over both tables is better (latebloom grok facts --facts FILE)"
        )
    if not task.several:
        refuse_contradictions(rows, names, table.source)
    layout = renumber(task.layout, renumbered, (entities, entities + relations))
    replaces = replacing or not task.several
    both = read_both_ways(rows, more) if inverse else rows
    gone = replaced_rows(before, rows, width) if replaces else np.zeros(len(before), bool)
    if inverse and gone.any():
        lost = read_both_ways(before[gone], more)
        gone = np.isin(triple_keys(before, width), triple_keys(lost, width))
    facts, changed, new = told_after(before, world.facts.ood, both, gone, width)
    if not new.any() and not gone.any():
        raise FactsError(f"{table.source}: what it holds was told already; nothing is to learn")
    touched = np.isin(pair_keys(before, width), pair_keys(facts.rows()[changed], width))
    is_new = ~np.isin(triple_keys(rows, width), triple_keys(before, width))
    lost_pairs = pair_keys(before[gone & (before[:, 1] < entities + more)], width)
    corrected = int((is_new & np.isin(pair_keys(rows, width), lost_pairs)).sum())
    return Later(
        task=task.over(entities, layout),
        vocabulary=Vocabulary(names),
        renumbered=renumbered,
        entities=entities,
        relations=relations,
        facts=facts,
        changed=changed,
        new=new,
        kept=np.flatnonzero(~touched & ~gone),
        added=int(is_new.sum()) - corrected,
        corrected=corrected,
        removed=len(lost_pairs) - (corrected if not task.several else 0),
        known=int((~is_new).sum()),
    )


def told_after(
    before: Int[ndarray, "old_fact 3"],
    ood: Bool[ndarray, " old_fact"],
    told: Int[ndarray, "row 3"],
    gone: Bool[ndarray, " old_fact"],
    width: int,
) -> tuple[Facts, Bool[ndarray, " fact"], Bool[ndarray, " fact"]]:
    """The facts after rows were told and some old ones taken away; which belong to a pair that was
    touched, and which are new."""
    kept = ~gone
    fresh = told[~np.isin(triple_keys(told, width), triple_keys(before[kept], width))]
    rows = np.concatenate((before[kept], fresh)).astype(np.int32)
    new = np.arange(len(rows)) >= int(kept.sum())
    pairs = distinct(np.concatenate((pair_keys(fresh, width), pair_keys(before[gone], width))))
    changed = np.isin(pair_keys(rows, width), pairs)
    marks = np.concatenate((ood[kept], np.ones(len(fresh), bool))) | changed
    return replace(Facts.of_rows(rows), ood=marks), changed, new


def replaced_rows(
    before: Int[ndarray, "old_fact 3"], rows: Int[ndarray, "row 3"], width: int
) -> Bool[ndarray, " old_fact"]:
    """Which old facts give way: their subject and relation are told, and not their object."""
    told = np.isin(pair_keys(before, width), pair_keys(rows, width))
    return told & ~np.isin(triple_keys(before, width), triple_keys(rows, width))


def pair_keys(rows: Int[ndarray, "row 3"], width: int) -> Int[ndarray, " row"]:
    """A number for the subject and relation of each row."""
    return rows[:, 0].astype(np.int64) * width + rows[:, 1]


def triple_keys(rows: Int[ndarray, "row 3"], width: int) -> Int[ndarray, " row"]:
    """A number for each row; equal for equal facts."""
    return pair_keys(rows, width) * width + rows[:, 2]


def renumber(
    layout: Layout, renumbered: Int[ndarray, " old"], relations: tuple[int, int]
) -> Layout:
    """A layout whose fillers and relations have their new tokens."""
    if layout.has_fillers:
        of, end = int(renumbered[layout.of]), int(renumbered[layout.end])
        layout = replace(layout, of=of, end=end)
    return replace(layout, relations=relations) if layout.mixed else layout


def refuse_contradictions(rows: Int[ndarray, "row 3"], names: Sequence[str], source: str) -> None:
    """Raises: FactsError if a subject and relation have two objects."""
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    sorted_ = rows[order]
    twice = np.flatnonzero((np.diff(sorted_[:, :2], axis=0) == 0).all(axis=1))
    if len(twice):
        subject, relation, one = (names[i] for i in sorted_[twice[0]])
        other = names[sorted_[twice[0] + 1, 2]]
        raise FactsError(
            f"{source}: {subject} {relation} is both {one} and {other}, and this run has one answer"
            " a question; keep one of them, or grow a new run, which holds both"
        )
