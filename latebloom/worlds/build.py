"""From a world's config to the world."""

from collections.abc import Callable

from latebloom.worlds.atlas import AtlasConfig, load_atlas_table
from latebloom.worlds.comparison import ComparisonConfig, make_comparison
from latebloom.worlds.composition import CompositionConfig, make_composition
from latebloom.worlds.dataset import DatasetConfig, make_dataset_world
from latebloom.worlds.elements import ElementsConfig, load_element_table
from latebloom.worlds.facts import FactsConfig, load_fact_table, world_from_table
from latebloom.worlds.hidden_attributes import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.numeric_table import (
    NumericTableConfig,
    load_number_table,
    world_of_numbers,
)
from latebloom.worlds.world import World

WorldConfig = (
    CompositionConfig
    | FactsConfig
    | AtlasConfig
    | DatasetConfig
    | ComparisonConfig
    | ElementsConfig
    | NumericTableConfig
    | HiddenAttributesConfig
)
"""Every world that a run can have; the field `kind` tells them apart in a file."""


def build_world(
    config: WorldConfig, seed: int, tell: Callable[[str], None] = lambda line: None
) -> World:
    """Makes the world that the config describes; the same seed gives the same bytes.

    tell: is told, line by line, what was found in facts that were read.
    Raises: WorldError or FactsError for what the config asks and the world cannot give.
    """
    match config:
        case CompositionConfig():
            return make_composition(config, seed)
        case ComparisonConfig():
            return make_comparison(config, seed)
        case ElementsConfig() | NumericTableConfig():
            numbers = (
                load_element_table(config)
                if isinstance(config, ElementsConfig)
                else load_number_table(config)
            )
            for line in numbers.lines():
                tell(line)
            return world_of_numbers(numbers, config, seed)
        case HiddenAttributesConfig():
            return make_hidden_attributes(config, seed)
        case DatasetConfig():
            return make_dataset_world(config)
        case FactsConfig():
            table, diagnosis = load_fact_table(config)
        case AtlasConfig():
            table, diagnosis = load_atlas_table(config)
    for line in diagnosis.lines():
        tell(line)
    return world_from_table(table, diagnosis, config, seed)
