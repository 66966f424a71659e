"""The feed of sentences: which lines of a corpus a training step sees.

Enters: a corpus and a seed. Leaves: for any step its batch, without state, as for questions. Lines
are taken epoch by epoch; the lines of a few steps are dealt out by length, so that a batch, which
is as wide as its longest line, holds little padding. They hold about as many tokens each, not as
many lines: the loss is a mean over the words of a batch, and so words count about alike.
"""

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.model.transformer import Transformer
from latebloom.training.config import SentenceFeedConfig, TrainConfig
from latebloom.training.epochs import Epochs
from latebloom.training.links import link_of
from latebloom.training.objective import NO_WORD, Sentences, sentence_loss
from latebloom.training.shares import lines_for
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import joined
from latebloom.worlds.streams import Draw

POOL = 8
"""Steps whose lines are dealt out together, fewer where they would be more than an epoch. Of a
batch 6 % is padding with it and 28 % without in the question world, 20 % and 77 % in Dyck's."""


class SentenceFeed:
    """The batches of a run on a corpus, and their loss."""

    def __init__(
        self,
        corpus: Corpus,
        feed: SentenceFeedConfig,
        train: TrainConfig,
        seed: int,
        device: torch.device,
    ) -> None:
        self.label_smoothing, self.link = train.label_smoothing, link_of(train)
        lines = joined([corpus.lines(split) for split in corpus.trained])
        self.tokens, self.lengths = lines.tokens, lines.lengths
        self.epochs = Epochs(len(lines), train.batch_size, [seed, Draw.LINES])
        most = POOL if feed.by_length else 1
        self.pool = min(most, max(1, len(lines) // train.batch_size))
        self.key = [seed, Draw.DEALING]
        self.dealt = lru_cache(maxsize=1)(self._dealt)
        self.device = device

    def _dealt(self, pool: int) -> list[Int[ndarray, " _"]]:
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

    def loss(self, model: Transformer, batch: Sentences) -> Float[Tensor, ""]:
        """The mean loss over the words of a batch, in nats."""
        return sentence_loss(model, batch, label_smoothing=self.label_smoothing, link=self.link)

    def part(self, batch: Sentences, number: int, of: int) -> Sentences:
        """The lines that one of several processes works on."""
        return lines_for(batch, number, of)

    def size(self, batch: Sentences) -> int:
        """How many words a batch asks for."""
        return int((batch.targets != NO_WORD).sum())


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
