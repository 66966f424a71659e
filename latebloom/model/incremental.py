"""One layer of the transformer, one position at a time, with the keys and values kept.

Enters: the residual stream of some tokens before a layer, and where they stand. Leaves: their
queries, keys and values, and, once the caller has attended, the stream after the layer. Decoding
and tree projections share this: they differ in who may see whom, which is the caller's business.

Covers: models without feedback between loops. Does not cover: taps, dropout.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latebloom.errors import LatebloomError
from latebloom.model.attention import rotate
from latebloom.model.transformer import Block, Transformer, sinusoids


def layers_of(model: Transformer) -> list[Block]:
    """The layers in the order in which a token passes them, every loop counted.

    Raises: LatebloomError for a model that feeds predictions back between its loops.
    """
    if model.config.feedback != "none":
        raise LatebloomError(
            f"model.feedback is {model.config.feedback!r}; sentences are read by models without"
            " feedback: set model.n_loops 1 and model.feedback none"
        )
    return [block for _ in range(model.config.n_loops) for block in model.blocks]  # type: ignore[misc]


def embed_at(
    model: Transformer, tokens: Int[Tensor, "*row"], positions: Int[Tensor, "*row"]
) -> Float[Tensor, "*row d_model"]:
    """Token embedding with the position where the scheme puts it there, as `Transformer.embedded`.

    Raises: LatebloomError if a position is beyond those that the model has.
    """
    config = model.config
    x = model.embed(tokens)
    last = int(positions.max()) if positions.numel() else 0
    if config.positions in ("learned", "sinusoidal") and last >= config.max_positions:
        raise LatebloomError(
            f"a line of {last + 1} tokens is longer than model.max_positions"
            f" ({config.max_positions}); give shorter sentences"
        )
    if model.pos_embed is not None:
        return x + model.pos_embed.weight[positions]
    if config.positions == "sinusoidal":
        table = sinusoids(last + 1, config.d_model).to(x)
        return x * config.d_model**0.5 + table[positions]
    return x


def queries_keys_values(
    block: Block, x: Float[Tensor, "*row d_model"], positions: Int[Tensor, "*row"]
) -> tuple[Tensor, Tensor, Tensor]:
    """Each `[*row, head, d_head]`, rotated where the positions are rotary."""
    attention = block.attn
    seen = block.ln_1(x) if block.pre_norm else x
    q, k, v = (
        part.unflatten(-1, (attention.n_heads, -1))
        for part in attention.qkv(seen).split(x.shape[-1], dim=-1)
    )
    if attention.rotary:
        flat = positions.reshape(-1, 1)
        q, k = (
            rotate(part.reshape(-1, *part.shape[-2:]).unsqueeze(2), flat).squeeze(2).view_as(part)
            for part in (q, k)
        )
    return q, k, v


def after_attention(
    block: Block, x: Float[Tensor, "*row d_model"], y: Float[Tensor, "*row head d_head"]
) -> Float[Tensor, "*row d_model"]:
    """The stream after the layer, from the stream before it and what its heads brought."""
    a = block.attn.out(y.flatten(-2))
    x = x + a if block.pre_norm else block.ln_1(x + a)
    m = block.mlp(block.ln_2(x) if block.pre_norm else x)
    return x + m if block.pre_norm else block.ln_2(x + m)


def attend(
    q: Float[Tensor, "row head d_head"],
    k: Float[Tensor, "row key head d_head"],
    v: Float[Tensor, "row key head d_head"],
    bias: Tensor | None,
) -> Float[Tensor, "row head d_head"]:
    """Attention of one query a row. bias: what is added to the scores, `[row, key, head]`."""
    score = torch.einsum("rhd,rkhd->rkh", q, k) * q.shape[-1] ** -0.5
    if bias is not None:
        score = score + bias
    return torch.einsum("rkh,rkhd->rhd", score.softmax(1), v)
