"""Batches: which training questions a step sees.

Enters: a world and a seed. Leaves: for any step its batch, without state: step 700 of a resumed
run sees what step 700 of an uninterrupted one sees. Every stream goes through its questions in
epochs, each in an order of its own.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from latebloom.training.config import TrainConfig
from latebloom.worlds.world import ATOMIC, World


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions, padded on the right to the longest of them (causality hides the padding).

    at: position of the last question token, from which the answer is predicted.
    atomic: which rows are atomic facts.
    """

    tokens: Int[Tensor, "batch pos"]
    at: Int[Tensor, " batch"]
    answers: Int[Tensor, " batch"]
    atomic: Bool[Tensor, " batch"]


class Pool:
    """Training questions of several lengths on a device, padded to the longest."""

    def __init__(self, world: World, splits: tuple[str, ...], device: torch.device) -> None:
        matrices = [world.examples(name) for name in splits]
        n = sum(len(rows) for rows in matrices)
        width = max((rows.shape[1] for rows in matrices), default=2) - 1
        tokens = np.zeros((n, width), np.int32)
        at, answers = np.empty(n, np.int64), np.empty(n, np.int64)
        atomic = np.zeros(n, bool)
        first = 0
        for name, rows in zip(splits, matrices, strict=True):
            here = slice(first, first + len(rows))
            tokens[here, : rows.shape[1] - 1] = rows[:, :-1]
            at[here], answers[here] = rows.shape[1] - 2, rows[:, -1]
            atomic[here] = name in ATOMIC
            first += len(rows)
        self.tokens, self.at, self.answers, self.atomic = (
            torch.from_numpy(array).to(device) for array in (tokens, at, answers, atomic)
        )

    def __len__(self) -> int:
        return len(self.at)


class Batches:
    """The batches of a run.

    With `atomic_frac` two streams are mixed, atomic facts and everything else; without it there
    is one stream, the training set as it lies.

    Raises: ValueError if a stream that the batch needs has no questions.
    """

    def __init__(self, world: World, config: TrainConfig, seed: int, device: torch.device) -> None:
        atomic = tuple(name for name in world.trained if name in ATOMIC)
        inferred = tuple(name for name in world.trained if name not in ATOMIC)
        n_atomic = round(config.atomic_frac * config.batch_size)
        if n_atomic:
            wanted = [(atomic, n_atomic), (inferred, config.batch_size - n_atomic)]
        else:
            wanted = [(atomic + inferred, config.batch_size)]
        self.streams = [
            (pool, count)
            for pool, count in ((Pool(world, splits, device), n) for splits, n in wanted)
            if len(pool)
        ]
        if not self.streams:
            raise ValueError("the world has nothing to train on")
        self.seed = seed
        self.device = device
        self.order = lru_cache(maxsize=2 * len(self.streams))(self._order)

    def _order(self, stream: int, epoch: int) -> Int[np.ndarray, " example"]:
        rng = np.random.default_rng([self.seed, 2, stream, epoch])
        return rng.permutation(len(self.streams[stream][0]))

    def rows(self, stream: int, step: int) -> Int[np.ndarray, " row"]:
        """Which questions of a stream the batch of a step (from 1) takes."""
        pool, count = self.streams[stream]
        place = np.arange((step - 1) * count, step * count)
        epoch, within = np.divmod(place, len(pool))
        rows = np.empty(count, np.int64)
        for e in np.unique(epoch):
            rows[epoch == e] = self.order(stream, int(e))[within[epoch == e]]
        return rows

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 1."""
        parts: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        for stream, (pool, _) in enumerate(self.streams):
            rows = torch.from_numpy(self.rows(stream, step)).to(self.device)
            parts.append((pool.tokens[rows], pool.at[rows], pool.answers[rows], pool.atomic[rows]))
        width = max(tokens.shape[1] for tokens, *_ in parts)
        tokens = torch.cat([torch.nn.functional.pad(t, (0, width - t.shape[1])) for t, *_ in parts])
        at, answers, atomic = (torch.cat(column) for column in list(zip(*parts, strict=True))[1:])
        longest = int(at.max()) + 1 if self.device.type == "cpu" else width
        return Batch(tokens[:, :longest], at, answers, atomic)
