"""The verdict: what a model does with the questions that were traced, judged from lens and trace.

Enters: a `Probe`, the `Lens` and the `Effect`s of one model, and its accuracy on the traced and on
held-out questions. Leaves: a `Verdict` in words and numbers: where each step (bridge, operand)
appears and whether it is used, serial or parallel; and, without a circuit, whether the model knows
its questions by heart, or answers new ones in a way that is not found.

Definitions. A token is *there* at a state where its mean reciprocal rank is at least `THERE`. A
bridge is *used* where it is there and that very state, moved from another question with the same
bridge, brings at least `USED` of the right answers back to corrupted runs (`Found.moved`). Causal
strength cannot decide this: a model that knows its questions by heart also changes its answer when
that state changes. Where no question has such a donor (operands, worlds of few facts) strength is
the only witness, and `Found.witness` says so. A state *no longer matters* where its strength stays
below `MUTE`.
"""

import math
from collections.abc import Mapping, Sequence
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
"""Share of the answers that go through a state: restored by it or, where there is no donor, changed
with it."""
MUTE = 0.1
"""Causal strength that counts as none."""
RIGHT = 0.9
"""Accuracy of a model that has learned the task."""


class Place(NamedTuple):
    """A state: loop, boundary (0: before the first layer) and position, all from 0."""

    loop: int
    boundary: int
    position: int


Kind = Literal[
    "serial",
    "parallel",
    "memorised",
    "no circuit found",
    "nothing held out",
    "not learned",
    "no known step",
]
"""What a model may do with its questions; `latebloom.reports.traced.KINDS` explains each."""


