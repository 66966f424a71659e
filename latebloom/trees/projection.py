"""Tree projections: how tree-like a causal language model reads a sentence.

Enters: a model and sentences, words 1..n after a start token. Leaves: for every span (i, j) the
score s(i, j) = cos(c(i, j), sum_{t=i..j} h_t), in [-1, 1]. Here h_t is the last layer's state with
full context, and c(i, j) the sum over t in i..j of that state when every layer may attend only to
the start token and to words i..t. A model that reads (i, j) as a phrase does not care what stands
before it, and scores high.

The state at t does not depend on j, so each state under a window start is needed once, and c is
a running sum. Sentences that share words i..t at the same places share those states too: the
windows of many sentences form a tree of prefixes, and each of its nodes is computed once.

Covers: every causal model without feedback and without a window. Differs: the state of a
pre-norm model is taken after the final norm, as the unembedding sees it (post-norm models, the
published ones, have none).
Source: arXiv:2305.18741; arXiv:2211.01288 (tree projections).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor
from torch.nn import functional as F

from latebloom.errors import CorpusError
from latebloom.model.attention import Heads, KeysValues
from latebloom.model.layer import Block
from latebloom.model.positions import check_length
from latebloom.model.transformer import Transformer

SENTENCES_AT_ONCE = 5_000
"""Sentences whose full-context states are held at once; more share more windows."""
WINDOWS_AT_ONCE = 768
"""Windows that go through a layer together: enough for a fast product, few enough for the cache."""


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The words from one window start on, of sentences in alphabetic order, as a tree of prefixes.

    tokens: one row a sentence, -1 after its end.
    node: `[row, level]`, the number of the row's prefix of length level + 1, from 1, levels in a
        row; -1 after the sentence's end.
    first: the first row of each node, by level.
    """

    tokens: Int[ndarray, "row level"]
    node: Int[ndarray, "row level"]
    first: list[Int[ndarray, " _"]]

    @classmethod
    def of(cls, tokens: Int[ndarray, "row level"]) -> "Prefixes":
        """tokens: sorted rows, -1 after the end."""
        new = np.ones(tokens.shape, bool)
        new[1:] = np.logical_or.accumulate(tokens[1:] != tokens[:-1], axis=1)
        new &= tokens >= 0
        before, first = 0, []
        node = np.full(tokens.shape, -1, np.int64)
        for level in range(tokens.shape[1]):
            alive = tokens[:, level] >= 0
            number = np.cumsum(new[:, level])
            node[alive, level] = before + number[alive]
            first.append(np.flatnonzero(new[:, level]))
            before += len(first[-1])
        return cls(tokens, node, first)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.first)


@dataclass(frozen=True, slots=True)
class AlongPrefixes:
    """Attention of some nodes of a tree of prefixes: each sees what it continues, and itself.

    keys, values: of one layer, `[node, head, d_head]`; the places of `here` are filled in.
    here: the nodes. sight: the nodes that each of them sees. positions: where these stand.
    """

    keys: Float[Tensor, "node head d_head"]
    values: Float[Tensor, "node head d_head"]
    here: slice
    sight: Int[Tensor, "here key"]
    positions: Int[Tensor, " key"]

    def __call__(self, heads: Heads) -> Float[Tensor, "here head 1 d_head"]:
        self.keys[self.here], self.values[self.here] = heads.k.squeeze(2), heads.v.squeeze(2)
        q, k, v = heads.q.squeeze(2), self.keys[self.sight], self.values[self.sight]
        score = torch.einsum("rhd,rkhd->rkh", q, k) * q.shape[-1] ** -0.5
        bias = heads.scheme.bias(heads.queries[:, None] - self.positions, heads.attention)
        if bias is not None:
            score = score + bias.permute(1, 2, 0)
        return torch.einsum("rkh,rkhd->rhd", score.softmax(1), v).unsqueeze(2)


def start_token(model: Transformer, layers: list[Block], token: int) -> list[KeysValues]:
    """The keys and values of the start token in every layer: it sees itself alone."""
    found: list[KeysValues] = []

    def itself(heads: Heads) -> Tensor:
        found.append(KeysValues(heads.k, heads.v))
        return heads.v

    x = model.embedded(torch.tensor([[token]], device=model.device))
    for block in layers:
        x = block(x, itself, model.positions, model.places(0, 1))
    return found


