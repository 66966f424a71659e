"""Recipes: named, complete configs. `latebloom recipes` lists them.

A recipe is a plain function; its first docstring line is what the list shows.
"""

from collections.abc import Callable
from dataclasses import replace

from latebloom.errors import LatebloomError
from latebloom.model.transformer import ModelConfig
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.worlds.atlas import AtlasConfig
from latebloom.worlds.comparison import ComparisonConfig
from latebloom.worlds.composition import CompositionConfig
from latebloom.worlds.elements import ElementsConfig
from latebloom.worlds.facts import FactsConfig
from latebloom.worlds.numeric_table import NumericTableConfig

LOOPED = ModelConfig(n_layers=1, n_loops=2, window=2)
"""One layer, a loop a hop: the smallest model that generalises systematically."""


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
    atomic_frac=0.0,
    lr=5e-3,
    weight_decay=0.1,
    warmup_steps=100,
    eval_every=100,
    checkpoint_every=250,
    probe=300,
    until="",
)
"""The training set as it lies and no stop rule: what the paper did, with a faster optimizer."""


def composition_vanilla() -> RunConfig:
    """The classic late bloom: a plain GPT-2 memorises, then generalises; OOD never comes."""
    return RunConfig(
        recipe="composition-vanilla",
        world=CompositionConfig(phi=7.2),
        model=ModelConfig(n_layers=4, n_loops=1, feedback="none", positions="learned"),
        train=CLASSIC,
    )


def composition_shared() -> RunConfig:
    """The paper's sharing scheme: two layers run twice on one state, at phi 12.6."""
    return RunConfig(
        recipe="composition-shared",
        world=CompositionConfig(phi=12.6),
        model=ModelConfig(n_layers=2, n_loops=2, feedback="none", positions="learned"),
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
        world=ComparisonConfig(),
        model=ModelConfig(n_layers=2, n_loops=2),
        train=TrainConfig(steps=600, lr=0.01, weight_decay=0.1),
    )


def comparison_vanilla() -> RunConfig:
    """The same with a plain GPT-2, which generalises here even to OOD, as the paper found."""
    return replace(
        comparison(),
        recipe="comparison-vanilla",
        model=ModelConfig(n_layers=4, n_loops=1, feedback="none", positions="learned"),
    )


def elements() -> RunConfig:
    """Which of two chemical elements melts higher, weighs more, ...: real numbers, compared."""
    return RunConfig(
        recipe="elements",
        world=ElementsConfig(),
        model=ModelConfig(n_layers=2, n_loops=2),
        train=TrainConfig(
            steps=1500, lr=0.01, weight_decay=0.1, until="test_id>=0.97 and test_ood>=0.9"
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
        elements,
        numeric_table,
        atlas,
        facts,
    )
}


def make_recipe(name: str) -> RunConfig:
    """The config of a named recipe.

    Raises: LatebloomError naming the recipes that there are.
    """
    if name not in RECIPES:
        raise LatebloomError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]()
