"""Small work on stacked tensors, `[run, ...]`, for `latebloom.training.stacked`."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def clipped(gradients: Sequence[Tensor], most: float) -> list[Tensor]:
    """The gradients, those of a run scaled down to the norm `most`; 0: as they are."""
    if not most:
        return list(gradients)
    squares = [gradient.flatten(1).square().sum(1) for gradient in gradients]
    norms = torch.stack(squares).sum(0).sqrt()
    scale = (most / (norms + 1e-6)).clamp(max=1.0)
    return [gradient * over(gradient, scale) for gradient in gradients]


def over(tensor: Tensor, values: Float[Tensor, " run"]) -> Tensor:
    """A value for each run in a shape that multiplies a stacked tensor."""
    return values.view(-1, *[1] * (tensor.ndim - 1))


def is_decayed(name: str, shape: Sequence[int]) -> bool:
    """Whether weight decay acts on a parameter, as in `latebloom.training.optimizers`."""
    return len(shape) >= 2 and not name.endswith("distance_bias")


def is_hidden(name: str, shape: Sequence[int]) -> bool:
    """Whether Muon takes a parameter: a matrix of a block."""
    return name.startswith("blocks.") and len(shape) == 2 and is_decayed(name, shape)
