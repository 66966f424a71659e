"""The widget of `latebloom.explorer.notebook`: messages of its page, answered by the model.

A message asks as the API does: a number, a path and pairs of a key and a value. The reply has the
number, and the answer or, in one line, what is wrong.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget

from latebloom.circuits.moving import Source
from latebloom.circuits.verdict import Place
from latebloom.errors import LatebloomError
from latebloom.explorer.folder import Folder
from latebloom.explorer.models import Models
from latebloom.explorer.patching import place_of, source_of

HERE = Path(__file__).parent
REPORTS = HERE.parent / "reports"
SCRIPTS = (
    *(REPORTS / "saving.js", REPORTS / "lab" / "names.js"),
    *(HERE / name for name in ("answer.js", "states.js", "moving.js", "widget.js")),
)
"""What the cell runs: how files are saved and names shown, how answers are, and the form."""
LONGEST_QUESTION = 64
"""Words of a question, as in the API."""
PLACE = ("loop", "layer", "position")
"""The keys of a place."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The pairs of a message."""

    query: Sequence[Sequence[str]]

    def words(self, name: str) -> list[str]:
        """Every value of a key.

        Raises: LatebloomError if there are too many.
        """
        found = [str(value) for key, value in self.query if key == name]
        if len(found) > LONGEST_QUESTION:
            raise LatebloomError(f"the question has {len(found)} words; {LONGEST_QUESTION} at most")
        return found

    def number(self, name: str) -> int | None:
        """The first value of a key, a whole number."""
        return next((int(value) for key, value in self.query if key == name), None)

    def place(self, before: str = "") -> Place:
        """The place of the state that is replaced, or with `from_` before its keys of the other."""
        loop, layer, position = (self.number(before + part) for part in PLACE)
        if loop is None or layer is None or position is None:
            raise ValueError("a place has a loop, a layer and a position")
        return place_of(loop, layer, position)

    def source(self) -> Source:
        """What is put there."""
        other, names = self.words("from"), self.words("embedding")
        return source_of(
            other,
            self.place("from_") if other else None,
            noise=self.number("noise"),
            mean=bool(self.words("mean")),
            embedding=names[0] if names else None,
        )


class AskingWidget(anywidget.AnyWidget):
    """One run in a cell.

    folder: of the run. device: where its models run.
    Raises: LatebloomError if there is no such run.
    """

    _esm = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    _css = (HERE / "widget.css").read_text(encoding="utf-8")

    def __init__(self, folder: Path, *, device: str = "cpu") -> None:
        models, name = Models(Folder(folder), device), folder.resolve().name
        self.answers: Mapping[str, Callable[[Asked], Any]] = {
            "api/ask": lambda asked: models.ask(name, asked.words("q"), step=asked.number("step")),
            "api/lens": lambda asked: models.lens(
                name, asked.words("q"), step=asked.number("step")
            ),
            "api/patch": lambda asked: models.patch(
                name, asked.words("q"), asked.place(), asked.source(), step=asked.number("step")
            ),
            "api/steps": lambda asked: models.steps(name),
        }
        models.steps(name)
        super().__init__()
        self.on_msg(self.reply)

    def reply(self, _: Any, message: Any, __: Any) -> None:
        """Answers one message of the page."""
        self.send(answer_to(self.answers, message))


def answer_to(answers: Mapping[str, Callable[[Asked], Any]], message: Any) -> dict[str, Any]:
    """The reply to a message: what was asked, or why it cannot be."""
    number = message.get("number") if isinstance(message, dict) else None
    try:
        told = answers[message["path"]](Asked(message["query"]))
        return {"number": number, "answer": json.loads(json.dumps(told))}
    except LatebloomError as error:
        return {"number": number, "detail": " ".join(str(error).split())}
    except (KeyError, TypeError, ValueError):
        return {"number": number, "detail": "this cannot be asked"}
