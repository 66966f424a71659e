"""Over which bridges a model, and the facts, get to an answer.

Enters: a question of two hops or more, and the way in which it is asked. Leaves: for any answer its
bridges with their shares, and whether the fact that leads to a bridge, and the one that leads on,
was told. The shares come from what that way says of the question less its last relation, and of
what each bridge leads to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from latebloom.asking.answer import INFERRED, NEVER
from latebloom.asking.way import ChainWay
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import AnswerSets, FactSets, follow_sets
from latebloom.worlds.world import World

BRIDGES = 20
"""Likeliest bridges that are looked at, beside those that told facts lead to."""
SHOWN_BRIDGES = 3
"""Bridges that are named with an answer."""
LEAST_SHARE = 0.05
"""The least share of a bridge that is named."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A name on the way to an answer, and its share of the ways there.

    share: of the weights of all bridges, as the way in which the question is asked weighs them (as
    a rule a product of both hops); of paths of told facts all are alike. before, after: whether the
    fact that leads to it, and the one that leads on, was told.
    """

    name: str
    share: float
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class Bridges:
    """The bridges to the answers of one question.

    bridges: token ids. first: to what degree the question less its last relation reaches each.
    weights: of each bridge for each answer. Of a question of one hop all are empty.
    before: whether told facts lead to a bridge. after: to which answers told facts lead from each.
    """

    bridges: Int[ndarray, " bridge"]
    first: Float[ndarray, " bridge"]
    weights: Float[ndarray, "bridge name"]
    before: Bool[ndarray, " bridge"]
    after: Bool[ndarray, "bridge name"]

    @classmethod
    def of(
        cls,
        model: Transformer,
        world: World,
        facts: FactSets,
        names: Int[ndarray, "one place"],
        way: ChainWay,
    ) -> "Bridges":
        """The bridges of a question `subject r_1 ... r_k` that is asked in some way."""
        task = world.task
        n = task.n_competing(model.d_vocab)
        hops = names.shape[1] - 1
        if hops < 2:
            none = np.empty(0, np.int64)
            empty = np.empty((0, n))
            return cls(none, none.astype(float), empty, none.astype(bool), empty.astype(bool))
        reached = follow_sets(names[:, :-1], [facts])[-1].member
        one_hop = way.one_hop(model, task)
        if hops == 2:
            degrees = one_hop(names[:, :-1])[0].double()
        else:
            prefix = torch.from_numpy(task.lay(names[:, :-1]))
            degrees = way.score(model, task, prefix)[0].double()
        # The likeliest bridges, and all that told facts lead to.
        bridges = np.union1d(np.argsort(-degrees.numpy(), kind="stable")[:BRIDGES], reached)
        onward = np.stack((bridges, np.full(len(bridges), names[0, -1])), axis=1)
        first, second = degrees[torch.from_numpy(bridges)], one_hop(onward).double()
        weights = way.merge.weigh(first[None], second[None])[0].exp().numpy()
        after = np.zeros(second.shape, bool)
        led = facts.step(AnswerSets.of_one(bridges), onward[:, 1])
        after[led.question, led.member] = True
        return cls(bridges, first.exp().numpy(), weights, np.isin(bridges, reached), after)

    def shares(self, answer: int) -> Float[ndarray, " bridge"]:
        """Each bridge's share of the weights to an answer."""
        weights = self.weights[:, answer]
        return weights / max(float(weights.sum()), 1e-300)

    def to(self, answer: int, words: Sequence[str]) -> tuple[Bridge, ...]:
        """The bridges with the largest shares of the weights to an answer."""
        shares = self.shares(answer)
        best = [i for i in np.argsort(-shares)[:SHOWN_BRIDGES] if shares[i] >= LEAST_SHARE]
        return tuple(
            Bridge(
                words[int(self.bridges[i])],
                float(shares[i]),
                bool(self.before[i]),
                bool(self.after[i, answer]),
            )
            for i in best
        )

    def told_to(self, answer: int, words: Sequence[str]) -> tuple[Bridge, ...]:
        """The bridges over which told facts lead to an answer, likeliest first."""
        whole = np.flatnonzero(self.before & self.after[:, answer])
        whole = whole[np.argsort(-self.first[whole], kind="stable")]
        return tuple(Bridge(words[int(self.bridges[i])], 1 / len(whole), True, True) for i in whole)

    def status_of(self, answer: int) -> str:
        """What a guess rests on: whether half of its weight or more lacks one fact alone."""
        half_told = self.before | self.after[:, answer] if len(self.bridges) else np.zeros(0, bool)
        return INFERRED if float(self.shares(answer)[half_told].sum()) >= 0.5 else NEVER
