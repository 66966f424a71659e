"""Recipes for comparisons: made worlds, hidden values, real numbers, and one's own table."""

from dataclasses import replace

from latebloom.model.config import ModelConfig
from latebloom.training.config import ComparisonFeedConfig, RunConfig, TrainConfig
from latebloom.worlds.comparisons.elements import ElementsConfig
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig
from latebloom.worlds.comparisons.made import ComparisonConfig
from latebloom.worlds.comparisons.own import NumericTableConfig

COMPARER = ModelConfig(n_layers=1, n_loops=2, feedback="replace", max_distance=1)
"""The first loop looks both values up, the second compares them, and knows nothing else: so it
cannot learn pairs of entities by heart. Whether the attribute stands next to an entity or one
further must not matter to the looking up: so one distance for all."""

HELPED = ComparisonFeedConfig(values_first=True, both_orders=True)
"""Comparisons are asked for the values that they compare, and facts told in both orders."""


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
    """Comparisons by a plain GPT-2 that is helped: both orders told, batches half of facts, Muon.

    So helped it generalises OOD. On the data as they lie it does not here: `latebloom reproduce
    comparison`.
    """
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
    """Comparisons of entities whose values are never given: they follow from other comparisons.

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
            until="valid_hard>=0.995",
        ),
    )


def hidden_attributes_paper() -> RunConfig:
    """The complex reasoning task of arXiv:2405.15071: 1,000 entities, 20 attributes.

    A fifteenth of its comparisons within an attribute are trained: `within_frac` .002 for .03.
    """
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
            until="valid_id>=0.99 and valid_ood>=0.98",
        ),
    )


def numeric_table() -> RunConfig:
    """Comparisons over your own table of numbers: --facts FILE --numeric."""
    return replace(
        elements(),
        recipe="numeric-table",
        world=NumericTableConfig(),
        train=replace(elements().train, until=""),
    )
