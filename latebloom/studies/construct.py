"""Constructing a run: world, weights computed from its facts, measurement, summary.

Enters: a `RunConfig` and a place for the run folder. Leaves: the folder, complete, with the weights
as the checkpoint of step 0; everything that opens a run opens it. `resume` trains on from there:
what the config says of the training is what it then does.
"""

import os
import time
from pathlib import Path
from typing import Any

import torch

from latebloom.construction.build import construction_for
from latebloom.errors import LatebloomError, RunFolderError
from latebloom.evaluation.accuracy import TOKENS_AT_ONCE
from latebloom.evaluation.counted import counted
from latebloom.evaluation.intersections import rank_all
from latebloom.evaluation.ranking import held, rank_splits
from latebloom.evaluation.scores import score
from latebloom.model.config import ModelConfig
from latebloom.studies.grow import (
    RANKED,
    TRAINED_SAMPLE,
    kept_asking,
    summarise,
    use_threads,
)
from latebloom.training.averaging import WeightAverage
from latebloom.training.checkpoint import save_checkpoint
from latebloom.training.config import RunConfig
from latebloom.training.listener import Listener, Silence
from latebloom.training.loop import Outcome
from latebloom.training.milestones import phase_of
from latebloom.training.optimizers import make_optimizers, ready_to_schedule
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.build import build_world
from latebloom.worlds.data import Data, as_world
from latebloom.worlds.world import World

ITSELF = 350 << 20
"""Bytes that Python, torch and the package take."""


def construct(
    config: RunConfig,
    out: Path | str,
    *,
    listener: Listener | None = None,
    threads: int = 0,
    overwrite: bool = False,
    widen: bool = True,
    random_codes: bool = False,
    data: Data | None = None,
) -> dict[str, Any]:
    """Makes the world, computes the weights, measures, writes the run folder; returns the summary.

    threads: processor threads, 0 for torch's own choice.
    widen: make the model wider, where it is too narrow, than the config says.
    random_codes: where questions have several answers, codes that know nothing of the facts.
    data: what the config describes, where it was made or read before.
    Raises: LatebloomError for what cannot be constructed or written, or does not fit into memory.
    """
    listener = listener or Silence()
    if config.start.carries:
        raise LatebloomError(
            "start.run has no effect on a construction, which computes the weights; leave it out"
        )
    data = data or build_world(config.world, config.world_seed, listener.note)
    try:
        world = as_world(data, config.recipe)
    except RunFolderError as error:
        raise LatebloomError(
            f"{config.recipe} trains on sentences, and weights can be constructed for chains of"
            " facts and for comparisons alone, such as composition, graph or comparison"
        ) from error
    construction = construction_for(world, random_codes=random_codes)
    shape = construction.shape(config.model, world, widen=widen)
    for name in ("d_model", "mlp_ratio"):
        before, now = getattr(config.model, name), getattr(shape, name)
        if now != before:
            listener.note(f"model.{name} is changed from {before} to {now}, for the facts")
    needed = bytes_needed(shape, world) + construction.bytes_beside(world)
    free = bytes_free()
    listener.note(f"about {needed / 2**30:.1f} GiB of memory")
    if free is not None and needed > free:
        raise LatebloomError(
            f"the construction takes about {needed / 2**30:.1f} GiB of memory, and"
            f" {free / 2**30:.1f} GiB are free; take a smaller world, or a smaller"
            " --model.mlp-ratio with --as-is"
        )
    config = config.replace("model", d_model=shape.d_model, mlp_ratio=shape.mlp_ratio)
    machine = {"device": "cpu", "threads": use_threads(threads), "constructed": True}
    began = time.perf_counter()
    torch.manual_seed(config.seed)
    model = construction.model(config.model, world, config.seed)
    seconds = time.perf_counter() - began
    scores = score(model, world, probe=TRAINED_SAMPLE, splits=world.trained)
    scores |= score(model, world, splits=(*world.tested, *world.validated))
    run = RunFolder.create(Path(out), config, world, machine, overwrite)
    average = WeightAverage(model, config.train.average_frac)
    optimizers = ready_to_schedule(make_optimizers(model, config.train))
    save_checkpoint(
        run.path / "checkpoints", 0, average, optimizers, {"seconds": 0.0}, config.train.keep
    )
    accuracy = {split: one.accuracy for split, one in scores.items()}
    phase = phase_of(world, accuracy)
    told = {"step": 0, "seconds": seconds, "phase": phase, "accuracy": accuracy}
    run.append_metrics(told | rank_splits(model, world, most=RANKED))
    outcome = Outcome(model, 0, seconds, "construction")
    summary = summarise(config, world, run, outcome, scores, {}, torch.device("cpu"))
    summary |= rank_all(model, world, kept_asking(config, world, run, model))
    summary |= held(world) | counted(world)
    run.write_summary(summary)
    return summary


def bytes_needed(config: ModelConfig, world: World) -> int:
    """The memory that a construction takes at its height, estimated.

    The weights stand there in double precision, as the model's, and as the bytes of the checkpoint;
    the measurement sends `TOKENS_AT_ONCE` tokens through the MLP and their rows to the vocabulary.
    """
    n_tokens = len(world.vocabulary)
    memory = 2 * config.d_model * config.d_mlp
    weights = 4 * (config.n_layers * memory + n_tokens * config.d_model) + 8 * memory
    rows = TOKENS_AT_ONCE if config.n_loops == 1 else TOKENS_AT_ONCE // 2
    measuring = 4 * (2 * rows * config.d_mlp + 2 * (TOKENS_AT_ONCE // 2) * n_tokens)
    return ITSELF + 2 * weights + measuring


def bytes_free() -> int | None:
    """The memory that is free, where the system tells it."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None
