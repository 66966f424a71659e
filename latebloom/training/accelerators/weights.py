"""Accelerators that move the weights after a step: rows kept short, decay to the start."""

from typing import Any

from torch import Tensor

from latebloom.training.accelerators.accelerator import Accelerator, Groups


class RowNormClamp(Accelerator):
    """Every row of a matrix that is longer than `most` is cut to that length.

    A row is what feeds one unit, or one name's embedding. Weight decay keeps weights short
    everywhere; this bounds them and pulls at none that are short enough.
    """

    def __init__(self, parameters: Groups, *, most: float) -> None:
        super().__init__(parameters, most=most)

    def change(self, weight: Tensor, grad: Tensor, state: dict[str, Any], group: Any) -> None:
        length = weight.norm(dim=-1, keepdim=True)
        weight.mul_((group["most"] / length.clamp(min=group["most"])).clamp(max=1.0))


class DecayToStart(Accelerator):
    """w <- w + lr weight_decay w_0: turns decay to zero, done before, into decay to the start w_0.

    Together with a decoupled decay, w <- (1 - lr weight_decay) w, that is
    w <- w - lr weight_decay (w - w_0). Where the weights began is known from the seed, so it is no
    state: make it before a checkpoint is loaded.

    Source: L2-SP, Li et al. 2018, arXiv:1802.01483; with grokking, Kumar et al. 2023,
    arXiv:2310.06110 (what is far from the start is a feature that was learned).
    """

    def __init__(self, parameters: Groups) -> None:
        super().__init__(parameters, weight_decay=0.0)
        every = (weight for group in self.param_groups for weight in group["params"])
        self.start = {weight: weight.detach().clone() for weight in every}

    def change(self, weight: Tensor, grad: Tensor, state: dict[str, Any], group: Any) -> None:
        weight.add_(self.start[weight], alpha=group["lr"] * group["weight_decay"])
