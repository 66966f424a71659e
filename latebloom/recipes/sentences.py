"""Recipes for sentences: two grammars, nested brackets, and one's own treebank."""

from dataclasses import replace

from latebloom.model.config import ModelConfig
from latebloom.training.config import RunConfig, SentenceFeedConfig, TrainConfig
from latebloom.worlds.sentences.dyck import DyckConfig
from latebloom.worlds.sentences.question import QuestionConfig
from latebloom.worlds.sentences.tense import TenseConfig
from latebloom.worlds.sentences.treebank import SentencesConfig

READER = ModelConfig(n_layers=6, n_loops=1, feedback="none", positions="rotary", dropout=0.1)
"""A plain transformer that reads whole sentences."""

READING = TrainConfig(
    steps=800,
    batch_size=32,
    lr=5e-3,
    muon_lr=0.01,
    weight_decay=0.3,
    warmup_steps=50,
    eval_every=50,
    checkpoint_every=100,
    probe=1000,
    until="",
)
"""Every word of every line counts; the rate falls to zero, which ends the swings."""


def question() -> RunConfig:
    """Fronting the auxiliary: the main one, though in training the first one would do as well.

    Without positions "the first" must be counted out, while "the main one" is a matter of content;
    two thirds of object clauses instead of one show what agreement goes by (docs/log.md).
    """
    return RunConfig(
        recipe="question",
        world=QuestionConfig(object_clause_frac=2 / 3),
        model=replace(READER, positions="none"),
        feed=SentenceFeedConfig(),
        train=READING,
    )


def tense() -> RunConfig:
    """Re-inflecting verbs: agreement with the subject, though that with the nearest noun fits.

    A high rate leaves the nearest noun, with swings; a falling one goes back to it. So the rate
    stays high and the weights are averaged (docs/log.md).
    """
    return RunConfig(
        recipe="tense",
        world=TenseConfig(centre_frac=0.8, object_clause_frac=0.1),
        model=replace(READER, n_layers=4, tied=False),
        feed=SentenceFeedConfig(),
        train=replace(
            READING,
            steps=2000,
            muon_lr=0.02,
            schedule="constant",
            average_frac=0.3,
            eval_every=100,
        ),
    )


def dyck() -> RunConfig:
    """Nested brackets of 20 kinds, at most 10 deep, in shapes never trained.

    Dropout only hinders here, and strong weight decay; and without positions long lines, which
    most generalisation lines are, are learnt sooner (docs/log.md).
    """
    return RunConfig(
        recipe="dyck",
        world=DyckConfig(),
        model=replace(READER, d_model=64, n_layers=4, positions="none", dropout=0.0),
        feed=SentenceFeedConfig(),
        train=replace(
            READING,
            steps=4000,
            muon_lr=0.02,
            weight_decay=0.03,
            eval_every=250,
            checkpoint_every=500,
        ),
    )


PUBLISHED_READER = ModelConfig(
    d_model=512,
    n_layers=6,
    n_heads=4,
    n_loops=1,
    feedback="none",
    positions="sinusoidal",
    max_positions=513,
    norm="post",
    activation="relu",
    tied=False,
    dropout=0.1,
)
"""The decoder of arXiv:2305.18741, section 3."""

PUBLISHED_READING = TrainConfig(
    steps=300_000,
    batch_size=8,
    optimizer="adamw",
    lr=1e-4,
    weight_decay=0.0,
    beta2=0.999,
    warmup_steps=10_000,
    schedule="constant",
    eval_every=3_000,
    checkpoint_every=10_000,
    probe=1000,
    until="",
)
"""The training of arXiv:2305.18741. Differs: there the rate falls over two million steps, so that
after these it still is at 85 %."""


def sentences() -> RunConfig:
    """Next words of your own sentences with trees: --world.trees FILE."""
    return RunConfig(
        recipe="sentences",
        world=SentencesConfig(),
        model=READER,
        feed=SentenceFeedConfig(),
        train=READING,
    )


def question_published() -> RunConfig:
    """Fronting the auxiliary as published: width 512, batch 8, 300,000 steps."""
    return RunConfig(
        recipe="question-published",
        world=QuestionConfig(),
        model=PUBLISHED_READER,
        feed=SentenceFeedConfig(by_length=False),
        train=PUBLISHED_READING,
    )


def tense_published() -> RunConfig:
    """Re-inflecting verbs as published: four layers, the best depth there."""
    return RunConfig(
        recipe="tense-published",
        world=TenseConfig(),
        model=replace(PUBLISHED_READER, n_layers=4),
        feed=SentenceFeedConfig(by_length=False),
        train=PUBLISHED_READING,
    )


def dyck_published() -> RunConfig:
    """Nested brackets as published: 400,000 steps."""
    return RunConfig(
        recipe="dyck-published",
        world=DyckConfig(),
        model=PUBLISHED_READER,
        feed=SentenceFeedConfig(by_length=False),
        train=replace(PUBLISHED_READING, steps=400_000),
    )
