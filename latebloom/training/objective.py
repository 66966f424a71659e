"""The loss: cross-entropy of the answer after the last loop, of atomic facts after every loop.

An atomic fact needs one loop, so its answer is known after the first; demanding it there is what
makes every loop look facts up with the same weights. Composed questions are supervised after the
last loop alone: nobody tells the model their bridge.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from latebloom.training.batches import Batch


def answer_loss(
    logits: Float[Tensor, "loop batch d_vocab"],
    batch: Batch,
    *,
    every_loop: bool,
    label_smoothing: float,
) -> Float[Tensor, ""]:
    """Mean loss over the batch in nats.

    The earlier loops' atomic losses are summed and divided by the whole batch's size, so that
    every supervised answer weighs the same.
    """
    loss = F.cross_entropy(logits[-1], batch.answers, label_smoothing=label_smoothing)
    if not every_loop or len(logits) == 1:
        return loss
    early = logits[:-1, batch.atomic]
    if early.shape[1] == 0:
        return loss
    summed = F.cross_entropy(
        early.flatten(0, 1),
        batch.answers[batch.atomic].repeat(len(early)),
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    return loss + summed / len(batch.answers)
