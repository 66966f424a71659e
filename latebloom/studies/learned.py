"""What came of learning facts later, measured.

Enters: a run before and after. Leaves: `Learned`: whether the new facts are known, what is kept of
the old ones, whether questions are composed of the new ones that nobody trained, and whether the
other held-out questions suffered. A fact is right if its object is the likeliest name, the other
objects of its subject and relation passed over.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.asking.names import score_names
from latebloom.asking.ranks import ranks_of
from latebloom.evaluation.accuracy import Score, score_splits
from latebloom.model.transformer import Transformer
from latebloom.training.opened import OpenedRun, load_model
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.chains.later import Later
from latebloom.worlds.chains.later_world import LaterWorld
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

FACTS_FILE = "facts.csv"
"""Where in the new run all facts stand that it is told."""
ENOUGH = 0.99
"""The share of new facts that must be right, and of old ones that must be kept."""
COMPOSED = 0.9
"""The share of the questions through new facts that must be right, beside the run's own share of
held-out questions."""


@dataclass(frozen=True, slots=True)
class Share:
    """Right answers among so many."""

    right: int
    of: int

    @property
    def share(self) -> float:
        """nan of none."""
        return self.right / self.of if self.of else float("nan")

    def __str__(self) -> str:
        return f"{self.right:,} of {self.of:,}" + (f" ({self.share:.1%})" if self.of else "")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"share": self.share if self.of else None}


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning.

    told: what was added, corrected, taken away, known already. new: the new facts. kept: of the old
    facts that the run knew, and that still hold, those that it still knows. composed: two-hop
    questions that need a new fact, none of them trained on. held_out_before, held_out: the run's
    other held-out questions that no new fact touches, before and now. facts: the file with all
    facts that the new run is told.
    """

    source: str
    run: str
    told: dict[str, int]
    new: Share
    kept: Share
    composed: Share
    held_out_before: Share
    held_out: Share
    steps: int
    seconds: float
    facts: str

    @property
    def got_there(self) -> bool:
        """Whether the new facts are known, the old ones kept, and questions composed of either."""
        enough = self.new.share >= ENOUGH and (not self.kept.of or self.kept.share >= ENOUGH)
        before = self.held_out_before.share if self.held_out_before.of else 1.0
        composes = not self.composed.of or self.composed.share >= COMPOSED * before
        holds = not self.held_out.of or self.held_out.share >= before - (1 - ENOUGH)
        return enough and composes and holds

    def lines(self) -> list[str]:
        """For people."""
        told = ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in self.told.items() if n)
        out = [
            f"facts: {told}; {self.steps} steps in {self.seconds:.1f} s",
            f"new facts right: {self.new}",
            f"old facts kept: {self.kept}",
        ]
        if self.composed.of:
            out.append(f"two-hop questions that need a new fact, none trained on: {self.composed}")
        if self.held_out.of:
            out.append(
                f"other held-out questions: {self.held_out} (before: {self.held_out_before})"
            )
        return out

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        named = ("new", "kept", "composed", "held_out_before", "held_out")
        table = {name: getattr(self, name).as_dict() for name in named}
        others = ("source", "run", "told", "steps", "seconds", "facts")
        return {
            **{name: getattr(self, name) for name in others},
            **table,
            "got_there": self.got_there,
        }


def measure(
    run: OpenedRun,
    later: Later,
    told: LaterWorld,
    folder: RunFolder,
    steps: int,
    seconds: float,
    source: str,
) -> Learned:
    """What the new run knows of the new facts and of the old ones."""
    model = load_model(folder.config(), told.world, folder.newest(), folder.own)
    before, now = run.world, told.world
    rows, old_rows = later.facts.rows(), before.facts.rows()[later.kept]
    new = right_facts(model, now, rows[later.new])
    knew = right_facts(run.model, before, old_rows)
    knows = right_facts(model, now, later.renumbered[old_rows[knew]])
    names = [name for name in told.rows if name in now.tested]
    was = replace(
        before,
        splits={name: before.splits[name][told.rows[name]] for name in names},
        trained=(),
        sets={
            name: before.sets[name].take(told.rows[name]) for name in names if name in before.sets
        },
    )
    composed = score_splits(
        model, now, splits=[Split.TEST_LATER] if Split.TEST_LATER in now.splits else []
    )
    return Learned(
        source=source,
        run=str(run.folder.path),
        told={
            "added": later.added,
            "corrected": later.corrected,
            "taken_away": later.removed,
            "known": later.known,
        },
        new=Share(int(new.sum()), len(new)),
        kept=Share(int(knows.sum()), len(knows)),
        composed=together(composed),
        held_out_before=together(score_splits(run.model, was, splits=names)),
        held_out=together(score_splits(model, now, splits=names)),
        steps=steps,
        seconds=round(seconds, 3),
        facts=str(folder.path / FACTS_FILE),
    )


def together(scores: dict[str, Score]) -> Share:
    """Scores of several splits, taken together."""
    return Share(sum(one.correct for one in scores.values()), sum(one.n for one in scores.values()))


def right_facts(
    model: Transformer, world: World, rows: Int[ndarray, "fact 3"]
) -> Bool[ndarray, " fact"]:
    """Whether each fact's object is the likeliest name, other objects of its subject and relation
    passed over."""
    if not len(rows):
        return np.zeros(0, bool)
    asked = rows[:, :2]
    sets = follow_sets(asked, [FactSets(world.facts)])[-1]
    own = sets.member == rows[:, 2][sets.question]
    questions = torch.from_numpy(world.task.lay(asked))
    ranks = ranks_of(score_names(model, world.task, questions), sets.asking(own))
    return ranks == 1
