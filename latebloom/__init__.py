"""latebloom grows transformers that grok, shows when and how, and lets one ask the result.

>>> import latebloom
>>> run = latebloom.load("runs/composition-seed0")
>>> run.ask("e17", "r3", "r11").answers[0].name
"""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latebloom.evaluation.loaded import LoadedRun, load
    from latebloom.recipes.catalogue import make_recipe
    from latebloom.studies.grow import grow, resume

__all__ = ["LoadedRun", "grow", "load", "make_recipe", "resume"]
__version__ = version("latebloom")

_HOME = {
    "LoadedRun": "latebloom.evaluation.loaded",
    "load": "latebloom.evaluation.loaded",
    "grow": "latebloom.studies.grow",
    "resume": "latebloom.studies.grow",
    "make_recipe": "latebloom.recipes.catalogue",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for when it is asked for: `latebloom --help` need not wait for torch."""
    if name not in _HOME:
        raise AttributeError(f"module 'latebloom' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
