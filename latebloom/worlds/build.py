"""From a world's config to the world: facts and questions, or sentences."""

from collections.abc import Callable
from pathlib import Path

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
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.dyck import DyckConfig, make_dyck
from latebloom.worlds.sentences.published import read_published
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tense import TenseConfig, make_tense
from latebloom.worlds.sentences.treebank import SentencesConfig, make_sentences
from latebloom.worlds.streams import check_seed
from latebloom.worlds.world import World

SentenceWorldConfig = QuestionConfig | TenseConfig | DyckConfig | SentencesConfig
"""The worlds of sentences."""

WorldConfig = (
    CompositionConfig
    | FactsConfig
    | AtlasConfig
    | DatasetConfig
    | ComparisonConfig
    | ElementsConfig
    | NumericTableConfig
    | HiddenAttributesConfig
    | QuestionConfig
    | TenseConfig
    | DyckConfig
    | SentencesConfig
)
"""Every world that a run can have; the field `kind` tells them apart in a file."""

AnyWorld = World | Corpus
"""What a run is trained and tested on."""


def build_world(
    config: WorldConfig, seed: int, tell: Callable[[str], None] = lambda line: None
) -> AnyWorld:
    """Makes the world that the config describes; the same seed gives the same bytes.

    tell: is told, line by line, what was found in files that were read.
    Raises: WorldError, FactsError or CorpusError for what the config asks and the world cannot
    give; LatebloomError for a seed out of range.
    """
    check_seed(seed)
    match config:
        case QuestionConfig() | TenseConfig() | DyckConfig() if config.files:
            corpus = read_published(Path(config.files), config.kind)
            sizes = ", ".join(f"{len(lines):,} {split}" for split, lines in corpus.splits.items())
            tell(f"lines read: {sizes}; the other settings of world have no effect")
            return corpus
        case QuestionConfig():
            return make_question(config, seed)
        case TenseConfig():
            return make_tense(config, seed)
        case DyckConfig():
            return make_dyck(config, seed)
        case SentencesConfig():
            return make_sentences(config, seed)
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


def load_world(config: WorldConfig, folder: Path) -> AnyWorld:
    """Reads the world of this config from the folder that `save` wrote it into.

    Raises: RunFolderError if a file is missing or damaged.
    """
    kind = Corpus if isinstance(config, SentenceWorldConfig) else World
    return kind.load(folder)
