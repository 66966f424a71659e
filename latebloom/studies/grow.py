"""Growing a run: world, training, final measurement, summary.

Enters: a `RunConfig` and a place for the run folder. Leaves: the folder, complete, and its
summary. `resume` goes on with a run that was stopped or killed.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from latebloom import launched
from latebloom.asking.choosing import Asking
from latebloom.asking.names import READINGS
from latebloom.errors import LatebloomError
from latebloom.evaluation.accuracy import Score
from latebloom.evaluation.counted import counted
from latebloom.evaluation.intersections import rank_all
from latebloom.evaluation.ranking import held, rank_splits
from latebloom.evaluation.rule_metrics import Followed
from latebloom.evaluation.scores import check_readable, follow, score
from latebloom.evaluation.signs import signs
from latebloom.model.transformer import Transformer
from latebloom.training.carrying import carried
from latebloom.training.config import RunConfig, check_feed, check_reach
from latebloom.training.device import choose_device
from latebloom.training.listener import Listener, Silence
from latebloom.training.lock import locked
from latebloom.training.loop import Outcome, train
from latebloom.training.milestones import first_step, sustained_step
from latebloom.training.own import NOTHING_OWN, Own
from latebloom.training.run_folder import RunFolder, settle_run
from latebloom.training.together import ALONE, Processes, processes
from latebloom.training.until import remarks, rule_for
from latebloom.training.written import Machine
from latebloom.worlds.build import build_world, given
from latebloom.worlds.data import Data, as_world

TRAINED_SAMPLE = 5000
"""Examples of a training split that the last measurement takes: the paper's world has 684,000."""
MOST_THREADS = 1024
"""More processor threads than any machine has use for."""
RANKED = 200
"""Questions of a split that an evaluation during training ranks, where answers are sets."""
CHOICES = 300
"""Lines of a held-out split by which an evaluation tells the rule that is followed; at the end all
of them tell it."""


def grow(
    config: RunConfig,
    out: Path | str,
    *,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
    overwrite: bool = False,
    data: Data | None = None,
    own: Own = NOTHING_OWN,
) -> dict[str, Any]:
    """Makes the world, trains, measures, writes the run folder; returns the summary.

    threads: processor threads, 0 for torch's own choice.
    data: what the config describes, where it was made or read before.
    own: parts of one's own in place of latebloom's: a world, a loss, ... (`latebloom.Own`).
    Raises: LatebloomError for what cannot be made, started from, trained or written.
    """
    listener = listener or Silence()
    place = choose_device(device)
    said: list[str] = []

    def tell(line: str) -> None:
        said.append(line)
        listener.note(line)

    check_reach(config)
    if own.world is not None:
        data = own.world
        config = replace(config, world=given(config.world, data.task.name))
    elif data is None:
        data = build_world(config.world, config.world_seed, tell)
    rule_for(config.train.until, data.splits)
    for line in (
        *remarks(config.train.until, data.splits),
        *config.train.idle(sets=data.task.several),
    ):
        listener.note(line)
    check_readable(config.model, data)
    check_feed(config.feed, config.model, data.asks)
    machine: dict[str, Any] = {"device": place.type, "threads": use_threads(threads)}
    with processes(place) as together:
        if not together.first:
            beside = RunFolder(Path(out), own)
            return finish(config, data, beside, Silence(), place, together=together)
        machine["processes"] = together.of
        start = None
        if config.start.carries:
            begun = carried(config, data, own)
            machine |= begun.as_dict()
            start = begun.weights
            listener.note(begun.in_words(tables=config.start.carry == "all"))
        run = RunFolder.create(Path(out), config, data, machine, overwrite, own, start, said)
        with locked(run.path):
            return finish(config, data, run, listener, place, together=together)


