"""latebloom trains transformers that grok, shows when and how, and lets one ask the result.

>>> import latebloom
>>> config = latebloom.make_recipe("composition").replace("world", phi=2.0)
>>> run = latebloom.grow(config, "runs/phi2")          # or latebloom.load("runs/phi2")
>>> run.ask("e17", "r3", "r11").answers[0].name

A config has four sections: `world` (what is true and what is held out), `model`, `feed` (how
training sees the world) and `train`. `Own` hands parts of your own to a training: a world, a task,
a position scheme, a loss, an optimizer, a callback. `docs/python.md` has an example of each.
"""

# The names below are loaded when they are first asked for: `latebloom --help` need not wait for
# torch. So what this module itself needs goes by a name with an underscore.
import importlib as _importlib
import typing as _typing

from latebloom.spinning import bound_spinning as _bound_spinning

_bound_spinning()

if _typing.TYPE_CHECKING:
    from latebloom.errors import LatebloomError
    from latebloom.explorer.notebook import explore
    from latebloom.model.config import ModelConfig
    from latebloom.model.positions import Positions
    from latebloom.model.transformer import Parts, Transformer
    from latebloom.recipes.catalogue import RECIPES, make_recipe
    from latebloom.run import Run, construct, grow, grow_once, load, resume
    from latebloom.studies.checkpoints import Instrument
    from latebloom.studies.sweep import sweep
    from latebloom.training.config import (
        ComparisonFeedConfig,
        QuestionFeedConfig,
        RunConfig,
        SentenceFeedConfig,
        TrainConfig,
    )
    from latebloom.training.own import Moment, Own
    from latebloom.worlds.atomic import Facts
    from latebloom.worlds.build import build_world
    from latebloom.worlds.chains.own import world_of_facts
    from latebloom.worlds.splits import Split
    from latebloom.worlds.tasks.chain import ChainTask
    from latebloom.worlds.tasks.comparison import ComparisonTask
    from latebloom.worlds.tasks.task import Task
    from latebloom.worlds.vocabulary import Vocabulary
    from latebloom.worlds.world import World

__all__ = [
    "RECIPES",
    "ChainTask",
    "ComparisonFeedConfig",
    "ComparisonTask",
    "Facts",
    "Instrument",
    "LatebloomError",
    "ModelConfig",
    "Moment",
    "Own",
    "Parts",
    "Positions",
    "QuestionFeedConfig",
    "Run",
    "RunConfig",
    "SentenceFeedConfig",
    "Split",
    "Task",
    "TrainConfig",
    "Transformer",
    "Vocabulary",
    "World",
    "build_world",
    "construct",
    "explore",
    "grow",
    "grow_once",
    "load",
    "make_recipe",
    "resume",
    "sweep",
    "world_of_facts",
]

_HOMES = {
    "errors": ("LatebloomError",),
    "explorer.notebook": ("explore",),
    "model.config": ("ModelConfig",),
    "model.positions": ("Positions",),
    "model.transformer": ("Parts", "Transformer"),
    "recipes.catalogue": ("RECIPES", "make_recipe"),
    "run": ("Run", "construct", "grow", "grow_once", "load", "resume"),
    "studies.checkpoints": ("Instrument",),
    "studies.sweep": ("sweep",),
    "training.config": (
        "ComparisonFeedConfig",
        "QuestionFeedConfig",
        "RunConfig",
        "SentenceFeedConfig",
        "TrainConfig",
    ),
    "training.own": ("Moment", "Own"),
    "worlds.atomic": ("Facts",),
    "worlds.build": ("build_world",),
    "worlds.chains.own": ("world_of_facts",),
    "worlds.splits": ("Split",),
    "worlds.tasks.chain": ("ChainTask",),
    "worlds.tasks.comparison": ("ComparisonTask",),
    "worlds.tasks.task": ("Task",),
    "worlds.vocabulary": ("Vocabulary",),
    "worlds.world": ("World",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> _typing.Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("latebloom")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'latebloom' has no attribute {name!r}")
    return getattr(_importlib.import_module(f"latebloom.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))
