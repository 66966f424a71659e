"""What papers trained, and the small settings in which `latebloom reproduce` grows the same.

Each setting comes in two configs: as published (the sizes and rates of the paper; days on a GPU)
and small (hours on one core). What the small one changes is read off by comparing the two, so
nothing is changed silently. Both train on the data as they lie: every row of the training set
equally often, no supervision between loops, the loss on the answer alone, AdamW, a constant rate
after the warm-up.

Source: arXiv:2405.15071, sections 3 and 4, and its appendix on parameter sharing; `beta2`, which
the paper does not give, is torch's.
Differs: the published code pads questions to 10 tokens and has a vocabulary of 52,464 words, most
of which never occur.
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
from latebloom.worlds.comparisons.made import ComparisonConfig

# --- As published ---------------------------------------------------------------------------------

PLAIN = ModelConfig(
    d_model=768,
    n_layers=8,
    n_loops=1,
    n_heads=12,
    feedback="none",
    positions="learned",
    dropout=0.1,
)
PUBLISHED = TrainConfig(
    steps=2_000_000,
    batch_size=512,
    optimizer="adamw",
    lr=1e-4,
    weight_decay=0.1,
    beta2=0.999,
    warmup_steps=2000,
    schedule="constant",
    until="",
)
SPARSE = {"eval_every": 500, "checkpoint_every": 50_000, "keep": 2}
"""What is seen of so long a run: an evaluation before anything happens, and a gigabyte for each of
two checkpoints."""


def late_bloom_published() -> RunConfig:
    """Composition by a plain GPT-2 at phi 7.2 (figure 1)."""
    return RunConfig(
        recipe="late-bloom-paper",
        world=CompositionConfig(
            entities=2000, relations=200, phi=7.2, ood_frac=0.05, test_id_frac=0.005
        ),
        model=PLAIN,
        feed=QuestionFeedConfig(atomic_frac=0.0, every_loop=False),
        train=replace(PUBLISHED, **SPARSE),
    )


def sharing_published() -> RunConfig:
    """Composition by four layers that are run twice, at phi 12.6."""
    published = late_bloom_published()
    return replace(
        published,
        recipe="sharing-paper",
        world=replace(published.world, phi=12.6),
        model=replace(PLAIN, n_layers=4, n_loops=2),
        train=replace(published.train, steps=1_500_000),
    )


def plain_comparison_published() -> RunConfig:
    """Comparison by a plain GPT-2 at phi 7.2."""
    return RunConfig(
        recipe="plain-comparison-paper",
        world=ComparisonConfig(entities=1000, attributes=20, phi=7.2),
        model=PLAIN,
        feed=ComparisonFeedConfig(atomic_frac=0.0, every_loop=False),
        train=replace(PUBLISHED, steps=400_000, **SPARSE),
    )


# --- Small ----------------------------------------------------------------------------------------

NARROW = {"d_model": 128, "n_heads": 4, "dropout": 0.0}
"""What all small models have in place of the paper's width."""
FAST = replace(
    PUBLISHED,
    steps=40_000,
    lr=1e-3,
    beta2=0.98,
    warmup_steps=100,
    eval_every=200,
    checkpoint_every=4000,
)
"""A rate at which a small model gets there within hours."""


def late_bloom() -> RunConfig:
    """Composition over 500 facts by a small plain GPT-2: it memorises, and generalises later."""
    published = late_bloom_published()
    return replace(
        published,
        recipe="late-bloom",
        world=CompositionConfig(
            entities=50, relations=10, out_degree=10, phi=6.0, test_id_frac=0.1
        ),
        model=replace(PLAIN, n_layers=2, **NARROW),
        train=replace(
            FAST,
            steps=14_000,
            weight_decay=1.0,
            eval_every=50,
            checkpoint_every=1000,
        ),
    )


def sharing() -> RunConfig:
    """Composition over 500 facts by two layers that are run twice."""
    published = sharing_published()
    return replace(
        published,
        recipe="sharing",
        world=replace(late_bloom().world, phi=6.5),
        model=replace(published.model, n_layers=2, **NARROW),
        train=replace(FAST, steps=6_000, weight_decay=1.0, checkpoint_every=1000),
    )


def plain_comparison() -> RunConfig:
    """Comparison over 2,000 facts by a small plain GPT-2: few comparisons of each entity."""
    published = plain_comparison_published()
    return replace(
        published,
        recipe="plain-comparison",
        world=ComparisonConfig(entities=400, attributes=5, phi=3.6),
        model=replace(PLAIN, n_layers=4, **NARROW),
        train=replace(FAST, steps=2000, weight_decay=1.0, eval_every=100, checkpoint_every=500),
    )