def resume(
    path: Path | str,
    *,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
    from_scratch: bool = False,
    own: Own = NOTHING_OWN,
) -> dict[str, Any]:
    """Goes on with a run from its newest whole checkpoint; returns the summary.

    own: the parts of one's own that it was grown with. from_scratch: train it again from step 0.
    The device and the threads that it began with are kept unless told otherwise: with them the
    result is the uninterrupted one bit for bit. With others the listener is told so.
    Raises: RunFolderError if it is no run, is damaged beyond going on, or is being written.
    """
    listener = listener or Silence()
    if launched.number() == 0:  # of several processes the first one writes
        settle_run(Path(path))
    run = RunFolder.open(Path(path), own)
    before = run.machine()
    own.check_against(before.own, path)
    place = choose_device(before.device if device == "auto" else device)
    machine = {"device": place.type, "threads": use_threads(threads or before.threads)}
    config, data = run.config(), run.data()
    with processes(place) as together:
        if not together.first:
            return finish(config, data, run, Silence(), place, from_scratch, together)
        machine["processes"] = together.of
        for line in changes(before, machine):
            listener.note(line)
        with locked(run.path):
            newest = max((checkpoint.step for checkpoint in run.checkpoints()), default=0)
            run.note_resumed(0 if from_scratch else newest, machine)
            return finish(config, data, run, listener, place, from_scratch, together)


def changes(before: Machine, machine: Mapping[str, Any]) -> list[str]:
    """What decides the numbers and is not as it was when the run began, each as a sentence."""
    was = {
        "device": before.device,
        "threads": before.threads,
        "processes": before.processes,
        "torch": before.torch,
    }
    now = {**machine, "torch": str(torch.__version__)}
    return [
        f"this run began with {name} {was[name]} and goes on with {now[name]}: its numbers may"
        " differ from those of an uninterrupted run"
        for name in was
        if was[name] and was[name] != now[name]
    ]


def use_threads(threads: int) -> int:
    """Sets torch's threads (0 leaves its choice) and returns how many there are now.

    Raises: LatebloomError for a negative number.
    """
    if not 0 <= threads <= MOST_THREADS:
        raise LatebloomError(
            f"--threads is {threads}; use 1 to {MOST_THREADS}, or 0 to let torch choose"
        )
    if threads:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def finish(
    config: RunConfig,
    data: Data,
    run: RunFolder,
    listener: Listener,
    device: torch.device,
    from_scratch: bool = False,
    together: Processes = ALONE,
) -> dict[str, Any]:
    """Trains to the end, measures, and writes `summary.json`.

    together: the processes that train it; the first of them returns the summary, the others, when
    it is written, an empty one.
    Held-out splits are measured whole, of those trained on `TRAINED_SAMPLE` examples; validation
    splits come last.
    """

    def measure(model: Transformer) -> Mapping[str, Any]:
        scores = score(model, data, probe=config.train.probe)
        rules = follow(model, data, probe=CHOICES, splits=data.tested)
        told = {"accuracy": {split: one.accuracy for split, one in scores.items()}}
        sets = rank_splits(model, data, most=RANKED)
        return told | ({"rules": rules} if rules else {}) | sets | {"signs": signs(model, data)}

    outcome = train(config, data, run, measure, listener, device, run.own, from_scratch, together)
    if not together.first:
        together.wait()
        return {}
    scores = score(outcome.model, data, probe=TRAINED_SAMPLE, splits=data.trained)
    scores |= score(outcome.model, data, splits=(*data.tested, *data.validated))
    rules = follow(outcome.model, data, splits=data.tested)
    summary = summarise(config, data, run, outcome, scores, rules, device)
    summary |= rank_all(outcome.model, data, kept_asking(config, data, run, outcome.model))
    summary |= held(data) | counted(data)
    run.write_summary(summary)
    together.wait()
    return summary


def kept_asking(config: RunConfig, data: Data, run: RunFolder, model: Transformer) -> Asking | None:
    """How the model is asked, as its questions of validation say, which the run keeps from now on;
    None where questions have one answer.

    model: as the newest checkpoint holds it.
    Raises: RunFolderError if it cannot be written.
    """
    if not data.task.several:
        return None
    asking = Asking(model, as_world(data, run.path), READINGS[config.train.set_loss])
    run.keep_asked(asking.table())
    return asking


def summarise(
    config: RunConfig,
    data: Data,
    run: RunFolder,
    outcome: Outcome,
    scores: Mapping[str, Score],
    rules: Followed,
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
        "task": data.task.name,
        "reads": data.reads,
        **data.figures(),
        "splits": {
            split: one.as_dict()
            | {
                "first_step": first_step(records, split),
                "sustained_step": sustained_step(records, split),
            }
            | ({"rules": rules[split]} if split in rules else {})
            for split, one in scores.items()
        },
        "stopped_by": outcome.stopped_by,
    }
