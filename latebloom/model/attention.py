"""Causal self-attention and the ways in which it can know where a token stands.

Enters: the normalised state `[batch, pos, d_model]`. Leaves: the attention output, same shape.

Four position schemes. `learned` is GPT-2's: the position enters with the embedding, attention
sees none. `rotary` turns queries and keys by an angle that grows with the position (Su et al.,
arXiv:2104.09864). `relative` adds to every score a learned bias for the distance, clipped at
`max_distance`, so that all farther tokens look alike (Shaw et al., arXiv:1803.02155, as a bias
for each head). `sinusoidal` is the fixed table of arXiv:1706.03762, added to the embedding.
A `window` of w lets a token see itself and the w - 1 tokens before it, under any scheme: what a
token computes then cannot depend on the length of the question.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class CausalAttention(nn.Module):
    """Multi-head causal attention with fused query/key/value projection.

    window: tokens that a token sees, itself included; 0 means all earlier ones.
    max_distance: number of distances told apart by `relative` positions.
    """

    def __init__(
        self,
        *,
        d_model: int,
        n_heads: int,
        positions: str,
        window: int,
        max_distance: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.window = window
        self.rotary = positions == "rotary"
        self.dropout = dropout
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        self.distance_bias = (
            nn.Parameter(torch.zeros(n_heads, max_distance + 1))
            if positions == "relative"
            else None
        )

    def forward(
        self, x: Float[Tensor, "batch pos d_model"], visible: Tensor | None = None
    ) -> Float[Tensor, "batch pos d_model"]:
        """visible: boolean `[pos, pos]` or `[batch, 1, pos, pos]`, true where query row may see
        key column; None means causal (and windowed, where the config says so)."""
        batch, pos, d_model = x.shape
        q, k, v = self.qkv(x).view(batch, pos, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        if self.rotary:
            q, k = rotate(q), rotate(k)
        y = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=self.mask(pos, x, visible),
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=visible is None and self.distance_bias is None and not self.window,
        )
        return self.out(y.transpose(1, 2).reshape(batch, pos, d_model))

    def mask(self, pos: int, x: Tensor, visible: Tensor | None) -> Tensor | None:
        """What is added to the scores (or allowed), None where plain causality is enough."""
        if visible is None and self.distance_bias is None and not self.window:
            return None
        step = torch.arange(pos, device=x.device)
        distance = step[:, None] - step[None, :]
        if visible is None:
            visible = distance >= 0
            if self.window:
                visible = visible & (distance < self.window)
        if self.distance_bias is None:
            return visible
        bias = self.distance_bias[:, distance.clamp(0, self.distance_bias.shape[1] - 1)]
        return bias.to(x.dtype).masked_fill(~visible, -math.inf)


def rotate(x: Float[Tensor, "batch head pos d_head"]) -> Float[Tensor, "batch head pos d_head"]:
    """Rotary positions: pairs (i, i + d_head/2) turned by pos / 10000^(2i / d_head) radians."""
    pos, half = x.shape[-2], x.shape[-1] // 2
    rate = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = torch.arange(pos, device=x.device, dtype=torch.float32)[:, None] * rate
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)
