"""A figure inside a page: an SVG that is shown as a picture.

Enters: an SVG, its caption, and the numbers behind it. Leaves: a `Picture`, whose address holds the
whole drawing: ids of two figures cannot clash, and a script in one does not run.

Covers: SVG from anywhere. Does not cover: other formats.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from latebloom.reports.captions import Caption
from latebloom.reports.figure import LEAST

SIZE = re.compile(rb'<svg[^>]*?\swidth="([\d.]+)(pt)?(?:px)?"')
"""The width of an SVG, in points or pixels."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG on a page.

    address: its content, as a data address. behind: the rows of the numbers behind it, the names of
    their columns first; none if there is no such table. least: pixels of width below which its text
    could not be read; None if it does not say its size. on_dark: it has colours of its own for dark
    pages.
    """

    caption: Caption
    address: str
    behind: Sequence[Sequence[str]]
    least: int | None
    on_dark: bool


def embed(content: bytes, caption: Caption, behind: Sequence[Sequence[str]]) -> Picture:
    """The picture of an SVG. behind: the rows of its table, the names of the columns first."""
    size = SIZE.search(content)
    pixels = float(size[1]) * (4 / 3 if size[2] else 1) if size else None
    return Picture(
        caption,
        f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}",
        behind,
        None if pixels is None else round(LEAST * pixels),
        b"prefers-color-scheme" in content,
    )
