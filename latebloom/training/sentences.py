"""Batches of sentences: which lines of a corpus a training step sees.

Enters: a corpus and a seed. Leaves: for any step its batch, without state, as for questions. Lines
are taken epoch by epoch; the lines of a few steps are dealt out by length, so that a batch, which
is as wide as its longest line, holds little padding. They hold about as many tokens each, not as
many lines: the loss is a mean over the words of a batch, and so words count about alike.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray
from torch import Tensor

from latebloom.training.config import TrainConfig
from latebloom.training.epochs import Epochs
from latebloom.worlds.sentences.corpus import Corpus, joined
from latebloom.worlds.streams import Draw

POOL = 8
"""Steps whose lines are dealt out together, fewer where they would be more than an epoch. Of a
batch 6 % is padding with it and 28 % without in the question world, 20 % and 77 % in Dyck's."""
NO_WORD = -100
"""The target where a line has ended; torch's cross-entropy leaves it out."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """Lines that are read together: at every position the next word is to be told.

    tokens: the lines without their last word, padded. targets: the next words, `NO_WORD` where
    there is none.
    """

    tokens: Int[Tensor, "line pos"]
    targets: Int[Tensor, "line pos"]


class SentenceBatches:
    """The batches of a run on a corpus."""

    def __init__(
        self, corpus: Corpus, config: TrainConfig, seed: int, device: torch.device
    ) -> None:
        lines = joined([corpus.lines(split) for split in corpus.trained])
        self.tokens, self.lengths = lines.tokens, lines.lengths
        self.epochs = Epochs(len(lines), config.batch_size, [seed, Draw.LINES])
        most = POOL if config.by_length else 1
        self.pool = min(most, max(1, len(lines) // config.batch_size))
        self.key = [seed, Draw.DEALING]
        self.dealt = lru_cache(maxsize=1)(self._dealt)
        self.device = device

    def _dealt(self, pool: int) -> list[Int[ndarray, " row"]]:
        """The lines of each of a pool's steps: of like length, with a like number of tokens."""
        steps = range(1 + pool * self.pool, 1 + (pool + 1) * self.pool)
        rows = np.concatenate([self.epochs.taken(step) for step in steps])
        rows = rows[np.argsort(self.lengths[rows], kind="stable")]
        parts = np.split(rows, even_cuts(self.lengths[rows], self.pool))
        order = np.random.default_rng([*self.key, pool]).permutation(self.pool)
        return [parts[place] for place in order]

    def batch(self, step: int) -> Sentences:
        """The batch of a step, counted from 1."""
        rows = self.dealt((step - 1) // self.pool)[(step - 1) % self.pool]
        return to_read(self.tokens[rows], self.lengths[rows], self.device)


def to_read(
    tokens: Int[ndarray, "line pos"], lengths: Int[ndarray, " line"], device: torch.device
) -> Sentences:
    """Padded lines with the next word at every position, no wider than they need."""
    lines = tokens[:, : int(lengths.max())].astype(np.int64)
    ended = np.arange(1, lines.shape[1]) >= lengths[:, None]
    targets = np.where(ended, NO_WORD, lines[:, 1:])
    return Sentences(
        torch.from_numpy(lines[:, :-1].copy()).to(device), torch.from_numpy(targets).to(device)
    )


def even_cuts(lengths: Int[ndarray, " line"], n: int) -> Int[ndarray, " cut"]:
    """Where to cut a row of lines into `n` parts of about equal length, none of them empty.

    There are `n` lines or more.
    """
    ends = np.cumsum(lengths)
    part = np.arange(1, n)
    cuts = np.searchsorted(ends, ends[-1] * part / n, side="right")
    # Each part takes a line at least: every cut lies beyond the last, and leaves enough behind it.
    cuts = np.maximum.accumulate(np.maximum(cuts, 1) - part) + part
    return np.minimum(cuts, len(lengths) - n + part)
