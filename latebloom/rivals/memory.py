"""The non-parametric memory: the facts that a run was trained on, kept outside any model.

Enters: a world. Leaves: its facts as rows and as sentences. Only what was trained on: a hidden
value or a held-out question is never in it.

By default a chain world's memory holds its atomic facts, and so does a comparison world's: the
questions follow from them, and the inferred facts would only crowd the index. Where values are
hidden, the trained comparisons are in it too. `everything` puts all trained rows in.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.rivals.sentences import Sentences
from latebloom.worlds.world import World
from latebloom.worlds.splits import ATOMIC


@dataclass(frozen=True)
class Memory:
    """Facts of one world, numbered: the atomic ones first, then the others.

    atomic: `subject relation object`. inferred: matrices of further rows, each of one length;
    where the task compares, those of four tokens are comparisons.
    """

    sentences: Sentences
    atomic: Int[ndarray, "fact 3"]
    inferred: tuple[Int[ndarray, "_ _"], ...]

    @classmethod
    def of(cls, world: World, *, everything: bool = False) -> "Memory":
        """The memory of a world's training."""
        whole = everything or world.task == "hidden-attributes"
        told = [world.splits[name] for name in world.trained if name in ATOMIC]
        others = [world.splits[name] for name in world.trained if name not in ATOMIC and whole]
        atomic = np.concatenate([np.empty((0, 3), np.int32), *told]).astype(np.int32)
        return cls(Sentences(world), atomic, tuple(others))

    def __len__(self) -> int:
        return len(self.atomic) + sum(map(len, self.inferred))

    @property
    def compares(self) -> bool:
        return self.sentences.compares

    @cached_property
    def comparisons(self) -> Int[ndarray, "fact 4"]:
        """`attribute e1 e2 label`, in the order of their numbers; none where the task has none."""
        rows = self.inferred if self.compares else ()
        return np.concatenate([np.empty((0, 4), np.int32), *rows]).astype(np.int32)

    @cached_property
    def texts(self) -> list[str]:
        """All facts as sentences, in the order of their numbers."""
        return [
            text for rows in (self.atomic, *self.inferred) for text in self.sentences.facts(rows)
        ]

    @cached_property
    def topics(self) -> Int[ndarray, " fact"]:
        """The relation or attribute that each fact is about (of a longer chain the first)."""
        place = 0 if self.compares else 1
        parts = [self.atomic[:, 1], *(rows[:, place] for rows in self.inferred)]
        return np.concatenate(parts)

    def split(
        self, numbers: Int[ndarray, " found"]
    ) -> tuple[Int[ndarray, "_ 3"], Int[ndarray, "_ 4"]]:
        """The atomic facts and the comparisons among some of the facts."""
        atomic = numbers[numbers < len(self.atomic)]
        rest = numbers[numbers >= len(self.atomic)] - len(self.atomic)
        return self.atomic[atomic], self.comparisons[rest if self.compares else rest[:0]]
