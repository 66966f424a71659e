"""What the circuits' instruments find in one model: typed, and as the JSON that is kept.

Enters: lens, effects, verdict, failures and progress measures of one model. Leaves: a
`CircuitRecord`, whose attributes the figures, the command and the page read. `as_dict()` is its
JSON, `latebloom.records.from_json(table, CircuitRecord)` the way back.

All grids have the axes `[loop, boundary, position]`; boundary 0 is what enters the first layer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latebloom.circuits.failures import Failures
from latebloom.circuits.held_out import HeldOut
from latebloom.circuits.lens import Lens
from latebloom.circuits.measures import Progress
from latebloom.circuits.tracing import Effect
from latebloom.circuits.verdict import Place, Verdict
from latebloom.errors import LatebloomError
from latebloom.records import fields_to_json
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import check_seed

FORMAT = 2
"""Version of the records; those of another version are made again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExaminationConfig:
    """What is looked at."""

    split: str = Split.TRAIN_INFERRED
    """The questions that lens, trace and verdict are about; the paper's are training examples."""
    failing: tuple[str, ...] = (Split.TEST_OOD,)
    """Splits whose wrong answers are explained; those that the world lacks are passed over."""
    examples: int = 300
    """Questions of a split at most; the paper has 300."""
    seed: int = 0
    """Draws questions, replacements, donors and noise."""
    noise: bool = False
    """Also patches clean states into runs with noise on the subject's embedding (ROME)."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if self.examples < 1:
            raise LatebloomError(f"trace.examples is {self.examples}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class LensMeans:
    """How one named token stands at every state, in the mean over the questions.

    reciprocal_rank: 1 / (1 + rank), 1 where the token always comes first. mean_rank: from 0.
    probability: over the whole vocabulary.
    """

    reciprocal_rank: Float[ndarray, "loop boundary pos"]
    mean_rank: Float[ndarray, "loop boundary pos"]
    probability: Float[ndarray, "loop boundary pos"]

    @classmethod
    def of(cls, lens: Lens, name: str) -> "LensMeans":
        """The means of one of the lens's named tokens."""
        means = (lens.reciprocal_rank(name), lens.mean_rank(name), lens.mean_probability(name))
        return cls(*(mean.double().numpy() for mean in means))


@dataclass(frozen=True, kw_only=True, slots=True)
class CircuitRecord:
    """Everything that was found in one model.

    step: of its checkpoint; None for a model without a run. n: questions. places: a name for each
    position. accuracy: on the traced questions; held_out: on like ones that were not trained on,
    None where the world has none. lens: by the name of the token. trace: the effect of each
    corruption, by its name.
    cross_query: the effect of moving each step's state from a question with the same bridge, by the
    step's name; the last axis holds the positions from the step's own to the last but one.
    other_bridge: the same from a question with another bridge, the control; coincide: the share of
    these whose right answer is the same by chance.
    failures: by split. inputs: how often a corruption (outer key) changes what a step (inner key)
    reads, in [0, 1].
    noise: only if it was asked for.
    """

    step: int | None = None
    config: ExaminationConfig
    n: int
    n_loops: int
    n_layers: int
    places: tuple[str, ...]
    accuracy: float
    held_out: HeldOut | None
    lens: Mapping[str, LensMeans]
    trace: Mapping[str, Effect]
    cross_query: Mapping[str, Effect]
    other_bridge: Mapping[str, Effect]
    coincide: Mapping[str, float]
    verdict: Verdict
    failures: Mapping[str, Failures]
    inputs: Mapping[str, Mapping[str, float]]
    noise: Effect | None = None
    progress: Progress

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON knows it: null for nan; no `step` or `noise` where there is none."""
        table = {"format": FORMAT, **fields_to_json(self)}
        return {
            name: value
            for name, value in table.items()
            if value is not None or name not in ("step", "noise")
        }

    @property
    def leading_effect(self) -> Effect | None:
        """The effect of the corruption that leads to the first step: that of the subject of a
        chain, or of the first entity of a comparison. None if nothing was corrupted."""
        wanted = ("first entity", "subject", *self.places[:1], *self.trace)
        return next((self.trace[name] for name in wanted if name in self.trace), None)

    def strength_at(self, place: Place) -> float:
        """The strength of one state under the leading corruption; nan if there is none."""
        effect = self.leading_effect
        return np.nan if effect is None else float(effect.strength[place])
