"""The recipe for a folder in a published format: what it holds decides how it is trained.

Enters: the data that `latebloom.worlds.published.folder.read_folder` reads. Leaves: a `RunConfig`
like that of the recipe whose world is alike: `composition`, `comparison`, `hidden-attributes`,
`question`, `tense` or `dyck`; those of the paper's size where the data have it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from latebloom.model.config import ModelConfig
from latebloom.recipes.chains import LOOPED, composition, composition_paper, facts
from latebloom.recipes.comparisons import (
    comparison,
    comparison_paper,
    hidden_attributes,
    hidden_attributes_paper,
)
from latebloom.recipes.sentences import dyck, question, tense
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.worlds.data import Data
from latebloom.worlds.published.folder import DatasetConfig
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.splits import Split, as_valid
from latebloom.worlds.world import World

LARGE = 10_000
"""Atomic facts from which on a data set is trained like a world of the paper's size."""
SENTENCES = {"question": question, "tense": tense, "dyck": dyck}


def dataset() -> RunConfig:
    """A data set in a published format, of facts or sentences: --data DIR."""
    return replace(facts(), recipe="dataset", world=DatasetConfig())


def dataset_for(data: Data, folder: str) -> RunConfig:
    """The config for what was read from a folder."""
    return replace(LIKE[data.asks](data), recipe="dataset", world=DatasetConfig(folder=folder))


def like_sentences(corpus: Corpus) -> RunConfig:
    """The recipe on such sentences."""
    return SENTENCES[corpus.task.name]()


def like_chains(world: World) -> RunConfig:
    """The recipe on such chains, of a size with them."""
    large = len(world.trained_facts()) >= LARGE
    like = composition_paper() if large else composition()
    train = like.train if large else replace(like.train, steps=1000, weight_decay=0.1)
    return replace(like, model=with_loops(like.model, world), train=stopped(train, world, 0.99))


def like_comparisons(world: World) -> RunConfig:
    """The recipe on such comparisons, of a size with them."""
    large = len(world.trained_facts()) >= LARGE
    if world.task.rests_on_inferred:
        like = hidden_attributes_paper() if large else hidden_attributes()
        return replace(like, train=stopped(like.train, world, 0.995))
    like = comparison_paper() if large else comparison()
    return replace(like, train=stopped(like.train, world, 0.99))


LIKE: Mapping[str, Callable[[Any], RunConfig]] = {
    "sentences": like_sentences,
    "chains": like_chains,
    "comparisons": like_comparisons,
}
"""What data of each kind are trained like."""


def with_loops(model: ModelConfig, world: World) -> ModelConfig:
    """A loop for each hop of the longest question that is trained on."""
    return replace(model, n_loops=max(LOOPED.n_loops, world.task.hops(world.longest_trained)))


def stopped(train: TrainConfig, world: World, level: float) -> TrainConfig:
    """Training that stops when what matters is answered of the questions set aside for validation.

    Without --world.valid-frac none are, and all steps are run. Hidden values are judged by the hard
    questions, which the published files call `test_ood`.
    """
    wanted = (Split.TEST_ID, Split.TEST_OOD)
    if world.task.rests_on_inferred:
        hard = Split.TEST_HARD if Split.TEST_HARD in world.splits else Split.TEST_OOD
        wanted = (hard,)
    there = [split for split in wanted if len(world.splits.get(split, ()))]
    return replace(train, until=" and ".join(f"{as_valid(split)}>={level}" for split in there))
