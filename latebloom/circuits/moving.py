"""One state moved: what a question is answered with, and what every state then says.

Enters: a model, its world, a question in names, a place in its pass, and a `Source` that says what
is put there instead: the state of another question, noise, a mean, or a name's embedding. Leaves: a
`Moved` with the answers before and after, and the logit lens of the changed pass.

`latebloom.circuits.tracing` counts over many questions; this is for one, to look at.

Covers: every shape of model, chains and comparisons, sets (the names compete for one answer).
Does not cover: sentences, several places at once.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from latebloom.asking.answer import Guess, check_top, guess, of_whole_names
from latebloom.circuits.look import Glimpse, glimpses_of
from latebloom.circuits.states import Put, States, at_rest, go_from, run_states
from latebloom.circuits.verdict import Place
from latebloom.errors import LatebloomError
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.world import World

MOST_FOR_A_MEAN = 64
"""Questions that a mean is taken over at most, evenly chosen from all splits."""


@runtime_checkable
class Source(Protocol):
    """What is put in the place of a state."""

    def state(
        self, model: Transformer, world: World, here: States, place: Place
    ) -> Float[Tensor, " d_model"]:
        """The state. here: the pass of the question that is changed; place: the state replaced.

        Raises: LatebloomError if there is no such state.
        """
        ...


@dataclass(frozen=True, slots=True)
class OfQuestion:
    """The state of another question, or of another place of the same.

    place: None: the place that is replaced.
    """

    question: Sequence[str]
    place: Place | None = None

    def state(
        self, model: Transformer, world: World, here: States, place: Place
    ) -> Float[Tensor, " d_model"]:
        """The state at its place."""
        there = states_of(model, world, self.question)
        loop, boundary, position = checked(there, self.place or place)
        return there.stream[loop, boundary, 0, position]


@dataclass(frozen=True, slots=True)
class Noise:
    """Gaussian noise as long as the state that it replaces."""

    seed: int = 0

    def state(
        self, model: Transformer, world: World, here: States, place: Place
    ) -> Float[Tensor, " d_model"]:
        """Noise, the same for a seed."""
        replaced = here.stream[place.loop, place.boundary, 0, place.position]
        drawn = torch.randn(len(replaced), generator=torch.Generator().manual_seed(self.seed))
        noise = drawn.to(replaced)
        return noise * (replaced.norm() / noise.norm())


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the state over questions of the same length, `MOST_FOR_A_MEAN` at most."""

    def state(
        self, model: Transformer, world: World, here: States, place: Place
    ) -> Float[Tensor, " d_model"]:
        """The mean."""
        n = here.n_positions
        splits = [world.examples(split) for split in world.splits]
        alike = [rows[:, :n] for rows in splits if rows.shape[1] == n + 1]
        rows = torch.cat([torch.from_numpy(one.copy()) for one in alike]).long()
        rows = rows[:: -(-len(rows) // MOST_FOR_A_MEAN)]
        passed = run_states(model, rows.to(model.device), n_loops=here.n_loops)
        return passed.stream[place.loop, place.boundary, :, place.position].mean(0)


@dataclass(frozen=True, slots=True)
class Embedding:
    """The embedding of a name, as it stands in the model's table."""

    name: str

    def state(
        self, model: Transformer, world: World, here: States, place: Place
    ) -> Float[Tensor, " d_model"]:
        """The row of the table; UnknownNameError, with the nearest names, if there is none."""
        (token,) = world.vocabulary.encode([self.name])
        return model.embed.weight[token]


@dataclass(frozen=True, slots=True)
class Moved:
    """What comes of one state replaced.

    question: in names. place: counted from 0. before, after: the likeliest answers. states: what
    every state of the changed pass says. same: for each of them, by position, whether it is the
    state of the unchanged pass to the last digit; what cannot depend on the change is.
    """

    question: tuple[str, ...]
    place: Place
    before: tuple[Guess, ...]
    after: tuple[Guess, ...]
    states: tuple[Glimpse, ...]
    same: tuple[tuple[bool, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON; loops count from 1, as in `latebloom lens`."""
        return {
            "question": list(self.question),
            "loop": self.place.loop + 1,
            "layer": self.place.boundary,
            "position": self.place.position,
            "before": [asdict(one) for one in self.before],
            "after": [asdict(one) for one in self.after],
            "states": [
                one.as_dict() | {"same": list(same)}
                for one, same in zip(self.states, self.same, strict=True)
            ],
        }


def move_state(
    model: Transformer,
    world: World,
    question: Sequence[str],
    place: Place,
    source: Source,
    *,
    top: int = 5,
) -> Moved:
    """Puts one question with one of its states replaced.

    place: the state that is replaced, counted from 0. top: answers that are told.
    Raises: UnknownNameError, with the nearest names; LatebloomError if it is no question, or there
    is no such state.
    """
    check_top(top)
    here = states_of(model, world, question)
    checked(here, place)
    with at_rest(model):
        state = source.state(model, world, here, place)
        start = here.start
        there = go_from(model, start, n_loops=here.n_loops, put=Put(*place, state), watched=True)
    same = (here.stream == there.stream).all(-1)[:, :, 0]
    return Moved(
        question=tuple(world.vocabulary.decode(world.read(question))),
        place=place,
        before=answers_of(model, world, here, top),
        after=answers_of(model, world, there, top),
        states=tuple(glimpses_of(model, world.vocabulary, there)),
        same=tuple(tuple(row) for loop in same.tolist() for row in loop),
    )


def states_of(model: Transformer, world: World, question: Sequence[str]) -> States:
    """The pass of a question in names, with the loops that it needs.

    Raises: UnknownNameError, with the nearest names; LatebloomError if it is no question.
    """
    tokens = world.read(question)
    world.task.check(tokens, world.facts, world.vocabulary)
    loops = loops_needed(model.config, len(tokens), world.task.hops(len(tokens)))
    return run_states(model, torch.tensor([tokens], device=model.device), n_loops=loops)


def checked(states: States, place: Place) -> Place:
    """The place, if there is such a state.

    Raises: LatebloomError that says what there is.
    """
    parts = (
        ("loop", place.loop + 1, 1, states.n_loops),
        ("layer", place.boundary, 0, states.n_layers),
        ("position", place.position, 0, states.n_positions - 1),
    )
    for name, value, least, most in parts:
        if not least <= value <= most:
            raise LatebloomError(f"there is no {name} {value}; there are {least} to {most}")
    return place


def answers_of(model: Transformer, world: World, states: States, top: int) -> tuple[Guess, ...]:
    """The likeliest answers at the end of a pass of one question."""
    task = world.task
    with at_rest(model):
        shares = model.logits(states.stream[-1, -1, 0]).float().softmax(-1).cpu()
    found = shares[-1] if task.spelled is None else of_whole_names(shares, task.spelled)
    return guess(found, task.labels(states.n_positions), world.vocabulary, top)[0]
