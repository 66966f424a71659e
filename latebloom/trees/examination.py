"""The trees' instrument: how tree-like one model reads sentences.

Enters: a corpus, once, and then any number of models that were trained on it. Leaves: a
`TreeRecord` for each: t_score, t_parseval with its baselines, the loss on the projected lines, the
accuracy of the held-out splits, attention entropy, weight norms, and a few predicted trees beside
their gold ones. The sentences are drawn once, so the records of one instrument can be compared.

Over all checkpoints of a run: `latebloom.studies.checkpoints.walk(run, instrument)`. Measurements
of another split, number of sentences or seed are kept beside each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from latebloom.circuits.measures import weight_norms
from latebloom.evaluation.scores import score
from latebloom.evaluation.sentence_metrics import word_loss
from latebloom.model.transformer import Transformer
from latebloom.trees.attention_entropy import attention_entropy
from latebloom.trees.record import FORMAT, Agreement, ParsedSentence, ProjectionConfig, TreeRecord
from latebloom.trees.scores import predicted_tree, score_trees, sentences_to_project
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import Lines

ENTROPY_LINES = 500
"""Lines whose attention patterns are measured."""
PROBE = 1000
"""Lines of a held-out split whose accuracy is in a record."""

Tell = Callable[[int, int, int], None]
"""Is told the step, and how many of its sentences are done, of how many."""


@dataclass(frozen=True, slots=True)
class TreeInstrument:
    """What is put to every model: sentences, drawn once for all checkpoints.

    lines: the sentences. progress: is told how far the examination of a checkpoint is.
    """

    config: ProjectionConfig
    corpus: Corpus
    lines: Lines
    progress: Tell = lambda step, done, total: None

    name: str = field(default="trees", init=False)
    format: int = field(default=FORMAT, init=False)
    record: ClassVar[type[TreeRecord]] = TreeRecord

    @classmethod
    def of_corpus(
        cls,
        corpus: Corpus,
        config: ProjectionConfig,
        *,
        progress: Tell = lambda step, done, total: None,
    ) -> "TreeInstrument":
        """What is drawn from a corpus.

        Raises: CorpusError for a split without sentences.
        """
        lines = sentences_to_project(
            corpus, config.sentences, config.seed, config.split, config.max_words
        )
        return cls(config, corpus, lines, progress)

    @property
    def variant(self) -> str:
        """Split, number of sentences and seed, in the file name of a record."""
        return f"-{self.config.split}-{len(self.lines)}-{self.config.seed}"

    def examine(self, model: Transformer, step: int) -> TreeRecord:
        """The record of one model. step: of its checkpoint.

        Raises: CorpusError for a model that cannot be projected.
        """
        lines, corpus = self.lines, self.corpus
        scores = score_trees(
            model,
            lines,
            seed=self.config.seed,
            progress=lambda done, total: self.progress(step, done, total),
        )
        accuracy = score(model, corpus, probe=PROBE, splits=corpus.tested)
        some = lines.take(np.arange(min(len(lines), ENTROPY_LINES)))
        return TreeRecord(
            config=self.config,
            step=step,
            n=scores.n,
            t_score_published=scores.t_score_published,
            t_score_paper=scores.t_score_paper,
            t_parseval={name: Agreement.of(one) for name, one in scores.parseval.items()},
            loss=word_loss(model, lines),
            accuracy={split: one.accuracy for split, one in accuracy.items()},
            attention_entropy=np.asarray(
                attention_entropy(model, some.tokens, some.lengths), dtype=float
            ),
            weight_norm=weight_norms(model),
            examples=tuple(parse_some(model, corpus, lines, self.config.examples)),
        )


def parse_some(model: Transformer, corpus: Corpus, lines: Lines, n: int) -> list[ParsedSentence]:
    """A few sentences with their predicted and gold trees, evenly spread over the lengths."""
    by_length = np.argsort(lines.words, kind="stable")
    chosen = by_length[np.linspace(0, len(lines) - 1, min(n + 2, len(lines))).astype(int)[1:-1]]
    return [
        ParsedSentence(
            words=tuple(corpus.vocabulary.decode(ids[1:].tolist())),
            predicted=as_spans(predicted_tree(model, ids)),
            gold=as_spans(lines.tree(row)),
        )
        for row in chosen.tolist()
        for ids in [lines.tokens[row, : int(lines.words[row]) + 1]]
    ]


def as_spans(tree: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(first), int(last)) for first, last in tree)
