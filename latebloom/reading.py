"""The ground floor: files that somebody else may have written, read with care.

Enters: a path. Leaves: its bytes, its text, the JSON in it, or an `OSError` or `ValueError` with a
reason of one line. What a folder holds may be damaged, cut short, or made to do harm: a link that
leads out of it, a pipe that never ends, a file larger than the memory, JSON nested so deep that
Python's stack overflows, a number of a million digits.

A *seal* is a checksum inside a JSON object, under the name `crc32`. An object without a seal is
accepted, since earlier versions wrote none; one with a wrong seal is damaged.

Covers: damage that happens, and hostile shapes. Does not cover: forgery; a seal is no signature.
"""

import json
import os
import stat
import tomllib
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST = 2**30
"""Bytes of the largest file that is read into memory as text or JSON."""
SEAL = "crc32"
"""The name of the checksum in a sealed object."""


def read_bytes(path: Path, largest: int = LARGEST, *, follow_links: bool = False) -> bytes:
    """The content of a regular file; nothing else is opened.

    follow_links: whether the file may be a link, as those in the cache of Hugging Face are; in a
        run folder none is.
    Raises: OSError if there is no such file; ValueError if it is larger than `largest`.
    """
    if path.is_symlink() and not follow_links:
        raise OSError(0, "it is a symbolic link, which is not followed", str(path))
    careful = getattr(os, "O_NONBLOCK", 0)
    if not follow_links:
        careful |= getattr(os, "O_NOFOLLOW", 0)
    opened = os.open(path, os.O_RDONLY | careful | getattr(os, "O_BINARY", 0))
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is no regular file", str(path))
        if found.st_size > largest:
            raise ValueError(f"it has {found.st_size:,} bytes; at most {largest:,} are read")
        return file.read()


def read_text(path: Path, *, follow_links: bool = False) -> str:
    """The text of a regular file in UTF-8; `follow_links` as in `read_bytes`.

    Raises: OSError if there is none; ValueError if it is not UTF-8 or too large.
    """
    try:
        return read_bytes(path, follow_links=follow_links).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error


def refuse_constant(name: str) -> None:
    """Python's JSON knows NaN and Infinity; the standard does not."""
    raise ValueError(f"{name} is not JSON")


def parse_json(text: str, constant: Callable[[str], Any] = refuse_constant) -> Any:
    """The value of a JSON text, as strictly as the standard has it.

    constant: what NaN and Infinity stand for.
    Raises: ValueError for what is not JSON, for NaN and Infinity, for half of a surrogate pair
    (which no file could hold again), for nesting or numbers beyond all measure.
    """
    try:
        value = json.loads(text, parse_constant=constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise ValueError("a number in it has thousands of digits") from error
        raise
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("it holds half of a surrogate pair, which is no character") from error
    return value


def parse_toml(text: str) -> dict[str, Any]:
    """The table of a TOML text.

    Raises: ValueError for what is not TOML, for nesting or numbers beyond all measure.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def seal(table: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its checksum."""
    return {**table, SEAL: checksum(table)}


def unseal(table: Any) -> Any:
    """An object without its checksum, which is verified; anything else is returned as it is.

    Raises: ValueError if the checksum differs.
    """
    if not isinstance(table, dict) or SEAL not in table:
        return table
    rest = {name: value for name, value in table.items() if name != SEAL}
    if table[SEAL] != checksum(rest):
        raise ValueError("its checksum differs: it was damaged, or changed by hand")
    return rest


def checksum(table: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits that nearly every change of an object changes."""
    return f"{zlib.crc32(json.dumps(table, sort_keys=True).encode()):08x}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a JSON Lines file. last: whether its end is missing, as after a kill."""

    number: int
    content: bytes
    last: bool

    def table(self) -> Any:
        """The value in it, its seal verified and taken off; None for NaN, which there was once.

        Raises: ValueError saying why there is none.
        """
        try:
            text = self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"byte {error.start} is not UTF-8") from error
        return unseal(parse_json(text, constant=unknown))


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a JSON Lines file that are not blank.

    Raises: OSError if there is no such file; ValueError if it is too large.
    """
    contents = read_bytes(path).split(b"\n")
    for number, content in enumerate(contents, 1):
        if content.strip():
            yield Line(number, content, last=number == len(contents))


def unknown(name: str) -> None:
    """What is no number is not known."""
