"""The loop: one place where a model is trained, measured and saved.

Enters: a `RunConfig`, its world, a run folder, and a function that measures. Leaves: the trained
model, a line of `metrics.jsonl` an evaluation (its loss in nats, the mean over the steps since the
one before), checkpoints. A step depends on nothing but the seed, its number and the state that a
checkpoint holds, so a resumed run equals an uninterrupted one bit for bit.

Covers: questions with one answer, and sentences. Does not cover: what the listener shows, what
measuring means.
"""

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from latebloom.errors import TrainingError
from latebloom.model.transformer import Transformer
from latebloom.training.averaging import WeightAverage
from latebloom.training.beginning import beginning
from latebloom.training.checkpoint import save_checkpoint
from latebloom.training.clock import Clock
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.training.device import autocast_dtype
from latebloom.training.feed import make_feed
from latebloom.training.interrupts import interruptible
from latebloom.training.listener import Listener
from latebloom.training.milestones import phase_of
from latebloom.training.optimizers import lr_scale, make_optimizers, ready_to_schedule, set_lr
from latebloom.training.own import NOTHING_OWN, Callback, Loss, Moment, Own
from latebloom.training.pieces import Cut, pieces, whole
from latebloom.training.run_folder import RunFolder
from latebloom.training.together import ALONE, Processes
from latebloom.training.until import goal_reached, rule_for
from latebloom.worlds.data import Data

Measure = Callable[[Transformer], Mapping[str, Any]]
"""What an evaluation says of the model as it stands: `accuracy` by split, and whatever else."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended: by `until`, `steps`, `callback` or `interrupt`."""

    model: Transformer
    step: int
    seconds: float
    stopped_by: str


def train(
    config: RunConfig,
    data: Data,
    run: RunFolder,
    measure: Measure,
    listener: Listener,
    device: torch.device,
    own: Own = NOTHING_OWN,
    from_scratch: bool = False,
    together: Processes = ALONE,
) -> Outcome:
    """Trains from the newest whole checkpoint of the run, or from the start, to the end.

    own: parts that are used in place of latebloom's. from_scratch: from step 0 on, whatever there
    is. together: the processes that train it; the first of them reads and writes the run folder,
    measures, and calls the listener and the callbacks.
    Raises: TrainingError if the loss stops being finite or the disk is full.
    """
    training = Training(config, data, run, measure, listener, device, own, together)
    return training.to_the_end(from_scratch)


class Training:
    """A training on its way: a model, its optimizers, and how far it is."""

    def __init__(
        self,
        config: RunConfig,
        data: Data,
        run: RunFolder,
        measure: Measure,
        listener: Listener,
        device: torch.device,
        own: Own,
        together: Processes,
    ) -> None:
        """As `train` says. The model is new, or has the weights that the run starts from."""
        self.config, self.settings, self.data, self.run = config, config.train, data, run
        self.measure, self.listener, self.own, self.together = measure, listener, own, together
        self.until = rule_for(self.settings.until, data.splits)
        torch.manual_seed(config.seed)
        model = Transformer(config.model, len(data.vocabulary), parts=own.parts).to(device)
        start = run.start() if together.first else None
        if start is not None:
            model.load_state_dict(start)
        self.model = model
        optimizers = (own.optimizers or make_optimizers)(model, self.settings)
        self.optimizers = ready_to_schedule(optimizers)
        self.average = WeightAverage(model, self.settings.average_frac)
        self.feed = make_feed(config, data, device)
        self.cut = partial(pieces, self.feed, model.d_vocab)
        self.loss_of = own.loss or self.feed.loss
        self.autocast = autocast_dtype(self.settings.precision, device, config.model.d_model)
        self.clock = Clock()
        self.step = 0
        self.records: list[dict[str, Any]] = []
        self.losses: list[float] = []  # of the steps since the last evaluation
        self.stopped = False

    def to_the_end(self, from_scratch: bool) -> Outcome:
        """All that is left of the training."""
        self.begin(from_scratch)
        with interruptible() as interrupted:
            ended = self.together.agree(self.reached) or self.step >= self.settings.steps
            while not ended:
                self.advance()
                wish = self.reached or self.stopped or interrupted.is_set()
                ended = self.together.agree(wish) or self.step == self.settings.steps
                if ended or due(self.step, self.settings):
                    self.save()
        return Outcome(self.average.model, self.step, self.clock.seconds(), self.stopped_by)

    def begin(self, from_scratch: bool) -> None:
        """Takes the place that the run folder keeps, if there is one."""
        begun = None
        if self.together.first:
            begun = beginning(self.run, self.average, self.optimizers, self.listener, from_scratch)
        if begun is not None:
            place, self.records = begun.place, begun.records
            self.step, self.losses = place.step, list(place.losses)
        self.step = self.together.begin_alike(self.step, self.average, self.optimizers)
        judged = tuple(split for split in self.data.tested if self.data.meaning(split).judged)
        title = f"{self.config.recipe}, seed {self.config.seed}"
        self.listener.start(self.settings.steps, self.step, title, judged)
        self.clock = Clock(self.step, begun.place.seconds if begun else 0.0)
        if begun is None or begun.lacks:
            self.save()

    def advance(self) -> None:
        """One step, and the evaluation that is due after it."""
        self.step += 1
        scale = lr_scale(self.step, self.settings)
        set_lr(self.optimizers, scale)
        # Dropout draws from torch's generator: seeded by the step, it needs no saving.
        seed = self.config.seed * 1_000_003 + self.step
        torch.manual_seed(seed + self.together.shift())
        batch = self.feed.batch(self.step)
        part, share = self.together.share(self.feed, batch)
        loss = train_step(
            self.model,
            self.optimizers,
            part,
            self.loss_of,
            self.settings.grad_clip,
            self.autocast,
            share,
            self.together,
            self.cut,
        )
        if not math.isfinite(loss):
            raise TrainingError(not_finite(self.run, self.step))
        self.losses.append(loss)
        self.average.update(self.step)
        self.clock.tick(self.step)
        self.listener.step(self.step, loss, self.clock.speed)
        if not self.together.first:
            return
        is_due = self.step % self.settings.eval_every == 0 or self.step == self.settings.steps
        record = self.evaluation(scale * self.settings.lr) if is_due else None
        self.stopped = tell(self.own.callbacks, self.step, loss, batch, self.average, record)
        if record is not None:
            self.run.append_metrics(record)
            self.records.append(record)
            self.losses.clear()
            self.listener.evaluated(record)

    def evaluation(self, lr: float) -> dict[str, Any]:
        """A line of `metrics.jsonl`. lr: the rate of the step before."""
        measured = self.measure(self.average.model)
        return {
            "step": self.step,
            "seconds": round(self.clock.elapsed, 3),
            "steps_per_second": round(self.clock.speed, 3),
            "loss": fmean(self.losses),
            "lr": lr,
            "phase": phase_of(self.data, measured["accuracy"]),
            **measured,
        }

    def save(self) -> None:
        """A checkpoint of the step. Raises: TrainingError if a weight is not finite."""
        if not self.together.first:
            return
        if not all(p.isfinite().all() for p in self.model.parameters()):
            raise TrainingError(not_finite(self.run, self.step))
        self.run.sync_metrics()
        place = {
            "seconds": self.clock.seconds(),
            "losses": self.losses,
            "evaluations": len(self.records),
        }
        folder = self.run.path / "checkpoints"
        save_checkpoint(folder, self.step, self.average, self.optimizers, place, self.settings.keep)

    @property
    def reached(self) -> bool:
        """Whether the stop rule held at the last evaluations in a row."""
        return goal_reached(self.records, self.until)

    @property
    def stopped_by(self) -> str:
        """Why the training ended."""
        if self.reached:
            return "until"
        if self.step == self.settings.steps:
            return "steps"
        return "callback" if self.stopped else "interrupt"


