"""The studies among the folders of runs: sweeps, reproductions, folds and contests of settings.

Enters: a folder that a study wrote. Leaves: what kind it is, and what it found, in a few words.
A study is known by the file that it writes beside the folders of its runs, which may be damaged or
somebody else's: then the words say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.reading import parse_json, read_text
from latebloom.studies import accelerators, depth, folds, reproduce, table


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyRow:
    """One study, as the list shows it."""

    name: str
    """Its place in the folder, with `/` between folders."""
    home: str
    """With what the names of its runs begin: `NAME/`, or nothing where it is the whole folder."""
    kind: str
    """`sweep`, `reproduction`, `folds`, `depth` or `accelerators`."""
    finished: int
    """Its runs that have finished."""
    runs: int
    """Its runs that are there."""
    verdict: str
    """What it found, so far: of a reproduction each claim with its verdict; empty: no verdict."""


def verdicts(path: Path) -> str:
    """Of a reproduction: `held`, or several claims, each with its verdict."""
    claims: Mapping[str, Any] = parse_json(read_text(path))["claims"]
    found = {str(name): str(claim["verdict"]) for name, claim in claims.items()}
    if len(found) == 1:
        return next(iter(found.values()))
    return ", ".join(f"{name}: {verdict}" for name, verdict in found.items())


def failures(path: Path) -> str:
    """Of a sweep: how many of its runs failed."""
    failed = len(table.SweepTable.read(path.parent).failed)
    return f"{failed} failed" if failed else ""


KINDS: Mapping[str, tuple[str, Callable[[Path], str]]] = {
    reproduce.RECORD: ("reproduction", verdicts),
    table.TABLE: ("sweep", failures),
    folds.FILE: ("folds", lambda path: ""),
    accelerators.RECORD: ("accelerators", lambda path: ""),
    depth.RECORD: ("depth", lambda path: ""),
}
"""By the file that a study writes: its kind, and how its words are read."""


def record_in(files: list[str]) -> str | None:
    """Which of a folder's files makes it a study; None: it is none."""
    return next((name for name in KINDS if name in files), None)


def words_of(path: Path) -> str:
    """What a study found, from the file that it wrote."""
    try:
        return KINDS[path.name][1](path)
    except (LatebloomError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{path.name} cannot be read"
