"""The ways to an answer: over which bridges a model, and the facts, get there.

Enters: a question of two hops or more. Leaves: for any answer its bridges with their shares, and
whether the fact that leads to a bridge, and the one that leads on, was told. The shares come from
the model's own answers to the question less its last relation, and from each bridge on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from latebloom.asking.answer import INFERRED, NEVER
from latebloom.asking.names import score_names
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

    share: of the model's one-hop answers, multiplied along the way, over all bridges; of paths of
    told facts all are alike. before, after: whether the fact that leads to it, and the one that
    leads on, was told.
    """

    name: str
    share: float
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class Ways:
    """The bridges to the answers of one question, by the model's own answers to its parts.

    bridges: token ids. first: how likely each is, from the question less its last relation; second:
    how likely each answer is from each bridge; of a question of one hop all are empty.
    before: whether told facts lead to a bridge. after: to which answers told facts lead from each.
    """

    bridges: Int[ndarray, " bridge"]
    first: Float[ndarray, " bridge"]
    second: Float[ndarray, "bridge name"]
    before: Bool[ndarray, " bridge"]
    after: Bool[ndarray, "bridge name"]

    @classmethod
    def of(
        cls, model: Transformer, world: World, facts: FactSets, names: Int[ndarray, "one name"]
    ) -> "Ways":
        """The ways of a question `subject r_1 ... r_k`."""
        n = world.task.n_competing(model.d_vocab)
        hops = names.shape[1] - 1
        if hops < 2:
            none = np.empty(0, np.int64)
            empty = np.empty((0, n))
            return cls(none, none.astype(float), empty, none.astype(bool), empty.astype(bool))
        reached = follow_sets(names[:, :-1], [facts])[-1].member
        prefix = torch.from_numpy(world.task.lay(names[:, :-1]))
        likely = score_names(model, world.task, prefix)[0].exp().double().numpy()
        # The likeliest bridges, and all that told facts lead to.
        bridges = np.union1d(np.argsort(-likely)[:BRIDGES], reached)
        onward = np.stack((bridges, np.full(len(bridges), names[0, -1])), axis=1)
        asked = torch.from_numpy(world.task.lay(onward))
        second = score_names(model, world.task, asked).exp().double().numpy()
        after = np.zeros(second.shape, bool)
        led = facts.step(AnswerSets.of_one(bridges), onward[:, 1])
        after[led.question, led.member] = True
        return cls(bridges, likely[bridges], second, np.isin(bridges, reached), after)

    def shares(self, answer: int) -> Float[ndarray, " bridge"]:
        """Each bridge's share of the ways to an answer."""
        weights = self.first * self.second[:, answer]
        return weights / max(float(weights.sum()), 1e-300)

    def to(self, answer: int, words: Sequence[str]) -> tuple[Bridge, ...]:
        """The bridges with the largest shares of the ways to an answer."""
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
        """What a guess rests on: whether half of its ways or more lack one fact alone."""
        half_told = self.before | self.after[:, answer] if len(self.bridges) else np.zeros(0, bool)
        return INFERRED if float(self.shares(answer)[half_told].sum()) >= 0.5 else NEVER
