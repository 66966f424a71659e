"""Greedy decoding in batches, with the keys and values of earlier tokens kept.

Enters: a model and prompts of one length. Leaves: the most likely continuations. Each token goes
through the layers once. Covers: models without feedback between loops.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from latebloom.model.attention import Continued, KeysValues
from latebloom.model.positions import check_length
from latebloom.model.transformer import Transformer


@torch.no_grad()
def decode(
    model: Transformer, prompts: Int[Tensor, "row pos"], n_new: int
) -> Int[Tensor, "row new"]:
    """The `n_new` tokens that greedily follow each prompt.

    Raises: LatebloomError if prompt and continuation are longer than the model's positions.
    """
    layers = model.unrolled()
    # The last of the new tokens is not read.
    longest = prompts.shape[1] + max(0, n_new - 1)
    check_length(
        model.positions.limit,
        [longest],
        lambda _: "a prompt with its continuation",
        "give shorter ones",
    )
    known: list[KeysValues | None] = [None] * len(layers)
    training = model.training
    model.eval()
    tokens, chosen, done = prompts.to(model.device), [], 0
    for _ in range(n_new):
        x, places = model.embedded(tokens, done), model.places(done, done + tokens.shape[1])
        for layer, block in enumerate(layers):
            attend = Continued(known[layer])
            x = block(x, attend, model.positions, places)
            known[layer] = attend.known
        done += tokens.shape[1]
        tokens = model.logits(x[:, -1]).argmax(-1, keepdim=True)
        chosen.append(tokens)
    model.train(training)
    return torch.cat(chosen, dim=1) if chosen else prompts.new_empty(len(prompts), 0)
