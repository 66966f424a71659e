"""Parts of one's own: what can be handed to a training from Python instead of latebloom's.

    def entropy(moment):                       # a metric of one's own, and a stop rule
        if moment.record is not None:
            return {"weights": float(sum(p.norm() for p in moment.model.parameters()))}

    latebloom.grow(config, "runs/mine", own=latebloom.Own(world=my_world, callbacks=(entropy,)))

No file of a run folder names code to be loaded. A run that was grown with parts of one's own is
opened by handing the same parts in again, and says so where they are missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from latebloom.errors import RunFolderError
from latebloom.model.transformer import Parts, Transformer
from latebloom.training.config import TrainConfig
from latebloom.worlds.data import Data
from latebloom.worlds.sentences.tasks import SentenceTask
from latebloom.worlds.tasks.task import Task


@dataclass(slots=True)
class Moment:
    """Where a training stands, as a callback sees it after every step.

    step: counted from 1. loss: of this step, in nats. batch: what the step saw.
    model: the trained one. measured: the one that is measured and saved, the average of the
    weights where there is one, else the same.
    record: at an evaluation, the line that is about to be written to `metrics.jsonl`; else None.
    """

    step: int
    loss: float
    batch: Any
    model: Transformer
    measured: Transformer
    record: Mapping[str, Any] | None
    stopped: bool = False

    def stop(self) -> None:
        """Ends the training after this step, with a checkpoint."""
        self.stopped = True


Callback = Callable[[Moment], Mapping[str, float] | None]
"""Called after every step; what it returns at an evaluation is added to the record."""
Loss = Callable[[Transformer, Any], Tensor]
"""From a model and a batch to the mean loss, a scalar."""
MakeOptimizers = Callable[[Transformer, TrainConfig], list[torch.optim.Optimizer]]
"""The optimizers of a model; their learning rates are the peaks of the config's schedule."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """What is handed in; whatever is None is latebloom's.

    world: a `World` or a corpus, in place of the one that the config describes.
    task: the task of the world, where a run is opened whose task is not one of latebloom's.
    parts: parts of the model: a position scheme, an MLP.
    loss, optimizers: see `Loss`, `MakeOptimizers`.
    callbacks: called in this order after every step.
    """

    world: Data | None = None
    task: Task | SentenceTask | None = None
    parts: Parts | None = None
    loss: Loss | None = None
    optimizers: MakeOptimizers | None = None
    callbacks: tuple[Callback, ...] = field(default=())

    @property
    def tasks(self) -> tuple[Task | SentenceTask, ...]:
        """The tasks that are handed in, with that of the world."""
        given = (self.task, None if self.world is None else self.world.task)
        return tuple(task for task in given if task is not None)

    def names(self) -> list[str]:
        """Which parts change what a training computes; the run folder lists them."""
        return [name for name in ("loss", "optimizers") if getattr(self, name) is not None]

    def check_against(self, names: list[str], place: object) -> None:
        """Whether a training that began with such parts can go on with these.

        Raises: RunFolderError naming the part that is missing, or that was not there before.
        """
        for name in sorted({*names, *self.names()}):
            if name not in self.names():
                raise RunFolderError(
                    f"{place} was grown with {name} of one's own; hand it in again:"
                    f" latebloom.resume(RUN, own=latebloom.Own({name}=...))"
                )
            if name not in names:
                raise RunFolderError(
                    f"{place} was grown with latebloom's {name}; going on with another would"
                    " not be the same run"
                )


NOTHING_OWN = Own()
"""All parts are latebloom's."""
