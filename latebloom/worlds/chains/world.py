"""From facts to a world of chains: the splits drawn, the names in their order, and the layout.

Enters: facts with their OOD mark, the names of entities and relations, a config. Leaves: a `World`
whose questions are laid out as the config says. The vocabulary holds the entities, then the
relations, then the fillers where there are any.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.draw import ChainConfig, make_splits
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import FILLERS, Layout
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World


def world_of_chains(
    facts: Facts,
    entities: Sequence[str],
    relations: Sequence[str],
    config: ChainConfig,
    rng: np.random.Generator,
) -> World:
    """The world of all chains over the facts, its splits drawn.

    relations: none of them the name of an entity.
    Raises: WorldError as `make_splits`.
    """
    splits, trained = make_splits(facts, config, rng)
    words, layout = [*entities, *relations], Layout(config.order)
    if config.fillers:
        of, end = len(words), len(words) + 1
        words += distinct_names(FILLERS, words, "filler")
        layout = Layout(config.order, of, end)
    return World(
        task=ChainTask(layout),
        vocabulary=Vocabulary(tuple(words)),
        facts=facts,
        splits={
            name: np.concatenate((layout.lay(rows[:, :-1]), rows[:, -1:]), axis=1)
            for name, rows in splits.items()
        },
        trained=trained,
    )


def distinct_names(names: Iterable[str], taken: Iterable[str], kind: str) -> list[str]:
    """The names; one that is taken, or an earlier one, gets a suffix with its kind."""
    seen, distinct = set(taken), []
    for name in names:
        while name in seen:
            name += f" ({kind})"
        seen.add(name)
        distinct.append(name)
    return distinct
