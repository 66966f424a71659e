"""The parity world: bit strings, and the parity of k bits that nobody names.

Enters: sizes and a seed. Leaves: a `World` of distinct random bit strings; which bits count is
drawn as well.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.classic.table import rule_world
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.parity import EQUALS, ParityTask
from latebloom.worlds.world import World

MOST = 40
"""The most bits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParityConfig(WorldSettings):
    """Parity of k of n bits."""

    asks: ClassVar[str] = "questions"
    """What kind of question it asks."""
    kind: Literal["parity"] = "parity"
    """Which world this is."""
    bits: int = 20
    """Bits of a question."""
    k: int = 3
    """Bits that count."""
    trained: int = 1000
    """Bit strings that are trained on."""
    tested: int = 1000
    """Bit strings that are held out."""

    def __post_init__(self) -> None:
        WorldSettings.__post_init__(self)
        if not 2 <= self.bits <= MOST:
            raise WorldError(f"world.bits is {self.bits}; it must lie in [2, {MOST}]")
        if not 1 <= self.k <= self.bits:
            raise WorldError(f"world.k is {self.k}; it must lie in [1, {self.bits}], the bits")
        for name in ("trained", "tested"):
            if getattr(self, name) < 1:
                raise WorldError(f"world.{name} is {getattr(self, name)}; it must be at least 1")
        if self.trained + self.tested > 2**self.bits:
            raise WorldError(
                f"world.trained + world.tested is {self.trained + self.tested:,}, but there are"
                f" {2**self.bits:,} strings of {self.bits} bits"
            )


def make_parity(config: ParityConfig, seed: int) -> World:
    """Draws the strings and the bits that count; the same seed gives the same bytes."""
    rng = np.random.default_rng([seed, Draw.PARITY])
    counted = np.sort(rng.choice(config.bits, config.k, replace=False))
    task = ParityTask(config.bits, tuple(counted.tolist()))
    total = config.trained + config.tested
    numbers = rng.choice(2**config.bits, total, replace=False)
    bits = (numbers[:, None] >> np.arange(config.bits)) & 1
    questions = np.insert(bits, config.bits, EQUALS, axis=1)
    answers = task.solve(Facts.none(), questions)
    rows = np.column_stack((questions, answers)).astype(np.int32)
    return rule_world(
        task,
        {Split.TRAIN_INFERRED: rows[: config.trained], Split.TEST_ID: rows[config.trained :]},
    )
