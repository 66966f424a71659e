"""Recipes: named, complete configs. `latebloom recipes` lists them.

A recipe is a plain function; its first docstring line is what the list shows.
"""

from collections.abc import Callable
from dataclasses import replace

from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.training.config import (
    ComparisonFeedConfig,
    QuestionFeedConfig,
    RunConfig,
    SentenceFeedConfig,
    TrainConfig,
)
from latebloom.worlds.chains.atlas import AtlasConfig
from latebloom.worlds.chains.made import CompositionConfig
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.comparisons.elements import ElementsConfig
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig
from latebloom.worlds.comparisons.made import ComparisonConfig
from latebloom.worlds.comparisons.own import NumericTableConfig
from latebloom.worlds.sentences.dyck import DyckConfig
from latebloom.worlds.sentences.question import QuestionConfig
from latebloom.worlds.sentences.tense import TenseConfig
from latebloom.worlds.sentences.treebank import SentencesConfig

LOOPED = ModelConfig(n_layers=1, n_loops=2, window=2)
"""One layer, a loop a hop: the smallest model that generalises systematically."""

COMPARER = ModelConfig(n_layers=1, n_loops=2, feedback="replace", max_distance=1)
"""The first loop looks both values up, the second compares them, and knows nothing else: so it
cannot learn pairs of entities by heart. Whether the attribute stands next to an entity or one
further must not matter to the looking up: so one distance for all."""


def composition() -> RunConfig:
    """Two-hop questions over 2,000 made facts; generalises systematically."""
    return RunConfig(
        recipe="composition",
        world=CompositionConfig(),
        model=LOOPED,
        train=TrainConfig(steps=400, lr=0.01, weight_decay=0.3),
    )


def composition_hops() -> RunConfig:
    """The same, trained on chains of 1 to 3 hops; answers chains of 20."""
    return RunConfig(
        recipe="composition-hops",
        world=CompositionConfig(hops=3, test_hops=(4, 5, 6, 7, 8, 9, 10, 20), max_test=1000),
        model=replace(LOOPED, n_loops=3),
        train=TrainConfig(steps=500, lr=0.01, weight_decay=0.3, probe=100, eval_every=50, until=""),
    )


CLASSIC = TrainConfig(
    steps=2400,
    batch_size=512,
    lr=5e-3,
    weight_decay=0.1,
    warmup_steps=100,
    eval_every=100,
    checkpoint_every=250,
    probe=300,
    until="",
)
"""No stop rule: what the paper did, with a faster optimizer."""

AS_IT_LIES = QuestionFeedConfig(atomic_frac=0.0)
"""The training set as it lies, as in the paper: atomic and inferred facts by their numbers."""

HELPED = ComparisonFeedConfig(values_first=True, both_orders=True)
"""Comparisons are asked for the values that they compare, and facts told in both orders."""


def composition_vanilla() -> RunConfig:
    """The classic late bloom: a plain GPT-2 memorises, then generalises; OOD never comes."""
    return RunConfig(
        recipe="composition-vanilla",
        world=CompositionConfig(phi=7.2),
        model=ModelConfig(n_layers=4, n_loops=1, feedback="none", positions="learned"),
        feed=AS_IT_LIES,
        train=CLASSIC,
    )


def composition_shared() -> RunConfig:
    """The paper's sharing scheme: two layers run twice on one state, at phi 12.6."""
    return RunConfig(
        recipe="composition-shared",
        world=CompositionConfig(phi=12.6),
        model=ModelConfig(n_layers=2, n_loops=2, feedback="none", positions="learned"),
        feed=AS_IT_LIES,
        train=CLASSIC,
    )


def composition_paper() -> RunConfig:
    """The world of arXiv:2405.15071: 40,000 facts, 2,000 entities, 200 relations, phi 18."""
    return RunConfig(
        recipe="composition-paper",
        world=CompositionConfig(
            entities=2000, relations=200, ood_frac=0.05, phi=18.0, test_id_frac=0.005
        ),
        model=replace(LOOPED, d_model=256),
        train=TrainConfig(
            steps=1600,
            batch_size=2048,
            lr=0.01,
            weight_decay=0.1,
            warmup_steps=50,
            eval_every=50,
            checkpoint_every=200,
        ),
    )


def atlas() -> RunConfig:
    """Two-hop questions over real airports, cities, countries and currencies."""
    return RunConfig(
        recipe="atlas",
        world=AtlasConfig(),
        model=LOOPED,
        train=TrainConfig(
            steps=400,
            batch_size=1024,
            lr=0.01,
            weight_decay=0.1,
            until="test_id>=0.995 and test_ood>=0.99",
        ),
    )


