"""Recipes of the reader: one model and one training for chains and for comparisons.

Attention goes both ways over the question. Each loop writes, at every token but the first, what it
predicts there, and the next loop reads that in the token's place. A fact's answer is asked for at
every token, after every loop (`feed.every_place`), so a fact is looked up wherever it stands in a
longer question: `r2 of r1 of h ?` becomes `r2 of b b b b`, with the bridge b, and then the answer.
Nothing says in which order names stand, which of them are looked up first, or which loop is which
hop.

What the recipes share is `READER`, `TOLD` and `TRAINED`; sizes and steps follow the world. Chains
of more hops differ, since nothing was found that does for all (docs/log.md): they keep each token
beside its prediction (`restart`), and their positions are relative, all distances from three on
alike, so that a chain longer than any in training looks like those. With `world.phi 0` the chains'
reader composes nothing: that is not built in.

Source: ours. Comes from: Universal Transformers (arXiv:1807.03819), and the two papers' worlds.
"""

from dataclasses import replace

from latebloom.model.config import ModelConfig
from latebloom.training.config import (
    ComparisonFeedConfig,
    QuestionFeedConfig,
    RunConfig,
    TrainConfig,
)
from latebloom.worlds.chains.made import CompositionConfig
from latebloom.worlds.chains.names import NamesConfig
from latebloom.worlds.comparisons.made import ComparisonConfig
from latebloom.worlds.mixed import MixedConfig

READER = ModelConfig(
    n_layers=2, n_loops=2, feedback="replace", positions="rotary", attention="both"
)
"""Two layers, run twice, that see all tokens and pass on nothing but predictions."""
TOLD = QuestionFeedConfig(every_place=True)
"""Half of a batch is atomic facts, as everywhere, but each is asked for at all of its tokens."""
COMPARED = ComparisonFeedConfig(every_place=True)
"""The same; no value is asked for in a comparison, and no fact is turned round."""
TRAINED = TrainConfig(steps=800, lr=0.01, weight_decay=0.1, eval_every=50, checkpoint_every=50)
"""What all are trained with. More decay makes comparisons start later."""


def reader() -> RunConfig:
    """Two-hop questions in any order of words, by a model that knows no order beforehand."""
    return RunConfig(
        recipe="reader",
        world=CompositionConfig(order="relation-first", fillers=True),
        model=READER,
        feed=TOLD,
        train=TRAINED,
    )


def reader_hops() -> RunConfig:
    """Chains of 1 to 3 hops, asked in words; answers chains of 6, and most of 10."""
    return replace(
        reader(),
        recipe="reader-hops",
        world=replace(
            reader().world,
            order="subject-first",
            hops=3,
            test_hops=(4, 5, 6, 7, 8, 9, 10),
            max_test=1000,
        ),
        model=replace(READER, n_loops=3, feedback="restart", positions="relative"),
        train=replace(TRAINED, steps=1500, probe=100, eval_every=250, until=""),
    )


def reader_comparison() -> RunConfig:
    """Comparisons of two entities, by the model and the training of the chains."""
    return RunConfig(
        recipe="reader-comparison",
        world=ComparisonConfig(phi=12.6),
        model=READER,
        feed=COMPARED,
        train=replace(TRAINED, steps=2500),
    )


BOTH_KINDS = (
    "valid_id>=0.99 and valid_ood>=0.99 and valid_compared_id>=0.99 and valid_compared_ood>=0.99"
)
"""Chains and comparisons, either of them over facts that training combines, and over others."""


def mixed() -> RunConfig:
    """Chains and comparisons over the same facts, learned by one model in one training."""
    return RunConfig(
        recipe="mixed",
        world=MixedConfig(),
        model=READER,
        feed=TOLD,
        train=replace(TRAINED, steps=2500, until=BOTH_KINDS),
    )


def reader_names() -> RunConfig:
    """Two-hop questions about entities whose names have two tokens out of a shared stock."""
    return RunConfig(
        recipe="reader-names",
        world=NamesConfig(),
        model=READER,
        feed=TOLD,
        train=replace(TRAINED, steps=4000),
    )
