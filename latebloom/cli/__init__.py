"""The command: thin words around the library, a module for each kind of work."""

from latebloom.cli import (
    ask,
    bloom,
    check,
    construct,
    contest,
    doctor,
    explore,
    forecast,
    fourier,
    grok,
    learn,
    lessons,
    look,
    recipes,
    reproduce,
    share,
    sweep,
    sweep_depth,
    sweep_show,
    tour,
    trace,
    trees,
    watch,
)
from latebloom.cli.app import app, main
from latebloom.cli.examples import teach

teach(app)

__all__ = [
    "ask",
    "bloom",
    "check",
    "construct",
    "contest",
    "doctor",
    "explore",
    "forecast",
    "fourier",
    "grok",
    "learn",
    "lessons",
    "look",
    "main",
    "recipes",
    "reproduce",
    "share",
    "sweep",
    "sweep_depth",
    "sweep_show",
    "tour",
    "trace",
    "trees",
    "watch",
]
