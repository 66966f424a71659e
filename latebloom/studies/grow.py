"""Growing a run: world, training, final measurement, summary.

Enters: a `RunConfig` and a place for the run folder. Leaves: the folder, complete, and its
summary. `resume` goes on with a run that was stopped or killed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from latebloom.evaluation.accuracy import Score, score_splits
from latebloom.model.transformer import Transformer
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.listener import Listener, Silence
from latebloom.training.loop import Outcome, train
from latebloom.training.milestones import first_step, sustained_step
from latebloom.training.run_folder import RunFolder
from latebloom.training.until import check_until
from latebloom.worlds.build import build_world
from latebloom.worlds.world import World

TRAINED_SAMPLE = 5000
"""Examples of a training split that the last measurement takes: the paper's world has 684,000."""


def grow(
    config: RunConfig,
    out: Path,
    *,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Makes the world, trains, measures, writes the run folder; returns the summary.

    threads: processor threads, 0 for torch's own choice.
    Raises: LatebloomError for what cannot be made, trained or written.
    """
    listener = listener or Silence()
    place = choose_device(device)
    world = build_world(config.world, config.seed, listener.note)
    check_until(config.train.until, world.splits)
    machine = {"device": place.type, "threads": use_threads(threads)}
    run = RunFolder.create(out, config, world, machine, overwrite)
    return finish(config, world, run, listener, place)


def resume(
    path: Path, *, listener: Listener | None = None, device: str = "auto", threads: int = 0
) -> dict[str, Any]:
    """Goes on with a run from its newest checkpoint; returns the summary.

    The device and the threads that it began with are kept unless told otherwise: with them the
    result is the uninterrupted one bit for bit.
    """
    run = RunFolder.open(path)
    before = run.environment()
    place = choose_device(before["device"] if device == "auto" else device)
    use_threads(threads or before["threads"])
    return finish(run.config(), run.world(), run, listener or Silence(), place)


def use_threads(threads: int) -> int:
    """Sets torch's threads (0 leaves its choice) and returns how many there are now."""
    if threads:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def finish(
    config: RunConfig, world: World, run: RunFolder, listener: Listener, device: torch.device
) -> dict[str, Any]:
    """Trains to the end, measures, and writes `summary.json`.

    Held-out splits are measured whole, of those trained on `TRAINED_SAMPLE` examples.
    """

    def measure(model: Transformer) -> Mapping[str, float]:
        scores = score_splits(model, world, probe=config.train.probe)
        return {split: score.accuracy for split, score in scores.items()}

    outcome = train(config, world, run, measure, listener, device)
    scores = score_splits(outcome.model, world, probe=TRAINED_SAMPLE, splits=world.trained)
    scores |= score_splits(outcome.model, world, splits=world.tested)
    summary = summarise(config, world, run, outcome, scores, device)
    run.write_summary(summary)
    return summary


def summarise(
    config: RunConfig,
    world: World,
    run: RunFolder,
    outcome: Outcome,
    scores: Mapping[str, Score],
    device: torch.device,
) -> dict[str, Any]:
    """The contract for scripts: what `summary.json` holds."""
    records = list(run.metrics())
    return {
        "recipe": config.recipe,
        "seed": config.seed,
        "steps": outcome.step,
        "seconds": round(outcome.seconds, 3),
        "device": device.type,
        "parameters": sum(p.numel() for p in outcome.model.parameters()),
        "phi": round(world.phi, 4),
        "splits": {
            split: score.as_dict()
            | {
                "first_step": first_step(records, split),
                "sustained_step": sustained_step(records, split),
            }
            for split, score in scores.items()
        },
        "stopped_by": outcome.stopped_by,
    }
