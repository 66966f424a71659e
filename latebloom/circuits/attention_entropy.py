"""Attention sparsity: how few tokens each head looks at, as the entropy of its pattern.

Enters: a model and lines. Leaves: the mean entropy in nats by layer; lower is sparser, log(t) is
uniform attention over t tokens.

Source: arXiv:2305.18741, section 5. Differs: every layer's pattern is formed from that layer's
own input (the published code reads another's), and the entropy is a mean over queries, not a sum.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray

from latebloom.model.incremental import after_attention, embed_at, layers_of, queries_keys_values
from latebloom.model.transformer import Transformer

ROWS_AT_ONCE = 256


@torch.no_grad()
def attention_entropy(
    model: Transformer, tokens: Int[ndarray, "line pos"], lengths: Int[ndarray, " line"]
) -> Float[ndarray, " layer"]:
    """Mean over heads, lines and the queries after the start token (which sees but itself)."""
    layers = layers_of(model)
    training = model.training
    model.eval()
    total = np.zeros(len(layers))
    n_queries = int((lengths - 1).sum())
    for first in range(0, len(tokens), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        width = int(lengths[rows].max())
        ids = torch.from_numpy(tokens[rows, :width]).long().to(model.embed.weight.device)
        positions = torch.arange(width, device=ids.device).expand(len(ids), -1)
        ends = torch.from_numpy(lengths[rows]).to(ids.device)
        real = (positions < ends[:, None]) & (positions > 0)
        x = embed_at(model, ids, positions)
        for layer, block in enumerate(layers):
            q, k, v = queries_keys_values(block, x, positions)
            mask = block.attn.mask(positions[0], positions[0], None, strict=False)
            score = torch.einsum("bqhd,bkhd->bhqk", q, k) * q.shape[-1] ** -0.5
            score = (
                score.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else score + mask
            )
            pattern = score.softmax(-1)
            entropy = -torch.xlogy(pattern, pattern).sum(-1).mean(1)
            total[layer] += float(entropy[real].double().sum())
            x = after_attention(block, x, torch.einsum("bhqk,bkhd->bqhd", pattern, v))
    model.train(training)
    return total / max(n_queries, 1)
