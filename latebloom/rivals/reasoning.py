"""Exact inference over given facts: what follows, and nothing else.

Enters: a memory and questions. Leaves: for each question its answer, or that there is none to be
had. Three of them differ in what they take for granted:

- `GraphQuery` follows the relations that are stored, as a graph database does: a chain fact by
  fact, comparisons by their transitive closure. It knows of no value.
- `Symbolic` closes over the told values as well. What follows from what is the task's to say
  (`Task.solve_from`).
- `SymbolicOnScale` knows besides that hidden values are steps of the scale of the told ones.

Facts that contradict each other decide nothing.
"""

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.rivals.memory import Memory
from latebloom.rivals.reply import Reply, reply
from latebloom.rivals.scale import Scale
from latebloom.worlds.ordering import UNDECIDED, compare
from latebloom.worlds.tasks.task import NOTHING


def replies(answers: Int[ndarray, " question"]) -> list[Reply]:
    """Answers as replies; `NOTHING` is that none can be had."""
    return [reply(None if answer == NOTHING else answer) for answer in answers.tolist()]


class Symbolic:
    """The rival that knows every fact and concludes what every reading of them has in common."""

    name = "symbolic"

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def answer(self, questions: Int[ndarray, "question token"]) -> list[Reply]:
        """One reply for each question."""
        return replies(self.memory.solve(questions))


class GraphQuery:
    """The rival that follows stored relations: comparisons where there are any, else the facts."""

    name = "graph query"

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        first = len(memory.atomic) if len(memory.statements) else 0
        self.relations = np.arange(first, len(memory))

    def answer(self, questions: Int[ndarray, "question token"]) -> list[Reply]:
        """One reply for each question."""
        return replies(self.memory.solve(questions, self.relations))


class SymbolicOnScale:
    """The rival that knows every fact, and that a value between 4 and 6 is 5.

    Bounds are handed on along the comparisons until none gets narrower. As every comparison is a
    difference of values that is bounded by a whole number, two entities differ for certain only if
    their bounds are apart or a chain of comparisons tells: so the bounds and the closure together
    decide all that can be decided. Told values stand; a hidden one whose bounds cross is
    contradicted, and nothing is concluded of it.
    """

    name = "symbolic, scale known"

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.scale = Scale(memory)
        hidden = self.scale.value[self.scale.one] == NOTHING
        bounds = self.scale.widest()
        while True:
            narrower = self.scale.narrow(bounds, hidden)
            if all(map(np.array_equal, bounds, narrower)):
                break
            bounds = narrower
        self.low, self.high = bounds

    def answer(self, questions: Int[ndarray, "question 3"]) -> list[Reply]:
        """One reply for each question `attribute e1 e2`."""
        first, second = self.scale.pairs_of(questions)
        label = self.by_bounds(first, second)
        answers = np.where(label == UNDECIDED, NOTHING, self.scale.first_label + label)
        open_ = (label == UNDECIDED) & ~self.contradicted(first) & ~self.contradicted(second)
        answers[open_] = self.memory.solve(questions[open_])
        return replies(answers)

    def contradicted(self, pair: Int[ndarray, " row"]) -> Bool[ndarray, " row"]:
        """Whether the comparisons of a pair leave it no value."""
        return self.low[pair] > self.high[pair]

    def by_bounds(
        self, first: Int[ndarray, " row"], second: Int[ndarray, " row"]
    ) -> Int[ndarray, " row"]:
        """The label that the bounds of two pairs leave; UNDECIDED if they leave several."""
        least = compare(self.low[first], self.high[second])
        most = compare(self.high[first], self.low[second])
        crossed = self.contradicted(first) | self.contradicted(second)
        return np.where((least == most) & ~crossed, least, UNDECIDED)
