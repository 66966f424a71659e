"""How many answers the questions over some facts have, before anything is trained on them.

Enters: facts of which several may answer one (subject, relation). Leaves: `SetCounts`: the pairs by
the number of their objects, the two-hop questions by the number of their answers, and how many
questions are answered by nearly every name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.answers import FactSets, count_two_hop_paths, follow_sets, two_hop_questions
from latebloom.worlds.atomic import Facts

BOUNDS = (1, 2, 5, 10, 50)
"""Numbers of answers that are counted together end at each of these."""
AT_ONCE = 100_000
"""Questions whose answers are counted together."""
MOST_PATHS = 20_000_000
"""Ways from a fact to a relation that follows it, beyond which questions are not counted."""


@dataclass(frozen=True, slots=True)
class SetCounts:
    """Counts over facts with several answers.

    pairs: (subject, relation) pairs, by the number of their objects: up to each of `BOUNDS`, and
    more. questions: two-hop questions likewise; None where there are too many to count.
    nearly_all: questions that are answered by more than `share` of all names.
    """

    pairs: tuple[int, ...]
    questions: tuple[int, ...] | None
    nearly_all: int
    share: float

    names: ClassVar[tuple[str, ...]] = ("1", "2", "3-5", "6-10", "11-50", "over 50")

    def lines(self) -> list[str]:
        """The counts for people."""
        out = [f"(subject, relation) pairs by their number of objects: {in_words(self.pairs)}"]
        if self.questions is None:
            return [*out, f"two-hop questions: too many to count (over {MOST_PATHS:,} ways)"]
        out.append(f"two-hop questions by their number of answers: {in_words(self.questions)}")
        if self.nearly_all:
            out.append(
                f"left out: {self.nearly_all:,} two-hop questions that more than {self.share:.0%}"
                " of all names answer"
            )
        return out


def in_words(counts: tuple[int, ...]) -> str:
    """Counts by the number of answers: `1: 12, 2: 5, 3-5: 1`."""
    named = zip(SetCounts.names, counts, strict=True)
    return ", ".join(f"{name}: {n:,}" for name, n in named if n)


def count_sets(facts: Facts, n_names: int, share: float) -> SetCounts:
    """Counts the pairs and the two-hop questions over some facts.

    n_names: how many names may be answers. share: of them, from which on a question says nothing.
    """
    graph = FactSets(facts)
    pairs = tally(np.diff(graph.first))
    if count_two_hop_paths(graph, graph) > MOST_PATHS:
        return SetCounts(pairs, None, 0, share)
    sizes = np.concatenate([np.empty(0, np.int64), *set_sizes(graph)])
    nearly_all = int((sizes > max(1, int(share * n_names))).sum())
    return SetCounts(pairs, tally(sizes), nearly_all, share)


def set_sizes(graph: FactSets) -> Iterator[Int[ndarray, " question"]]:
    """The number of answers of every two-hop question, some at a time."""
    questions = two_hop_questions(graph, graph)
    for at in range(0, len(questions), AT_ONCE):
        yield follow_sets(questions[at : at + AT_ONCE], [graph])[-1].sizes


def tally(sizes: Int[ndarray, " question"]) -> tuple[int, ...]:
    """How many sizes lie up to each of `BOUNDS`, and how many beyond the last."""
    return tuple(np.bincount(np.searchsorted(BOUNDS, sizes), minlength=len(BOUNDS) + 1).tolist())
