"""The bracket world against its definition."""

import numpy as np
import pytest

from latebloom.errors import CorpusError
from latebloom.worlds.sentences.brackets import openers
from latebloom.worlds.sentences.dyck import (
    DyckConfig,
    brackets_of,
    component_keys,
    draw_shapes,
    make_dyck,
)

SIZES = {"train": 2000, "test_id": 200, "test_ood": 200}


@pytest.fixture(scope="module")
def dyck():
    return make_dyck(DyckConfig(**SIZES, max_tokens=60), seed=0)


def components(words: list[str]) -> list[str]:
    """The top-level components of a line as strings of `(` and `)`."""
    found, depth = [""], 0
    for word in words:
        depth += 1 if word[0] == "(" else -1
        found[-1] += "(" if word[0] == "(" else ")"
        if not depth:
            found.append("")
    return found[:-1]


def texts(corpus, split):
    return [corpus.text(split, row).split() for row in range(len(corpus.lines(split)))]


def test_lines_nest_within_the_depth(dyck):
    for words in texts(dyck, "train")[:300]:
        stack: list[str] = []
        for word in words:
            if word[0] == "(":
                stack.append(word[1])
                assert len(stack) <= 10
            else:
                assert stack.pop() == word[0]
        assert not stack
        assert 4 <= len(words) <= 60


def test_ood_lines_have_an_unseen_shape_and_id_lines_none(dyck):
    seen = {shape for words in texts(dyck, "train") for shape in components(words)}
    for words in texts(dyck, "test_id"):
        assert set(components(words)) <= seen
    for words in texts(dyck, "test_ood"):
        assert not set(components(words)) <= seen
    train = {tuple(words) for words in texts(dyck, "train")}
    assert not train & {tuple(words) for words in texts(dyck, "test_id")}


def test_gold_tree_by_hand():
    lines = brackets_of(["(a (b b) (c c) a) (d d)", "(a (b b) a)"])
    assert sorted(lines.tree(0)) == [(0, 5), (0, 7), (1, 2), (3, 4), (6, 7)]
    assert sorted(lines.tree(1)) == [(0, 3), (1, 2)]


def test_openers_by_hand():
    steps = np.array([[1, 1, -1, 1, -1, -1, 1, -1]], np.int8)
    assert openers(steps).tolist() == [[-1, -1, 1, -1, 3, 0, -1, 6]]


def test_equal_components_have_equal_keys_wherever_they_stand():
    steps = np.array([[1, -1, 1, 1, -1, -1, 1, -1], [1, 1, -1, -1, 1, -1, 0, 0]], np.int8)
    keys, line = component_keys(steps)
    assert line.tolist() == [0, 0, 0, 1, 1]
    assert keys[0] == keys[2] == keys[4]
    assert keys[1] == keys[3] != keys[0]


def test_probabilities_of_the_generator():
    shapes = draw_shapes(20_000, DyckConfig(max_tokens=500), np.random.default_rng(0))
    depth = np.cumsum(shapes, 1)
    inside = (depth[:, :-1] > 0) & (depth[:, :-1] < 10)
    assert (shapes[:, 1:][inside] > 0).mean() == pytest.approx(0.5, abs=0.01)
    at_top = (depth[:, :-1] == 10) & (shapes[:, :-1] != 0)
    assert (shapes[:, 1:][at_top] == -1).all()
    closed = (depth[:, 3:-1] == 0) & (shapes[:, 3:-1] != 0)
    assert (shapes[:, 4:][closed] == 1).mean() == pytest.approx(0.5, abs=0.01)


def test_the_same_seed_gives_the_same_bytes(dyck):
    again = make_dyck(DyckConfig(**SIZES, max_tokens=60), seed=0)
    for split in dyck.splits:
        assert dyck.lines(split).tokens.tobytes() == again.lines(split).tokens.tobytes()


def test_settings_out_of_range_are_refused():
    with pytest.raises(CorpusError, match=r"world\.kinds is 27"):
        DyckConfig(kinds=27)
    with pytest.raises(CorpusError, match=r"world\.max_tokens is 11"):
        DyckConfig(max_tokens=11)
    # The shortest line with a bracket to judge: 10 brackets in a pair, 11 tokens from end to end.
    assert DyckConfig(max_tokens=12).max_tokens == 12
    with pytest.raises(CorpusError, match=r"world\.test_ood asks for"):
        make_dyck(DyckConfig(train=3_000, test_id=5, test_ood=5, depth=1), seed=0)
