"""Greedy decoding in batches, with the keys and values of earlier tokens kept.

Enters: a model and prompts of one length. Leaves: the most likely continuations. Each token goes
through the layers once. Covers: models without feedback between loops.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from latebloom.model.incremental import after_attention, embed_at, layers_of, queries_keys_values
from latebloom.model.transformer import Block, Transformer


@torch.no_grad()
def decode(
    model: Transformer, prompts: Int[Tensor, "row pos"], n_new: int
) -> Int[Tensor, "row new"]:
    """The `n_new` tokens that greedily follow each prompt.

    Raises: LatebloomError if prompt and continuation are longer than the model's positions.
    """
    rows, length = prompts.shape
    layers = layers_of(model)
    heads, d_head = layers[0].attn.n_heads, model.config.d_model // layers[0].attn.n_heads
    shape = (len(layers), rows, heads, length + n_new, d_head)
    device = model.embed.weight.device
    keys, values = torch.empty(shape, device=device), torch.empty(shape, device=device)
    training = model.training
    model.eval()
    tokens, chosen, done = prompts.to(device), [], 0
    for _ in range(n_new):
        positions = torch.arange(done, done + tokens.shape[1], device=device).expand(rows, -1)
        x = embed_at(model, tokens, positions)
        for layer, block in enumerate(layers):
            x = _through(block, x, positions, keys[layer], values[layer])
        done += tokens.shape[1]
        tokens = model.logits(x[:, -1]).argmax(-1, keepdim=True)
        chosen.append(tokens)
    model.train(training)
    return torch.cat(chosen, dim=1) if chosen else prompts.new_empty(rows, 0)


def _through(
    block: Block,
    x: Float[Tensor, "row pos d_model"],
    positions: Int[Tensor, "row pos"],
    keys: Float[Tensor, "row head all d_head"],
    values: Float[Tensor, "row head all d_head"],
) -> Float[Tensor, "row pos d_model"]:
    """New tokens through one layer; their keys and values are put beside the earlier ones."""
    first, stop = int(positions[0, 0]), int(positions[0, -1]) + 1
    q, k, v = (part.transpose(1, 2) for part in queries_keys_values(block, x, positions))
    keys[:, :, first:stop], values[:, :, first:stop] = k, v
    reach = torch.arange(stop, device=x.device)
    mask = block.attn.mask(positions[0], reach, None, strict=False)
    y = F.scaled_dot_product_attention(q, keys[:, :, :stop], values[:, :, :stop], attn_mask=mask)
    return after_attention(block, x, y.transpose(1, 2))
