"""The composition world: random facts over entities and relations, and chains of them.

Enters: sizes and a seed. Leaves: a `World` whose questions are chains of them.

Source: arXiv:2405.15071, section 3.1: every entity has `out_degree` distinct relations, each to
a uniformly drawn entity.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.draw import ChainConfig, mark_ood
from latebloom.worlds.chains.world import world_of_chains
from latebloom.worlds.streams import Draw
from latebloom.worlds.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class CompositionConfig(ChainConfig):
    """A made world of random facts."""

    kind: Literal["composition"] = "composition"
    """Which world this is."""
    entities: int = 100
    """Entities; the paper has 2,000."""
    relations: int = 20
    """Relations; the paper has 200."""
    out_degree: int = 20
    """Facts of each entity, with distinct relations; the paper has 20."""

    def __post_init__(self) -> None:
        ChainConfig.__post_init__(self)
        for name in ("entities", "relations", "out_degree"):
            if getattr(self, name) < 1:
                raise WorldError(f"world.{name} is {getattr(self, name)}; it must be at least 1")
        if self.out_degree > self.relations:
            raise WorldError(
                f"world.out_degree is {self.out_degree}, but there are only"
                f" {self.relations} relations to choose from"
            )


def make_composition(config: CompositionConfig, seed: int) -> World:
    """Draws the facts and their splits; the same seed gives the same bytes.

    Raises: WorldError if the sizes do not hold what is asked for.
    """
    rng = np.random.default_rng([seed, Draw.COMPOSITION])
    facts = draw_facts(config, rng)
    entities, relations = (
        [f"{letter}{i}" for i in range(count)]
        for letter, count in (("e", config.entities), ("r", config.relations))
    )
    return world_of_chains(facts, entities, relations, config, rng, seed)


def draw_facts(config: CompositionConfig, rng: np.random.Generator) -> Facts:
    """The facts, the entities' ids first and then those of the relations.

    Raises: WorldError if `ood_frac` leaves no OOD or no ID fact.
    """
    n, degree = config.entities, config.out_degree
    subject = np.repeat(np.arange(n, dtype=np.int32), degree)
    # The `out_degree` smallest of i.i.d. keys are a uniform choice without repetition.
    keys = rng.random((n, config.relations), dtype=np.float32)
    relation = np.sort(np.argsort(keys, axis=1)[:, :degree], axis=1).ravel() + n
    return Facts(
        subject=subject,
        relation=relation.astype(np.int32),
        object=rng.integers(0, n, n * degree, dtype=np.int32),
        ood=mark_ood(n * degree, config.ood_frac, rng),
    )
