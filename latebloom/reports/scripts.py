"""The page's own scripts: files of one idea each, put together into the one that the page holds.

The page's content security policy allows exactly this text, by its hash.
"""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
PAGE_FILES = ("page.js", "saving.js", "downloads.js", "taking.js", "recorded.js", "scrolling.js")
"""What every page of a run has, in order."""
LAB = HERE / "lab"
MODEL_FILES = (
    *("numbers.js", "positions.js", "feedback.js", "forward.js", "sets.js", "questions.js"),
    *("lines.js", "trees.js"),
    *("states.js", "experiment.js"),
)
"""The model and its questions, in order; they know nothing of a page."""
SHOWN_FILES = ("names.js", "picker.js", "grid.js", "telling.js", "training.js")
"""What shows them to a reader, in order."""
LABORATORY_FILES = (
    *("asking.js", "writing.js", "views.js"),
    *("placing.js", "replacing.js", "history.js", "branches.js", "download.js", "link.js"),
    *("slices.js", "growing.js", "checking.js", "carried.js"),
    *("files.js", "translating.js", "compare.js"),
    *("listing.js", "browse.js", "lab.js"),
)
"""The laboratory of a report, in order."""
TOUR = HERE / "tour_page"
TOUR_FILES = ("curves.js", "guess.js", "tour.js")
"""The tour (`latebloom.reports.tour`), in order."""


def script_of(*, laboratory: bool) -> str:
    """The page's script: the curves, and the laboratory where the page has one."""
    page = texts_of(HERE, PAGE_FILES)
    if not laboratory:
        return "\n".join(page)
    parts = texts_of(LAB, (*MODEL_FILES, *SHOWN_FILES, *LABORATORY_FILES))
    return "\n".join(['"use strict";', *page, "(() => {", *parts, "})();\n"])


def script_of_tour() -> str:
    """The script of the tour: the models, what shows them, and the stations."""
    parts = [*texts_of(LAB, (*MODEL_FILES, *SHOWN_FILES)), *texts_of(TOUR, TOUR_FILES)]
    return "\n".join(['"use strict";', "(() => {", *parts, "})();\n"])


def texts_of(folder: Path, names: Iterable[str]) -> list[str]:
    """The files of a folder, in order."""
    return [(folder / name).read_text(encoding="utf-8") for name in names]


def allowed(text: str) -> str:
    """How a content security policy names a script: by the hash of its text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