def tell(
    callbacks: Sequence[Callback],
    step: int,
    loss: float,
    batch: Any,
    average: WeightAverage,
    record: dict[str, Any] | None,
) -> bool:
    """Calls the callbacks, adds their metrics to the record; returns whether one wants to stop."""
    if not callbacks:
        return False
    moment = Moment(step, loss, batch, average.trained, average.model, record)
    for callback in callbacks:
        metrics = callback(moment)
        if record is not None and metrics:
            clash = sorted(set(metrics) & set(record))
            if clash:
                raise TrainingError(
                    f"a callback returned {', '.join(clash)}, which the record has already; give"
                    " its metric another name"
                )
            record |= metrics
    return moment.stopped


def train_step(
    model: Transformer,
    optimizers: list[torch.optim.Optimizer],
    batch: Any,
    loss_of: Loss,
    grad_clip: float,
    autocast: torch.dtype | None,
    share: float = 1.0,
    together: Processes = ALONE,
    cut: Cut = whole,
) -> float:
    """One step of all optimizers; returns the loss in nats.

    share: of the whole batch's loss, in (0, 1], where several processes work on a batch together.
    cut: into the pieces that are worked on one after another (`latebloom.training.pieces`).
    Where the loss or its gradient is not finite the weights stay as they were and nan is returned.
    """
    model.train()
    device = model.device.type
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    losses: list[Tensor] = []
    for piece, of_batch in cut(batch):
        with torch.autocast(device, autocast) if autocast else contextlib.nullcontext():
            loss = share * of_batch * loss_of(model, piece)
        loss.backward()
        losses.append(loss.detach())
    total = together.add_up(model.parameters(), sum(losses[1:], losses[0]))
    norm = nn.utils.clip_grad_norm_(model.parameters(), grad_clip or math.inf)
    value, size = torch.stack((total, norm)).tolist()
    if not (math.isfinite(value) and math.isfinite(size)):
        return math.nan
    for optimizer in optimizers:
        optimizer.step()
    return value


def due(step: int, settings: TrainConfig) -> bool:
    """Whether a checkpoint belongs here: five times as dense at first, then twice, then as asked.

    The circuit forms early in the fast recipes, and there one wants to see it.
    """
    every = settings.checkpoint_every
    if step <= 2 * every:
        every = max(1, every // 5)
    elif step <= 6 * every:
        every = max(1, every // 2)
    return step % every == 0


def not_finite(run: RunFolder, step: int) -> str:
    good = run.newest().step
    return (
        f"the loss or the weights stopped being finite at step {step}; the last good checkpoint is"
        f" step {good} in {run.path}. Try a smaller --train.lr or --train.muon-lr, or more"
        " --train.warmup-steps"
    )
