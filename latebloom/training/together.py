"""Several processes that train one run together, and the one process that trains it alone.

Each process makes the same batch, works on its share of it, and hands its gradient in; all get the
sum, and take the same step. The sum is the gradient of the whole batch, so a run is the same with
any number of processes, but for rounding and for dropout, whose noise is drawn by each process for
itself. The first process measures, decides when to stop, and writes the run folder.

With g_k the gradient of the mean loss of process k, which works on b_k of the B questions (words)
of a batch, the step is taken with sum_k (b_k / B) g_k.

Covers: torchrun, with gloo on processors and NCCL on GPUs, one for each process. Does not cover:
models that are divided between processes; models of which a GPU holds no copy.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import safetensors.torch
import torch
import torch.distributed as dist
from torch import Tensor, nn

from latebloom import launched
from latebloom.errors import LatebloomError, TrainingError
from latebloom.training.averaging import WeightAverage
from latebloom.training.checkpoint import model_tensors, put_back, training_tensors
from latebloom.training.feed import Feed

FAR = 500_009
"""Keeps the seeds of the processes' dropout apart from each other's, and from later steps'."""


@dataclass(frozen=True, slots=True)
class Process:
    """One of the processes that train a run.

    number: its own, from 0. of: how many there are.
    """

    number: int
    of: int

    @property
    def first(self) -> bool:
        """Whether this process measures, writes and speaks."""
        return self.number == 0

    def shift(self) -> int:
        """What is added to the seed of a step's dropout."""
        return FAR * self.number


@dataclass(frozen=True, slots=True)
class Alone(Process):
    """One process, which does everything itself."""

    number: int = 0
    of: int = 1

    def share(self, feed: Feed, batch: Any) -> tuple[Any, float]:
        """What this process works on of a batch, and how much of its loss that is, in (0, 1]."""
        return batch, 1.0

    def add_up(self, parameters: Iterable[nn.Parameter], loss: Tensor) -> Tensor:
        """Puts the sum of all processes' gradients in place of this one's; returns that of their
        losses."""
        return loss

    def agree(self, wish: bool) -> bool:
        """Whether any process wishes it."""
        return wish

    def wait(self) -> None:
        """Waits for the others."""

    def begin_alike(
        self, step: int, average: WeightAverage, optimizers: list[torch.optim.Optimizer]
    ) -> int:
        """Gives the state of the first process to the others; returns the step that it is at."""
        return step


@dataclass(frozen=True, slots=True)
class Together(Process):
    """One of several processes, all of which call the same methods in the same order.

    device: where the tensors lie that they exchange.
    """

    device: torch.device

    def share(self, feed: Feed, batch: Any) -> tuple[Any, float]:
        part = feed.part(batch, self.number, self.of)
        size = feed.size(part)
        if not size:
            raise TrainingError(
                f"a batch of {feed.size(batch)} leaves nothing to one of {self.of} processes; use"
                " fewer of them, or a larger --train.batch-size"
            )
        return part, size / feed.size(batch)

    def add_up(self, parameters: Iterable[nn.Parameter], loss: Tensor) -> Tensor:
        every = list(parameters)
        # What no process has a gradient of must stay without one, so that it is not stepped.
        has = torch.tensor([float(one.grad is not None) for one in every], device=loss.device)
        grads = [torch.zeros_like(one) if one.grad is None else one.grad for one in every]
        flat = torch.cat([*(grad.flatten().float() for grad in grads), has, loss.float().view(1)])
        with others_there():
            dist.all_reduce(flat)
        sizes = [grad.numel() for grad in grads]
        *sums, has, total = flat.split([*sizes, len(every), 1])
        for one, grad, summed, n in zip(every, grads, sums, has.tolist(), strict=True):
            one.grad = summed.view_as(grad).to(grad.dtype) if n else None
        return total[0]

    def agree(self, wish: bool) -> bool:
        flag = torch.tensor(float(wish), device=self.device)
        with others_there():
            dist.all_reduce(flag)
        return bool(flag > 0)

    def wait(self) -> None:
        self.agree(False)

    def begin_alike(
        self, step: int, average: WeightAverage, optimizers: list[torch.optim.Optimizer]
    ) -> int:
        told = torch.tensor([step], device=self.device)
        with others_there():
            dist.broadcast(told, 0)
            measured = self.handed(model_tensors(average.model))
            training = self.handed(training_tensors(average, optimizers))
        if not self.first:
            put_back(measured, training, average, optimizers)
        return int(told)

    def handed(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of the first process, whatever this one has."""
        packed = safetensors.torch.save(tensors) if self.first else b""
        size = torch.tensor([len(packed)], device=self.device)
        dist.broadcast(size, 0)
        content = torch.zeros(int(size), dtype=torch.uint8, device=self.device)
        if self.first:
            content.copy_(torch.frombuffer(bytearray(packed), dtype=torch.uint8))
        dist.broadcast(content, 0)
        return safetensors.torch.load(content.cpu().numpy().tobytes())


Processes = Alone | Together
"""Who trains a run."""
ALONE = Alone()


@contextmanager
def others_there() -> Generator[None, None, None]:
    """Says in one line that another process has ended, which may have said why.

    Raises: TrainingError.
    """
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "another of the processes that train this run has ended, or cannot be reached"
        ) from error


@contextmanager
def processes(device: torch.device) -> Generator[Processes, None, None]:
    """The processes that torchrun started, connected with each other; else this one alone.

    device: where this process trains.
    Raises: LatebloomError if they cannot be connected.
    """
    number, of = launched.number(), launched.how_many()
    if of == 1:
        yield ALONE
        return
    ours = not dist.is_initialized()  # a script of one's own may have connected them
    if ours:
        try:
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        except (RuntimeError, ValueError) as error:
            raise LatebloomError(
                f"process {number} of {of} cannot reach the others ({error}); start them with"
                " torchrun"
            ) from error
    try:
        yield Together(number, of, device)
    finally:
        if ours:
            dist.destroy_process_group()
