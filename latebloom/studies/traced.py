"""Tracing whole runs: the circuits' instruments over all checkpoints of a run folder.

Enters: a run folder, or a GPT-2 trained elsewhere with its data. Leaves: records, one a
checkpoint, kept in `RUN/circuits/` so that a tracing that was stopped goes on.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from latebloom.circuits.examination import ExaminationConfig, Subject, examine, examine_training
from latebloom.model.hf_weights import keep_words, load_hf, read_hf_vocabulary
from latebloom.training.opened import load_model
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.published.folder import read_dataset
from latebloom.worlds.published.items import to_token


def trace_run(
    run: RunFolder,
    config: ExaminationConfig,
    *,
    step: int | None = None,
    on_step: Callable[[int, bool], None] = lambda step, done_before: None,
) -> Iterator[dict[str, Any]]:
    """The record of every checkpoint of a run, or of one step's.

    Raises: RunFolderError if there is no such checkpoint; WorldError or ProbeError if the world's
    questions cannot be traced.
    """
    told, world = run.config(), run.world()
    chosen = run.checkpoints() if step is None else [run.at_step(step)]
    models = [(one.step, partial(load_model, told, world, one)) for one in chosen]
    subject = Subject.of_world(world, config)
    return examine_training(models, subject, run.path / "circuits", on_step=on_step)


def trace_hf(hf: Path, data: Path, config: ExaminationConfig) -> dict[str, Any]:
    """The record of a Hugging Face GPT-2 folder on a data set in the published format.

    Raises: HfModelError if the folder is no GPT-2 or lacks a word of the data; FactsError if the
    data cannot be read.
    """
    world = read_dataset(data)
    words = [to_token(word) for word in world.vocabulary.words]
    vocabulary = read_hf_vocabulary(hf)
    if not any(word in vocabulary for word in words):
        # Our own exports hold the plain names.
        words = list(world.vocabulary.words)
    model = keep_words(load_hf(hf), vocabulary, words)
    return examine(model, Subject.of_world(world, config))
