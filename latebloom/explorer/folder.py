"""The runs of a folder, read again only where something has changed.

Enters: a folder of run folders, or one run. Leaves: a row for each run, its evaluations, its page,
and a row for each study, which is a folder of runs that belong together (`studies.py`).
Covers: runs that are growing, were stopped, or are damaged; many readers at once, who share what
was read within the last second. Links are not followed, so nothing outside the folder is reached.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from latebloom.errors import LatebloomError
from latebloom.explorer.studies import KINDS, StudyRow, record_in, words_of
from latebloom.reports.page import render_report
from latebloom.reports.recording import Record, read_metrics, read_recording
from latebloom.studies.claims import shown
from latebloom.training.differences import flat
from latebloom.training.run_folder import RunFolder

DEEPEST = 3
"""Folders below the given one in which runs are looked for: a study keeps its cells in a folder."""
MOST = 2000
"""Runs that are shown at most."""
FRESH = 1.0
"""Seconds for which what was read is not looked at again."""
QUIET = 120.0
"""Seconds without an evaluation after which a run without a summary counts as stopped."""
WATCHED = ("config.toml", "metrics.jsonl", "summary.json")
"""The files that tell whether a run has changed."""
ASIDE = {"seed", "world_seed", "train.keep", "train.checkpoint_every", "train.eval_every"}
"""Fields in which runs of one setting may differ."""

Status = Literal["finished", "growing", "stopped", "damaged"]
Stamp = tuple[tuple[int, int], ...]
"""When each watched file was written, and its size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRow:
    """One run, as the list shows it."""

    name: str
    """Its place in the folder, with `/` between folders."""
    recipe: str
    setting: str
    """In which fields it differs from the other runs of its recipe: `world.phi 2`."""
    seed: int | None
    status: Status
    step: int
    """Of the newest evaluation."""
    steps: int
    """To be trained."""
    seconds: float | None
    """That training took until then."""
    accuracy: dict[str, float]
    """By split, at the newest evaluation."""
    trouble: str = ""
    """Why it cannot be shown, if so."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of a run, and its fields, from which settings are told apart."""

    row: RunRow
    fields: Mapping[str, Any]


class Folder:
    """A folder of runs."""

    def __init__(self, root: Path) -> None:
        """root: a folder of runs, or a run.

        Raises: LatebloomError if it is no folder.
        """
        if not root.is_dir():
            raise LatebloomError(f"{root} is no folder; name a run, or a folder of runs")
        self.root = root.resolve()
        self._name = sayable(self.root.name)
        self._lock = threading.Lock()
        self._paths: dict[str, Path] = {}
        self._found: dict[str, tuple[Stamp, Found]] = {}
        self._rows: tuple[RunRow, ...] = ()
        self._records: dict[str, Path] = {}
        self._words: dict[Path, tuple[Stamp, str]] = {}
        self._read_at = -FRESH

    def rows(self) -> tuple[RunRow, ...]:
        """The runs by name, as they are now, or were within the last second."""
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH:
                self._rows = tuple(self._read())
                self._read_at = time.monotonic()
            return self._rows

    def studies(self) -> tuple[StudyRow, ...]:
        """The studies by name, as they are now, or were within the last second."""
        rows = self.rows()
        with self._lock:
            records = dict(self._records)
        return tuple(self._study(name, path, rows) for name, path in records.items())

    def path_of(self, name: str) -> Path:
        """The folder of a run.

        Only names of the list are looked up, never paths: `../x` is no run.
        Raises: LatebloomError if there is none of that name.
        """
        self.rows()
        if name not in self._paths:
            raise LatebloomError(f"there is no run {name!r} here")
        return self._paths[name]

    def records(self, name: str, after: int = -1) -> list[Record]:
        """The evaluations of a run behind a step.

        Raises: LatebloomError if there is no such run, or none that can be read.
        """
        records, _ = read_metrics(self.path_of(name) / "metrics.jsonl")
        return [record for record in records if record["step"] > after]

    def page(self, name: str) -> str:
        """The report of a run, drawn anew when the run has changed.

        Raises: LatebloomError if there is no such run, or it has no evaluation yet.
        """
        path = self.path_of(name)
        return page_of(path, stamp_of(path))

    def _read(self) -> Iterator[RunRow]:
        now = time.time()
        self._paths = dict(self._places())
        self._found = {name: one for name, one in self._found.items() if name in self._paths}
        for name, path in self._paths.items():
            stamp = stamp_of(path)
            if name not in self._found or self._found[name][0] != stamp:
                self._found[name] = stamp, look_at(name, path)
        settings = settings_of({name: found for name, (_, found) in self._found.items()})
        for name in self._paths:
            stamp, found = self._found[name]
            row = replace(found.row, setting=settings[name])
            silent = now - max(written for written, _ in stamp) / 1e9
            if row.status == "growing" and silent > QUIET:
                row = replace(row, status="stopped")
            yield row

    def _study(self, name: str, path: Path, rows: Sequence[RunRow]) -> StudyRow:
        stamp = (stamp_of_file(path),)
        known = self._words.get(path)
        if known is None or known[0] != stamp:
            known = self._words[path] = stamp, words_of(path)
        home = "" if path.parent == self.root else f"{name}/"
        cells = [row for row in rows if row.name.startswith(home)]
        return StudyRow(
            name=name,
            home=home,
            kind=KINDS[path.name][0],
            finished=sum(row.status == "finished" for row in cells),
            runs=len(cells),
            verdict=known[1],
        )

    def _places(self) -> Iterator[tuple[str, Path]]:
        self._records = {}
        if (self.root / "config.toml").is_file():
            yield self._name, self.root
            return
        found = 0
        for place, folders, files in os.walk(self.root, followlinks=False):
            depth = len(Path(place).relative_to(self.root).parts)
            folders[:] = sorted(one for one in folders if can_be_named(one))
            if "config.toml" in files and depth:
                folders.clear()
                found += 1
                yield Path(place).relative_to(self.root).as_posix(), Path(place)
            elif (record := record_in(files)) is not None:
                name = Path(place).relative_to(self.root).as_posix() if depth else self._name
                self._records[name] = Path(place) / record
            if depth == DEEPEST or found == MOST:
                folders.clear()
            if found == MOST:
                return


