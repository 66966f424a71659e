"""Lion: an optimizer that takes the sign of a momentum, so that every weight moves alike."""

from typing import Any

import torch
from torch import Tensor

from latebloom.training.accelerators.accelerator import Accelerator, Groups


class Lion(Accelerator):
    """w <- w - lr (sign(near m + (1 - near) g) + weight_decay w); then m <- far m + (1 - far) g.

    Every weight moves by the learning rate, whatever the size of its gradient; so rates are some
    ten times smaller than AdamW's, and decays as much larger.

    Source: Chen et al. 2023, arXiv:2302.06675, algorithm 2.
    """

    def __init__(self, groups: Groups, *, lr: float, near: float = 0.9, far: float = 0.99) -> None:
        super().__init__(groups, lr=lr, near=near, far=far, weight_decay=0.0)

    def change(self, weight: Tensor, grad: Tensor, state: dict[str, Any], group: Any) -> None:
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"]
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(momentum.lerp(grad, 1 - group["near"]).sign_(), alpha=-group["lr"])
        momentum.lerp_(grad, 1 - group["far"])