@dataclass(frozen=True, slots=True)
class Found:
    """A step inside the model.

    place: the earliest state where it is there. used_at: of the states where it is there the one
    with the largest `moved`, or the largest `strength` where that is the witness; both None where
    it is nowhere. With donors, no state at the last position counts from which the answer is read,
    and in a causal model none there at all.
    reciprocal_rank: the mean at `used_at`, or the largest anywhere.
    strength: share of the answers that change with that state; 0 where it is nowhere.
    moved: share of the answers that this state of another question with the same bridge restores,
    or the largest at any state; other_moved: the same with another bridge, the control. Both are
    nan where no question has a donor.
    """

    name: str
    place: Place | None
    used_at: Place | None
    reciprocal_rank: float
    strength: float
    moved: float
    other_moved: float = math.nan

    @property
    def witness(self) -> Literal["cross-query", "strength"]:
        """What decides whether it is used."""
        return "strength" if math.isnan(self.moved) else "cross-query"

    @property
    def used(self) -> bool:
        told = self.strength if math.isnan(self.moved) else self.moved
        return self.place is not None and told >= USED

    def as_dict(self) -> dict[str, Any]:
        return fields_to_json(self) | {"witness": self.witness, "used": self.used}

    def in_words(self) -> str:
        """Where it is used, and by how much."""
        if self.used_at is None:
            return f"{self.name} nowhere"
        return f"{self.name} at {in_words(self.used_at)} ({self.measured})"

    @property
    def measured(self) -> str:
        """What was measured of it, the witness first."""
        strength = f"strength {self.strength:.2f}"
        return strength if math.isnan(self.moved) else f"restores {self.moved:.2f}, {strength}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one model does on one split.

    form: the circuit: `serial` (each step needs the one before), `parallel` (operands side by
    side), or `none` (a step is missing or unused, comes after the answer, or the task names none).
    accuracy: on the traced questions. held_out: on like ones that were not trained on; nan where
    the world holds none out.
    answer: the earliest state at the last position that gives the answer.
    waits_until: the last state, before the answer, where the last token of the question is there.
    subject_free: the earliest boundary from which the subject's state no longer matters; where
    operands stand side by side, the first token's.
    """

    form: Literal["serial", "parallel", "none"]
    accuracy: float
    held_out: float
    steps: tuple[Found, ...]
    answer: Place | None
    waits_until: Place | None
    subject_free: Place | None

    @property
    def kind(self) -> Kind:
        """The circuit, or what there is without one."""
        if not self.steps:
            return "no known step"
        if self.form != "none":
            return self.form
        if self.held_out >= RIGHT:
            return "no circuit found"
        if self.accuracy < RIGHT:
            return "not learned"
        return "nothing held out" if math.isnan(self.held_out) else "memorised"

    @property
    def fake_grok(self) -> bool:
        """Right on held-out questions, yet no circuit is found."""
        return self.kind == "no circuit found"

    @property
    def restored(self) -> float:
        """The least of the shares that moving a step's state restores; nan without donors."""
        return min((s.moved for s in self.steps if not math.isnan(s.moved)), default=math.nan)

    @property
    def why_none(self) -> str:
        """What a circuit lacks."""
        unused = [step for step in self.steps if not step.used]
        if not unused:
            return "the steps come too late"
        told = " and ".join(f"{step.name} ({step.measured})" for step in unused)
        return f"{told} {'is' if len(unused) == 1 else 'are'} not used"

    def as_dict(self) -> dict[str, Any]:
        derived = {"kind": self.kind, "fake_grok": self.fake_grok, "words": self.words()}
        return fields_to_json(self) | derived

    def words(self) -> str:
        """The verdict in one sentence."""
        right, new = f"{self.accuracy:.0%}", f"{self.held_out:.0%}"
        match self.kind:
            case "no known step":
                return f"no step on the way is known for such questions: {right} right"
            case "memorised":
                return (
                    f"knows its training questions by heart: {right} of them, {new} of held-out"
                    f" ones; {self.why_none}"
                )
            case "no circuit found":
                return f"right on held-out questions, {new} of them, but {self.why_none}"
            case "nothing held out":
                return (
                    f"{right} right, but {self.why_none}; nothing is held out that would tell"
                    " whether they are known by heart"
                )
            case "not learned":
                held_out = "" if math.isnan(self.held_out) else f", {new} of held-out ones"
                return f"not learned: {right} right{held_out}"
            case "serial" | "parallel":
                parts = [one.in_words() for one in self.steps]
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
    control: Mapping[str, Effect],
    accuracy: float,
    held_out: float,
    *,
    causal: bool = True,
) -> Verdict:
    """The verdict from the measurements.

    effects: by the name of the corruption. moved, control: cross-query effects, with the same and
    with another bridge, by the name of the step. accuracy, held_out: as `Verdict` has them.
    causal: whether a token sees only those before it.
    """
    steps = tuple(
        find_step(
            step,
            lens,
            effects[step.corruption],
            moved.get(step.name),
            control.get(step.name),
            since=places_of(step, len(probe.places), causal=causal).start,
        )
        for step in probe.steps
    )
    last = len(probe.places) - 1
    answer = earliest(there(lens, "answer"), only=last)
    subject = probe.places.index(probe.steps[0].corruption) if probe.chained else 0
    first = effects.get(probe.places[subject])
    return Verdict(
        form=form_of(steps, answer, chained=probe.chained),
        accuracy=accuracy,
        held_out=held_out,
        steps=steps,
        answer=answer,
        waits_until=waiting(lens, probe.places[last], last, answer),
        subject_free=None if first is None else muted(first.strength[..., subject], subject),
    )


def form_of(
    steps: Sequence[Found], answer: Place | None, *, chained: bool
) -> Literal["serial", "parallel", "none"]:
    """Which circuit the steps make, if all are used.

    Those of a chain come in order, two at one depth allowed, and before the answer; operands come
    in any order, and one may come at the depth of the answer.
    """
    depths = [rank_of(step.place) for step in steps if step.used and step.place is not None]
    if answer is None or not depths or len(depths) < len(steps):
        return "none"
    end = rank_of(answer)
    if chained:
        return "serial" if depths == sorted(depths) and depths[-1] < end else "none"
    return "parallel" if max(depths) <= end else "none"


