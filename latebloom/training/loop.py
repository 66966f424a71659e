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
import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import torch
from torch import nn

from latebloom.errors import TrainingError
from latebloom.model.transformer import Transformer
from latebloom.training.averaging import WeightAverage
from latebloom.training.beginning import beginning
from latebloom.training.checkpoint import save_checkpoint
from latebloom.training.config import RunConfig, TrainConfig
from latebloom.training.device import autocast_dtype
from latebloom.training.feed import make_feed
from latebloom.training.listener import Listener
from latebloom.training.milestones import phase_of
from latebloom.training.optimizers import lr_scale, make_optimizers, ready_to_schedule, set_lr
from latebloom.training.own import NOTHING_OWN, Callback, Loss, Moment, Own
from latebloom.training.run_folder import RunFolder
from latebloom.training.together import ALONE, Processes
from latebloom.training.until import IN_A_ROW, holds, rule_for
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
    settings = config.train
    until = rule_for(settings.until, data.splits)
    torch.manual_seed(config.seed)
    model = Transformer(config.model, len(data.vocabulary), parts=own.parts).to(device)
    start = run.start() if together.first else None
    if start is not None:
        model.load_state_dict(start)
    optimizers = ready_to_schedule((own.optimizers or make_optimizers)(model, settings))
    average = WeightAverage(model, settings.average_frac)
    feed = make_feed(config, data, device)
    loss_of = own.loss or feed.loss
    autocast = autocast_dtype(settings.precision, device, config.model.d_model)
    step, seconds, records = 0, 0.0, []
    losses: list[float] = []  # of the steps since the last evaluation
    begin = None
    if together.first:
        begin = beginning(run, average, optimizers, listener, from_scratch)
    if begin is not None:
        step, seconds, losses = begin.place.step, begin.place.seconds, list(begin.place.losses)
        records = begin.records
    step = together.begin_alike(step, average, optimizers)
    judged = tuple(split for split in data.tested if data.meaning(split).judged)
    listener.start(settings.steps, step, f"{config.recipe}, seed {config.seed}", judged)

    first, began = step, time.perf_counter() - seconds

    def save() -> None:
        if not together.first:
            return
        if not all(p.isfinite().all() for p in model.parameters()):
            raise TrainingError(not_finite(run, step))
        run.sync_metrics()
        seconds = time.perf_counter() - began
        place = {"seconds": seconds, "losses": losses, "evaluations": len(records)}
        save_checkpoint(run.path / "checkpoints", step, average, optimizers, place, settings.keep)

    if begin is None or begin.lacks:
        save()
    reached, stopped = goal_reached(records, until), False
    with interruptible() as interrupted:
        ended = together.agree(reached) or step >= settings.steps
        while not ended:
            step += 1
            scale = lr_scale(step, settings)
            set_lr(optimizers, scale)
            # Dropout draws from torch's generator: seeded by the step, it needs no saving.
            torch.manual_seed(config.seed * 1_000_003 + step + together.shift())
            batch = feed.batch(step)
            part, share = together.share(feed, batch)
            loss = train_step(
                model, optimizers, part, loss_of, settings.grad_clip, autocast, share, together
            )
            if not math.isfinite(loss):
                raise TrainingError(not_finite(run, step))
            losses.append(loss)
            average.update(step)
            elapsed = time.perf_counter() - began
            speed = (step - first) / (elapsed - seconds)
            listener.step(step, loss, speed)
            record = None
            due_now = step % settings.eval_every == 0 or step == settings.steps
            if due_now and together.first:
                measured = measure(average.model)
                record = {
                    "step": step,
                    "seconds": round(elapsed, 3),
                    "steps_per_second": round(speed, 3),
                    "loss": fmean(losses),
                    "lr": scale * settings.lr,
                    "phase": phase_of(data, measured["accuracy"]),
                    **measured,
                }
            callbacks = own.callbacks if together.first else ()
            stopped = tell(callbacks, step, loss, batch, average, record)
            if record is not None:
                run.append_metrics(record)
                records.append(record)
                losses.clear()
                listener.evaluated(record)
                reached = goal_reached(records, until)
            ended = together.agree(reached or stopped or interrupted.is_set())
            ended |= step == settings.steps
            if ended or due(step, settings):
                save()
    if reached:
        stopped_by = "until"
    elif step == settings.steps:
        stopped_by = "steps"
    else:
        stopped_by = "callback" if stopped else "interrupt"
    return Outcome(average.model, step, time.perf_counter() - began, stopped_by)


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
) -> float:
    """One step of all optimizers; returns the loss in nats.

    share: of the whole batch's loss, in (0, 1], where several processes work on a batch together.
    Where the loss or its gradient is not finite the weights stay as they were and nan is returned.
    """
    model.train()
    device = model.device.type
    with torch.autocast(device, autocast) if autocast else contextlib.nullcontext():
        loss = share * loss_of(model, batch)
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    loss.backward()
    total = together.add_up(model.parameters(), loss.detach())
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


def goal_reached(records: list[dict[str, Any]], until: list[tuple[str, float]]) -> bool:
    """Whether the stop rule held at the last evaluations in a row."""
    last = records[-IN_A_ROW:]
    return len(last) == IN_A_ROW and all(holds(until, r["accuracy"]) for r in last)


def not_finite(run: RunFolder, step: int) -> str:
    good = run.newest().step
    return (
        f"the loss or the weights stopped being finite at step {step}; the last good checkpoint is"
        f" step {good} in {run.path}. Try a smaller --train.lr or --train.muon-lr, or more"
        " --train.warmup-steps"
    )


@contextlib.contextmanager
def interruptible() -> Generator[threading.Event, None, None]:
    """Turns the first Ctrl-C, or SIGTERM, into an event, so that a step is never left half done.

    The second is what it was before. Outside the main thread nothing is changed.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def on_interrupt(number: int, _frame: object) -> None:
        event.set()
        signal.signal(number, before[number])

    both = (int(signal.SIGINT), int(signal.SIGTERM))
    before = {number: signal.signal(number, on_interrupt) for number in both}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
