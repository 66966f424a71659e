"""Batches: which training questions a step sees.

Enters: a world and a seed. Leaves: for any step its batch, without state: step 700 of a resumed
run sees what step 700 of an uninterrupted one sees. Every stream goes through its questions in
epochs, each in an order of its own. Questions of one length stay together, so nothing is padded.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray
from torch import Tensor

from latebloom.training.config import TrainConfig
from latebloom.worlds.world import ATOMIC, World


@dataclass(frozen=True, slots=True)
class Group:
    """The questions of a batch that have one length; the answer follows the last token."""

    tokens: Int[Tensor, "row pos"]
    answers: Int[Tensor, " row"]
    atomic: bool


class Stream:
    """Splits that are drawn from together, `count` questions a step, epoch by epoch."""

    def __init__(
        self,
        world: World,
        splits: tuple[str, ...],
        count: int,
        key: list[int],
        device: torch.device,
    ) -> None:
        """key: what the order of the epochs is seeded with.

        Questions are numbered through all splits, those of one length and kind in a row.
        """
        alike: dict[tuple[int, bool], list[ndarray]] = {}
        for name in splits:
            rows = world.examples(name)
            if len(rows):
                alike.setdefault((rows.shape[1], name in ATOMIC), []).append(rows)
        self.tables = [
            (torch.from_numpy(np.concatenate(parts)).to(device), atomic)
            for (_, atomic), parts in sorted(alike.items())
        ]
        self.ends = np.cumsum([len(table) for table, _ in self.tables])
        self.count = count
        self.key = key
        self.order = lru_cache(maxsize=2)(self._order)

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def _order(self, epoch: int) -> Int[ndarray, " question"]:
        return np.random.default_rng([*self.key, epoch]).permutation(len(self))

    def questions(self, step: int) -> Int[ndarray, " row"]:
        """The numbers of the questions that a step (from 1) takes."""
        place = np.arange((step - 1) * self.count, step * self.count)
        epoch, within = np.divmod(place, len(self))
        numbers = np.empty(self.count, np.int64)
        for e in np.unique(epoch):
            numbers[epoch == e] = self.order(int(e))[within[epoch == e]]
        return numbers

    def groups(self, step: int) -> list[Group]:
        numbers, groups, first = self.questions(step), [], 0
        for (table, atomic), end in zip(self.tables, self.ends.tolist(), strict=True):
            here = numbers[(numbers >= first) & (numbers < end)] - first
            if len(here):
                rows = table[torch.from_numpy(here).to(table.device)]
                groups.append(Group(rows[:, :-1], rows[:, -1].long(), atomic))
            first = end
        return groups


class Batches:
    """The batches of a run.

    With `atomic_frac` two streams are mixed, atomic facts and everything else; without it there
    is one stream, the training set as it lies.
    """

    def __init__(self, world: World, config: TrainConfig, seed: int, device: torch.device) -> None:
        n_atomic = round(config.atomic_frac * config.batch_size)
        if n_atomic:
            atomic = tuple(name for name in world.trained if name in ATOMIC)
            other = tuple(name for name in world.trained if name not in ATOMIC)
            shares = [(atomic, n_atomic), (other, config.batch_size - n_atomic)]
        else:
            shares = [(world.trained, config.batch_size)]
        streams = [
            Stream(world, splits, count, [seed, 2, i], device)
            for i, (splits, count) in enumerate(shares)
        ]
        self.streams = [stream for stream in streams if len(stream)]

    def batch(self, step: int) -> list[Group]:
        """The batch of a step, counted from 1."""
        return [group for stream in self.streams for group in stream.groups(step)]
