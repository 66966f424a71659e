"""Answers of a language model, kept so that a contest that was stopped goes on.

Enters and leaves: a JSON Lines file, a line an answer, written as soon as it is there. The key is
a hash of everything that decides the answer; a last line cut short by a kill is passed over.
"""

import hashlib
import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from latebloom.errors import RivalError
from latebloom.reading import read_lines, seal
from latebloom.records import from_json


@dataclass(frozen=True, slots=True)
class Completion:
    """What an endpoint gave back. seconds: until then, the failed tries included."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Kept(Completion):
    """A line of the file: the answer, and what it answers."""

    key: str


def key_of(request: dict[str, Any]) -> str:
    """The hash of a request."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class AnswerCache:
    """Completions by key, in memory and, if a path is given, in a file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.kept: dict[str, Completion] = {}
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                self._read(path)

    def _read(self, path: Path) -> None:
        try:
            lines = list(read_lines(path))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise RivalError(f"{path} cannot be read ({reason})") from error
        for line in lines:
            try:
                kept = from_json(line.table(), Kept)
            except ValueError:
                continue  # it is asked again
            fields = (kept.text, kept.prompt_tokens, kept.completion_tokens, kept.seconds)
            self.kept[kept.key] = Completion(*fields)
        with path.open("rb+") as file:  # so that the next line begins on its own
            if file.seek(0, 2) and (file.seek(-1, 2), file.read(1))[1] != b"\n":
                file.write(b"\n")

    def __contains__(self, key: str) -> bool:
        return key in self.kept

    def get(self, key: str) -> Completion | None:
        """The completion of a request that was answered before."""
        return self.kept.get(key)

    def put(self, key: str, completion: Completion) -> None:
        """Keeps a completion, at once."""
        with self.lock:
            self.kept[key] = completion
            if self.path is not None:
                record = seal({"key": key} | asdict(completion))
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")