def comparison() -> RunConfig:
    """Which of two entities has the greater value: made attributes, compared."""
    return RunConfig(
        recipe="comparison",
        world=ComparisonConfig(phi=12.6),
        model=COMPARER,
        feed=HELPED,
        train=TrainConfig(steps=600, lr=0.01, weight_decay=0.1),
    )


def comparison_vanilla() -> RunConfig:
    """The same with a plain GPT-2, which generalises here even to OOD, as the paper found."""
    return replace(
        comparison(),
        recipe="comparison-vanilla",
        model=ModelConfig(n_layers=4, n_loops=1, feedback="none", positions="learned"),
        feed=replace(HELPED, values_first=False),
        train=replace(comparison().train, steps=2400, eval_every=100, checkpoint_every=250),
    )


def comparison_paper() -> RunConfig:
    """The comparison world of arXiv:2405.15071: 1,000 entities, 20 attributes, 20 values."""
    return replace(
        comparison(),
        recipe="comparison-paper",
        world=ComparisonConfig(entities=1000, attributes=20, phi=12.6),
        model=replace(COMPARER, d_model=256),
        train=replace(comparison().train, steps=2000, batch_size=1024),
    )


def hidden_attributes() -> RunConfig:
    """Comparing entities whose values nobody told: parametric memory at its best.

    A hidden value is found by revising it, so no value may become certain early: hence the smoothed
    labels and the temperature.
    """
    return RunConfig(
        recipe="hidden-attributes",
        world=HiddenAttributesConfig(),
        model=replace(COMPARER, temperature=2.0),
        feed=replace(HELPED, atomic_frac=0.25),
        train=replace(
            comparison().train,
            steps=2500,
            label_smoothing=0.05,
            until="test_hard>=0.995",
        ),
    )


def hidden_attributes_paper() -> RunConfig:
    """The complex reasoning task of arXiv:2405.15071 at its size: 1,000 entities, 20 attributes."""
    return replace(
        hidden_attributes(),
        recipe="hidden-attributes-paper",
        world=HiddenAttributesConfig(
            entities=1000, attributes=20, within_frac=0.002, across_frac=0.03
        ),
        model=replace(hidden_attributes().model, d_model=192),
        feed=replace(HELPED, atomic_frac=0.33),
        train=replace(
            hidden_attributes().train,
            steps=12_000,
            batch_size=1024,
            eval_every=100,
            checkpoint_every=500,
        ),
    )


def elements() -> RunConfig:
    """Which of two chemical elements melts higher, weighs more, ...: real numbers, compared."""
    return RunConfig(
        recipe="elements",
        world=ElementsConfig(),
        model=COMPARER,
        feed=HELPED,
        train=TrainConfig(
            steps=1500,
            lr=0.01,
            weight_decay=0.1,
            until="test_id>=0.99 and test_ood>=0.98",
        ),
    )


def numeric_table() -> RunConfig:
    """The same on your own table of numbers: --facts FILE --numeric."""
    return replace(
        elements(),
        recipe="numeric-table",
        world=NumericTableConfig(),
        train=replace(elements().train, until=""),
    )


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

    A high rate finds the subject, with swings; a falling one goes back to the nearest noun. So the
    rate stays high and the weights are averaged (docs/log.md).
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


def facts() -> RunConfig:
    """Two-hop questions over your own facts: --facts FILE."""
    return RunConfig(
        recipe="facts",
        world=FactsConfig(),
        model=LOOPED,
        train=TrainConfig(steps=1000, lr=0.01, weight_decay=0.1, until=""),
    )


RECIPES: dict[str, Callable[[], RunConfig]] = {
    make.__name__.replace("_", "-"): make
    for make in (
        composition,
        composition_hops,
        composition_vanilla,
        composition_shared,
        composition_paper,
        comparison,
        comparison_vanilla,
        comparison_paper,
        hidden_attributes,
        hidden_attributes_paper,
        elements,
        numeric_table,
        atlas,
        facts,
        question,
        question_published,
        tense,
        tense_published,
        dyck,
        dyck_published,
        sentences,
    )
}


def make_recipe(name: str) -> RunConfig:
    """The config of a named recipe.

    Raises: LatebloomError naming the recipes that there are.
    """
    if name not in RECIPES:
        raise LatebloomError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]()
