"""The page's own scripts: files of one idea each, put together into the one that the page holds.

The page's content security policy allows exactly this text, by its hash.
"""

import base64
import hashlib
from pathlib import Path

HERE = Path(__file__).parent
LAB = HERE / "lab"
MODEL_FILES = (
    *("numbers.js", "positions.js", "feedback.js", "forward.js", "questions.js", "experiment.js"),
)
"""The model and its questions, in order; they know nothing of a page."""
PAGE_FILES = ("names.js", "picker.js", "grid.js", "training.js", "placing.js", "link.js", "lab.js")
"""What the reader sees of them, in order."""


def script_of(*, laboratory: bool) -> str:
    """The page's script: the curves, and the laboratory where the page has one."""
    files = [HERE / "page.js"]
    curves = files[0].read_text(encoding="utf-8")
    if not laboratory:
        return curves
    parts = [(LAB / name).read_text(encoding="utf-8") for name in (*MODEL_FILES, *PAGE_FILES)]
    return "\n".join(['"use strict";', curves, "(() => {", *parts, "})();\n"])


def allowed(text: str) -> str:
    """How a content security policy names a script: by the hash of its text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
