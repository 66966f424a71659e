"""Tracing a GPT-2 that was trained elsewhere.

Enters: a Hugging Face folder and its data in the published format. Leaves: its `CircuitRecord`.
Does not cover: runs of latebloom, which `studies.checkpoints.walk` goes through.
"""

from pathlib import Path

from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.model.hf_weights import keep_words, load_hf, read_hf_vocabulary
from latebloom.training.device import choose_device
from latebloom.worlds.published.folder import read_dataset
from latebloom.worlds.published.items import to_token


def trace_hf(
    hf: Path, data: Path, config: ExaminationConfig, *, device: str = "cpu"
) -> CircuitRecord:
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
    return CircuitInstrument.of_world(world, config).examine(model.to(choose_device(device)))
