"""The widget of `latebloom.explorer.notebook`: messages of its page, answered by the model.

A message asks as the API does: a number, a path and pairs of a key and a value. The reply has the
number, and the answer or, in one line, what is wrong.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget

from latebloom.errors import LatebloomError
from latebloom.explorer.folder import Folder
from latebloom.explorer.models import Models

HERE = Path(__file__).parent
REPORTS = HERE.parent / "reports"
SCRIPTS = (REPORTS / "lab" / "names.js", HERE / "answer.js", HERE / "widget.js")
"""What the cell runs: how names are shown, how answers are, and the form."""
LONGEST_QUESTION = 64
"""Words of a question, as in the API."""


class AskingWidget(anywidget.AnyWidget):
    """One run in a cell.

    folder: of the run. device: where its models run.
    Raises: LatebloomError if there is no such run.
    """

    _esm = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    _css = (HERE / "widget.css").read_text(encoding="utf-8")

    def __init__(self, folder: Path, *, device: str = "cpu") -> None:
        models, name = Models(Folder(folder), device), folder.resolve().name
        self.answers: Mapping[str, Callable[[list[str], int | None], Any]] = {
            "api/ask": lambda words, step: models.ask(name, words, step=step),
            "api/lens": lambda words, step: models.lens(name, words, step=step),
            "api/steps": lambda words, step: models.steps(name),
        }
        models.steps(name)
        super().__init__()
        self.on_msg(self.reply)

    def reply(self, _: Any, message: Any, __: Any) -> None:
        """Answers one message of the page."""
        self.send(answer_to(self.answers, message))


def answer_to(
    answers: Mapping[str, Callable[[list[str], int | None], Any]], message: Any
) -> dict[str, Any]:
    """The reply to a message: what was asked, or why it cannot be."""
    number = message.get("number") if isinstance(message, dict) else None
    try:
        words = [str(value) for key, value in message["query"] if key == "q"]
        steps = [int(value) for key, value in message["query"] if key == "step"]
        if len(words) > LONGEST_QUESTION:
            raise LatebloomError(f"the question has {len(words)} words; {LONGEST_QUESTION} at most")
        told = answers[message["path"]](words, steps[0] if steps else None)
        return {"number": number, "answer": json.loads(json.dumps(told))}
    except LatebloomError as error:
        return {"number": number, "detail": " ".join(str(error).split())}
    except (KeyError, TypeError, ValueError):
        return {"number": number, "detail": "this cannot be asked"}
