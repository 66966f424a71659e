"""Tree-structuredness over a run: the projections of every checkpoint of a run folder.

Enters: a run on sentences and a `ProjectionConfig`. Leaves: records, one a checkpoint, kept in
`RUN/trees/` so that a measurement that was stopped goes on. Each holds t_score, t_parseval with its
baselines, the loss on the projected lines (nats a word), the accuracy of the held-out splits,
attention entropy, weight norms, and a few predicted trees beside their gold ones.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.circuits.measures import weight_norms
from latebloom.errors import CorpusError
from latebloom.evaluation.scores import score
from latebloom.evaluation.sentence_metrics import word_loss
from latebloom.files import write_text
from latebloom.model.transformer import Transformer
from latebloom.training.checkpoint import Checkpoint
from latebloom.training.config import RunConfig
from latebloom.training.opened import load_model
from latebloom.training.run_folder import RunFolder
from latebloom.trees.attention_entropy import attention_entropy
from latebloom.trees.scores import (
    MAX_WORDS,
    predicted_tree,
    score_trees,
    sentences_to_project,
)
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import Lines
from latebloom.worlds.streams import check_seed

FORMAT = 2
"""Version of the records; older ones are made again."""
ENTROPY_LINES = 500
"""Lines whose attention patterns are measured."""
PROBE = 1000
"""Lines of a held-out split whose accuracy stands in a record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectionConfig:
    """What is projected."""

    sentences: int = 1000
    """Sentences at most, drawn at random; the paper has 10,000."""
    split: str = "train"
    """The split that they are drawn from; of a question corpus only `quest` lines."""
    seed: int = 0
    """Draws the sentences and the random baseline."""
    max_words: int = MAX_WORDS
    """Longer sentences are left out."""
    examples: int = 4
    """Sentences whose trees are kept for drawing, of those projected."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for name in ("sentences", "max_words"):
            if getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise CorpusError(f"--{option} is {getattr(self, name)}; it must be at least 1")


def project_run(
    run: RunFolder,
    config: ProjectionConfig,
    *,
    step: int | None = None,
    progress: Callable[[int, int, int], None] = lambda step, done, total: None,
) -> Iterator[dict[str, Any]]:
    """The record of every checkpoint of a run, or of one step's.

    progress: is told the step and how many of its sentences are done, of how many.
    Raises: RunFolderError for a run on facts or a step that is not there; CorpusError for a split
    without sentences or a model that cannot be projected.
    """
    told, corpus = run.config(), run.corpus()
    chosen = run.checkpoints() if step is None else [run.at_step(step)]
    lines = sentences_to_project(
        corpus, config.sentences, config.seed, config.split, config.max_words
    )
    folder = run.path / "trees"
    folder.mkdir(exist_ok=True)
    for checkpoint in chosen:
        path = folder / f"step_{checkpoint.step:07d}-{config.split}-{len(lines)}-{config.seed}.json"
        record = read_record(path, config)
        if record is None:
            record = project_checkpoint(told, corpus, checkpoint, lines, config, progress)
            write_text(path, json.dumps(record) + "\n")
        progress(checkpoint.step, len(lines), len(lines))
        yield record


def read_record(path: Path, config: ProjectionConfig) -> dict[str, Any] | None:
    """A record made before with the same config; None if there is none, or it is cut short."""
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    fits = record.get("format") == FORMAT and record.get("config") == asdict(config)
    return record if fits else None


def project_checkpoint(
    told: RunConfig,
    corpus: Corpus,
    checkpoint: Checkpoint,
    lines: Lines,
    config: ProjectionConfig,
    progress: Callable[[int, int, int], None],
) -> dict[str, Any]:
    """The record of one checkpoint."""
    model = load_model(told, corpus, checkpoint)
    scores = score_trees(
        model,
        lines,
        seed=config.seed,
        progress=lambda done, total: progress(checkpoint.step, done, total),
    )
    accuracy = score(model, corpus, probe=PROBE, splits=corpus.tested)
    some = lines.take(np.arange(min(len(lines), ENTROPY_LINES)))
    return {
        "format": FORMAT,
        "config": asdict(config),
        "step": checkpoint.step,
        **scores.as_dict(),
        "loss": word_loss(model, lines),
        "accuracy": {split: one.accuracy for split, one in accuracy.items()},
        "attention_entropy": attention_entropy(model, some.tokens, some.lengths).tolist(),
        "weight_norm": weight_norms(model),
        "examples": example_trees(model, corpus, lines, config.examples),
    }


def example_trees(model: Transformer, corpus: Corpus, lines: Lines, n: int) -> list[dict[str, Any]]:
    """Words, predicted tree and gold tree of a few sentences, evenly spread over the lengths."""
    by_length = np.argsort(lines.words, kind="stable")
    chosen = by_length[np.linspace(0, len(lines) - 1, min(n + 2, len(lines))).astype(int)[1:-1]]
    return [
        {
            "words": corpus.vocabulary.decode(ids[1:].tolist()),
            "predicted": predicted_tree(model, ids),
            "gold": lines.tree(row),
        }
        for row in chosen.tolist()
        for ids in [lines.tokens[row, : int(lines.words[row]) + 1]]
    ]