def rank_of(place: Place) -> tuple[int, int]:
    return place.loop, place.boundary


def there(lens: Lens, name: str) -> Bool[ndarray, "loop boundary pos"]:
    return lens.reciprocal_rank(name).numpy() >= THERE


def holding(lens: Lens, step: str) -> Bool[ndarray, "loop boundary pos"]:
    """Where a step is there; at the last position only as long as the answer is not."""
    where = there(lens, step)
    where[..., -1] &= ~there(lens, "answer")[..., -1]
    where[-1, -1, :-1] = False  # after the last layer nothing else is read
    return where


def earliest(where: Bool[ndarray, "loop boundary pos"], *, only: int | None = None) -> Place | None:
    """The first marked state by loop and boundary, at one position or at any."""
    kept = where.copy()
    if only is not None:
        kept[..., :only] = kept[..., only + 1 :] = False
    found = np.argwhere(kept)
    return Place(*(int(i) for i in found[0])) if len(found) else None


def places_of(step: Step, n_positions: int, *, causal: bool) -> range:
    """The positions at which a step is looked for.

    In a causal model all that leads to it stands before, and the last position, where the answer
    is made, is left out. Where tokens see both ways it can be anywhere, the last included: such a
    model may hold nothing but a bridge there until its last loop.
    """
    return range(max(step.led_by), n_positions - 1) if causal else range(n_positions)


def find_step(
    step: Step,
    lens: Lens,
    effect: Effect,
    moved: Effect | None,
    control: Effect | None,
    *,
    since: int,
) -> Found:
    """Where a step is, and where its state matters most.

    since: the first position at which it can be, where the effects begin. moved, control: of this
    step; None, or of no question, where there are no donors.
    """
    mean = lens.reciprocal_rank(step.name).numpy()
    restored, by_chance = (
        None if one is None or not one.n else beside(one, since, mean.shape)
        for one in (moved, control)
    )
    looked_at = np.zeros(mean.shape, dtype=bool)
    looked_at[..., since:] = True
    if restored is not None:
        looked_at &= np.isfinite(restored)
    where = looked_at & there(lens, step.name)
    if restored is not None:  # a state that says the answer restores it, however it was found
        where[..., -1] &= ~there(lens, "answer")[..., -1]
    place = earliest(where)
    told = np.nan_to_num(effect.strength if restored is None else restored)
    among = where if place else looked_at
    best = strongest(told, among)
    # Of states that were moved together it is the one that matters most by itself.
    alike = np.zeros_like(among)
    beside_it = best.loop, best.boundary
    alike[beside_it] = among[beside_it] & (told[beside_it] == told[best])
    best = strongest(np.nan_to_num(effect.strength), alike)
    return Found(
        name=step.name,
        place=place,
        used_at=best if place else None,
        reciprocal_rank=float(mean[best] if place else mean[looked_at].max()),
        strength=float(np.nan_to_num(effect.strength)[best]) if place else 0.0,
        moved=math.nan if restored is None else float(restored[best]),
        other_moved=math.nan if by_chance is None else float(by_chance[best]),
    )


def strongest(
    values: Float[ndarray, "loop boundary pos"], among: Bool[ndarray, "loop boundary pos"]
) -> Place:
    """The marked state with the largest value; of equal ones the earliest."""
    best = np.unravel_index(np.where(among, values, -1.0).argmax(), values.shape)
    return Place(*(int(i) for i in best))


def beside(
    effect: Effect, first: int, shape: tuple[int, ...]
) -> Float[ndarray, "loop boundary pos"]:
    """An effect of some positions, from `first` on, among all of them; nan at the others."""
    whole = np.full(shape, np.nan)
    whole[..., first : first + effect.strength.shape[-1]] = effect.strength
    return whole


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
