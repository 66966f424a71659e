"""Held-out questions beside the traced ones: they tell a model that found the rule from one that
knows its training questions by heart.

Enters: a world and the split that is traced. Leaves: `Unseen`, the like questions that training
never showed, and with a model its `HeldOut` accuracy on them.

They are those of the validation split of ID questions of that length, else of the test split.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.circuits.probe import Probe
from latebloom.evaluation.accuracy import Score, correct_rows
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.splits import HOPS
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Right answers to questions of one split that were not trained on."""

    split: str
    score: Score


@dataclass(frozen=True, slots=True)
class Unseen:
    """Questions, with their answers, that training never showed.

    hops: look-ups in a row that each takes.
    """

    split: str
    rows: Int[ndarray, "row token"]
    hops: int

    @classmethod
    def beside(cls, world: World, probe: Probe) -> "Unseen | None":
        """Those like the questions of a probe; of a held-out split the probe itself.

        None if the world holds none out.
        """
        if probe.split not in world.trained:
            rows = np.concatenate((probe.questions, probe.answers[:, None]), axis=1)
            return cls(probe.split, rows, probe.hops)
        of_hops = HOPS.fullmatch(probe.split)
        like = probe.split.removeprefix("train_") if of_hops else "id"
        for name in (f"valid_{like}", f"test_{like}"):
            rows = world.splits.get(name)
            if rows is not None and len(rows) and rows.shape[1] == probe.questions.shape[1] + 1:
                return cls(name, rows, probe.hops)
        return None

    def score(self, model: Transformer) -> HeldOut:
        """How many of them a model answers."""
        loops = loops_needed(model.config, self.rows.shape[1] - 1, self.hops)
        right = correct_rows(model, self.rows, loops)
        return HeldOut(self.split, Score(n=len(right), correct=int(right.sum())))
