"""A training step on sentences at the published size, beside torch's own encoder set up alike.

Both: 6 layers, width 512, 4 heads, post-norm, ReLU, sinusoidal positions, untied, dropout .1, batch
8, AdamW, the question world, one thread, one process, taking turns. The peer is
`nn.TransformerEncoder` on batches as they are drawn, each padded to its longest line; ours are
dealt out by length. Prints CPU seconds a step (median) and the ratio.

Usage: `OMP_NUM_THREADS=1 python benchmarks/sentence_step.py [STEPS]`
"""

import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from latebloom.model.positions import sinusoids
from latebloom.model.transformer import Transformer
from latebloom.recipes.catalogue import make_recipe
from latebloom.training.epochs import Epochs
from latebloom.training.feed import make_feed
from latebloom.training.loop import train_step
from latebloom.training.optimizers import make_optimizers
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.question import QuestionConfig, make_question

CPU = torch.device("cpu")


class Peer(nn.Module):
    """The published decoder as torch's parts make it."""

    def __init__(self, words: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.unembed = nn.Linear(width, words, bias=False)
        self.width = width

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        n = tokens.shape[1]
        x = self.embed(tokens) * math.sqrt(self.width) + sinusoids(torch.arange(n), self.width)
        mask = nn.Transformer.generate_square_subsequent_mask(n)
        return self.unembed(self.encoder(F.dropout(x, 0.1), mask=mask, is_causal=True))


def peer_step(corpus: Corpus, peer: Peer, batch_size: int) -> Callable[[int], None]:
    """A step of the peer."""
    optimizer = torch.optim.AdamW(peer.parameters(), lr=1e-4, weight_decay=0.0)
    lines = corpus.lines("train")
    epochs = Epochs(len(lines), batch_size, [0, 2])

    def step(number: int) -> None:
        rows = epochs.taken(number)
        lengths = lines.lengths[rows]
        tokens = lines.tokens[rows, : int(lengths.max())].astype(np.int64)
        ended = np.arange(1, tokens.shape[1]) >= lengths[:, None]
        targets = torch.from_numpy(np.where(ended, -100, tokens[:, 1:]))
        logits = peer(torch.from_numpy(tokens[:, :-1].copy()))
        optimizer.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
        nn.utils.clip_grad_norm_(peer.parameters(), 1.0)
        optimizer.step()

    return step


def measure(n_steps: int) -> dict[str, float]:
    """Median CPU seconds of a step of both, taking turns."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    corpus = make_question(QuestionConfig(train=20_000, test_ood=100), 0)
    config = make_recipe("question-published")
    told = config.train
    model = Transformer(config.model, len(corpus.vocabulary))
    optimizers = make_optimizers(model, told)
    feed = make_feed(config, corpus, CPU)
    shape = config.model
    peer = Peer(len(corpus.vocabulary), shape.d_model, shape.n_heads, shape.n_layers)
    steps: dict[str, Callable[[int], object]] = {
        "ours": lambda i: train_step(
            model, optimizers, feed.batch(i), feed.loss, told.grad_clip, None
        ),
        "peer": peer_step(corpus, peer, told.batch_size),
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for i in range(1, n_steps + 2):
        for name, step in steps.items():
            began = time.process_time()
            step(i)
            seconds[name].append(time.process_time() - began)
    medians = {name: statistics.median(taken[1:]) for name, taken in seconds.items()}
    return medians | {"ratio": medians["peer"] / medians["ours"], "load": os.getloadavg()[0]}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20), indent=1))
