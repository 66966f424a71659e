"""Orthogonal gradient: the part of the gradient that only makes the weights longer is left out.

Once the training questions are known, the easiest way to a lower loss is to scale the logits up;
nothing is learned by it, and the loss ends where floating point cannot tell it from zero.

Source: Prieto et al. 2025, arXiv:2501.04697, section 5 (perpGrad).
"""

from typing import Any

from torch import Tensor

from latebloom.training.accelerators.accelerator import Accelerator

TINY = 1e-30
"""Keeps a division by zero away; far below any norm that occurs."""


class OrthogonalGradient(Accelerator):
    """g <- g - (w.g / w.w) w, stretched to the length that g had; each weight tensor alone."""

    def change(self, weight: Tensor, grad: Tensor, state: dict[str, Any], group: Any) -> None:
        length = grad.norm()
        along = (weight * grad).sum() / (weight * weight).sum().clamp(min=TINY)
        grad.sub_(along * weight)
        grad.mul_(length / grad.norm().clamp(min=TINY))
