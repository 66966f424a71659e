"""The loss: cross-entropy of the answer after the last loop, of atomic facts after every loop.

An atomic fact needs one loop, so its answer is known after the first; demanding it there is what
makes every loop look facts up with the same weights. Composed questions are supervised after the
last loop alone: nobody tells the model their bridge.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from latebloom.model.transformer import Transformer
from latebloom.training.batches import Group


def batch_loss(
    model: Transformer, batch: list[Group], *, every_loop: bool, label_smoothing: float
) -> Float[Tensor, ""]:
    """Mean loss over the questions of a batch, in nats.

    An atomic fact's losses after its loops are summed. Where feedback is seen ahead only, the
    answer at position p is settled after p loops: loops that cannot change it are not run, but an
    atomic fact keeps the weight that they would have had.
    """
    config = model.config
    total = torch.zeros((), device=model.embed.weight.device)
    for group in batch:
        n_rows, n_tokens = group.tokens.shape
        at = torch.full((n_rows,), n_tokens - 1, device=group.tokens.device)
        settled = config.feedback == "ahead"
        loops = min(config.n_loops, n_tokens - 1) if settled else config.n_loops
        repeated = every_loop and group.atomic and config.shape == "looped"
        logits = model(group.tokens, at, n_loops=loops, every_loop=repeated)
        answers = group.answers.repeat(len(logits))
        loss = F.cross_entropy(
            logits.flatten(0, 1).float(), answers, label_smoothing=label_smoothing, reduction="sum"
        )
        total = total + loss * (config.n_loops if repeated and settled else 1)
    return total / sum(len(group.answers) for group in batch)
