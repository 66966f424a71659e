"""The page of a run in a notebook's cell: the whole report in a frame of its own.

Enters: the page as text (`latebloom.reports.page.render_report`). Leaves: an object that Jupyter,
VS Code, Colab and marimo show as HTML. The page travels inside the frame's `srcdoc`, so no server
is needed, and a notebook on another machine shows it as well.

The frame is sandboxed: the page may run its own script and offer downloads, and reaches neither the
notebook nor its cookies. A page in a frame has no address of its own, so it keeps no link there.

Covers: any page of this package. Does not cover: pages that are served (`latebloom explore`), whose
answers forbid every frame.
"""

import html
from dataclasses import dataclass

from latebloom.errors import LatebloomError

HEIGHT = 900
"""Pixels of a frame unless told otherwise: two questions and an intervention are in sight."""


@dataclass(frozen=True, slots=True, repr=False)
class FramedPage:
    """A page that a notebook shows inside a cell.

    page: the HTML text. title: what a screen reader calls the frame. height: in pixels, at least 1.
    """

    page: str
    title: str
    height: int = HEIGHT

    def __post_init__(self) -> None:
        if self.height < 1:
            raise LatebloomError(f"height is {self.height}; it must be at least 1 pixel")

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{html.escape(self.title)}" srcdoc="{html.escape(self.page)}"'
            f' width="100%" height="{self.height}" style="border: 0"'
            ' sandbox="allow-scripts allow-downloads"></iframe>'
        )

    def __repr__(self) -> str:
        return f"FramedPage({self.title!r}, {len(self.page):,} characters)"
