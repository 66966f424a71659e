"""Optimizers: AdamW or Lion for all, or Muon for matrices and AdamW for the rest.

Enters: the model and a `TrainConfig`. Leaves: torch optimizers, and the learning rate's course.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from latebloom.training.accelerators import accelerated
from latebloom.training.config import TrainConfig
from latebloom.training.lion import Lion
from latebloom.training.uncompiled import AdamW, Uncompiled


class Muon(Uncompiled, torch.optim.Muon):
    """torch's Muon with its orthogonalisation batched, in a precision that the device is fast in.

    torch orthogonalises one matrix at a time in bfloat16. A processor without bf16 units emulates
    that: 415 ms a step for two layers of width 128, against 6 ms here. Matrices of one shape go
    through the Newton-Schulz iteration together, in float32 on a CPU and in bfloat16 on a GPU.

    Source: https://kellerjordan.github.io/posts/muon/. Differs from torch: only in rounding.
    """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        for group in self.param_groups:
            alike: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                momentum = state["momentum_buffer"]
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(momentum, group["momentum"])
                alike[tuple(sorted(parameter.shape))].append((parameter, update))
            for pairs in alike.values():
                wide = torch.stack([u if u.shape[0] <= u.shape[1] else u.mT for _, u in pairs])
                whole = orthogonalise(wide, group["ns_coefficients"], group["ns_steps"])
                for (parameter, _), update in zip(pairs, whole, strict=True):
                    rows, columns = parameter.shape
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(
                        update if rows <= columns else update.mT,
                        alpha=-group["lr"] * math.sqrt(max(1.0, rows / columns)),
                    )


def orthogonalise(matrices: Tensor, coefficients: tuple[float, float, float], n: int) -> Tensor:
    """Newton-Schulz: every matrix of `[matrix, row, column]` (rows <= columns) to about U V^T."""
    a, b, c = coefficients
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(n):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.to(matrices.dtype)


MUONS: Mapping[str, Callable[[str, Tensor], bool]] = {
    "muon": lambda name, parameter: name.startswith("blocks.") and parameter.ndim == 2,
    "muon-all": lambda name, parameter: parameter.ndim == 2,
}
"""What Muon trains, by `train.optimizer`: matrices of blocks, or embeddings and read-out too."""


def make_optimizers(model: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """The optimizers of a run, with the accelerators around them. Weight decay acts on matrices and
    embeddings, not on biases, norms, distance biases or gates."""
    of_muon = MUONS.get(config.optimizer, lambda name, parameter: False)
    orthogonal, decayed, plain, embedding = [], [], [], []
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2 or name.endswith("distance_bias"):
            plain.append(parameter)
        elif config.embed_lr != 1 and name == "embed.weight":
            embedding.append(parameter)
        elif of_muon(name, parameter):
            orthogonal.append(parameter)
        else:
            decayed.append(parameter)
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    if embedding:
        rate = config.embed_lr * config.lr
        groups.append({"params": embedding, "weight_decay": config.weight_decay, "lr": rate})
    if config.optimizer == "lion":
        return accelerated([Lion(groups, lr=config.lr)], model, config)
    adamw = AdamW(groups, lr=config.lr, betas=(0.9, config.beta2), fused=True)
    optimizers: list[torch.optim.Optimizer] = [adamw]
    if orthogonal:
        optimizers.append(Muon(orthogonal, lr=config.muon_lr, weight_decay=config.weight_decay))
    return accelerated(optimizers, model, config)


def ready_to_schedule(optimizers: list[torch.optim.Optimizer]) -> list[torch.optim.Optimizer]:
    """The same optimizers, whose present learning rates are the peaks of the schedule from now."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return optimizers


def lr_scale(step: int, config: TrainConfig) -> float:
    """The learning rate at a step (from 1), as a fraction of its peak."""
    if step <= config.warmup_steps:
        return step / config.warmup_steps
    left = 1 - (step - config.warmup_steps) / (config.steps - config.warmup_steps + 1)
    match config.schedule:
        case "constant":
            return 1.0
        case "linear":
            return left
        case "cosine":
            return 0.5 - 0.5 * math.cos(math.pi * left)


def set_lr(optimizers: list[torch.optim.Optimizer], scale: float) -> None:
    """Sets every group to `scale` times its peak learning rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = scale * group["peak_lr"]
