"""The verdict: which circuit answers, judged from lens and trace.

Enters: a `Probe`, the `Lens` and the `Effect`s of one model. Leaves: a `Verdict` in words and
numbers: where each step (bridge, operand) appears, whether it is used, how long the last relation
waits, from where the subject no longer matters, serial or parallel, or grokked in name only.

Definitions. A token is *there* at a state where its mean reciprocal rank is at least `THERE`. A
step is *used* where it is there and corrupting what leads to it has strength at least `USED` when
patched into that very state. A state *no longer matters* where that strength stays below `MUTE`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from latebloom.circuits.lens import Lens
from latebloom.circuits.probe import Probe
from latebloom.circuits.tracing import Effect
from latebloom.records import fields_to_json
from latebloom.worlds.tasks.task import Step

THERE = 0.5
"""Mean reciprocal rank: on average the token is first or second."""
USED = 0.5
"""Causal strength: the answer of every second question goes through this state."""
MUTE = 0.1
"""Causal strength that counts as none."""
RIGHT = 0.9
"""Accuracy of a model that has learned the task."""


class Place(NamedTuple):
    """A state: loop, boundary (0: before the first layer) and position, all from 0."""

    loop: int
    boundary: int
    position: int


@dataclass(frozen=True, slots=True)
class Found:
    """A step inside the model.

    place: the earliest state where it is there. used_at: the state, of those where it is there,
    with the largest `strength`; both None where it is nowhere. rank: mean reciprocal rank there,
    or the largest anywhere. moved: share of answers that the state of another question with the
    same bridge restores, at `used_at`; nan where that was not tried.
    """

    name: str
    place: Place | None
    used_at: Place | None
    reciprocal_rank: float
    strength: float
    moved: float

    @property
    def used(self) -> bool:
        return self.place is not None and self.strength >= USED


@dataclass(frozen=True, slots=True)
class Verdict:
    """The circuit of one model on one split.

    form: `serial` (each step needs the one before), `parallel` (operands side by side), or `none`
    (a step is missing or unused, comes after the answer, or the task names none).
    fake_grok: right answers, yet no circuit.
    answer: the earliest state at the last position that gives the answer.
    waits_until: the last state, before the answer, where the last token of the question is there.
    subject_free: the earliest boundary from which the subject's state no longer matters; where
    operands stand side by side, the first token's.
    """

    form: Literal["serial", "parallel", "none"]
    fake_grok: bool
    accuracy: float
    steps: tuple[Found, ...]
    answer: Place | None
    waits_until: Place | None
    subject_free: Place | None

    def as_dict(self) -> dict[str, Any]:
        return fields_to_json(self) | {"words": self.words()}

    def words(self) -> str:
        """The verdict in one sentence."""
        if self.fake_grok:
            missing = [step.name for step in self.steps if not step.used]
            lost = f"{', '.join(missing)} is not used" if missing else "the steps come too late"
            return f"grokked in name only: {self.accuracy:.0%} right, but {lost}"
        if not self.steps:
            return f"no step on the way is known for such questions: {self.accuracy:.0%} right"
        if self.form == "none":
            return f"no circuit: {self.accuracy:.0%} right"
        parts = [
            f"{step.name} at {in_words(step.used_at)} (strength {step.strength:.2f})"
            for step in self.steps
            if step.used_at is not None
        ]
        end = f"; answer from {in_words(self.answer)}" if self.answer else ""
        return f"{self.form}: {', '.join(parts)}{end}"


def in_words(place: Place) -> str:
    """A state for people, everything counted from 1 but the layer boundary."""
    return f"loop {place.loop + 1}, layer {place.boundary}, position {place.position + 1}"


def judge(
    probe: Probe,
    lens: Lens,
    effects: Mapping[str, Effect],
    moved: Mapping[str, Effect],
    accuracy: float,
    *,
    causal: bool = True,
) -> Verdict:
    """The verdict from the measurements.

    effects: by the name of the corruption. moved: cross-query effects by the name of the step.
    causal: whether a step can only be where all that leads to it stands before; else it can be
    anywhere.
    """
    steps = tuple(
        find_step(step, lens, effects[step.corruption], moved, max(step.led_by) if causal else 0)
        for step in probe.steps
    )
    last = len(probe.places) - 1
    answer = earliest(there(lens, "answer"), only=last)
    order = [rank_of(step.place) for step in steps if step.place is not None]
    complete = bool(steps) and all(step.used for step in steps)
    if complete and answer is not None:
        end = rank_of(answer)
        in_turn = max(order) < end and order == sorted(order)
        complete = in_turn if probe.chained else max(order) <= end
    complete = complete and answer is not None
    form: Literal["serial", "parallel", "none"] = "none"
    if complete:
        form = "serial" if probe.chained else "parallel"
    subject = probe.places.index(probe.steps[0].corruption) if probe.chained else 0
    first = effects.get(probe.places[subject])
    return Verdict(
        form=form,
        fake_grok=bool(steps) and accuracy >= RIGHT and not complete,
        accuracy=accuracy,
        steps=steps,
        answer=answer,
        waits_until=waiting(lens, probe.places[last], last, answer),
        subject_free=None if first is None else muted(first.strength[..., subject], subject),
    )


def rank_of(place: Place) -> tuple[int, int]:
    return place.loop, place.boundary


def there(lens: Lens, name: str) -> Bool[ndarray, "loop boundary pos"]:
    return lens.reciprocal_rank(name).numpy() >= THERE


def earliest(
    where: Bool[ndarray, "loop boundary pos"], *, only: int | None = None, since: int = 0
) -> Place | None:
    """The first marked state by loop and boundary, at one position or from `since` on."""
    kept = where.copy()
    kept[..., :since] = False
    if only is not None:
        kept[..., :only] = kept[..., only + 1 :] = False
    found = np.argwhere(kept)
    return Place(*(int(i) for i in found[0])) if len(found) else None


def find_step(
    step: Step, lens: Lens, effect: Effect, moved: Mapping[str, Effect], since: int
) -> Found:
    """Where a step is, and where its state matters most.

    since: the first position at which it can be.
    """
    where = there(lens, step.name)
    mean = lens.reciprocal_rank(step.name).numpy()
    place = earliest(where, since=since)
    if place is None:
        top = float(mean[..., since:].max())
        return Found(step.name, None, None, top, 0.0, float("nan"))
    reached = where.copy()
    reached[..., :since] = False
    strength = np.where(reached, np.nan_to_num(effect.strength), -1.0)
    used_at = Place(*(int(i) for i in np.unravel_index(strength.argmax(), strength.shape)))
    cross = moved.get(step.name)
    return Found(
        name=step.name,
        place=place,
        used_at=used_at,
        reciprocal_rank=float(mean[used_at]),
        strength=float(strength[used_at]),
        moved=float(cross.strength[used_at.loop, used_at.boundary, 0])
        if cross is not None and used_at.position == step.position
        else float("nan"),
    )


def waiting(lens: Lens, name: str, position: int, answer: Place | None) -> Place | None:
    """The last boundary before the answer at which the token of `position` is still there."""
    if name not in lens.rank:
        return None
    found = np.argwhere(there(lens, name)[..., position])
    held = [(int(i), int(b)) for i, b in found if answer is None or (i, b) < rank_of(answer)]
    return Place(*held[-1], position) if held else None


def muted(strength: Float[ndarray, "loop boundary"], position: int) -> Place | None:
    """The first boundary at and after which the strength at a position stays below `MUTE`."""
    flat = np.nan_to_num(strength, nan=1.0).ravel()
    loud = np.flatnonzero(flat >= MUTE)
    first = int(loud[-1]) + 1 if len(loud) else 0
    if first == len(flat):
        return None
    loop, boundary = divmod(first, strength.shape[1])
    return Place(loop, boundary, position)