def sayable(text: str) -> str:
    """The same with a question mark for what is no Unicode, as parts of a path may be."""
    return text.encode(errors="replace").decode()


def can_be_named(folder: str) -> bool:
    """Whether a folder is looked into: no hidden one, and none whose name is not Unicode.

    A name with other bytes in it, which Linux allows, can stand neither in JSON nor in an address.
    """
    try:
        folder.encode()
    except UnicodeEncodeError:
        return False
    return not folder.startswith(".")


@lru_cache(maxsize=8)
def page_of(path: Path, stamp: Stamp) -> str:
    """The report of a run as it was at that stamp."""
    del stamp  # only there so that a run which changed is drawn again
    return render_report(read_recording(path))


def stamp_of(path: Path) -> Stamp:
    """When the watched files of a run were written, and their sizes."""
    return tuple(stamp_of_file(path / name) for name in WATCHED)


def stamp_of_file(file: Path) -> tuple[int, int]:
    """When a file was written, and its size; zeros for one not there."""
    try:
        stat = file.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def look_at(name: str, path: Path) -> Found:
    """Reads a run; one that cannot be read says why."""
    try:
        run = RunFolder.open(path)
        config = run.config()
        records = read_metrics(path / "metrics.jsonl")[0] if has_evaluations(path) else []
        finished = (path / "summary.json").exists()
        interrupted = finished and run.summary()["stopped_by"] == "interrupt"
    except (LatebloomError, OSError, ValueError, KeyError, TypeError) as error:
        row = RunRow(
            name=name,
            recipe="?",
            setting="",
            seed=None,
            status="damaged",
            step=0,
            steps=0,
            seconds=None,
            accuracy={},
            trouble=" ".join(sayable(str(error)).split()),
        )
        return Found(row, {})
    newest: Record = records[-1] if records else {"step": 0, "accuracy": {}}
    row = RunRow(
        name=name,
        recipe=config.recipe,
        setting="",
        seed=config.seed,
        status="stopped" if interrupted else "finished" if finished else "growing",
        step=newest["step"],
        steps=config.train.steps,
        seconds=newest.get("seconds"),
        accuracy={k: v for k, v in newest["accuracy"].items() if v is not None},
    )
    fields = {k: v for k, v in flat(config).items() if k not in ASIDE}
    return Found(row, fields)


def has_evaluations(path: Path) -> bool:
    """Whether a run was evaluated at all."""
    try:
        return (path / "metrics.jsonl").stat().st_size > 0
    except OSError:
        return False


def settings_of(found: Mapping[str, Found]) -> dict[str, str]:
    """By run, the fields in which the runs of its recipe differ, with its own values."""
    by_recipe: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name, one in found.items():
        by_recipe.setdefault(one.row.recipe, {})[name] = one.fields
    told: dict[str, str] = {}
    for runs in by_recipe.values():
        fields = dict.fromkeys(field for one in runs.values() for field in one)
        varied = [
            field for field in fields if len({repr(one.get(field)) for one in runs.values()}) > 1
        ]
        for name, one in runs.items():
            told[name] = ", ".join(f"{field} {shown(one.get(field))}" for field in varied)
    return told
