"""The members of a superposition: which names stand at a bridge's place, and what one of them does.

Enters: a model whose loops hand on what they predict (a looped one), its world, a question with
several answers. Leaves: for each bridge its members with their shares; and, with one of them taken
out, what becomes of every answer.

Where a question has several bridges, a looped model feeds a *mixture* on: the embeddings of all
names, weighed by their probability. To take a member v out of the mixture e with share p(v) is to
feed (e - p(v) W[v]) / (1 - p(v)): the others keep their shares among each other. If the model
follows each member by itself, the answers that told facts reach through v alone should go, and
those that are reached through another should stay.

Control: the same share of a name that is no bridge is taken out in the same manner. If that moved
the answers as much, the first would say nothing about members.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.errors import LatebloomError
from latebloom.model.feedback import loops_needed
from latebloom.model.taps import Site, Taps
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.world import World

LEAST_SHARE = 0.02
"""The least share of a member that is shown."""
MOST_SHOWN = 10
"""Members of a bridge that are shown, at most."""


@dataclass(frozen=True, slots=True)
class Share:
    """A name in a mixture, its share, and whether told facts lead to it."""

    name: str
    share: float
    told: bool


@dataclass(frozen=True, slots=True)
class Mixture:
    """What stands at a bridge's place.

    place: the name at that position of the question. loop: from 1, after which it is read. members:
    the largest shares first. told: how many names told facts lead to, of `covered` all their shares
    together.
    """

    bridge: str
    place: str
    loop: int
    members: tuple[Share, ...]
    told: int
    covered: float

    def as_dict(self) -> dict[str, Any]:
        """The mixture for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Moved:
    """An answer before and after a member was taken out.

    through: `the member` alone, `others` alone, `both`; or `no told fact`. control: after the same
    share of a name that is no bridge was taken out.
    """

    name: str
    through: str
    before: float
    after: float
    control: float


