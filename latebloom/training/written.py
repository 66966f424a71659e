"""The small files of a run folder, with types: what may stand in them, and what is refused.

Enters: the bytes of `environment.json`, `metrics.jsonl`, `summary.json`. Leaves: tables of which
every entry that latebloom uses has the type that it expects, or one line that says what is wrong.
Entries that latebloom does not know, such as the metrics of one's own callbacks, are passed on.
"""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latebloom.errors import RunFolderError
from latebloom.files import read_json
from latebloom.reading import Line, read_lines, unseal
from latebloom.records import from_json

MUST = ("recipe", "seed", "steps", "seconds", "device", "parameters", "phi", "splits", "stopped_by")
"""What a whole summary holds at least, in every version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What is used of `environment.json`: the version of the folder, and where the run began."""

    format: int = 0
    latebloom: str = ""
    device: str = "cpu"
    threads: int = 1
    processes: int = 1
    started_from: dict[str, Any] = field(default_factory=dict)
    """Of a run that began with the weights of another: which run, which step, their checksum."""
    own: list[str] = field(default_factory=list)
    """Which parts of one's own the training had."""
    torch: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What is used of a line of `metrics.jsonl`; a figure that is not known is nan."""

    step: int
    accuracy: dict[str, float]
    rules: dict[str, dict[str, float]] = field(default_factory=dict)
    loss: float = math.nan
    lr: float = math.nan
    seconds: float = math.nan
    steps_per_second: float = math.nan
    phase: str = ""

    def __post_init__(self) -> None:
        if self.step < 0:
            raise ValueError(f"its step is {self.step}")
        for split, share in self.accuracy.items():
            if share < 0 or share > 1:
                raise ValueError(f"the accuracy of {split} is {share}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitSummary:
    """The last measurement of a split."""

    n: int = 0
    correct: int = 0
    accuracy: float = math.nan
    ci95: list[float] = field(default_factory=lambda: [math.nan, math.nan])
    first_step: int | None = None
    sustained_step: int | None = None

    def __post_init__(self) -> None:
        if len(self.ci95) != 2:
            raise ValueError(f"an interval has two ends, this one {len(self.ci95)}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What is used of `summary.json`."""

    recipe: str = ""
    seed: int = 0
    steps: int = 0
    seconds: float = math.nan
    device: str = ""
    parameters: int = 0
    phi: float | None = None
    stopped_by: str = ""
    splits: dict[str, SplitSummary] = field(default_factory=dict)


def read_machine(path: Path) -> tuple[Machine, dict[str, Any]]:
    """What `environment.json` holds, typed and whole.

    Raises: RunFolderError if it is missing or another thing.
    """
    table = read_json(path, RunFolderError)
    try:
        return from_json(table, Machine), table
    except ValueError as error:
        raise RunFolderError(f"{path} is not what latebloom writes ({error})") from error


def read_summary(path: Path, *, whole: bool = True) -> dict[str, Any]:
    """What `summary.json` holds.

    whole: whether an entry may be missing.
    Raises: RunFolderError if it is missing, damaged or another thing.
    """
    table = read_json(path, RunFolderError)
    try:
        table = unseal(table)
        from_json(table, Summary)
        missing = [name for name in MUST if name not in table] if whole else []
        if missing:
            raise ValueError(f"it has no {missing[0]}")
    except ValueError as error:
        raise RunFolderError(
            f"{path} cannot be used ({error}); make it again: latebloom grok --resume {path.parent}"
        ) from error
    return table


def read_evaluations(path: Path) -> Iterator[tuple[Line, dict[str, Any] | None, str]]:
    """Each line of `metrics.jsonl`, with its record; in place of a damaged one, None and why.

    Raises: RunFolderError if the file cannot be read; without one there is no line.
    """
    if not os.path.lexists(path):
        return
    try:
        lines = list(read_lines(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise RunFolderError(f"{path} cannot be read ({reason})") from error
    for line in lines:
        try:
            yield line, evaluation(line.table()), ""
        except ValueError as error:
            yield line, None, "it was cut short" if line.last else str(error)


def evaluation(table: Any) -> dict[str, Any]:
    """The record of an evaluation, where its types are right.

    Raises: ValueError saying what is wrong.
    """
    if not isinstance(table, Mapping):
        raise ValueError("it is no object")
    return {**table, "accuracy": from_json(table, Evaluation).accuracy}
