"""The command: thin words around the library, a module for each kind of work."""

from latebloom.cli import (
    ask,
    bloom,
    contest,
    fourier,
    grok,
    look,
    recipes,
    reproduce,
    share,
    sweep,
    trace,
    trees,
)
from latebloom.cli.app import main

__all__ = [
    "ask",
    "bloom",
    "contest",
    "fourier",
    "grok",
    "look",
    "main",
    "recipes",
    "reproduce",
    "share",
    "sweep",
    "trace",
    "trees",
]