@dataclass(frozen=True, slots=True)
class Without:
    """What one member of a bridge does.

    share: of it in the mixture. other: the name that was taken out as a control. answers: those of
    the told facts, and the likeliest, likeliest first.
    """

    bridge: str
    name: str
    share: float
    other: str
    answers: tuple[Moved, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        return asdict(self)

    def kept(self, through: str) -> tuple[float, float] | None:
        """Which share of their probability the answers reached so keep, and in the control; None
        where there are none."""
        chosen = [one for one in self.answers if one.through == through]
        before = sum(one.before for one in chosen)
        if before <= 0:
            return None
        after, control = (
            sum(getattr(one, name) for one in chosen) / before for name in ("after", "control")
        )
        return after, control


class Mixtures:
    """The mixtures of one question.

    Raises: LatebloomError where a question has no bridge, or the model feeds none on.
    """

    def __init__(self, model: Transformer, world: World, question: Sequence[str]) -> None:
        self.model, self.world = model, world
        self.tokens = world.read(question)
        world.task.check(self.tokens, world.facts, world.vocabulary)
        self.steps = world.task.steps(len(self.tokens))
        if not self.steps:
            raise LatebloomError("a question of one hop has no bridge; ask two hops or more")
        if not model.feedback.looped:
            raise LatebloomError(
                "this model hands no prediction from loop to loop, so no mixture stands at a"
                " bridge; a looped one does: model.feedback ahead"
            )
        hops = world.task.hops(len(self.tokens))
        self.loops = loops_needed(model.config, len(self.tokens), hops)
        self.names = world.task.names(np.array([self.tokens]))
        self.graph = FactSets(world.facts)
        self.reached = follow_sets(self.names, [self.graph])
        self.fed = self.predicted()

    @torch.no_grad()
    def predicted(self) -> Float[Tensor, "loop pos d_vocab"]:
        """What every loop predicts at every position, as shares."""
        self.model.eval()
        question = torch.tensor([self.tokens], device=self.model.device)
        found = self.model(question, n_loops=self.loops).logits[:, 0].float()
        return (found / self.model.config.temperature).softmax(-1).cpu()

    def mixture(self, bridge: int) -> Mixture:
        """The members at a bridge, counted from 0."""
        step, words = self.steps[bridge], self.world.vocabulary.words
        shares = self.fed[bridge, step.position].double().numpy()
        told = self.reached[bridge].member
        best = np.argsort(-shares)[:MOST_SHOWN]
        members = tuple(
            Share(words[i], float(shares[i]), bool(i in told))
            for i in best.tolist()
            if shares[i] >= LEAST_SHARE
        )
        return Mixture(
            bridge=step.name,
            place=words[self.tokens[step.position]],
            loop=bridge + 1,
            members=members,
            told=len(told),
            covered=float(shares[told].sum()),
        )

    def all(self) -> tuple[Mixture, ...]:
        """The mixtures of all bridges."""
        return tuple(self.mixture(i) for i in range(len(self.steps)))

    def without(self, name: str) -> Without:
        """What becomes of the answers if one member is taken out of the bridge where its share is
        largest.

        Raises: UnknownNameError for no name; LatebloomError if it stands at no bridge.
        """
        (token,) = self.world.vocabulary.encode([name])
        at = [float(self.fed[i, step.position, token]) for i, step in enumerate(self.steps)]
        bridge = int(np.argmax(at))
        if at[bridge] < LEAST_SHARE:
            held = "; ".join(
                f"{one.bridge}: {', '.join(m.name for m in one.members)}" for one in self.all()
            )
            raise LatebloomError(
                f"{name!r} has a share of {at[bridge]:.1%} at most, which is no member; there are"
                f" {held}"
            )
        other = self.no_member(bridge)
        before, after = self.answers(bridge, None), self.answers(bridge, token)
        control = self.answers(bridge, other, at[bridge])
        through = self.ways_through(bridge, token)
        told = set(self.reached[-1].member.tolist())
        top = set(np.argsort(-before)[:MOST_SHOWN].tolist())
        words = self.world.vocabulary.words
        moved = tuple(
            Moved(words[i], through.get(i, "no told fact"), *map(float, (a, b, c)))
            for i in sorted(told | top, key=lambda i: -before[i])
            for a, b, c in [(before[i], after[i], control[i])]
            if i in told or a >= LEAST_SHARE
        )
        return Without(self.steps[bridge].name, name, at[bridge], words[other], moved)

    def no_member(self, bridge: int) -> int:
        """The name with the least share here, of those that are no bridge by told facts."""
        n = self.world.task.n_competing(self.model.d_vocab)
        shares = self.fed[bridge, self.steps[bridge].position, :n].double().numpy().copy()
        shares[self.reached[bridge].member] = np.inf
        return int(shares.argmin())

    @torch.no_grad()
    def answers(
        self, bridge: int, gone: int | None, share: float | None = None
    ) -> Float[ndarray, " name"]:
        """The probabilities of the answers with one name taken out of a bridge's mixture.

        share: how much of it; None: its own share.
        """
        position, n = self.steps[bridge].position, self.world.task.n_competing(self.model.d_vocab)
        taps = Taps()
        if gone is not None:
            embedding = self.model.embed.weight[gone]

            def write(loop: int, state: Tensor) -> Tensor:
                part = float(self.fed[loop, position, gone]) if share is None else share
                state = state.clone()
                state[:, position] = (state[:, position] - part * embedding) / max(1 - part, 1e-3)
                return state

            # A bridge is settled after its loop, and the later loops predict it again.
            taps = Taps(
                writes={
                    Site(loop, 0, "feedback"): lambda state, loop=loop: write(loop, state)
                    for loop in range(bridge, self.loops - 1)
                }
            )
        question = torch.tensor([self.tokens], device=self.model.device)
        logits = self.model(question, n_loops=self.loops, taps=taps).logits[-1, 0, -1, :n]
        return logits.float().softmax(-1).cpu().double().numpy()

    def ways_through(self, bridge: int, member: int) -> Mapping[int, str]:
        """By answer of the told facts: whether it is reached through a member, others, or both."""
        rest = self.names[:, bridge + 2 :]
        told = self.reached[bridge].member

        def led(names: Int[ndarray, " name"]) -> set[int]:
            if not len(names):
                return set()
            asked = np.concatenate((names[:, None], np.repeat(rest, len(names), 0)), axis=1)
            return set(follow_sets(asked, [self.graph])[-1].member.tolist())

        own, others = led(np.array([member])), led(told[told != member])
        own = own if member in told else set()
        return {
            i: "both" if i in own and i in others else "the member" if i in own else "others"
            for i in own | others
        }
