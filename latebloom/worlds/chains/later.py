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
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.files import FactTable
from latebloom.worlds.chains.later_tokens import Kinds, Numbering
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.vocabulary import Vocabulary
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
    tokens = Numbering.joining(kinds, world.vocabulary.words, table, inverse=inverse)
    rows, before = tokens.rows, tokens.renumbered[world.facts.rows()]
    is_new = ~tokens.within(rows, before)
    check_amount(int(is_new.sum()), len(world.facts), table, replacing=replacing)
    if not task.several:
        refuse_contradictions(rows, tokens.names, table.source)
    gone = np.zeros(len(before), bool)
    if replacing or not task.several:
        # Their subject and relation are told again, and not their object.
        gone = tokens.of_pair(before, rows) & ~tokens.within(before, rows)
    if inverse and gone.any():
        gone = tokens.within(before, tokens.both_ways(before[gone]))
    told = tokens.both_ways(rows) if inverse else rows
    facts, changed, new = told_after(before, world.facts.ood, told, gone, tokens)
    if not new.any() and not gone.any():
        raise FactsError(f"{table.source}: what it holds was told already; nothing is to learn")
    touched = tokens.of_pair(before, facts.rows()[changed])
    lost = before[gone & tokens.is_forward(before)]
    corrected = int((is_new & tokens.of_pair(rows, lost)).sum())
    return Later(
        task=task.over(tokens.entities, renumber(task.layout, tokens)),
        vocabulary=Vocabulary(tokens.names),
        renumbered=tokens.renumbered,
        entities=tokens.entities,
        relations=tokens.relations,
        facts=facts,
        changed=changed,
        new=new,
        kept=np.flatnonzero(~touched & ~gone),
        added=int(is_new.sum()) - corrected,
        corrected=corrected,
        removed=len(lost) - (corrected if not task.several else 0),
        known=int((~is_new).sum()),
    )


def check_amount(n_new: int, n_told: int, table: FactTable, *, replacing: bool) -> None:
    """Raises: FactsError for a table of which nothing is new, or more than a run can take in."""
    if not n_new and not replacing:
        raise FactsError(
            f"{table.source}: all {len(table):,} facts were told already; there is nothing to learn"
        )
    if n_new > n_told:
        raise FactsError(
            f"{table.source} tells {n_new:,} new facts, and the run was told {n_told:,}: a new run"
            " over both tables is better (latebloom grok facts --facts FILE)"
        )


def told_after(
    before: Int[ndarray, "old_fact 3"],
    ood: Bool[ndarray, " old_fact"],
    told: Int[ndarray, "row 3"],
    gone: Bool[ndarray, " old_fact"],
    tokens: Numbering,
) -> tuple[Facts, Bool[ndarray, " fact"], Bool[ndarray, " fact"]]:
    """The facts after rows were told and some old ones taken away; which belong to a pair that was
    touched, and which are new."""
    kept = ~gone
    fresh = told[~tokens.within(told, before[kept])]
    rows = np.concatenate((before[kept], fresh)).astype(np.int32)
    new = np.arange(len(rows)) >= int(kept.sum())
    changed = tokens.of_pair(rows, np.concatenate((fresh, before[gone])))
    marks = np.concatenate((ood[kept], np.ones(len(fresh), bool))) | changed
    return replace(Facts.of_rows(rows), ood=marks), changed, new


def renumber(layout: Layout, tokens: Numbering) -> Layout:
    """A layout whose fillers and relations have their new tokens."""
    if layout.has_fillers:
        of, end = int(tokens.renumbered[layout.of]), int(tokens.renumbered[layout.end])
        layout = replace(layout, of=of, end=end)
    relations = (tokens.entities, tokens.entities + tokens.relations)
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
