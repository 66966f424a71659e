"""What a summary tells of a run whose questions have several answers.

Enters: a model and its data. Leaves: `ranking` and `coverage` by kind of question, and `table`:
what was told, and what was not, in lines for the report and `summary.json`: the pairs and the
two-hop questions by their number of answers, the questions that nearly everything answers, which
are left out, and how many answers were held out on purpose.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from latebloom.asking.calibration import MISSING
from latebloom.evaluation.intersections import rank_intersections
from latebloom.evaluation.ranking import rank_splits
from latebloom.model.transformer import Transformer
from latebloom.worlds.chains.counts import count_sets
from latebloom.worlds.data import Data, as_world
from latebloom.worlds.splits import Split, as_valid
from latebloom.worlds.world import World

LARGEST = 0.5
"""The share of all names from which on a question says nothing, where no setting is known."""


def tell_sets(model: Transformer, data: Data, largest_share: float = LARGEST) -> dict[str, Any]:
    """All of it; nothing of a run whose questions have one answer each.

    largest_share: from which on questions were left out (`SetsConfig.largest_share`).
    """
    told = rank_splits(model, data)
    if not told:
        return {}
    world = as_world(data, "this run")
    joined = rank_intersections(model, world)
    if joined is not None:
        told["ranking"]["2i"] = {MISSING: asdict(joined) | {"set_f1": None}}
    return told | {"table": lines_on(world, largest_share)}


def lines_on(world: World, largest_share: float = LARGEST) -> list[str]:
    """What a world whose questions have several answers holds.

    largest_share: from which on questions were left out (`SetsConfig.largest_share`).
    """
    n_names = world.task.n_competing(len(world.vocabulary))
    facts = world.facts
    ood = int(facts.ood.sum())
    relations = len(np.unique(facts.relation))
    out = [
        f"told: {len(facts):,} facts about {n_names:,} names by {relations:,} relations (those read"
        " backwards are counted as well)"
    ]
    if ood:
        out.append(f"of these {ood:,} are never composed in training")
    out += count_sets(facts, n_names, largest_share).lines()
    for split, what in ((Split.TEST_LINKS, "facts"), (Split.TEST_MISSING, "two-hop answers")):
        n = sum(int(world.sets[s].asked.sum()) for s in (split, as_valid(split)) if s in world.sets)
        if n:
            out.append(f"never told, and asked for in the tests: {n:,} {what}")
    return out
