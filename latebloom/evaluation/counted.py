"""What mere counting finds of the facts that a run was never told: the least that it must beat.

Enters: a world with several answers and facts that are held out. Leaves: the filtered ranks of
`latebloom.rivals.counting`, on the questions that the run is tested on.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from latebloom.evaluation.ranking import Ranking, ranks_of
from latebloom.rivals.counting import Counting
from latebloom.worlds.data import Data, as_world
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

COUNTED = 2000
"""Questions of a split that are counted at most."""


def counted_ranks(world: World, split: str) -> Float[ndarray, " answer"]:
    """The filtered rank of each answer to a split's one-hop questions, by counting."""
    questions = world.task.names(world.examples(split)[:COUNTED, :-1])
    count = Counting(world.facts, world.task.n_competing(len(world.vocabulary)))
    sets = world.answers(split).take(np.arange(len(questions)))
    return ranks_of(torch.from_numpy(count(questions)), sets)


def counted(data: Data) -> dict[str, Any]:
    """What a summary tells of it, as `counting`; nothing where no fact was held out.

    In the shape of `ranking`: by query, then by kind of answer.
    """
    if not data.task.several or not len(data.splits.get(Split.TEST_LINKS, ())):
        return {}
    ranks = counted_ranks(as_world(data, "this run"), Split.TEST_LINKS)
    return {"counting": {"1p": {"missing": asdict(Ranking.of(ranks))}}} if len(ranks) else {}
