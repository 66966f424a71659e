"""One decoder-only transformer whose config makes it vanilla, shared or looped.

Enters: questions as token ids `[batch, pos]`. Leaves: logits over the vocabulary, after every
loop, at the positions that are asked for.

- **vanilla** (`n_loops=1`): GPT-2, number for number.
- **shared** (`n_loops>1`, `feedback="none"` or `"added"`): the same layers run several times on
  one state, the sharing scheme of arXiv:2405.15071, section 3 (and its re-embedding variants).
- **looped** (`n_loops>1`, `feedback="ahead"`, the default, `"restart"` or `"replace"`): each loop
  starts again from the token embedding, plus the expected embedding of what the previous loop
  predicted, or from the latter alone.

Covers: the forward pass, initialisation, taps. Does not cover: losses, optimizers, decoding.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latebloom.errors import LatebloomError
from latebloom.model.attention import CausalAttention
from latebloom.model.config import ModelConfig
from latebloom.model.taps import SiteName, Taps


class Block(nn.Module):
    """One layer: attention and MLP, each around a residual connection."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.pre_norm = config.norm == "pre"
        self.ln_1 = nn.LayerNorm(config.d_model)
        self.attn = CausalAttention(
            d_model=config.d_model,
            n_heads=config.n_heads,
            positions=config.positions,
            window=config.window,
            max_distance=config.max_distance,
            dropout=config.dropout,
        )
        self.ln_2 = nn.LayerNorm(config.d_model)
        self.mlp_in = nn.Linear(config.d_model, config.d_mlp)
        self.mlp_out = nn.Linear(config.d_mlp, config.d_model)
        self.relu = config.activation == "relu"
        self.dropout = config.dropout

    def mlp(self, x: Tensor) -> Tensor:
        hidden = self.mlp_in(x)
        hidden = F.relu(hidden) if self.relu else F.gelu(hidden, approximate="tanh")
        return self.mlp_out(hidden)

    def drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training) if self.dropout else x

    def forward(
        self,
        x: Float[Tensor, "batch pos d_model"],
        *,
        own: Float[Tensor, "batch pos d_model"] | None = None,
        at: Int[Tensor, "batch kept"] | None = None,
        visible: Tensor | None = None,
        tap: Callable[[SiteName, Tensor], Tensor] | None = None,
    ) -> Float[Tensor, "batch kept d_model"]:
        """The residual stream after this layer.

        own: the stream that a token keeps for itself while later tokens see `x`; None: `x`.
        at: the positions of each row whose stream is wanted; the rest is not computed.
        """
        if tap:
            x = tap("resid_pre", x)
        seen = self.ln_1(x) if self.pre_norm else x
        stream = x if own is None else own
        if at is not None:
            stream = stream.gather(1, at.unsqueeze(-1).expand(-1, -1, stream.shape[-1]))
        if own is None and at is None:
            a = self.attn(seen, visible=visible)
        else:
            query = self.ln_1(stream) if self.pre_norm else stream
            a = self.attn(query, context=seen, at=at, visible=visible, strict=own is not None)
        a = self.drop(a)
        if tap:
            a = tap("attn_out", a)
        x = stream + a if self.pre_norm else self.ln_1(stream + a)
        if tap:
            x = tap("resid_mid", x)
        m = self.drop(self.mlp(self.ln_2(x) if self.pre_norm else x))
        if tap:
            m = tap("mlp_out", m)
        x = x + m if self.pre_norm else self.ln_2(x + m)
        return tap("resid_post", x) if tap else x


