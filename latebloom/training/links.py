"""Link functions: how logits become probabilities in the loss.

A link is a function of the logits, after which the usual softmax and cross-entropy follow. Plain
softmax is the identity.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from latebloom.training.acceleration import AcceleratorConfig

Link = Callable[[Tensor], Tensor]
"""From logits to logits."""


def softmax_link(logits: Tensor) -> Tensor:
    """The logits themselves: p is proportional to exp(x)."""
    return logits


def stablemax_link(logits: Tensor) -> Tensor:
    """log s(x), by which p is proportional to s(x) = x + 1 where x >= 0, and 1 / (1 - x) below.

    Softmax of log s is s over its sum. Since s grows like x and not like exp(x), a loss does not
    become exactly zero in float32 while there is still something to learn.

    Source: Prieto et al. 2025, arXiv:2501.04697, section 4 (StableMax).
    """
    size = torch.log1p(logits.float().abs())
    return torch.where(logits >= 0, size, -size)


def link_of(config: AcceleratorConfig) -> Link:
    """The link that a training asks for."""
    link = stablemax_link if config.stablemax else softmax_link
    temperature = config.logit_temperature
    return link if temperature == 1 else lambda logits: link(logits / temperature)
