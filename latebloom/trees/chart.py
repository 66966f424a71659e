"""Binary trees over scored spans: the best by chart, the greedy one, the average, the overlap.

Enters: scores s[i, j] of the spans of sentences of one length n, `[sentence, n, n]`; words count
from 0, both ends belong to a span, and what lies below the diagonal is not read. Leaves: trees,
as masks `[sentence, n, n]` that are true at the inner nodes (two words or more, the root too).

A tree's score is the sum, over its inner nodes, of the scores of the two children:
S(T) = sum_{[i, j] in T} s(i, k) + s(k + 1, j), with k the node's split.

Covers: all binary trees, exactly. Does not cover: nodes with more than two children (except in
`overlap`, where the gold tree may be any set of spans).
"""

from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

Scores = Float[ndarray, "sentence n n"]
Splits = Int[ndarray, "sentence n n"]
Mask = Bool[ndarray, "sentence n n"]


def cells(n: int) -> list[tuple[int, int]]:
    """The spans of two words or more, shorter ones first."""
    return [(i, i + width) for width in range(1, n) for i in range(n - width)]


def children(scores: Scores, i: int, j: int) -> Float[ndarray, "sentence split"]:
    """s(i, k) + s(k + 1, j) for every k of the span."""
    return scores[:, i, i:j] + scores[:, i + 1 : j + 1, j]


def best_tree(scores: Scores) -> tuple[Mask, Float[ndarray, " sentence"]]:
    """The tree with the greatest score, and this score: Viterbi over all binary trees.

    Of equal splits the leftmost is taken.
    """
    n = scores.shape[1]
    best = np.zeros(scores.shape)
    splits = np.zeros(scores.shape, np.int16)
    for i, j in cells(n):
        options = children(scores, i, j) + children(best, i, j)
        at = options.argmax(1)
        splits[:, i, j] = at + i
        best[:, i, j] = np.take_along_axis(options, at[:, None], 1)[:, 0]
    return grown(splits), best[:, 0, n - 1]


def greedy_tree(scores: Scores) -> Mask:
    """The tree that splits every span, from the top, where its children score most.

    Source: arXiv:2305.18741, published code. Of equal splits the leftmost is taken.
    """
    splits = np.zeros(scores.shape, np.int16)
    for i, j in cells(scores.shape[1]):
        splits[:, i, j] = children(scores, i, j).argmax(1) + i
    return grown(splits)


def grown(splits: Splits) -> Mask:
    """The tree that follows the splits from the root down."""
    n = splits.shape[1]
    mask = np.zeros(splits.shape, bool)
    mask[:, 0, n - 1] = n > 1
    for i, j in reversed(cells(n)):
        rows = np.flatnonzero(mask[:, i, j])
        k = splits[rows, i, j].astype(np.int64)
        mask[rows[k > i], i, k[k > i]] = True
        mask[rows[k + 1 < j], k[k + 1 < j] + 1, j] = True
    return mask


def tree_score(scores: Scores, trees: Mask) -> Float[ndarray, " sentence"]:
    """S(T) of a binary tree. Every word and every inner node but the root is some node's child."""
    n = scores.shape[1]
    nodes = np.where(trees, scores, 0)
    leaves = np.einsum("bii->b", scores).astype(np.float64)
    if n == 1:
        return np.zeros(len(scores))
    return nodes.sum((1, 2), dtype=np.float64) - nodes[:, 0, n - 1] + leaves


def average_score(
    scores: Scores, over: Literal["trees", "splits"] = "trees"
) -> Float[ndarray, " sentence"]:
    """The expectation of S(T), exactly.

    over: all binary trees with equal probability, or trees grown from the root with every split
    of a span equally probable.
    """
    n = scores.shape[1]
    mean = np.zeros(scores.shape)
    for i, j in cells(n):
        m = j - i
        if over == "trees":
            count = np.array([catalan(k) * catalan(m - 1 - k) for k in range(m)], float)
        else:
            count = np.ones(m)
        mean[:, i, j] = (children(scores, i, j) + children(mean, i, j)) @ (count / count.sum())
    return mean[:, 0, n - 1]


def catalan(n: int) -> int:
    """The number of binary trees with n inner nodes."""
    return comb(2 * n, n) // (n + 1)


def gain_over_random_splits(scores: Scores, trees: Mask) -> Float[ndarray, " sentence"]:
    """Sum over the nodes of a tree of the children's scores minus those of a random split.

    Source: arXiv:2305.18741, published code. Differs: the random split's expectation in place of
    one draw, which takes the noise out.
    """
    mean = np.zeros(scores.shape)
    for i, j in cells(scores.shape[1]):
        mean[:, i, j] = children(scores, i, j).mean(1)
    return tree_score(scores, trees) - np.where(trees, mean, 0).sum((1, 2))


def gain_over_random_trees(scores: Scores, trees: Mask) -> Float[ndarray, " sentence"]:
    """S of a tree minus the average S of all binary trees.

    With SCI a sum of distances 1 - s this is E_T SCI(T) - SCI(tree): trees of one sentence have
    equally many nodes, so that the constants cancel. Source: arXiv:2305.18741, appendix C.
    """
    return tree_score(scores, trees) - average_score(scores)


def right_branching(n_sentences: int, n: int) -> Mask:
    """Every inner node ends with the sentence."""
    mask = np.zeros((n_sentences, n, n), bool)
    mask[:, : n - 1, n - 1] = True
    return mask


def left_branching(n_sentences: int, n: int) -> Mask:
    """Every inner node begins with the sentence."""
    mask = np.zeros((n_sentences, n, n), bool)
    mask[:, 0, 1:] = True
    return mask


def random_tree(n_sentences: int, n: int, rng: np.random.Generator) -> Mask:
    """Trees grown from the root, every split of a span equally probable."""
    splits = np.zeros((n_sentences, n, n), np.int16)
    for i, j in cells(n):
        splits[:, i, j] = rng.integers(i, j, n_sentences)
    return grown(splits)


def gold_mask(nodes: Int[ndarray, " sentence"], spans: Int[ndarray, "node 2"], n: int) -> Mask:
    """Gold trees, given as the spans of all sentences in a row, as masks."""
    mask = np.zeros((len(nodes), n, n), bool)
    mask[np.repeat(np.arange(len(nodes)), nodes), spans[:, 0], spans[:, 1]] = True
    return mask


@dataclass(frozen=True, slots=True)
class Overlap:
    """Nodes that predicted and gold trees share, over all sentences."""

    shared: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of the predicted nodes that the gold tree has."""
        return self.shared / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold nodes that were predicted."""
        return self.shared / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.predicted + self.gold
        return 2 * self.shared / total if total else 0.0

    def __add__(self, other: "Overlap") -> "Overlap":
        return Overlap(
            self.shared + other.shared, self.predicted + other.predicted, self.gold + other.gold
        )


def overlap(predicted: Mask, gold: Mask) -> Overlap:
    """How many inner nodes, the root included, two sets of trees share."""
    return Overlap(int((predicted & gold).sum()), int(predicted.sum()), int(gold.sum()))
