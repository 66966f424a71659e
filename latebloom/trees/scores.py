"""Tree-structuredness of a model in a few numbers: t_score and t_parseval with baselines.

Enters: a model and lines with gold trees. Leaves: `TreeScores`, and for the report the predicted
trees. Covers: one checkpoint. Does not cover: walking over checkpoints (studies).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from latebloom.errors import CorpusError
from latebloom.model.transformer import Transformer
from latebloom.trees import chart
from latebloom.trees.chart import Overlap
from latebloom.trees.projection import span_scores
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import Lines
from latebloom.worlds.streams import Draw

MAX_WORDS = 64
"""Words of the longest sentence that is projected: the work grows with their cube."""
TREES = ("greedy", "chart", "left_branching", "right_branching", "random")
"""The two projections and the three baselines."""


@dataclass(frozen=True, slots=True)
class TreeScores:
    """How tree-like the model reads `n` sentences.

    t_score_published: of the greedy trees, each node against a random split, mean over sentences.
    t_score_paper: of the chart's trees, against the average of all binary trees.
    parseval: bracket overlap with the gold trees, by `TREES`; empty without gold trees.
    """

    n: int
    t_score_published: float
    t_score_paper: float
    parseval: dict[str, Overlap]

    def as_dict(self) -> dict[str, object]:
        return {
            "n": self.n,
            "t_score_published": self.t_score_published,
            "t_score_paper": self.t_score_paper,
            "t_parseval": {name: one.as_dict() for name, one in self.parseval.items()},
        }


def sentences_to_project(
    corpus: Corpus, n: int, seed: int, split: str = "train", max_words: int = MAX_WORDS
) -> Lines:
    """At most `n` lines of a split, drawn at random, for their sentences and gold trees.

    Only the lines that the task judges: of a question corpus those with `quest`, as published
    (arXiv:2305.18741). Sentences of more
    than `max_words` words are left out.
    Raises: CorpusError if the split has no such line.
    """
    lines = corpus.lines(split)
    rows = corpus.task.judged_lines(lines, corpus.vocabulary)
    rows = rows[lines.words[rows] <= max_words]
    if not len(rows):
        raise CorpusError(
            f"the split {split!r} has no sentence of at most {max_words} words to project; choose"
            " another"
        )
    drawn = np.random.default_rng([seed, Draw.PROJECTED]).permutation(rows)[:n]
    return lines.take(np.sort(drawn))


def score_trees(
    model: Transformer,
    lines: Lines,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TreeScores:
    """Projects the sentences and compares the trees with the gold ones.

    seed: of the random baseline.
    Raises: CorpusError for a sentence that the model cannot read.
    """
    scores = span_scores(model, lines.tokens, lines.words, progress)
    return score_projections(scores, lines, seed=seed)


def score_projections(
    scores: Float[ndarray, "sentence n n"], lines: Lines, *, seed: int = 0
) -> TreeScores:
    """The same from span scores, sentences of one length at a time."""
    rng = np.random.default_rng([seed, Draw.RANDOM_TREES])
    published = paper = 0.0
    parseval: dict[str, Overlap] = {name: Overlap(0, 0, 0) for name in TREES}
    for n in np.unique(lines.words).tolist():
        rows = np.flatnonzero(lines.words == n)
        part, square = lines.take(rows), scores[rows, :n, :n]
        gold = chart.gold_mask(part.nodes, part.spans, n)
        trees = {
            "greedy": chart.greedy_tree(square),
            "chart": chart.best_tree(square)[0],
            "left_branching": chart.left_branching(len(rows), n),
            "right_branching": chart.right_branching(len(rows), n),
            "random": chart.random_tree(len(rows), n, rng),
        }
        published += float(chart.gain_over_random_splits(square, trees["greedy"]).sum())
        paper += float(chart.gain_over_random_trees(square, trees["chart"]).sum())
        for name, mask in trees.items():
            parseval[name] += chart.overlap(mask, gold)
    count = max(len(lines), 1)
    has_gold = len(lines.spans) > 0
    return TreeScores(len(lines), published / count, paper / count, parseval if has_gold else {})


def predicted_tree(
    model: Transformer, ids: Int[ndarray, " pos"], *, exact: bool = False
) -> list[tuple[int, int]]:
    """The projected tree of one sentence as spans of words from 0, the root first.

    ids: the start token, then the words (`Corpus.encode`). exact: the best of all binary trees in
    place of the published greedy one, which looks more like the gold trees (docs/trees.md).
    """
    n = len(ids) - 1
    scores = span_scores(model, ids[None, :], np.array([n], np.int32))
    mask = chart.best_tree(scores)[0] if exact else chart.greedy_tree(scores)
    spans = np.argwhere(mask[0]).tolist()
    return sorted(((a, b) for a, b in spans), key=lambda span: (span[0], -span[1]))


def brackets(words: Sequence[str], spans: Sequence[tuple[int, int]]) -> str:
    """A tree as one line of text: `((the newt) (does sleep))`."""
    opens, closes = [0] * len(words), [0] * len(words)
    for first, last in spans:
        opens[first] += 1
        closes[last] += 1
    parts = zip(opens, words, closes, strict=True)
    return " ".join("(" * a + word + ")" * b for a, word, b in parts)
