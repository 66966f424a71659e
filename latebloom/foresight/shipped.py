"""Parameters that come with the package as JSON, in this folder, and how they are read."""

from pathlib import Path
from typing import TypeVar

from latebloom.errors import RunFolderError
from latebloom.files import read_json
from latebloom.records import from_json

R = TypeVar("R")


def shipped(path: Path, kind: type[R], named: str) -> R:
    """What was fitted, from its file. named: what it is called where it is not in the file.

    Raises: RunFolderError if the file is missing or another thing.
    """
    table = read_json(path, RunFolderError)
    try:
        return from_json(table, kind)
    except ValueError as error:
        raise RunFolderError(f"{path} holds no {named} ({error})") from error
