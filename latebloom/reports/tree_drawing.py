"""Predicted trees beside gold ones, as SVG.

Enters: the words of a sentence and trees as spans of words. Leaves: SVG text that stands alone or
inside a page. Brackets that the gold tree shares are drawn in one colour, those that it has not in
another; a screen reader gets the brackets as text.

Covers: trees of any arity whose spans do not cross. Does not cover: labels of constituents.
"""

from collections.abc import Sequence
from html import escape

from latebloom.errors import CorpusError
from latebloom.neutral import neutral
from latebloom.trees.scores import brackets

Span = tuple[int, int]
LETTER, GAP, LEVEL = 7.2, 16.0, 26.0
"""Width of a letter, space between words, height of a level, in pixels."""
TOP, BOTTOM, MARGIN = 34.0, 30.0, 12.0
SHARED, OTHER, INK = "#2f8460", "#c0504d", "#1c1c1c"


def draw_beside(
    words: Sequence[str],
    predicted: Sequence[Span],
    gold: Sequence[Span],
    *,
    titles: tuple[str, str] = ("predicted", "gold"),
) -> str:
    """Two trees over the same words, the predicted one left.

    Raises: CorpusError if the spans of a tree cross, or reach beyond the words.
    """
    left, width, height = _drawing(words, predicted, set(gold), titles[0], 0.0)
    right, width_2, height_2 = _drawing(words, gold, set(predicted), titles[1], width)
    total, tall = width + width_2, max(height, height_2)
    told = f"{titles[0]}: {brackets(words, predicted)}; {titles[1]}: {brackets(words, gold)}"
    return _svg(left + right, total, tall, told)


def draw_tree(words: Sequence[str], spans: Sequence[Span], *, title: str = "") -> str:
    """One tree, in one colour.

    Raises: CorpusError if the spans cross, or reach beyond the words.
    """
    parts, width, height = _drawing(words, spans, set(spans), title, 0.0)
    return _svg(parts, width, height, brackets(words, spans))


def _svg(parts: list[str], width: float, height: float, told: str) -> str:
    return neutral(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escape(told)}"'
        ' font-family="DejaVu Sans, Verdana, sans-serif" font-size="12">'
        + "".join(parts)
        + "</svg>\n"
    )


def _checked(words: Sequence[str], spans: Sequence[Span]) -> list[Span]:
    """The spans of two words or more, outer ones first, the root among them."""
    n = len(words)
    if not n:
        raise CorpusError("there are no words to draw a tree over")
    for a, b in spans:
        if not 0 <= a <= b < n:
            raise CorpusError(f"the span ({a}, {b}) lies outside the sentence of {n} words")
    found = {(a, b) for a, b in spans if b > a} | ({(0, n - 1)} if n > 1 else set())
    ordered = sorted(found, key=lambda span: (span[0], -span[1]))
    stack: list[Span] = []
    for span in ordered:
        while stack and stack[-1][1] < span[0]:
            stack.pop()
        if stack and stack[-1][1] < span[1]:
            raise CorpusError(f"the spans {stack[-1]} and {span} cross; this is no tree")
        stack.append(span)
    return ordered


def _drawing(
    words: Sequence[str], spans: Sequence[Span], shared: set[Span], title: str, shift: float
) -> tuple[list[str], float, float]:
    """The elements of one tree, its width and its height; `shift` moves it to the right."""
    nodes = _checked(words, spans)
    centre, x = [], MARGIN + shift
    for word in words:
        wide = LETTER * len(word)
        centre.append(x + wide / 2)
        x += wide + GAP
    width = max(x - GAP + MARGIN - shift, LETTER * len(title) + 2 * MARGIN)
    children: dict[Span, list[Span]] = {span: [] for span in nodes}
    stack: list[Span] = []
    for span in nodes:
        while stack and stack[-1][1] < span[0]:
            stack.pop()
        if stack:
            children[stack[-1]].append(span)
        stack.append(span)
    place: dict[Span, tuple[float, int]] = {}
    drawn = {}
    for span in reversed(nodes):
        covered = {i for a, b in children[span] for i in range(a, b + 1)}
        below = [*children[span], *[(i, i) for i in range(*_open(span)) if i not in covered]]
        at = [place[c] if c in place else (centre[c[0]], 0) for c in below]
        place[span] = (sum(p[0] for p in at) / len(at), 1 + max(p[1] for p in at))
        drawn[span] = below
    depth = max((level for _, level in place.values()), default=0)
    ground = TOP + LEVEL * depth
    parts = [
        f'<text x="{shift + MARGIN:.1f}" y="16" fill="{INK}" font-weight="bold">'
        f"{escape(title)}</text>"
    ]
    for span in nodes:
        x1, level = place[span]
        colour = SHARED if span in shared or span == (0, len(words) - 1) else OTHER
        for child in drawn[span]:
            x2, below = place.get(child, (centre[child[0]], 0))
            parts.append(
                f'<line x1="{x1:.1f}" y1="{ground - LEVEL * level:.1f}" x2="{x2:.1f}"'
                f' y2="{ground - LEVEL * below:.1f}" stroke="{colour}" stroke-width="1.5"/>'
            )
    for word, x in zip(words, centre, strict=True):
        parts.append(
            f'<text x="{x:.1f}" y="{ground + 16:.1f}" fill="{INK}" text-anchor="middle">'
            f"{escape(word)}</text>"
        )
    return parts, width, ground + BOTTOM


def _open(span: Span) -> Span:
    return span[0], span[1] + 1
