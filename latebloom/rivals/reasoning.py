"""Exact inference over given facts: what follows, and nothing else.

Enters: atomic facts, comparisons, and questions. Leaves: for each question its answer, or -1
where the facts do not tell. A chain is followed fact by fact. Two entities are compared by
transitive closure (`latebloom.worlds.ordering`) over the comparisons and the values, whose token
ids ascend with the value.
"""

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.rivals.memory import Memory
from latebloom.rivals.reply import Reply, reply
from latebloom.worlds.ordering import EQUAL, UNDECIDED, at_least_edges, decide, reaches
from latebloom.worlds.atomic import Facts

NOTHING = -1


def solve_chains(
    atomic: Int[ndarray, "fact 3"], questions: Int[ndarray, "question token"]
) -> Int[ndarray, " question"]:
    """The object at the end of each chain `subject r_1 ... r_k`."""
    subject, relation, object_ = atomic.T
    facts = Facts(subject, relation, object_, np.zeros(len(atomic), bool))
    here = questions[:, 0].astype(np.int64)
    for hop in range(1, questions.shape[1]):
        found = facts.find(here, questions[:, hop])
        known = (found >= 0) & (here >= 0)
        here = np.where(known, object_[found] if len(atomic) else NOTHING, NOTHING)
    return here


def solve_comparisons(
    atomic: Int[ndarray, "fact 3"],
    comparisons: Int[ndarray, "statement 4"],
    questions: Int[ndarray, "question 3"],
    first_label: int,
) -> Int[ndarray, " question"]:
    """The label token of each question `attribute e1 e2`."""
    out = np.full(len(questions), NOTHING, np.int64)
    for attribute in np.unique(questions[:, 0]):
        rows = np.flatnonzero(questions[:, 0] == attribute)
        asked, place = np.unique(questions[rows, 1:], return_inverse=True)
        first, second = place.reshape(-1, 2).T
        about = comparisons[comparisons[:, 0] == attribute]
        label = decide(
            reaches(*edges_of(atomic[atomic[:, 1] == attribute], about, first_label), asked)
        )[first, second]
        out[rows] = np.where(label == UNDECIDED, NOTHING, first_label + label)
    return out


def edges_of(
    atomic: Int[ndarray, "fact 3"], comparisons: Int[ndarray, "statement 4"], first_label: int
) -> tuple[Int[ndarray, " edge"], Int[ndarray, " edge"]]:
    """What is said about one attribute as edges "is at least"; a value is a node like an entity."""
    source, target = at_least_edges(
        comparisons[:, 1], comparisons[:, 2], comparisons[:, 3] - first_label
    )
    same = at_least_edges(atomic[:, 0], atomic[:, 2], np.full(len(atomic), EQUAL))
    levels = np.unique(atomic[:, 2])
    return (
        np.concatenate((source, same[0], levels[1:])).astype(np.int64),
        np.concatenate((target, same[1], levels[:-1])).astype(np.int64),
    )


def solve(
    memory: Memory, facts: Int[ndarray, " found"] | None, questions: Int[ndarray, "question token"]
) -> Int[ndarray, " question"]:
    """The answers that follow from some of a memory's facts, by number; None: from all of them."""
    atomic, comparisons = (
        (memory.atomic, memory.comparisons) if facts is None else memory.split(facts)
    )
    if memory.compares and questions.shape[1] == 3:
        return solve_comparisons(atomic, comparisons, questions, memory.sentences.first_label)
    return solve_chains(atomic, questions)


class Symbolic:
    """The rival that knows every fact and makes no mistake: the ceiling of external memory."""

    name = "symbolic"

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def answer(self, questions: Int[ndarray, "question token"]) -> list[Reply]:
        """One reply for each question."""
        answers = solve(self.memory, None, questions).tolist()
        return [reply(None if answer == NOTHING else answer) for answer in answers]
