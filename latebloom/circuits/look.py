"""One look at one question: what every state of a pass would answer if the model ended there.

Enters: a model, its world and a question in names. Leaves: a `Glimpse` for each loop and layer
boundary, in order; layer 0 is what enters the loop. The lens is `latebloom.circuits.lens`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from latebloom.asking.answer import Guess
from latebloom.circuits.lens import logit_lens
from latebloom.circuits.states import States, run_states
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

MOST_MEMBERS = 8
"""Names of a superposition that are told at most."""
BESIDE = 0.4
"""The share of the likeliest name's probability from which on a name is a member beside it."""
LEAST = 0.02
"""The least probability of a member."""
BEST = 5
"""Names that are told of every state at most, whether it holds them or not."""
MOST_LOOKS, LEAST_LOOK = 8, 0.005
"""Tokens that a state looked at: so many are told at most, each with this share at least."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a name stands at one state: its rank among all names, from 0, and its probability."""

    rank: int
    probability: float

    def as_dict(self) -> dict[str, Any]:
        """The standing for JSON."""
        reciprocal = 1 / (1 + self.rank)
        return {"rank": self.rank, "reciprocal_rank": reciprocal, "probability": self.probability}


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the states of one boundary say.

    loop: from 1. layer: the boundary, 0 before the first layer of the loop.
    guesses: the likeliest name at each position of the question.
    members: at each position the names that the state holds together, likeliest first, each with
        its share; one alone unless the state is a superposition, as a bridge of several names is.
    names: the standing of each name that was asked about, at each position.
    best: at each position the likeliest names, `BEST` at most.
    looks: at each position what the layer before this boundary looked at there: positions with
        their shares of the attention, the mean over heads, largest first; none at boundary 0.
    """

    loop: int
    layer: int
    guesses: tuple[Guess, ...]
    members: tuple[tuple[Guess, ...], ...]
    names: dict[str, tuple[Standing, ...]]
    best: tuple[tuple[Guess, ...], ...]
    looks: tuple[tuple[tuple[int, float], ...], ...]

    def as_dict(self) -> dict[str, Any]:
        """The glimpse for JSON."""
        return {
            "loop": self.loop,
            "layer": self.layer,
            "guesses": [asdict(guess) for guess in self.guesses],
            "members": [[asdict(one) for one in some] for some in self.members],
            "tokens": {
                name: [standing.as_dict() for standing in standings]
                for name, standings in self.names.items()
            },
            "best": [[asdict(one) for one in some] for some in self.best],
            "looks": [[list(one) for one in some] for some in self.looks],
        }


def look_at(
    model: Transformer,
    world: World,
    question: Sequence[str],
    names: Sequence[str] = (),
) -> list[Glimpse]:
    """What every state says on the way to the answer.

    question: fillers may be left out.
    names: names whose rank and probability are wanted at every state.
    Raises: UnknownNameError, with the nearest known names; LatebloomError if they are no question.
    """
    tokens = world.read(question)
    world.task.check(tokens, world.facts, world.vocabulary)
    questions = torch.tensor([tokens], device=model.device)
    loops = loops_needed(model.config, len(tokens), world.task.hops(len(tokens)))
    states = run_states(model, questions, n_loops=loops, watched=True)
    return glimpses_of(model, world.vocabulary, states, names)


def glimpses_of(
    model: Transformer, vocabulary: Vocabulary, states: States, names: Sequence[str] = ()
) -> list[Glimpse]:
    """What every state of a pass of one question, or of one sentence, says.

    states: watched ones tell what each looked at. names: whose rank and probability are wanted at
    every state.
    Raises: UnknownNameError, with the nearest known names.
    """
    named = {name: torch.tensor(vocabulary.encode([name]), device=model.device) for name in names}
    lens = logit_lens(model, states, named)
    with torch.no_grad():
        likely = model.logits(states.stream[:, :, 0]).softmax(-1)
        best = likely.topk(min(MOST_MEMBERS, likely.shape[-1]))

    def glimpse(loop: int, layer: int) -> Glimpse:
        indices, values = best.indices[loop, layer].tolist(), best.values[loop, layer].tolist()
        members = tuple(
            members_of(some, shares, vocabulary)
            for some, shares in zip(indices, values, strict=True)
        )
        return Glimpse(
            loop=loop + 1,
            layer=layer,
            guesses=tuple(some[0] for some in members),
            members=members,
            names={
                name: tuple(
                    Standing(rank, share)
                    for rank, share in zip(
                        lens.rank[name][loop, layer, :, 0].tolist(),
                        lens.probability[name][loop, layer, :, 0].tolist(),
                        strict=True,
                    )
                )
                for name in names
            },
            best=tuple(
                tuple(Guess(vocabulary.words[token], share) for token, share in told[:BEST])
                for told in (
                    list(zip(*one, strict=True)) for one in zip(indices, values, strict=True)
                )
            ),
            looks=looks_of(states, loop, layer),
        )

    return [
        glimpse(loop, layer)
        for loop in range(states.n_loops)
        for layer in range(states.n_layers + 1)
    ]


def looks_of(states: States, loop: int, layer: int) -> tuple[tuple[tuple[int, float], ...], ...]:
    """What each state of a boundary looked at, in a pass of one question; the loop from 0."""
    if not layer or not states.patterns:
        return ((),) * states.n_positions
    shares = states.patterns[loop][layer - 1][0].mean(0)
    largest = shares.topk(min(MOST_LOOKS, shares.shape[-1]))
    return tuple(
        tuple((key, share) for key, share in zip(*one, strict=True) if share >= LEAST_LOOK)
        for one in zip(largest.indices.tolist(), largest.values.tolist(), strict=True)
    )


def members_of(
    tokens: Sequence[int], shares: Sequence[float], vocabulary: Vocabulary
) -> tuple[Guess, ...]:
    """The names that one state holds together, from its likeliest ones in order; one at least."""
    least = max(BESIDE * shares[0], LEAST)
    n = max(1, sum(share >= least for share in shares))
    return tuple(
        Guess(vocabulary.words[token], share)
        for token, share in zip(tokens[:n], shares[:n], strict=True)
    )
