"""What a world with several answers holds, in lines for people: what was told, and what was not.

Enters: a world. Leaves: lines for the report and `summary.json`: the pairs and the two-hop
questions by their number of answers, the questions that nearly everything answers, which are left
out, and how many answers were held out on purpose.
"""

import numpy as np

from latebloom.worlds.chains.counts import count_sets
from latebloom.worlds.splits import Split, as_valid
from latebloom.worlds.world import World

LARGEST = 0.5
"""The share of all names from which on a question says nothing, where no setting is known."""


def lines_on(world: World, largest_share: float = LARGEST) -> list[str]:
    """The lines; none for a world whose questions have one answer each.

    largest_share: from which on questions were left out (`SetsConfig.largest_share`).
    """
    if not world.task.several:
        return []
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
