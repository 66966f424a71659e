"""How a token knows where it stands: the position schemes.

Enters: embeddings, queries, keys and distances, with the positions that they belong to. Leaves:
the same with the scheme's say. A scheme can speak at three places, and each is a method:

| scheme       | `embed(x, pos)`         | `turn(q or k, pos)`    | `bias(distance, attention)` |
|--------------|-------------------------|------------------------|-----------------------------|
| `learned`    | x + W[pos]              |                        |                             |
| `sinusoidal` | sqrt(d_model) x + waves |                        |                             |
| `rotary`     |                         | by an angle that grows |                             |
| `relative`   |                         |                        | b[head, distance], clipped; |
|              |                         |                        | both ways: signed           |
| `none`       |                         |                        |                             |

Sources: GPT-2 (learned); arXiv:1706.03762, section 3.5 (sinusoidal); Su et al., arXiv:2104.09864
(rotary); Shaw et al., arXiv:1803.02155 (relative; differs: a bias for each head, where theirs is a
vector). All distances from `max_distance` on look alike. Where attention goes both ways, `relative`
has a bias for each distance ahead as well (a distance is the query's position minus the key's, so
it is below 0 there); the others tell ahead from behind as they are.

**A scheme of your own** is a subclass of `Positions` that overrides what it needs. The config names
it `own:` and anything, and the object is handed to the model. ALiBi (arXiv:2108.12409), whole:

    class Alibi(Positions):
        def bias(self, distance, attention):
            n = attention.n_heads
            slopes = 2.0 ** (-8.0 / n * torch.arange(1, n + 1, device=distance.device))
            return -slopes.view(-1, *[1] * distance.ndim) * distance

    config = ModelConfig(positions="own:alibi")
    model = Transformer(config, d_vocab, parts=Parts(positions=Alibi()))

Covers: training, decoding and every instrument; they all ask the scheme. Does not cover: schemes
in which keys or values themselves depend on the distance (Transformer-XL).
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor, nn

from latebloom.errors import LatebloomError
from latebloom.model.config import OWN, ModelConfig


@runtime_checkable
class Attention(Protocol):
    """What a scheme sees of the attention of one layer: its heads, and the scheme's parameters."""

    n_heads: int

    def get_parameter(self, target: str) -> nn.Parameter: ...


class Positions(nn.Module):
    """A position scheme. As it is here it says nothing (`none`): the causal mask tells order.

    limit: tokens of the longest question that the scheme knows positions for; None: any.

    Parameters of a scheme's own are trained with the model, under the name `pos_embed`.
    """

    limit: int | None = None

    def embed(
        self, x: Float[Tensor, "batch pos d_model"], positions: Int[Tensor, " pos"]
    ) -> Float[Tensor, "batch pos d_model"]:
        """What enters the first layer, from the token embeddings."""
        return x

    def turn(
        self, x: Float[Tensor, "batch head pos d_head"], positions: Int[Tensor, "*batch pos"]
    ) -> Float[Tensor, "batch head pos d_head"]:
        """Queries, or keys, before they are compared."""
        return x

    def bias(
        self, distance: Int[Tensor, "*batch query pos"], attention: Attention
    ) -> Float[Tensor, "head *batch query pos"] | None:
        """What is added to the scores before the softmax; None: nothing.

        distance: the query's position minus the key's. It is below 0 at later tokens; unless
            attention goes both ways they are hidden whatever is added to them.
        attention: the layer's, with its `n_heads`; `get_parameter` gives the `layer_parameters`.
        """
        return None

    def layer_parameters(self, n_heads: int) -> dict[str, nn.Parameter]:
        """Parameters that every layer has for itself, by the name that they get in it."""
        return {}


class Learned(Positions):
    """A trained vector for each position, added to the embedding."""

    def __init__(self, max_positions: int, d_model: int) -> None:
        super().__init__()
        self.limit = max_positions
        self.weight = nn.Parameter(torch.empty(max_positions, d_model))
        # The model draws this anew. It is drawn here as well, as `nn.Embedding` would, so that a
        # seed goes on giving the weights that it gave to earlier versions.
        nn.init.normal_(self.weight)

    def embed(
        self, x: Float[Tensor, "batch pos d_model"], positions: Int[Tensor, " pos"]
    ) -> Float[Tensor, "batch pos d_model"]:
        return x + self.weight[positions]


