"""What a table is worth before anything is trained on it, and what is wrong with it, row by row.

Enters: a file, or a table that was read. Leaves: a `Check`: its shape, what stays and goes by
relation, the troubles, and whether enough questions can be held out to judge a model by.

    check = check_file(Path("drugs.csv"))
    print("\\n".join(check.lines()))
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.checking.cells import check_cells
from latebloom.worlds.chains.checking.names import names_of
from latebloom.worlds.chains.checking.places import Places
from latebloom.worlds.chains.checking.relations import (
    Pairs,
    RelationCounts,
    check_relations,
    count_relations,
)
from latebloom.worlds.chains.checking.shape import Shape
from latebloom.worlds.chains.checking.trouble import SHOWN, Trouble
from latebloom.worlds.chains.counts import MOST_PATHS, count_sets
from latebloom.worlds.chains.diagnosis import Diagnosis, ManyValued, facts_of
from latebloom.worlds.chains.files import FactTable
from latebloom.worlds.chains.own import FactsConfig, Loaded
from latebloom.worlds.chains.triples import read_both_ways
from latebloom.worlds.splits import ENOUGH

SHOWN_RELATIONS = 20
EXACT = (
    "for looking facts up, and for joining facts that the table holds, SQL is exact and a model is"
    " not; what a model adds are guesses at facts that nobody wrote down"
)


@dataclass(frozen=True, slots=True)
class Judging:
    """How many questions could be held out.

    questions: two-hop questions that the facts make; None where there are too many to count.
    held_out: of them, by the usual settings. share: the test_id_frac that would hold out enough,
    None where none does.
    """

    questions: int | None
    held_out: int
    share: float | None

    @property
    def enough(self) -> bool:
        """Whether a run could be judged by them."""
        return self.questions is None or self.held_out >= ENOUGH

    def line(self) -> str:
        """Whether they are enough, in words."""
        if self.questions is None:
            return (
                f"two-hop questions: too many to count (over {MOST_PATHS:,} ways), enough to judge"
            )
        told = f"two-hop questions: {self.questions:,}, of which {self.held_out:,} would be tests"
        if self.enough:
            return f"{told}: enough to judge a model by ({ENOUGH} are needed)"
        out = f"{told}: too few to judge a model by ({ENOUGH} are needed)"
        if self.share is None:
            return f"{out}, and no share of them is enough; give more facts that chain"
        return f"{out}; --folds 5 judges by all of them, or --world.test-id-frac {self.share:g}"

    def as_dict(self) -> dict[str, Any]:
        """The counts for JSON."""
        return {
            "two_hop_questions": self.questions,
            "held_out": self.held_out,
            "needed": ENOUGH,
            "enough": self.enough,
            "test_id_frac": self.share,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """What a table holds and what is wrong with it."""

    loaded: Loaded
    relations: tuple[RelationCounts, ...]
    troubles: tuple[Trouble, ...]
    judging: Judging

    @property
    def shape(self) -> Shape:
        """How the table lies."""
        return self.loaded.shape

    @property
    def diagnosis(self) -> Diagnosis:
        """What its facts between names are worth."""
        return self.loaded.diagnosis

    def lines(self, most: int = SHOWN) -> Iterator[str]:
        """All of it for people. most: rows that are told of each trouble."""
        yield from self.loaded.lines()
        yield from self.loaded.shape.lines()
        yield from self.relation_lines()
        yield from self.loaded.apart.lines()
        for one in self.troubles:
            yield from one.lines(most)
        if not self.troubles:
            yield "no trouble found"
        yield from self.judging_lines()
        yield EXACT

    def judging_lines(self) -> Iterator[str]:
        """Whether enough can be held out, of chains and of comparisons."""
        if len(self.loaded.named):
            yield self.judging.line()
        if self.loaded.apart.numbers is not None:
            yield f"comparisons: {self.loaded.apart.n_comparisons:,}, of which a share is held out"

    def relation_lines(self) -> Iterator[str]:
        """What stays and goes by relation."""
        if not self.relations:
            return
        yield "by relation:"
        for one in self.relations[:SHOWN_RELATIONS]:
            gone = f", {one.facts - one.kept:,} go" if one.kept < one.facts else ""
            yield (
                f"  {one.name}: {one.kept:,} facts stay{gone}; {one.one:,} subjects with one"
                f" object, {one.several:,} with several (at most {one.most:,})"
            )
        more = len(self.relations) - SHOWN_RELATIONS
        if more > 0:
            yield f"  ... and {more:,} relations more"

    def short_lines(self) -> Iterator[str]:
        """A line for each relation of numbers and each trouble, and whether there is enough to
        judge by."""
        yield from self.loaded.apart.lines()
        for one in self.troubles:
            yield one.line()
        yield from self.judging_lines()

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        d, shape = self.diagnosis, self.shape
        return {
            "source": d.source,
            "rows": d.rows,
            "facts": d.facts,
            "entities": d.entities,
            "relations": [one.as_dict() for one in self.relations],
            "left_out": d.left_out,
            "shape": "wide" if shape.wide else "long",
            "columns": list(shape.header),
            "saved": shape.saved,
            "pairs_by_objects": None
            if d.sets is None
            else dict(zip(d.sets.names, d.sets.pairs, strict=True)),
            "numbers": self.loaded.apart.as_dicts(),
            "troubles": [one.as_dict() for one in self.troubles],
            "judging": self.judging.as_dict(),
            "notes": list(d.notes),
            "advice": EXACT,
        }


def check_file(
    path: Path,
    config: FactsConfig | None = None,
) -> Check:
    """Examines a file of facts.

    config: how it would be read and divided, and which relations are declared to have one object.
    Raises: FactsError naming the file, the line and the way out.
    """
    config = config or FactsConfig(facts=str(path))
    policy: ManyValued = "keep" if config.many_valued == "error" else config.many_valued
    config = replace(config, facts=str(path), many_valued=policy)
    return check_loaded(Loaded.of_file(config), config)


def check_loaded(loaded: Loaded, config: FactsConfig) -> Check:
    """Examines a table that was read and diagnosed."""
    table, diagnosis = loaded.named, loaded.diagnosis
    places, pairs = Places(table), Pairs(table)
    return Check(
        loaded=loaded,
        relations=tuple(count_relations(table, pairs, diagnosis)),
        troubles=(
            *check_cells(places),
            *names_of(places),
            *check_relations(places, pairs, config.single),
        ),
        judging=judging(table, diagnosis, config),
    )


def judging(table: FactTable, diagnosis: Diagnosis, config: FactsConfig) -> Judging:
    """How many questions could be held out, by the settings of a run."""
    sets, questions = diagnosis.sets, diagnosis.two_hop
    if config.inverse:
        rows = facts_of(table, diagnosis.kept).rows()
        both = Facts.of_rows(read_both_ways(rows, len(table.relations)).astype(np.int32))
        sets = count_sets(both, len(table.entities), config.largest_share)
    if sets is not None:
        if sets.questions is None:
            return Judging(None, config.max_test, config.test_id_frac)
        questions = sum(sets.questions) - sets.nearly_all
    inside = questions * (1 - config.ood_frac) ** 2
    tested = (1 - config.valid_frac) * inside
    held_out = int(min(config.test_id_frac * tested, config.max_test))
    share = None if tested * 0.5 < ENOUGH else round(ENOUGH / tested + 0.005, 2)
    return Judging(questions, held_out, share)
