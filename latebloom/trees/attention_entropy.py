"""Attention sparsity: how few tokens each head looks at, as the entropy of its pattern.

Enters: a model and lines. Leaves: the mean entropy in nats by layer; lower is sparser, log(t) is
uniform attention over t tokens.

Source: arXiv:2305.18741, section 4. Differs: every layer's pattern is formed from that layer's
own input (the published code reads another's), and the entropy is a mean over queries, not a sum.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.model.attention import Heads, weights_of
from latebloom.model.transformer import Transformer

ROWS_AT_ONCE = 256


class SeenPattern:
    """Attention that keeps the pattern `[row, head, query, key]` of the layer that last used it."""

    pattern: Float[Tensor, "row head query key"]

    def __call__(self, heads: Heads) -> Float[Tensor, "row head query d_head"]:
        # Position by position in memory: the order of the sums, so of the rounding, hangs on it.
        q, k = (part.transpose(1, 2).contiguous() for part in (heads.q, heads.k))
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) * q.shape[-1] ** -0.5
        self.pattern = weights_of(scores, heads.mask())
        return torch.einsum("bhqk,bhkd->bhqd", self.pattern, heads.v)


@torch.no_grad()
def attention_entropy(
    model: Transformer, tokens: Int[ndarray, "line pos"], lengths: Int[ndarray, " line"]
) -> Float[ndarray, " layer"]:
    """Mean over heads, lines and the queries after the start token (which sees but itself)."""
    layers = model.unrolled()
    training = model.training
    model.eval()
    total, attend = np.zeros(len(layers)), SeenPattern()
    n_queries = int((lengths - 1).sum())
    for first in range(0, len(tokens), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        width = int(lengths[rows].max())
        ids = torch.from_numpy(tokens[rows, :width]).long().to(model.device)
        ends = torch.from_numpy(lengths[rows]).to(model.device)
        places = model.places(0, width)
        real = (places < ends[:, None]) & (places > 0)
        x = model.embedded(ids)
        for layer, block in enumerate(layers):
            x = block(x, attend, model.positions, places)
            entropy = -torch.xlogy(attend.pattern, attend.pattern).sum(-1).mean(1)
            total[layer] += float(entropy[real].double().sum())
    model.train(training)
    return total / max(n_queries, 1)
