"""Tables of operations: modular arithmetic and permutations, a share of each trained on.

Enters: a config and a seed. Leaves: a `World` without facts, whose questions are the whole table of
an operation; a random share is trained on (`train_inferred`) and the rest held out (`test_id`).
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.modular import OPERATIONS, ModularTask
from latebloom.worlds.tasks.permutations import PermutationsTask
from latebloom.worlds.tasks.rule import OperationTask, RuleTask
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

MOST = 1000
"""The largest modulus: its table has a million questions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TableConfig(WorldSettings):
    """What every table can be told."""

    asks: ClassVar[str] = "questions"
    """What kind of question it asks."""
    trained_frac: float = 0.4
    """Fraction of the whole table that is trained on; the rest is held out."""

    def __post_init__(self) -> None:
        WorldSettings.__post_init__(self)
        if not 0 < self.trained_frac < 1:
            raise WorldError(
                f"world.trained_frac is {self.trained_frac}; it must lie between 0 and 1"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ModularConfig(TableConfig):
    """Arithmetic modulo p."""

    kind: Literal["modular"] = "modular"
    """Which world this is."""
    p: int = 97
    """The modulus; Power et al. have 97, Nanda et al. 113."""
    operation: Literal["+", "-", "*", "/", "a^2+ab+b^2"] = "+"
    """What is done with a and b, modulo p; / needs a prime p."""

    def __post_init__(self) -> None:
        TableConfig.__post_init__(self)
        if not 3 <= self.p <= MOST:
            raise WorldError(f"world.p is {self.p}; it must lie in [3, {MOST}]")
        if OPERATIONS[self.operation].divides and any(self.p % d == 0 for d in range(2, self.p)):
            raise WorldError(
                f"world.p is {self.p}, which is not prime, so not every number can be divided by;"
                " take 97 or 113, or another operation"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class PermutationsConfig(TableConfig):
    """Permutations composed."""

    kind: Literal["permutations"] = "permutations"
    """Which world this is."""
    n: int = 5
    """How many things are permuted; 5 is the group S5."""
    trained_frac: float = 0.5
    """Fraction of the whole table that is trained on; the rest is held out."""

    def __post_init__(self) -> None:
        TableConfig.__post_init__(self)
        if not 3 <= self.n <= 6:
            raise WorldError(f"world.n is {self.n}; it must lie in [3, 6]")


def make_modular(config: ModularConfig, seed: int) -> World:
    """Draws the splits; the same seed gives the same bytes."""
    rng = np.random.default_rng([seed, Draw.MODULAR])
    return world_of_table(ModularTask(config.p, config.operation), config.trained_frac, rng)


def make_permutations(config: PermutationsConfig, seed: int) -> World:
    """Draws the splits; the same seed gives the same bytes."""
    rng = np.random.default_rng([seed, Draw.PERMUTATIONS])
    return world_of_table(PermutationsTask(config.n), config.trained_frac, rng)


def world_of_table(task: OperationTask, trained_frac: float, rng: np.random.Generator) -> World:
    """The world of an operation's whole table.

    Raises: WorldError if nothing would be trained on, or nothing held out.
    """
    rows = rng.permutation(task.table())
    cut = round(trained_frac * len(rows))
    if not 0 < cut < len(rows):
        raise WorldError(
            f"world.trained_frac is {trained_frac}, which leaves {cut} of {len(rows)} questions to"
            " train on; something must be trained on, and something held out"
        )
    return rule_world(task, {Split.TRAIN_INFERRED: rows[:cut], Split.TEST_ID: rows[cut:]})


def rule_world(task: RuleTask, splits: dict[str, Int[ndarray, "example token"]]) -> World:
    """A world without facts; what its splits are called says which are trained on."""
    return World(
        task=task,
        vocabulary=Vocabulary(task.vocabulary_words()),
        facts=Facts.none(),
        splits=splits,
        trained=tuple(name for name in splits if name.startswith("train_")),
    )
