"""From facts to a world of chains: the splits drawn, the names in their order, and the layout.

Enters: facts with their OOD mark, the names of entities and relations, a config. Leaves: a `World`
whose questions are laid out as the config says. The vocabulary holds the entities, then the
relations, then the fillers where there are any.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.draw import ChainConfig, make_splits
from latebloom.worlds.splits import ATOMIC
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
    layout, fillers = layout_of(config, entities, relations)
    return World(
        task=ChainTask(layout),
        vocabulary=Vocabulary((*entities, *relations, *fillers)),
        facts=facts,
        splits={
            name: laid_out(rows, layout, in_each=name in ATOMIC) for name, rows in splits.items()
        },
        trained=trained,
    )


def layout_of(
    config: ChainConfig, entities: Sequence[str], relations: Sequence[str]
) -> tuple[Layout, list[str]]:
    """How questions are laid out, and the names of the fillers, which follow the relations."""
    words = [*entities, *relations]
    known = (len(entities), len(words)) if config.order == "mixed" else (0, 0)
    layout = Layout(config.order, relations=known)
    if not config.fillers:
        return layout, []
    layout = replace(layout, of=len(words), end=len(words) + 1)
    return layout, distinct_names(FILLERS, words, "filler")


def laid_out(
    rows: Int[ndarray, "row width"], layout: Layout, *, in_each: bool
) -> Int[ndarray, "laid_row token"]:
    """The rows of a split, names and answer, as questions and answer.

    in_each: whether each is told in every order that the layout has.
    """
    tokens = (layout.lay_both if in_each else layout.lay)(rows[:, :-1])
    times = len(tokens) // max(1, len(rows))
    return np.concatenate((tokens, np.tile(rows[:, -1:], (times, 1))), axis=1)


def distinct_names(names: Iterable[str], taken: Iterable[str], kind: str) -> list[str]:
    """The names; one that is taken, or an earlier one, gets a suffix with its kind."""
    seen, distinct = set(taken), []
    for name in names:
        while name in seen:
            name += f" ({kind})"
        seen.add(name)
        distinct.append(name)
    return distinct
