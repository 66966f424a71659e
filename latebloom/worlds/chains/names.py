"""The world of names: random facts about entities whose names have several tokens.

Enters: sizes and a seed. Leaves: a `World` whose facts and splits are those of the composition
world, with every entity written as two words or more out of one stock.

Source: ours; that entities of several tokens make grokking harder is shown in arXiv:2405.15071,
appendix on tokenization, where each entity has a first and a last token out of a shared stock.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from latebloom.errors import WorldError
from latebloom.worlds.chains.draw import make_splits, refuse_distractors
from latebloom.worlds.chains.made import CompositionConfig, draw_facts
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.tasks.spelled import SpelledTask, Spelling
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

BLANK = "-"
"""The word that fills short names up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamesConfig(CompositionConfig):
    """A made world of random facts about entities with names of several tokens."""

    kind: Literal["names"] = "names"  # type: ignore[assignment]
    """Which world this is."""
    shortest: int = 2
    """Words of a name at least."""
    longest: int = 2
    """Words of a name at most; lengths between are equally frequent."""
    stock: int = 20
    """Words that all names are spelled with; no name holds a word twice."""
    order: Literal["subject-first", "relation-first"] = "relation-first"
    """How a question stands: `f l of r1 of r2 ? ?`, or `r2 of r1 of f l ? ?`."""
    fillers: bool = True
    """Words between the names; must be true, since the answer is read at those that end it."""

    def __post_init__(self) -> None:
        CompositionConfig.__post_init__(self)
        refuse_distractors(self, "questions about names of several tokens")
        if not self.fillers:
            raise WorldError("world.fillers is false; names are answered word by word at `? ?`")
        if not 1 <= self.shortest <= self.longest <= self.stock:
            raise WorldError(
                f"world.shortest {self.shortest}, world.longest {self.longest} and world.stock"
                f" {self.stock}: each must be at least 1 and at most the next"
            )
        there = 1.0
        for i in range(self.shortest):  # names of the shortest length, the fewest
            there *= self.stock - i
        if 2 * self.entities > there:
            raise WorldError(
                f"world.entities is {self.entities}, but {self.stock} words make {there:.0f} names"
                f" of {self.shortest}; give twice as many as entities: a larger world.stock"
            )


def make_names(config: NamesConfig, seed: int) -> World:
    """Draws names, facts and splits; the same seed gives the same bytes.

    Raises: WorldError if the sizes do not hold what is asked for.
    """
    rng = np.random.default_rng([seed, Draw.NAMES])
    spelled = draw_names(config, rng)
    words = [f"w{i}" for i in range(config.stock)]
    entities = [" ".join(words[i] for i in one) for one in spelled]
    relations = [f"r{i}" for i in range(config.relations)]
    first = len(entities) + len(relations)
    blank = first + len(words)
    facts = draw_facts(config, rng)
    splits, trained = make_splits(facts, config, rng)
    task = SpelledTask(
        Layout(config.order, of=blank + 1, end=blank + 2),
        Spelling(
            tuple(
                (*(first + i for i in one), *[blank] * (config.longest - len(one)))
                for one in spelled
            ),
            blank,
        ),
    )
    rows = {
        name: np.concatenate((task.lay(some[:, :-1]), some[:, -1:]), axis=1).astype(np.int32)
        for name, some in splits.items()
    }
    whole = [f"{name}" if " " in name else f"{name} (name)" for name in entities]
    return World(
        task=task,
        vocabulary=Vocabulary((*whole, *relations, *words, BLANK, "of", "?")),
        facts=facts,
        splits=rows,
        trained=trained,
    )


def draw_names(config: NamesConfig, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """A distinct name for each entity, as indices into the stock, in the order of the entities."""
    lengths = rng.integers(config.shortest, config.longest + 1, config.entities)
    found: dict[tuple[int, ...], None] = {}
    for length in lengths.tolist():
        # At least half of all names are free, so a few draws find one.
        while (name := tuple(rng.permutation(config.stock)[:length].tolist())) in found:
            pass
        found[name] = None
    return list(found)
