"""Recipes: named, complete configs. `latebloom recipes` lists them.

A recipe is a plain function; its first docstring line is what the list shows.
"""

from collections.abc import Callable

from latebloom.errors import LatebloomError
from latebloom.model.transformer import ModelConfig
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.worlds.composition import CompositionConfig


def composition() -> RunConfig:
    """Two-hop questions over 2,000 made facts; generalises systematically."""
    return RunConfig(
        recipe="composition",
        world=CompositionConfig(),
        model=ModelConfig(n_layers=1, n_loops=2, window=2),
        train=TrainConfig(steps=400, lr=0.01, weight_decay=0.3),
    )


RECIPES: dict[str, Callable[[], RunConfig]] = {
    make.__name__.replace("_", "-"): make for make in (composition,)
}


def make_recipe(name: str) -> RunConfig:
    """The config of a named recipe.

    Raises: LatebloomError naming the recipes that there are.
    """
    if name not in RECIPES:
        raise LatebloomError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]()
