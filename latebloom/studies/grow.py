"""Growing a run: world, training, final measurement, summary.

Enters: a `RunConfig` and a place for the run folder. Leaves: the folder, complete, and its
summary. `resume` goes on with a run that was stopped or killed.
"""

from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch

from latebloom.errors import CorpusError, LatebloomError
from latebloom.evaluation.accuracy import Score
from latebloom.evaluation.scores import score
from latebloom.evaluation.sentence_metrics import check_judged
from latebloom.model.config import ModelConfig
from latebloom.model.positions import check_length
from latebloom.model.transformer import Transformer
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.listener import Listener, Silence
from latebloom.training.loop import Outcome, train
from latebloom.training.milestones import first_step, sustained_step
from latebloom.training.run_folder import RunFolder
from latebloom.training.until import check_until
from latebloom.worlds.build import AnyWorld, build_world
from latebloom.worlds.sentences.corpus import Corpus

TRAINED_SAMPLE = 5000
"""Examples of a training split that the last measurement takes: the paper's world has 684,000."""


def grow(
    config: RunConfig,
    out: Path | str,
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
    if isinstance(world, Corpus):
        check_longest(config.model, world)
        check_judged(world)
    machine = {"device": place.type, "threads": use_threads(threads)}
    run = RunFolder.create(Path(out), config, world, machine, overwrite)
    return finish(config, world, run, listener, place)


def resume(
    path: Path | str, *, listener: Listener | None = None, device: str = "auto", threads: int = 0
) -> dict[str, Any]:
    """Goes on with a run from its newest checkpoint; returns the summary.

    The device and the threads that it began with are kept unless told otherwise: with them the
    result is the uninterrupted one bit for bit.
    """
    run = RunFolder.open(Path(path))
    before = run.environment()
    place = choose_device(before["device"] if device == "auto" else device)
    use_threads(threads or before["threads"])
    return finish(run.config(), run.data(), run, listener or Silence(), place)


def check_longest(config: ModelConfig, corpus: Corpus) -> None:
    """Whether the model's positions reach to the end of the longest line.

    Raises: CorpusError naming the line, the setting and what it must be.
    """
    longest = {split: lines.lengths.max(initial=0) for split, lines in corpus.splits.items()}

    def what(_: int) -> str:
        split = max(longest, key=lambda name: longest[name])
        row = int(corpus.lines(split).lengths.argmax())
        # A corpus does not know the lines of the file that it was read from; its words do.
        text = shorten(corpus.text(split, row), 60, placeholder=" ...")
        return f"the longest line, line {row + 1} of {split} ({text!r}),"

    check_length(
        config.limit,
        [corpus.longest],
        what,
        f"set --model.max-positions {corpus.longest}",
        CorpusError,
    )


def use_threads(threads: int) -> int:
    """Sets torch's threads (0 leaves its choice) and returns how many there are now.

    Raises: LatebloomError for a negative number.
    """
    if threads < 0:
        raise LatebloomError(f"--threads is {threads}; use 1 or more, or 0 to let torch choose")
    if threads:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def finish(
    config: RunConfig, world: AnyWorld, run: RunFolder, listener: Listener, device: torch.device
) -> dict[str, Any]:
    """Trains to the end, measures, and writes `summary.json`.

    Held-out splits are measured whole, of those trained on `TRAINED_SAMPLE` examples.
    """

    def measure(model: Transformer) -> Mapping[str, float]:
        scores = score(model, world, probe=config.train.probe)
        return {split: one.accuracy for split, one in scores.items()}

    outcome = train(config, world, run, measure, listener, device)
    scores = score(outcome.model, world, probe=TRAINED_SAMPLE, splits=world.trained)
    scores |= score(outcome.model, world, splits=world.tested)
    summary = summarise(config, world, run, outcome, scores, device)
    run.write_summary(summary)
    return summary


def summarise(
    config: RunConfig,
    world: AnyWorld,
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
        "phi": None if isinstance(world, Corpus) else round(world.phi, 4),
        "splits": {
            split: one.as_dict()
            | {
                "first_step": first_step(records, split),
                "sustained_step": sustained_step(records, split),
            }
            for split, one in scores.items()
        },
        "stopped_by": outcome.stopped_by,
    }
