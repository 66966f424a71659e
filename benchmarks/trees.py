"""CPU seconds of sentence worlds and tree projections on one core.

The projection is of `quest` sentences at the published size (6 layers, d_model 512, 8 heads) with
random weights, on which time does not depend. The fewer sentences, the fewer windows they share:
what a few hundred give is above what 10,000 take a sentence.
Usage: `OMP_NUM_THREADS=1 python benchmarks/trees.py [SENTENCES [WITH_PLAIN_MASKS]]`; the second
adds the same by a pass for each span, as published, for so many sentences.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.trees.projection import span_scores
from latebloom.trees.scores import score_projections, sentences_to_project
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.dyck import DyckConfig, make_dyck
from latebloom.worlds.sentences.lines import Lines
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tense import TenseConfig, make_tense


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def published_model(d_vocab: int) -> Transformer:
    """Six layers of width 512, as the published code has them."""
    torch.manual_seed(0)
    shape = ModelConfig(
        d_model=512,
        n_layers=6,
        n_heads=8,
        n_loops=1,
        feedback="none",
        positions="sinusoidal",
        max_positions=64,
        norm="post",
        activation="relu",
        tied=False,
    )
    return Transformer(shape, d_vocab).eval()


@torch.no_grad()
def plain_masks(model: Transformer, lines: Lines) -> None:
    """One pass for each span, all spans of a sentence in one batch."""
    for row, n in enumerate(lines.words.tolist()):
        first, last = np.triu_indices(n)
        column = np.arange(n + 1)
        inside = (column > first[:, None]) & (column <= last[:, None] + 1) | (column == 0)
        causal = np.tri(n + 1, dtype=bool)
        visible = (causal & inside[:, None, :]) | np.eye(n + 1, dtype=bool)
        ids = torch.from_numpy(lines.tokens[row, : n + 1]).long().expand(len(first), -1)
        model(ids, visible=torch.from_numpy(visible[:, None]))


def measure(n: int, n_plain: int) -> dict[str, object]:
    """Everything, as one record."""
    made: dict[str, float] = {}
    corpus: Corpus = make_question(QuestionConfig(), 0)
    made["question"] = seconds(lambda: make_question(QuestionConfig(), 0))
    made["tense"] = seconds(lambda: make_tense(TenseConfig(), 0))
    made["dyck_240k"] = seconds(lambda: make_dyck(DyckConfig(), 0))
    lines = sentences_to_project(corpus, n, seed=0)
    model = published_model(len(corpus.vocabulary))
    found: list[np.ndarray] = []
    project = seconds(lambda: found.append(span_scores(model, lines.tokens, lines.words)))
    score = seconds(lambda: score_projections(found[0], lines))
    record: dict[str, object] = {
        "load_average": os.getloadavg()[0],
        "threads": torch.get_num_threads(),
        "generation_cpu_seconds": {name: round(value, 2) for name, value in made.items()},
        "sentences": len(lines),
        "words": round(float(lines.words.mean()), 2),
        "projection_cpu_seconds": round(project, 2),
        "charts_cpu_seconds": round(score, 2),
        "minutes_for_10000": round((project + score) / len(lines) * 10_000 / 60, 2),
    }
    if n_plain:
        some = lines.take(np.arange(min(n_plain, len(lines))))
        plain = seconds(lambda: plain_masks(model, some)) / len(some)
        record["plain_masks_cpu_seconds_a_sentence"] = round(plain, 3)
    record["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    return record


if __name__ == "__main__":
    torch.set_num_threads(1)
    arguments = [int(word) for word in sys.argv[1:]]
    print(json.dumps(measure(*(arguments + [300, 20][len(arguments) :])), indent=1))
