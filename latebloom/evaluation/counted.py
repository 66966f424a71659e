"""What mere counting finds of the facts that a run was never told: the least that it must beat.

Enters: a world with several answers and facts that are held out. Leaves: the filtered ranks of
`latebloom.rivals.counting`, on the questions that the run is tested on.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from latebloom.asking.ranks import ranks_of
from latebloom.evaluation.ranking import Ranking
from latebloom.rivals.counting import Counting
from latebloom.worlds.data import Data, as_world
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

COUNTED = 2000
"""Questions of a split that are counted at most."""
SCORES_AT_ONCE = 20_000_000
"""Scores that are ranked together; of many names only some questions fit, each has them all."""


def counted_ranks(world: World, splits: Sequence[str]) -> Float[ndarray, " answer"]:
    """The filtered rank of each answer to the one-hop questions of some splits, by counting."""
    names = world.task.n_competing(len(world.vocabulary))
    count = Counting(world.facts, names)
    at_once = max(1, SCORES_AT_ONCE // names)
    ranks = [np.empty(0)]
    for split in splits:
        every = np.arange(min(len(world.examples(split)), COUNTED))
        for rows in np.split(every, range(at_once, len(every), at_once)):
            questions = world.task.names(world.examples(split)[rows, :-1])
            scores = torch.from_numpy(count(questions))
            ranks.append(ranks_of(scores, world.answers(split, rows)))
    return np.concatenate(ranks)


def counted(data: Data) -> dict[str, Any]:
    """What a summary tells of it, as `counting`; nothing where no fact was held out.

    In the shape of `ranking`: by query, then by kind of answer.
    """
    if not data.task.several or Split.TEST_LINKS not in data.splits:
        return {}
    ranks = counted_ranks(as_world(data, "this run"), (Split.TEST_LINKS,))
    return {"counting": {"1p": {"missing": asdict(Ranking.of(ranks))}}} if len(ranks) else {}
