"""What the tests of a run hold for a question that somebody asks."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.world import World

InOneOrder = Callable[[Int[ndarray, "row pos"]], Int[ndarray, "row pos"]]
"""From questions to the same ones, each written in the one way in which they are compared."""


def held_out_answers(
    world: World, tokens: Sequence[int], in_one_order: InOneOrder = lambda rows: rows
) -> list[int]:
    """The answers that a held-out split asks for in this very question, which told facts do not
    give or training does not lead to."""
    wanted = in_one_order(np.array([tokens]))
    for split, sets in world.sets.items():
        examples = world.examples(split)
        if examples.shape[1] == len(tokens) + 1 and sets.asked.size and not sets.asked.all():
            rows = np.flatnonzero((in_one_order(examples[:, :-1]) == wanted).all(axis=1))
            if len(rows):
                one = sets.take(rows[:1])
                return one.member[one.asked].tolist()
    return []