class Transformer(nn.Module):
    """The model. `d_vocab` comes from the world; every weight is drawn from torch's generator."""

    def __init__(self, config: ModelConfig, d_vocab: int) -> None:
        super().__init__()
        self.config = config
        self.d_vocab = d_vocab
        self.embed = nn.Embedding(d_vocab, config.d_model)
        self.pos_embed = (
            nn.Embedding(config.max_positions, config.d_model)
            if config.positions == "learned"
            else None
        )
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        # With norms after the residual sum, the stream leaves the last block normalised.
        self.ln_final = nn.LayerNorm(config.d_model) if config.norm == "pre" else nn.Identity()
        self.unembed = None if config.tied else nn.Linear(config.d_model, d_vocab, bias=False)
        self.gate = nn.Parameter(torch.zeros(())) if config.feedback == "gated" else None
        self.initialise()

    def initialise(self) -> None:
        """GPT-2's: normal of deviation .02, residual projections divided by sqrt(2 n_layers)."""
        for name, parameter in self.named_parameters():
            if parameter.ndim < 2 or name.endswith("distance_bias"):
                continue
            residual = name.endswith(("attn.out.weight", "mlp_out.weight"))
            scale = 1 / math.sqrt(2 * self.config.n_layers) if residual else 1.0
            nn.init.normal_(parameter, std=0.02 * scale)
        for module in self.modules():
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    @property
    def unembedding(self) -> Float[Tensor, "d_vocab d_model"]:
        return self.embed.weight if self.unembed is None else self.unembed.weight

    def embedded(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        """Token embedding, with the position where the scheme puts it there.

        Raises: LatebloomError if the question is longer than the positions that exist.
        """
        x = self.embed(tokens)
        n = tokens.shape[1]
        if self.config.positions in ("learned", "sinusoidal") and n > self.config.max_positions:
            raise LatebloomError(
                f"a question of {n} tokens is longer than model.max_positions"
                f" ({self.config.max_positions}); `relative` positions have no such limit"
            )
        if self.pos_embed is not None:
            x = x + self.pos_embed.weight[:n]
        elif self.config.positions == "sinusoidal":
            x = x * math.sqrt(self.config.d_model) + sinusoids(n, self.config.d_model).to(x)
        return F.dropout(x, self.config.dropout, self.training) if self.config.dropout else x

    def logits(self, state: Float[Tensor, "*rows d_model"]) -> Float[Tensor, "*rows d_vocab"]:
        """The vocabulary projection of a residual state, final norm applied."""
        return F.linear(self.ln_final(state), self.unembedding)

    def expected_embedding(
        self, logits: Float[Tensor, "batch pos d_vocab"]
    ) -> Float[Tensor, "batch pos d_model"]:
        """sum_v p(v) W[v], with p the prediction at each position at `config.temperature`."""
        return torch.softmax(logits / self.config.temperature, dim=-1) @ self.embed.weight

    def next_start(
        self,
        start: Tensor,
        state: Tensor,
        loop: int,
        taps: Taps | None,
        *,
        first_pos: int = 0,
        fed_back: list[Tensor] | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        """Where the loop after `loop` begins, from the embedding and this loop's state.

        first_pos: the position of the first column, where earlier ones are left out. The state may
        also be cut to the positions that feed something back, `feeds(pos)`.
        fed_back: receives the logits of what is fed back.
        """
        if self.config.feedback == "none":
            return state
        fed = self.feeds(start.shape[1], first_pos)
        cut = state.shape[1] != start.shape[1]
        logits = self.logits(state if cut else state[:, fed.start : fed.stop])
        if fed_back is not None:
            fed_back.append(logits)
        feedback = self.expected_embedding(logits)
        feedback = F.pad(feedback, (0, 0, fed.start, start.shape[1] - fed.stop))
        if taps:
            feedback = taps(loop, 0, "feedback", feedback)
        if self.gate is not None:
            feedback = self.gate * F.rms_norm(feedback, (self.config.d_model,))
        if self.config.feedback == "replace":
            return torch.cat((start[:, : fed.start], feedback[:, fed.start :]), dim=1)
        return feedback + (start if self.config.shape == "looped" else state)

    def feeds(self, n_tokens: int, first_pos: int = 0) -> range:
        """The columns whose prediction is fed back, of `n_tokens` from position `first_pos` on.

        In a looped model the first token asks nothing, so it feeds nothing back; and where only
        later tokens see the feedback, that of the last one would be seen by nobody.
        """
        first = 1 if self.config.shape == "looped" and first_pos == 0 else 0
        return range(first, max(first, n_tokens - (self.config.feedback == "ahead")))

    def forward(
        self,
        tokens: Int[Tensor, "batch pos"],
        at: Int[Tensor, " batch"] | None = None,
        *,
        n_loops: int | None = None,
        every_loop: bool = True,
        visible: Tensor | None = None,
        taps: Taps | None = None,
        fed_back: list[Tensor] | None = None,
    ) -> Float[Tensor, "loop batch ..."]:
        """Logits after every loop.

        at: the position of each row that is to be predicted from; None: every position.
        n_loops: passes to run instead of `config.n_loops`.
        every_loop: whether the predictions of the earlier loops are wanted too.
        fed_back: receives the logits that each loop but the last feeds back, which are made in any
        case: `[batch, fed, d_vocab]`, for the positions `feeds(pos)`.
        Returns `[loop, batch, d_vocab]`, or `[loop, batch, pos, d_vocab]` without `at`. Only the
        last loop is projected, and the first axis is 1, where the earlier ones are not wanted or
        are not predictions (no feedback).
        """
        loops = range(n_loops or self.config.n_loops)
        start = self.embedded(tokens)
        return self.run(
            start,
            start,
            at,
            loops=loops,
            every_loop=every_loop,
            visible=visible,
            taps=taps,
            fed_back=fed_back,
        )

    def run(
        self,
        start: Float[Tensor, "batch pos d_model"],
        state: Float[Tensor, "batch pos d_model"],
        at: Tensor | None,
        *,
        loops: range,
        first_layer: int = 0,
        every_loop: bool = True,
        visible: Tensor | None = None,
        taps: Taps | None = None,
        fed_back: list[Tensor] | None = None,
    ) -> Float[Tensor, "loop batch ..."]:
        """Goes on from `state` before (`loops.start`, `first_layer`) to the end.

        start: the embedding, from which every restarted loop begins.
        """
        early = every_loop and self.config.feedback != "none"
        ahead = self.config.feedback == "ahead"
        predictions = []
        for loop in loops:
            last = loop == loops.stop - 1
            # Of a loop's last layer only some positions are needed: the answer's at the end, and
            # before that those that feed back to others. Nobody may want to look, though.
            only = None
            if at is not None and taps is None and visible is None:
                if last:
                    only = at.unsqueeze(1)
                elif ahead and not early:
                    fed = self.feeds(start.shape[1])
                    only = torch.arange(fed.start, fed.stop, device=at.device).expand(len(at), -1)
            for layer in range(first_layer if loop == loops.start else 0, self.config.n_layers):
                state = self.blocks[layer](
                    state,
                    own=start if layer == 0 and ahead else None,
                    at=only if layer == self.config.n_layers - 1 else None,
                    visible=visible,
                    tap=partial(taps, loop, layer) if taps else None,
                )
            if last or early:
                cut = last and only is not None
                answer = state.squeeze(1) if cut else state if at is None else rows_at(state, at)
                predictions.append(self.logits(answer))
            if not last:
                state = self.next_start(start, state, loop, taps, fed_back=fed_back)
        return torch.stack(predictions)


def rows_at(
    state: Float[Tensor, "batch pos d_model"], at: Int[Tensor, " batch"]
) -> Float[Tensor, "batch d_model"]:
    """The state at one position of each row."""
    return state.gather(1, at.view(-1, 1, 1).expand(-1, 1, state.shape[-1])).squeeze(1)


def sinusoids(n_positions: int, d_model: int) -> Float[Tensor, "pos d_model"]:
    """The fixed table of arXiv:1706.03762, section 3.5: sines in even columns, cosines in odd."""
    rate = 10_000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float32) / d_model)
    angle = torch.arange(n_positions, dtype=torch.float32)[:, None] * rate
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
