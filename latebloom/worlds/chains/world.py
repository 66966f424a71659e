"""From facts to a world of chains: the splits drawn, the names in their order, and the layout.

Enters: facts with their OOD mark, the names of entities and relations, a config. Leaves: a `World`
whose questions are laid out as the config says. The vocabulary holds the entities, then the
relations, then the fillers where there are any, and last the word that ends a fact before a
question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.draw import ChainConfig, make_splits
from latebloom.worlds.splits import ATOMIC
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import FILLERS, STOP, Layout
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World


def world_of_chains(
    facts: Facts,
    entities: Sequence[str],
    relations: Sequence[str],
    config: ChainConfig,
    rng: np.random.Generator,
    seed: int,
) -> World:
    """The world of all chains over the facts, its splits drawn.

    relations: none of them the name of an entity. seed: of what stands before the questions.
    Raises: WorldError as `make_splits`, and for more distractors than there are facts.
    """
    splits, trained = make_splits(facts, config, rng)
    layout, words = layout_of(config, entities, relations)
    if config.distractors:
        if config.distractors > len(facts):  # before anything as long as that is laid out
            raise WorldError(
                f"world.distractors is {config.distractors}, and the world has {len(facts):,}"
                " facts; set it lower"
            )
        layout, words = with_facts_before(layout, words, config, [*entities, *relations], seed)
    task = ChainTask(layout)
    rows = {name: laid_out(some, layout, in_each=name in ATOMIC) for name, some in splits.items()}
    return World(
        task=task,
        vocabulary=Vocabulary((*entities, *relations, *words)),
        facts=facts,
        splits={name: preceded(some, task, facts) for name, some in rows.items()},
        trained=trained,
    )


def with_facts_before(
    layout: Layout, words: Sequence[str], config: ChainConfig, names: Sequence[str], seed: int
) -> tuple[Layout, list[str]]:
    """The layout with facts before each question, and the words besides the names.

    words: the fillers, which follow the names.
    """
    salt = np.random.default_rng([seed, Draw.DISTRACTORS]).integers(2**31)
    told = replace(layout, facts=config.distractors, stop=len(names) + len(words), salt=int(salt))
    return told, [*words, *distinct_names([STOP], [*names, *words], "filler")]


def preceded(
    rows: Int[ndarray, "row token"], task: ChainTask, facts: Facts
) -> Int[ndarray, "row token"]:
    """The rows of a split with the facts that stand before their questions."""
    asked = task.preceded(facts, rows[:, :-1])
    return np.concatenate((asked, rows[:, -1:]), axis=1).astype(rows.dtype)


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
