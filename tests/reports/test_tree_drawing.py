"""Tree drawings: well-formed SVG with every word, node and edge."""

import xml.etree.ElementTree as ElementTree

import pytest

from latebloom.errors import CorpusError
from latebloom.reports.tree_drawing import OTHER, SHARED, draw_beside, draw_tree

SVG = "{http://www.w3.org/2000/svg}"
WORDS = ["the", "newt", "does", "<sleep>"]
GOLD = [(0, 3), (0, 1), (2, 3)]
WRONG = [(0, 3), (1, 3), (2, 3)]


def test_a_tree_has_its_words_and_edges():
    drawing = ElementTree.fromstring(draw_tree(WORDS, GOLD, title="gold"))
    assert [text.text for text in drawing.iter(f"{SVG}text")] == ["gold", *WORDS]
    assert len(list(drawing.iter(f"{SVG}line"))) == 6
    assert drawing.get("aria-label") == "((the newt) (does <sleep>))"


def test_brackets_that_gold_has_not_are_marked():
    drawing = ElementTree.fromstring(draw_beside(WORDS, WRONG, GOLD))
    colours = [line.get("stroke") for line in drawing.iter(f"{SVG}line")]
    # (1, 3) is in the predicted tree alone, (0, 1) in the gold one: two edges each.
    assert colours.count(OTHER) == 4
    assert colours.count(SHARED) == 8
    assert draw_beside(WORDS, GOLD, GOLD).count(OTHER) == 0


def test_children_stand_below_their_parent_and_inside_the_picture():
    drawing = ElementTree.fromstring(draw_beside(WORDS, WRONG, GOLD))
    width, height = float(drawing.get("width", 0)), float(drawing.get("height", 0))
    for line in drawing.iter(f"{SVG}line"):
        assert float(line.get("y1", 0)) < float(line.get("y2", 0)) < height
        assert 0 < float(line.get("x1", 0)) < width
    right = [float(text.get("x", 0)) for text in drawing.iter(f"{SVG}text")]
    assert max(right) < width


def test_trees_of_any_arity():
    drawing = ElementTree.fromstring(draw_tree(["a", "b", "c"], [(0, 2)]))
    assert len(list(drawing.iter(f"{SVG}line"))) == 3
    assert len(list(ElementTree.fromstring(draw_tree(["a"], [])).iter(f"{SVG}line"))) == 0


@pytest.mark.parametrize(
    ("spans", "told"),
    [([(0, 2), (1, 3)], "cross"), ([(0, 4)], "outside the sentence of 4 words")],
)
def test_what_is_no_tree_is_refused(spans, told):
    with pytest.raises(CorpusError, match=told):
        draw_tree(WORDS, spans)
    with pytest.raises(CorpusError, match="no words"):
        draw_tree([], [])
