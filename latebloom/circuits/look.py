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
from latebloom.circuits.states import run_states
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.world import World


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
    names: the standing of each name that was asked about, at each position.
    """

    loop: int
    layer: int
    guesses: tuple[Guess, ...]
    names: dict[str, tuple[Standing, ...]]

    def as_dict(self) -> dict[str, Any]:
        """The glimpse for JSON."""
        return {
            "loop": self.loop,
            "layer": self.layer,
            "guesses": [asdict(guess) for guess in self.guesses],
            "tokens": {
                name: [standing.as_dict() for standing in standings]
                for name, standings in self.names.items()
            },
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
    vocabulary, tokens = world.vocabulary, world.read(question)
    world.task.check(tokens, world.facts, vocabulary)
    questions = torch.tensor([tokens], device=model.device)
    loops = loops_needed(model.config, len(tokens), world.task.hops(len(tokens)))
    states = run_states(model, questions, n_loops=loops)
    named = {name: torch.tensor(vocabulary.encode([name]), device=model.device) for name in names}
    lens = logit_lens(model, states, named)
    with torch.no_grad():
        best = model.logits(states.stream[:, :, 0]).softmax(-1).max(-1)

    def glimpse(loop: int, layer: int) -> Glimpse:
        pairs = zip(
            best.indices[loop, layer].tolist(), best.values[loop, layer].tolist(), strict=True
        )
        return Glimpse(
            loop=loop + 1,
            layer=layer,
            guesses=tuple(Guess(vocabulary.words[token], share) for token, share in pairs),
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
        )

    return [
        glimpse(loop, layer)
        for loop in range(states.n_loops)
        for layer in range(states.n_layers + 1)
    ]
