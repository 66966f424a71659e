"""From a world's config to the world: facts and questions, or sentences."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from latebloom.checked import check_fields
from latebloom.errors import WorldError
from latebloom.worlds.chains.atlas import AtlasConfig, load_atlas_table
from latebloom.worlds.chains.called import with_wording
from latebloom.worlds.chains.checking.check import check_loaded
from latebloom.worlds.chains.graph import GraphConfig, make_graph_world, read_graph
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.chains.names import NamesConfig, make_names
from latebloom.worlds.chains.own import FactsConfig, Loaded, world_from_table
from latebloom.worlds.classic.logic import LogicConfig, make_logic
from latebloom.worlds.classic.parity import ParityConfig, make_parity
from latebloom.worlds.classic.table import (
    ModularConfig,
    PermutationsConfig,
    make_modular,
    make_permutations,
)
from latebloom.worlds.comparisons.elements import ElementsConfig, load_element_table
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.comparisons.own import (
    NumericTableConfig,
    load_number_table,
    world_of_numbers,
)
from latebloom.worlds.data import Data
from latebloom.worlds.mixed import MixedConfig, make_mixed
from latebloom.worlds.published.folder import DatasetConfig, make_dataset_world
from latebloom.worlds.published.sentences import read_published
from latebloom.worlds.sentences.dyck import DyckConfig, make_dyck
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tense import TenseConfig, make_tense
from latebloom.worlds.sentences.treebank import SentencesConfig, make_sentences
from latebloom.worlds.streams import check_seed
from latebloom.worlds.validation import with_validation


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenConfig:
    """A world of one's own, handed in from Python; the run folder holds it whole."""

    asks: ClassVar[str] = ""
    """What it asks is told by its task."""
    kind: Literal["given"] = "given"
    """Which world this is."""
    name: str = ""
    """What its maker calls it."""

    def __post_init__(self) -> None:
        check_fields(self, "world", WorldError)


MadeConfig = (
    CompositionConfig
    | NamesConfig
    | FactsConfig
    | GraphConfig
    | AtlasConfig
    | DatasetConfig
    | ComparisonConfig
    | ElementsConfig
    | NumericTableConfig
    | HiddenAttributesConfig
    | MixedConfig
    | QuestionConfig
    | TenseConfig
    | DyckConfig
    | SentencesConfig
    | ModularConfig
    | PermutationsConfig
    | ParityConfig
    | LogicConfig
)
"""Every world that is made or read as its config says."""
WorldConfig = MadeConfig | GivenConfig
"""Every world that a run can have; the field `kind` tells them apart in a file."""


def given(config: WorldConfig, name: str) -> GivenConfig:
    """What stands in a run's config in place of `config` where a world was handed in.

    name: of the task, for a world without a name of its own.
    """
    return config if isinstance(config, GivenConfig) else GivenConfig(name=name)


def build_world(
    config: WorldConfig, seed: int, tell: Callable[[str], None] = lambda line: None
) -> Data:
    """Makes the world that the config describes, a share of its tests set aside for validation; the
    same seed gives the same bytes.

    tell: is told, line by line, what was found in files that were read.
    Raises: WorldError, FactsError or CorpusError for what the config asks and the world cannot
    give; LatebloomError for a seed out of range.
    """
    check_seed(seed)
    if isinstance(config, QuestionConfig | TenseConfig | DyckConfig) and config.files:
        corpus = read_published(Path(config.files), config.kind)
        sizes = ", ".join(f"{len(lines):,} {split}" for split, lines in corpus.splits.items())
        tell(f"lines read: {sizes}; the other settings of world have no effect")
        return corpus
    if isinstance(config, GivenConfig):
        raise WorldError(
            f"the world {config.name!r} was handed in from Python and is not made from a"
            " config: latebloom.grow(config, OUT, own=latebloom.Own(world=...))"
        )
    return with_tests_divided(make_whole(config, seed, tell), config, seed)


def with_tests_divided(data: Data, config: WorldConfig, seed: int) -> Data:
    """What the config describes, made or read before, with validation split off as it says."""
    share = 0.0 if isinstance(config, GivenConfig) else config.valid_frac
    return with_validation(data, share, seed)


def make_whole(config: MadeConfig, seed: int, tell: Callable[[str], None]) -> Data:
    """The world with its test splits as they are drawn or read."""
    match config:
        case QuestionConfig():
            return make_question(config, seed)
        case TenseConfig():
            return make_tense(config, seed)
        case DyckConfig():
            return make_dyck(config, seed)
        case SentencesConfig():
            return make_sentences(config, seed)
        case NamesConfig():
            return make_names(config, seed)
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
        case MixedConfig():
            return make_mixed(config, seed)
        case GraphConfig():
            graph = read_graph(config)
            for line in graph.lines():
                tell(line)
            return make_graph_world(graph, config, seed)
        case DatasetConfig():
            return make_dataset_world(config)
        case ModularConfig():
            return make_modular(config, seed)
        case PermutationsConfig():
            return make_permutations(config, seed)
        case ParityConfig():
            return make_parity(config, seed)
        case LogicConfig():
            return make_logic(config, seed)
        case FactsConfig():
            loaded = Loaded.of_file(config)
            for line in (*loaded.lines(), *check_loaded(loaded, config).short_lines()):
                tell(line)
            world = loaded.world(config, seed)
            return with_wording(world, config.synonyms, config.phrases, tell)
        case AtlasConfig():
            table, diagnosis = load_atlas_table(config)
    for line in diagnosis.lines():
        tell(line)
    return world_from_table(table, diagnosis, config, seed)
