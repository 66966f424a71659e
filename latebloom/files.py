"""The ground floor: files that are written whole or not at all, and packages that may be missing.

A command can be killed at any moment, and somebody may read a run while it is written. So what
is new is first written *aside*, under a hidden name in the same folder, and then renamed: a rename
is one step of the file system, before which a reader finds the old content and after which the new.

What is written whole is flushed to the disk before it gets its name, so that a loss of power leaves
the old content or the new, too.

Covers: one process that writes to a place at a time.
"""

import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from latebloom.errors import LatebloomError, MissingExtraError
from latebloom.reading import parse_json, read_text


@contextmanager
def whole_file(path: Path) -> Generator[Path, None, None]:
    """Gives a place to write a file at; it becomes `path` when the block ends without an error.

    After an error nothing is left of it, and what was at `path` is still there.

    Raises: OSError if the place cannot be written.
    """
    aside = aside_of(path)
    try:
        yield aside
        sync(aside)
        aside.replace(path)
        sync_folder(path.parent)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


@contextmanager
def whole_folder(path: Path) -> Generator[Path, None, None]:
    """Gives a new folder to fill; it becomes `path` when the block ends without an error.

    path: must not exist, or be an empty folder; the caller checks that, in words of its own.

    Raises: OSError if it cannot be written, or `path` holds something by now.
    """
    aside = aside_of(path)
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        sync_tree(aside)
        aside.replace(path)
        sync_folder(path.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def make_folder(path: Path) -> None:
    """Makes a folder that is not there, and those above it; their names are on the disk then.

    Raises: OSError if it is there, or cannot be made.
    """
    if not path.parent.exists():
        with suppress(FileExistsError):  # another process was faster
            make_folder(path.parent)
    path.mkdir()
    sync_folder(path.parent)


def sync(path: Path) -> None:
    """Waits until the content of a file is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Waits until the names in a folder are on the disk, where the system can be asked for it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network file systems sync no folders
            os.fsync(opened)
    finally:
        os.close(opened)


def sync_tree(folder: Path) -> None:
    """Waits until all that a folder holds is on the disk."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            sync(path)
        elif path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def aside_of(path: Path) -> Path:
    """The hidden name beside `path`; two processes have two, so neither breaks the other's."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    with whole_file(path) as aside:
        aside.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Writes a text file, in UTF-8, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Writes a value as indented JSON, whole or not at all; what is not finite becomes null."""
    from latebloom.records import to_json  # it loads numpy, which whoever only reads does not need

    write_text(path, json.dumps(to_json(value), indent=2, allow_nan=False) + "\n")


def read_json(path: Path, error: type[LatebloomError]) -> Any:
    """What a JSON file holds.

    error: what to raise, naming the file, if it is missing, cannot be read or is not JSON.
    """
    try:
        return parse_json(read_text(path))
    except (OSError, ValueError) as reason:
        told = reason.strerror if isinstance(reason, OSError) else reason
        raise error(f"{path} cannot be read ({told})") from reason


def import_extra(module: str, extra: str, purpose: str) -> ModuleType:
    """A module that only an extra of latebloom brings.

    purpose: what needs it, as the beginning of a sentence: "reading N-Triples".

    Raises: MissingExtraError naming the package and how to install it, or, where it is installed
    and something that it needs is not, what that is.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        there = (error.name or "").partition(".")[0] != package
        reason = f", which cannot be imported ({error})" if there else ""
        raise MissingExtraError(
            f"{purpose} needs {package}{reason}: pip install 'latebloom[{extra}]'"
        ) from error
