"""From a world's config to the world."""

from latebloom.worlds.composition import CompositionConfig, make_composition
from latebloom.worlds.world import World

WorldConfig = CompositionConfig
"""Every world that a run can have; the field `kind` tells them apart in a file."""


def build_world(config: WorldConfig, seed: int) -> World:
    """Makes the world that the config describes; the same seed gives the same bytes.

    Raises: WorldError or FactsError for what the config asks and the world cannot give.
    """
    match config:
        case CompositionConfig():
            return make_composition(config, seed)
