"""Grokfast: the slow part of the gradient, which generalises, is added once more.

Source: Lee et al. 2024, arXiv:2405.20233, algorithms 1 (MA) and 2 (EMA).
"""

from typing import Any

import torch
from torch import Tensor

from latebloom.training.accelerators.accelerator import Accelerator, Groups


class GrokfastEma(Accelerator):
    """mean <- decay mean + (1 - decay) g, then g <- g + weight mean.

    The mean begins with the first gradient, as in the published code; the optimizer after it sees
    the new g. Differs: gradients were clipped before, where a run clips.
    """

    def __init__(self, parameters: Groups, *, weight: float = 2.0, decay: float = 0.98) -> None:
        super().__init__(parameters, weight=weight, decay=decay)

    def change(self, weight: Tensor, grad: Tensor, state: dict[str, Any], group: Any) -> None:
        if "mean" not in state:
            state["mean"] = grad.clone()
        mean = state["mean"].lerp_(grad, 1 - group["decay"])
        grad.add_(mean, alpha=group["weight"])


class GrokfastMa(Accelerator):
    """g <- g + weight mean(the last `window` gradients, this one included).

    Nothing is added before there are so many. It keeps `window` gradients of every weight.
    """

    def __init__(self, parameters: Groups, *, weight: float = 5.0, window: int = 100) -> None:
        super().__init__(parameters, weight=weight, window=window)

    def change(self, weight: Tensor, grad: Tensor, state: dict[str, Any], group: Any) -> None:
        window = group["window"]
        if "last" not in state:
            state["last"] = grad.new_zeros((window, *grad.shape))
            state["seen"] = torch.zeros(())
        state["last"][int(state["seen"]) % window] = grad
        state["seen"] += 1
        if state["seen"] >= window:
            grad.add_(state["last"].mean(dim=0), alpha=group["weight"])
