"""Accelerators: what is said to bring a late bloom forward, each a small object with one interface.

Enters: a run's optimizers and its config. Leaves: a list in which the accelerators stand before
(those that change gradients) and after them (those that change weights). `accelerator.py` is where
to begin. StableMax changes the loss instead: `latebloom.training.links`.
"""

import torch
from torch import nn

from latebloom.training.acceleration import AcceleratorConfig
from latebloom.training.accelerators.accelerator import Accelerator
from latebloom.training.accelerators.grokfast import GrokfastEma, GrokfastMa
from latebloom.training.accelerators.orthogonal import OrthogonalGradient
from latebloom.training.accelerators.weights import DecayToStart, RowNormClamp


def accelerated(
    optimizers: list[torch.optim.Optimizer], model: nn.Module, config: AcceleratorConfig
) -> list[torch.optim.Optimizer]:
    """The optimizers with the accelerators that the config asks for around them.

    The gradient is first made orthogonal, then filtered; weights are first pulled, then clamped.
    """
    every = list(model.parameters())
    before: list[torch.optim.Optimizer] = []
    after: list[torch.optim.Optimizer] = []
    if config.orthogonal_grad:
        before.append(OrthogonalGradient(every))
    match config.grokfast:
        case "ema":
            decay = config.grokfast_decay
            before.append(GrokfastEma(every, weight=config.grokfast_weight, decay=decay))
        case "ma":
            window = config.grokfast_window
            before.append(GrokfastMa(every, weight=config.grokfast_weight, window=window))
        case "none":
            pass
    if config.decay_to == "start":
        after.append(DecayToStart(decayed_groups(optimizers)))
    if config.row_norm:
        after.append(RowNormClamp([p for p in every if p.ndim == 2], most=config.row_norm))
    return [*before, *optimizers, *after]


def decayed_groups(optimizers: list[torch.optim.Optimizer]) -> list[dict[str, object]]:
    """The groups of parameters that decay, each with its rate and its decay."""
    return [
        {name: group[name] for name in ("params", "lr", "weight_decay")}
        for optimizer in optimizers
        for group in optimizer.param_groups
        if group["params"] and group["weight_decay"]
    ]


__all__ = [
    "Accelerator",
    "DecayToStart",
    "GrokfastEma",
    "GrokfastMa",
    "OrthogonalGradient",
    "RowNormClamp",
    "accelerated",
]
