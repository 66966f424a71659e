"""The non-parametric memory: the facts that a run was trained on, kept outside any model.

Enters: a world. Leaves: its facts as rows and as sentences. Only what was trained on: a hidden
value or a held-out question is never in it.

A memory holds the atomic facts, from which most questions follow: the inferred facts would only
crowd the index. Where the task's questions rest on trained inferred facts (hidden values), these
are in it too. `everything` puts all trained rows in.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import ATOMIC
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World


@dataclass(frozen=True)
class Memory:
    """Facts of one world, numbered: the atomic ones first, then the inferred ones.

    atomic: `subject relation object`. inferred: matrices of further rows, each of one length; the
    names of a row stand in the order in which they are worked out, whatever the layout asks.
    """

    task: Task
    vocabulary: Vocabulary
    atomic: Int[ndarray, "fact 3"]
    inferred: tuple[Int[ndarray, "_ _"], ...]

    @classmethod
    def of(cls, world: World, *, everything: bool = False) -> "Memory":
        """The memory of a world's training."""
        whole = everything or world.task.rests_on_inferred
        others = [world.named(name) for name in world.trained if name not in ATOMIC and whole]
        return cls(world.task, world.vocabulary, world.trained_facts(), tuple(others))

    def __len__(self) -> int:
        return len(self.atomic) + sum(map(len, self.inferred))

    @cached_property
    def facts(self) -> Facts:
        """The atomic facts, to look things up in."""
        return Facts.of_rows(self.atomic)

    @cached_property
    def statements(self) -> Int[ndarray, "statement width"]:
        """The inferred rows as one matrix; none unless all have one length."""
        widths = {rows.shape[1] for rows in self.inferred}
        if len(widths) != 1:
            return np.empty((0, 0), np.int32)
        return np.concatenate(self.inferred).astype(np.int32)

    @cached_property
    def texts(self) -> list[str]:
        """All facts as sentences, in the order of their numbers."""
        words = self.vocabulary.words
        return [
            self.task.fact_in_words(row, words)
            for rows in (self.atomic, *self.inferred)
            for row in rows.tolist()
        ]

    @cached_property
    def topics(self) -> Int[ndarray, " fact"]:
        """The relation or attribute that each fact is about (of a longer chain the first)."""
        parts = [self.atomic[:, 1], *(self.task.topics(rows)[:, 0] for rows in self.inferred)]
        return np.concatenate(parts)

    def question(self, tokens: list[int]) -> str:
        """A question as a sentence."""
        return self.task.question_in_words(tokens, self.vocabulary.words)

    def split(
        self, numbers: Int[ndarray, " found"]
    ) -> tuple[Int[ndarray, "_ 3"], Int[ndarray, "_ _"]]:
        """The atomic facts and the inferred ones among some of the facts."""
        atomic = numbers[numbers < len(self.atomic)]
        rest = numbers[numbers >= len(self.atomic)] - len(self.atomic)
        statements = self.statements
        return self.atomic[atomic], statements[rest] if len(statements) else statements

    def solve(
        self, questions: Int[ndarray, "question token"], found: Int[ndarray, " found"] | None = None
    ) -> Int[ndarray, " question"]:
        """The answers that follow from some of the facts, by number; None: from all of them."""
        atomic, statements = (self.atomic, self.statements) if found is None else self.split(found)
        return self.task.solve_from(atomic, statements, questions)
