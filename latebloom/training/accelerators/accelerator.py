"""The interface of accelerators: something that works on gradients or weights around a step.

An accelerator is a torch optimizer that optimizes nothing by itself. Those that change gradients
stand before the run's optimizers in their list, those that change weights after them; the loop
steps all in order, schedules the learning rates of all, and saves the state of all in a checkpoint.
So none of them needs a place of its own in the loop, and a resumed run equals an uninterrupted one.
"""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from latebloom.training.uncompiled import Uncompiled

Groups = Iterable[Tensor] | Iterable[dict[str, Any]]
"""Parameters, or groups of them with settings of their own, as torch's optimizers take them."""


class Accelerator(Uncompiled):
    """Changes every parameter that has a gradient, or its gradient, once a step."""

    def __init__(self, parameters: Groups, **settings: float) -> None:
        """settings: of every group that does not bring its own; `lr` follows the schedule."""
        super().__init__(parameters, {"lr": 1.0, **settings})  # pyright: ignore[reportArgumentType]

    @abstractmethod
    def change(self, weight: Tensor, grad: Tensor, state: dict[str, Any], group: Any) -> None:
        """Changes a weight or its gradient in place.

        state: what is kept of this weight from step to step; tensors, saved in checkpoints.
        group: the settings, with the present `lr`.
        """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.change(weight, weight.grad, self.state[weight], group)
