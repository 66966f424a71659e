"""The chart against every binary tree, and small trees by hand."""

from itertools import product

import numpy as np
import pytest

from latebloom.trees import chart

Tree = tuple[tuple[int, int], ...]


def all_trees(i: int, j: int) -> list[Tree]:
    """Every binary tree over words i..j, as its inner nodes."""
    if i == j:
        return [()]
    return [
        ((i, j), *left, *right)
        for k in range(i, j)
        for left, right in product(all_trees(i, k), all_trees(k + 1, j))
    ]


def score_of(tree: Tree, scores: np.ndarray) -> float:
    """The sum of the children's scores over the inner nodes, from the definition."""
    nodes, total = set(tree), 0.0
    for i, j in tree:
        for k in range(i, j):
            left, right = (i, k), (k + 1, j)
            if (i == k or left in nodes) and (k + 1 == j or right in nodes):
                total += scores[left] + scores[right]
    return total


def random_scores(sentences: int, n: int) -> np.ndarray:
    return np.random.default_rng(n).uniform(-1, 1, (sentences, n, n)).astype(np.float32)


def spans(mask: np.ndarray) -> set[tuple[int, int]]:
    return {(int(a), int(b)) for a, b in np.argwhere(mask)}


@pytest.mark.parametrize("n", range(1, 8))
def test_chart_finds_the_best_of_all_binary_trees(n):
    scores = random_scores(6, n)
    masks, best = chart.best_tree(scores)
    trees = all_trees(0, n - 1)
    assert len(trees) == chart.catalan(n - 1)
    for sentence in range(6):
        found = [score_of(tree, scores[sentence]) for tree in trees]
        assert best[sentence] == pytest.approx(max(found), abs=1e-5)
        assert spans(masks[sentence]) == set(trees[int(np.argmax(found))])


@pytest.mark.parametrize("n", range(1, 8))
def test_score_and_average_of_all_trees(n):
    scores = random_scores(3, n)
    trees = all_trees(0, n - 1)
    found = np.array([[score_of(tree, one) for tree in trees] for one in scores])
    for t, tree in enumerate(trees[:20]):
        pairs = np.array(tree, np.int64).reshape(-1, 2)
        mask = chart.gold_mask(np.full(3, len(tree)), np.tile(pairs, (3, 1)), n)
        assert chart.tree_score(scores, mask) == pytest.approx(found[:, t], abs=1e-5)
    assert chart.average_score(scores) == pytest.approx(found.mean(1), abs=1e-5)


def test_average_over_random_splits_agrees_with_many_draws():
    scores = np.repeat(random_scores(1, 6), 20_000, axis=0)
    drawn = chart.tree_score(scores, chart.random_tree(20_000, 6, np.random.default_rng(0)))
    expected = chart.average_score(scores[:1], over="splits")[0]
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / np.sqrt(20_000))


def test_greedy_is_not_the_chart_by_hand():
    # Four words. The first split looks best at (0, 0) | (1, 3), but then nothing good is left.
    scores = np.zeros((1, 4, 4), np.float32)
    scores[0, 1, 3] = 1.0
    scores[0, 0, 1] = 0.9
    scores[0, 2, 3] = 0.0
    scores[0, 0, 2] = 0.8
    assert spans(chart.greedy_tree(scores)[0]) == {(0, 3), (1, 3), (2, 3)}
    best, score = chart.best_tree(scores)
    assert spans(best[0]) == {(0, 3), (0, 2), (0, 1)}
    assert score[0] == pytest.approx(1.7)


def test_gains_of_three_words_by_hand():
    # Two trees: ((0 1) 2) scores .6 and (0 (1 2)) scores .2, words themselves 0.
    scores = np.zeros((1, 3, 3), np.float32)
    scores[0, 0, 1], scores[0, 1, 2] = 0.6, 0.2
    tree = chart.greedy_tree(scores)
    assert spans(tree[0]) == {(0, 2), (0, 1)}
    assert chart.gain_over_random_trees(scores, tree)[0] == pytest.approx(0.2)
    assert chart.gain_over_random_splits(scores, tree)[0] == pytest.approx(0.2)


def test_gain_over_random_splits_from_the_definition():
    scores = random_scores(4, 6)
    tree = chart.greedy_tree(scores)
    for sentence in range(4):
        wanted = 0.0
        for i, j in spans(tree[sentence]):
            options = [scores[sentence, i, k] + scores[sentence, k + 1, j] for k in range(i, j)]
            wanted += max(options) - np.mean(options)
        got = chart.gain_over_random_splits(scores, tree)[sentence]
        assert got == pytest.approx(wanted, abs=1e-5)


def test_baselines_and_overlap_by_hand():
    left, right = chart.left_branching(1, 4), chart.right_branching(1, 4)
    assert spans(left[0]) == {(0, 1), (0, 2), (0, 3)}
    assert spans(right[0]) == {(0, 3), (1, 3), (2, 3)}
    gold = chart.gold_mask(np.array([2]), np.array([[0, 3], [2, 3]]), 4)
    found = chart.overlap(right, gold)
    assert (found.precision, found.recall) == pytest.approx((2 / 3, 1.0))
    assert found.f1 == pytest.approx(0.8)
    assert chart.overlap(left, gold).f1 == pytest.approx(0.4)
    assert (found + found).f1 == pytest.approx(0.8)


def test_random_trees_are_binary_trees_and_seeded():
    trees = chart.random_tree(200, 5, np.random.default_rng(3))
    every = {frozenset(tree) for tree in all_trees(0, 4)}
    assert {frozenset(spans(tree)) for tree in trees} == every
    again = chart.random_tree(200, 5, np.random.default_rng(3))
    np.testing.assert_array_equal(trees, again)