class Sinusoidal(Positions):
    """A fixed table of waves, added to the embedding, which is scaled up to be heard."""

    def __init__(self, max_positions: int) -> None:
        super().__init__()
        self.limit = max_positions

    def embed(
        self, x: Float[Tensor, "batch pos d_model"], positions: Int[Tensor, " pos"]
    ) -> Float[Tensor, "batch pos d_model"]:
        return x * math.sqrt(x.shape[-1]) + sinusoids(positions, x.shape[-1]).to(x)


class Rotary(Positions):
    """Queries and keys turned, so that their product depends on the distance alone."""

    def turn(
        self, x: Float[Tensor, "batch head pos d_head"], positions: Int[Tensor, "*batch pos"]
    ) -> Float[Tensor, "batch head pos d_head"]:
        return rotate(x, positions)


class Relative(Positions):
    """A trained bias for each head and distance, in every layer; far distances are one.

    both_ways: whether later tokens are seen and have distances of their own.
    """

    def __init__(self, max_distance: int, *, both_ways: bool = False) -> None:
        super().__init__()
        self.max_distance = max_distance
        self.least = -max_distance if both_ways else 0

    def bias(
        self, distance: Int[Tensor, "*batch query pos"], attention: Attention
    ) -> Float[Tensor, "head *batch query pos"]:
        table = attention.get_parameter("distance_bias")
        return table[:, distance.clamp(self.least, self.max_distance) - self.least]

    def layer_parameters(self, n_heads: int) -> dict[str, nn.Parameter]:
        n_distances = self.max_distance - self.least + 1
        return {"distance_bias": nn.Parameter(torch.zeros(n_heads, n_distances))}


def make_positions(config: ModelConfig, own: Positions | None = None) -> Positions:
    """The scheme that a config names.

    own: the scheme that was handed in, for a name that begins with `own:`.
    Raises: LatebloomError if the name asks for one and there is none, or the other way round.
    """
    name = config.positions
    if own is None and name.startswith(OWN):
        raise LatebloomError(
            f"model.positions is {name!r}, a scheme that the package does not hold; hand it in:"
            " Transformer(config, d_vocab, parts=Parts(positions=...))"
        )
    if own is not None and not name.startswith(OWN):
        raise LatebloomError(
            f"model.positions is {name!r}, but another scheme was handed in; name it"
            f" '{OWN}{type(own).__name__.lower()}'"
        )
    match name:
        case "learned":
            return Learned(config.max_positions, config.d_model)
        case "sinusoidal":
            return Sinusoidal(config.max_positions)
        case "rotary":
            return Rotary()
        case "relative":
            return Relative(config.max_distance, both_ways=config.both_ways)
        case _:
            return own or Positions()


def check_length(
    limit: int | None,
    lengths: Sequence[int] | Int[ndarray, " line"],
    what: Callable[[int], str],
    way_out: str,
    error: type[LatebloomError] = LatebloomError,
) -> None:
    """Refuses what is longer than the model reads.

    limit: `Positions.limit`. lengths: in tokens. what: names one of them, from its row.
    way_out: what to do, the end of the message.
    Raises: `error`, naming the first that is too long.
    """
    if limit is None:
        return
    for row in np.flatnonzero(np.asarray(lengths) > limit)[:1]:
        raise error(
            f"{what(int(row))} has {lengths[row]} tokens, but the model reads {limit}"
            f" (model.max_positions); {way_out}"
        )


def rotate(
    x: Float[Tensor, "batch head pos d_head"], positions: Int[Tensor, "*batch pos"]
) -> Float[Tensor, "batch head pos d_head"]:
    """Pairs (i, i + d_head/2) turned by position / 10000^(2i / d_head) radians."""
    half = x.shape[-1] // 2
    rate = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = positions[..., None].float() * rate
    if angle.ndim == 3:
        angle = angle.unsqueeze(1)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def sinusoids(positions: Int[Tensor, " pos"], d_model: int) -> Float[Tensor, "pos d_model"]:
    """Sines in even columns, cosines in odd ones, of ever longer waves."""
    even = torch.arange(0, d_model, 2, device=positions.device, dtype=torch.float32)
    angle = positions[:, None].float() * 10_000.0 ** (-even / d_model)
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
