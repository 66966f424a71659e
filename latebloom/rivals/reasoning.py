"""Exact inference over given facts: what follows, and nothing else.

Enters: a memory and questions. Leaves: for each question its answer, or that there is none to be
had. What follows from what is the task's to say (`Task.solve_from`): a chain is followed fact by
fact, two entities are compared by transitive closure over the comparisons and the values.
"""

from jaxtyping import Int
from numpy import ndarray

from latebloom.rivals.memory import Memory
from latebloom.rivals.reply import Reply, reply
from latebloom.worlds.tasks.task import NOTHING


class Symbolic:
    """The rival that knows every fact and makes no mistake: the ceiling of external memory."""

    name = "symbolic"

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def answer(self, questions: Int[ndarray, "question token"]) -> list[Reply]:
        """One reply for each question."""
        answers = self.memory.solve(questions).tolist()
        return [reply(None if answer == NOTHING else answer) for answer in answers]
