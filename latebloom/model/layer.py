"""One layer of the transformer: the only place where it is written.

Enters: the residual stream before the layer. Leaves: the stream after it. What varies is handed in:
how queries see keys (an `Attend` of latebloom.model.attention) and the position scheme.

Training and every plain pass, decoding, causal tracing, tree projections and the entropy of
attention all come through here; they differ in their `Attend`.
"""

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latebloom.model.attention import Attend, Heads, SelfAttention
from latebloom.model.config import ModelConfig
from latebloom.model.positions import Positions
from latebloom.model.taps import SiteName

MakeMlp = Callable[[ModelConfig], nn.Module]
"""Makes a layer's MLP, `[batch, pos, d_model]` to the same shape."""


class Block(nn.Module):
    """One layer: attention and MLP, each around a residual connection.

    make_mlp: a factory of what stands in the MLP's place; None: the usual MLP.
    """

    def __init__(
        self, config: ModelConfig, positions: Positions, make_mlp: MakeMlp | None = None
    ) -> None:
        super().__init__()
        self.pre_norm = config.norm == "pre"
        self.ln_1 = nn.LayerNorm(config.d_model)
        self.attn = SelfAttention(
            d_model=config.d_model,
            n_heads=config.n_heads,
            positions=positions,
            both_ways=config.both_ways,
            window=config.window,
            dropout=config.dropout,
        )
        self.ln_2 = nn.LayerNorm(config.d_model)
        self.mlp = None if make_mlp is None else make_mlp(config)
        if self.mlp is None:
            self.mlp_in = nn.Linear(config.d_model, config.d_mlp)
            self.mlp_out = nn.Linear(config.d_mlp, config.d_model)
        self.relu = config.activation == "relu"
        self.dropout, self.mlp_dropout = config.dropout, config.mlp_dropout

    def through_mlp(self, x: Float[Tensor, "batch pos d_model"]) -> Tensor:
        if self.mlp is not None:
            return self.mlp(x)
        hidden = self.mlp_in(x)
        hidden = F.relu(hidden) if self.relu else F.gelu(hidden, approximate="tanh")
        return self.mlp_out(drop(hidden, self.mlp_dropout, self.training))

    def drop(self, x: Tensor) -> Tensor:
        return drop(x, self.dropout, self.training)

    def forward(
        self,
        x: Float[Tensor, "batch pos d_model"],
        attend: Attend,
        scheme: Positions,
        places: Int[Tensor, " pos"],
        *,
        own: Float[Tensor, "batch pos d_model"] | None = None,
        at: Int[Tensor, "batch kept"] | slice | None = None,
        tap: Callable[[SiteName, Tensor], Tensor] | None = None,
    ) -> Float[Tensor, "batch kept d_model"]:
        """The residual stream after this layer.

        places: the position of each column of `x`.
        own: the stream that a token keeps for itself while later tokens see `x`; None: `x`.
        at: the columns whose stream is wanted, of each row or of all; the rest is not computed.
        """
        if tap:
            x = tap("resid_pre", x)
        seen = self.ln_1(x) if self.pre_norm else x
        stream, queries = x if own is None else own, places
        if at is not None:
            stream, queries = columns(stream, at), places[at]
        query = None
        if own is None and isinstance(at, slice):
            query = seen[:, at]
        elif own is not None or at is not None:
            # Of columns that are gathered row by row the norm is cheaper afterwards.
            query = self.ln_1(stream) if self.pre_norm else stream
        q, k, v = self.attn.project(seen, query)
        heads = Heads(
            q=scheme.turn(q, queries),
            k=scheme.turn(k, places),
            v=v,
            queries=queries,
            places=places,
            attention=self.attn,
            scheme=scheme,
            strict=own is not None,
        )
        a = self.drop(self.attn.out(attend(heads).transpose(1, 2).reshape(stream.shape)))
        if tap:
            a = tap("attn_out", a)
        x = stream + a if self.pre_norm else self.ln_1(stream + a)
        if tap:
            x = tap("resid_mid", x)
        m = self.drop(self.through_mlp(self.ln_2(x) if self.pre_norm else x))
        if tap:
            m = tap("mlp_out", m)
        x = x + m if self.pre_norm else self.ln_2(x + m)
        return tap("resid_post", x) if tap else x


def drop(x: Tensor, share: float, training: bool) -> Tensor:
    """Dropout, which draws nothing where no share is dropped."""
    return F.dropout(x, share, training) if share else x


def columns(
    stream: Float[Tensor, "batch pos d_model"], at: Int[Tensor, "batch kept"] | slice
) -> Float[Tensor, "batch kept d_model"]:
    """Some columns of the stream: of each row, or the same of all."""
    if isinstance(at, slice):
        return stream[:, at]
    return stream.gather(1, at.unsqueeze(-1).expand(-1, -1, stream.shape[-1]))