def window_sums(
    model: Transformer, layers: list[Block], start: list[KeysValues], prefixes: Prefixes, begin: int
) -> Iterator[Float[Tensor, "node d_model"]]:
    """Level by level, c(begin, t) for each prefix that ends at word t = begin + level."""
    n_nodes, heads = len(prefixes) + 1, layers[0].attn.n_heads
    shape = (len(layers), n_nodes, heads, model.config.d_model // heads)
    keys, values = (torch.empty(shape, device=model.device) for _ in range(2))
    for layer, known in enumerate(start):
        keys[layer, 0], values[layer, 0] = known.keys[0, :, 0], known.values[0, :, 0]
    done, previous = 1, torch.empty(0, device=model.device)
    for level, rows in enumerate(prefixes.first):
        if not len(rows):
            return
        here, word = slice(done, done + len(rows)), begin + level
        ids = torch.from_numpy(prefixes.tokens[rows, level]).long().to(model.device)
        x, place = model.embedded(ids[:, None], word), model.places(word, word + 1)
        # A prefix sees the start token (node 0), the prefixes that it continues, and itself.
        seen = np.pad(prefixes.node[rows, : level + 1], ((0, 0), (1, 0)))
        sight = torch.from_numpy(seen).to(model.device)
        positions = torch.tensor([0, *range(begin, word + 1)], device=model.device)
        for layer, block in enumerate(layers):
            attend = AlongPrefixes(keys[layer], values[layer], here, sight, positions)
            x = block(x, attend, model.positions, place)
        state = model.ln_final(x).squeeze(1)
        if level:
            parent = torch.from_numpy(prefixes.node[rows, level - 1]) - (done - len(previous))
            state = state + previous[parent.to(model.device)]
        yield state
        done, previous = done + len(rows), state


@torch.no_grad()
def span_scores(
    model: Transformer,
    tokens: Int[ndarray, "sentence pos"],
    words: Int[ndarray, " sentence"],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Float[ndarray, "sentence n n"]:
    """s(i, j) of every span, words counted from 0; 0 where there is no span.

    tokens: the start token, then the words; what comes after them is not read.
    words: words of each sentence, at least 1.
    progress: is told how many sentences are done, of how many; as a share of the states that they
    need, since all advance together.
    Raises: CorpusError for a sentence without words or longer than the model; LatebloomError for
    a model with feedback.
    """
    layers = model.unrolled()
    if model.config.window:
        raise CorpusError(
            f"model.window is {model.config.window}; tree projections need a model that sees all"
            " earlier words (model.window 0)"
        )
    check_lengths(model, words)
    training = model.training
    model.eval()
    start = start_token(model, layers, int(tokens[0, 0])) if len(tokens) else []
    scores = np.zeros(
        (len(words), int(words.max(initial=1)), int(words.max(initial=1))), np.float32
    )
    for first in range(0, len(words), SENTENCES_AT_ONCE):
        some = slice(first, first + SENTENCES_AT_ONCE)
        n = int(words[some].max())
        here = len(words[some])

        def tell(share: float, first: int = first, here: int = here) -> None:
            progress(first + int(share * here), len(words))

        scores[some, :n, :n] = _chunk_scores(
            model, layers, start, tokens[some, : n + 1], words[some], tell
        )
    model.train(training)
    return scores


def check_lengths(model: Transformer, words: Int[ndarray, " sentence"]) -> None:
    """Raises: CorpusError naming the first sentence that is empty or too long for the model."""
    if (words < 1).any():
        raise CorpusError(f"sentence {int(np.argmax(words < 1)) + 1} has no words; leave it out")
    check_length(
        model.positions.limit,
        words + 1,
        lambda row: f"sentence {row + 1}, of {words[row]} words and the start token,",
        "leave it out",
        CorpusError,
    )


def _chunk_scores(
    model: Transformer,
    layers: list[Block],
    start: list[KeysValues],
    tokens: Int[ndarray, "sentence pos"],
    words: Int[ndarray, " sentence"],
    tell: Callable[[float], None],
) -> Float[ndarray, "sentence n n"]:
    n = int(words.max())
    states, done = int((words.astype(np.int64) * (words + 1) // 2).sum()), 0
    device = model.device
    scores = torch.zeros(len(words), n, n, device="cpu")
    full = torch.zeros(len(words), n + 1, model.config.d_model, device=device)
    inside = np.where(np.arange(1, n + 1) <= words[:, None], tokens[:, 1:], -1)
    for begin in range(1, n + 1):
        suffix = inside[:, begin - 1 :]
        alive = np.flatnonzero(words >= begin)
        order = alive[np.lexsort(suffix[alive].T[::-1])]
        for rows in np.split(order, range(WINDOWS_AT_ONCE, len(order), WINDOWS_AT_ONCE)):
            prefixes = Prefixes.of(suffix[rows])
            before = 1
            sums = window_sums(model, layers, start, prefixes, begin)
            for level, c in enumerate(sums):
                here = prefixes.node[:, level] >= 0
                which = torch.from_numpy(rows[here]).to(device)
                mine = c[torch.from_numpy(prefixes.node[here, level] - before).to(device)]
                before += len(prefixes.first[level])
                word = begin + level
                if begin == 1:
                    full[which, word] = mine
                    scores[rows[here], 0, word - 1] = 1.0
                else:
                    whole = full[which, word] - full[which, begin - 1]
                    cosine = F.cosine_similarity(mine, whole)
                    scores[rows[here], begin - 1, word - 1] = cosine.cpu()
            done += int((words[rows] - begin + 1).sum())
            tell(done / states)
    return scores.numpy()
