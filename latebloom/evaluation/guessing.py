"""What is right by guessing, without any reasoning: the level that a claim of "at chance" means.

Enters: a world. Leaves: how many questions of a split a guesser gets right.
"""

import numpy as np

from latebloom.worlds.world import World


def guess_by_last_token(world: World, split: str) -> tuple[int, int]:
    """The guesser that knows the last token of a question and all that was trained.

    It answers what training answered most often where the same token stood last, in atomic facts
    and in questions alike. In a chain that token is the last relation, so the guesser knows what
    kind of thing is asked for, and nothing of the way there.

    Returns right answers, and questions.
    """
    size = len(world.vocabulary)
    times = np.zeros((size, size), np.int64)
    for name in world.trained:
        rows = world.examples(name)
        np.add.at(times, (rows[:, -2], rows[:, -1]), 1)
    asked = world.examples(split)
    right = times.argmax(axis=1)[asked[:, -2]] == asked[:, -1]
    return int(right.sum()), len(asked)
