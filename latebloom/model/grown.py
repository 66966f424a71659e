"""A model with room for more names.

Enters: a model and, for each of its tokens, the number that the token has from now on. Leaves: a
model of the same config over the larger vocabulary. Old names keep their embeddings to the last
bit. A new name begins near the mean of those of its kind: drawn from a normal distribution with the
mean and the deviation that the kind has in each direction.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latebloom.model.transformer import Parts, Transformer


@torch.no_grad()
def grown(
    model: Transformer,
    renumbered: Int[Tensor, " old_token"],
    kinds: Sequence[range],
    d_vocab: int,
    seed: int,
    parts: Parts | None = None,
) -> Transformer:
    """The model over a vocabulary of `d_vocab` names.

    kinds: the new tokens of each kind of name; one of each at least is an old one.
    parts: those of one's own that the model was made with.
    """
    larger = Transformer(model.config, d_vocab, parts=parts)
    tables = ("embed.weight", "unembed.weight")
    state = model.state_dict()
    generator = torch.Generator().manual_seed(seed)
    for name in tables:
        if name in state:
            state[name] = with_rows(state[name].cpu(), renumbered, kinds, d_vocab, generator)
    larger.load_state_dict(state)
    return larger.to(model.device).train(model.training)


def with_rows(
    table: Float[Tensor, "old_token d_model"],
    renumbered: Int[Tensor, " old_token"],
    kinds: Sequence[range],
    d_vocab: int,
    generator: torch.Generator,
) -> Float[Tensor, "token d_model"]:
    """A table of embeddings with its rows at their new places, and new rows drawn."""
    out = torch.zeros(d_vocab, table.shape[1], dtype=table.dtype)
    old = torch.zeros(d_vocab, dtype=torch.bool)
    out[renumbered], old[renumbered] = table, True
    for kind in kinds:
        places = torch.arange(kind.start, kind.stop)
        known, fresh = places[old[places]], places[~old[places]]
        if len(fresh):
            of_kind = out[known]
            noise = torch.randn(len(fresh), table.shape[1], generator=generator)
            out[fresh] = of_kind.mean(0) + noise.to(table.dtype) * of_kind.std(0, correction=0)
    return out
