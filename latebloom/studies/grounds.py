"""The worlds on which accelerators are compared: what all contenders have in common there.

Enters: a name. Leaves: a `Ground`: the config of a run, what is swept, by which questions steps are
told. `latebloom.studies.accelerators` compares on any of them.

Everywhere the rate stays constant after a short warm-up: one that falls to zero at the last step
would make every step depend on how many there are. The other settings are those of the recipe.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import make_recipe, nearest
from latebloom.recipes.laws import size as plain_composition
from latebloom.recipes.laws import weight_decay as plain_sums
from latebloom.training.config import MUON_LR, RunConfig
from latebloom.worlds.splits import Split, as_valid

ID, OOD = as_valid(Split.TEST_ID), as_valid(Split.TEST_OOD)
MUON_LRS = (MUON_LR / 2, MUON_LR, 2 * MUON_LR)
"""Muon's usual rate, half of it and twice as much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """One world, one model, one way of training in which contenders differ by one thing each."""

    name: str
    """What `--world` calls it."""
    about: str
    """What is grown, for the table."""
    common: Callable[[], RunConfig]
    """What all have in common. Its `recipe` is the name of the series of runs; its `train.lr` is
    AdamW's rate for whoever sweeps another one."""
    rates: Mapping[str, tuple[float, ...]]
    """The rates that are tried, by the field of `train` that holds them."""
    decays: tuple[float, ...]
    """The decays that are tried with each."""
    split: str
    """The held-out questions by which steps are told. On fresh seeds they choose nothing; they only
    say when to stop, and the test is not looked at after that."""
    level: float
    """The share of them that has to be right, at three evaluations in a row."""

    def config(self) -> RunConfig:
        """What all have in common, with its rule for stopping."""
        return self.common().replace("train", until=f"{self.split}>={self.level:g}")

    @property
    def folder(self) -> Path:
        """Where the runs are unless told otherwise."""
        return Path("runs") / f"reproduce-{self.common().recipe}"


def quick(recipe: str, name: str, steps: int, every: int, lr: float) -> RunConfig:
    """A recipe as a ground has it."""
    config = make_recipe(recipe)
    settings: dict[str, Any] = {
        "steps": steps,
        "lr": lr,
        "optimizer": "adamw",
        "beta2": 0.98,
        "warmup_steps": 10,
        "schedule": "constant",
        "eval_every": every,
        "probe": 300,
        "checkpoint_every": steps,
        "keep": 1,
    }
    return replace(config, recipe=name, train=replace(config.train, **settings))


def modular() -> RunConfig:
    """Sums modulo 97, in a model and batches smaller than most published ones."""
    config = plain_sums()
    train = replace(config.train, steps=1000, lr=3e-3, weight_decay=0.3, checkpoint_every=1000)
    return replace(config, recipe="accelerators", train=train)


def modular_published() -> RunConfig:
    """Sums modulo 113 on full batches, as published."""
    config = make_recipe("modular-nanda")
    train = replace(config.train, checkpoint_every=10_000, keep=1)
    return replace(config, recipe="accelerators-modular-published", train=train)


def bloom() -> RunConfig:
    """The facts of `bloom` at a ratio at which AdamW gets there, by a plain transformer."""
    config = plain_composition()
    train = replace(config.train, steps=4000, checkpoint_every=4000, keep=1)
    return replace(config, recipe="accelerators-bloom", train=train)


GROUNDS: Mapping[str, Ground] = {
    one.name: one
    for one in (
        Ground(
            name="modular",
            about=(
                "Sums modulo 97, 40 % of the table trained, one layer of width 64, batches of 512,"
                " at most 1,000 steps, measured every 20."
            ),
            common=modular,
            rates={"lr": (1e-3, 2e-3, 4e-3), "muon_lr": MUON_LRS},
            decays=(0.3, 1.0, 3.0, 10.0),
            split=ID,
            level=0.99,
        ),
        Ground(
            name="bloom-looped",
            about=(
                "Composition over 500 facts by the looped model of `bloom-looped`, with all that"
                " the recipe builds in; what counts are questions over facts that training never"
                " composed (OOD), of which about 40 are set aside for this. Batches of 256, at most"
                " 300 steps, measured every 5."
            ),
            common=lambda: quick("bloom-looped", "accelerators-bloom-looped", 300, 5, 3e-3),
            rates={"lr": (1.5e-3, 3e-3, 6e-3), "muon_lr": MUON_LRS},
            decays=(0.3, 1.0),
            split=OOD,
            level=0.9,
        ),
        Ground(
            name="bloom",
            about=(
                "Composition over 500 facts by a plain transformer of two layers at phi 7.9, the"
                " data as they lie, batches of 512, at most 4,000 steps, measured every 50."
            ),
            common=bloom,
            rates={"lr": (5e-4, 1e-3, 2e-3), "muon_lr": MUON_LRS},
            decays=(0.3, 1.0),
            split=ID,
            level=0.95,
        ),
        Ground(
            name="comparison",
            about=(
                "Comparisons over 2,000 facts by the looped model of `comparison`, with all that"
                " the recipe builds in; what counts are comparisons of entities that training"
                " never compared by that attribute (OOD). Batches of 256, at most 800 steps,"
                " measured every 20."
            ),
            common=lambda: quick("comparison", "accelerators-comparison", 800, 20, 3e-3),
            rates={"lr": (1.5e-3, 3e-3, 6e-3), "muon_lr": MUON_LRS},
            decays=(0.1, 0.3),
            split=OOD,
            level=0.95,
        ),
        Ground(
            name="modular-published",
            about=(
                "Sums modulo 113 as in Nanda et al. 2023: 30 % of the table trained, one layer of"
                " width 128, full batches, at most 40,000 steps, measured every 100."
            ),
            common=modular_published,
            rates={"lr": (5e-4, 1e-3, 2e-3), "muon_lr": MUON_LRS},
            decays=(0.3, 1.0),
            split=ID,
            level=0.99,
        ),
    )
}
"""The grounds, the usual one first."""
USUAL = GROUNDS["modular"]


def find_ground(name: str) -> Ground:
    """The ground of this name.

    Raises: LatebloomError naming the nearest, or all.
    """
    if name not in GROUNDS:
        near = nearest(name, GROUNDS) or list(GROUNDS)
        raise LatebloomError(f"--world {name}: there is no such world; nearest: {', '.join(near)}")
    return GROUNDS[name]
