"""The engine of every series of runs: named configs in one folder, each grown once.

Enters: cells (a name, a config) and a folder. Leaves: a run folder for each cell, and what became
of it, one at a time, in the order of the cells. What is not there yet is grown, what was stopped is
resumed, what is finished is kept. A cell whose training breaks off, or whose world cannot be made,
is reported, and the series goes on; a folder that holds something else is refused before anything
is grown.

Covers: one machine. `latebloom.studies.sweep` makes the cells of a grid, `latebloom.studies.depth`
those of its study. How a cell is grown is a function that can be exchanged (`Grower`), for one that
starts a process, say.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from latebloom.errors import LatebloomError, RunFolderError
from latebloom.studies.grow import grow, resume
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.differences import difference
from latebloom.training.listener import Listener
from latebloom.training.run_folder import RunFolder

State = Literal["absent", "stopped", "finished"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One run of a series."""

    name: str
    """The name of its run folder, unlike every other in the series."""
    config: RunConfig
    """The whole config of the run."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The fields that vary over the series, with their values here: `{"world.phi": 3.6}`."""

    @property
    def seed(self) -> int:
        return self.config.seed


@dataclass(frozen=True, kw_only=True, slots=True)
class Grown:
    """What became of a cell."""

    cell: Cell
    run: RunFolder | None
    """The finished run; None if it failed."""
    error: str = ""
    """Why it failed."""


Grower = Callable[[Cell, Path], None]
"""Grows a cell to its end at a place, where nothing is yet or a run of its config that was stopped.
Raises LatebloomError if it fails."""


def grow_cells(
    cells: Sequence[Cell],
    out: Path,
    grower: Grower,
    *,
    jobs: int = 1,
    on_cell: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> Iterator[Grown]:
    """Grows what is not finished yet; yields every cell when it is.

    jobs: cells at a time; more than one only with a grower whose training runs in a process of its
    own, since torch has one random stream and one number of threads.
    on_cell: is told how many cells were begun before, of how many, and the name of the next.
    Raises: LatebloomError, before anything is grown, for a folder that holds something else;
    RunFolderError if a folder cannot be written; KeyboardInterrupt when a run is interrupted.
    """
    check_folders(cells, out)

    def one(numbered: tuple[int, Cell]) -> Grown:
        number, cell = numbered
        on_cell(number, len(cells), cell.name)
        return grow_cell(cell, out / cell.name, grower)

    if jobs == 1:
        yield from map(one, enumerate(cells))
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(one, enumerate(cells))


def grow_cell(cell: Cell, path: Path, grower: Grower) -> Grown:
    """Brings one cell to its end.

    A full disk ends the series, since the next cell would meet it too: RunFolderError is passed on.
    """
    try:
        if state_of(cell, path) != "finished":
            grower(cell, path)
    except RunFolderError:
        raise
    except (LatebloomError, torch.OutOfMemoryError) as error:
        return Grown(cell=cell, run=None, error=" ".join(str(error).split()))
    if state_of(cell, path) != "finished":
        raise KeyboardInterrupt
    return Grown(cell=cell, run=RunFolder.open(path))


def grower_here(
    *, listener: Listener | None = None, device: str = "auto", threads: int = 0
) -> Grower:
    """The usual grower: in this process, where a stopped run is resumed.

    Raises: LatebloomError for a device that is not there, or a negative number of threads.
    """
    choose_device(device)
    if threads < 0:
        raise LatebloomError(f"--threads is {threads}; use 1 or more, or 0 to let torch choose")

    def grow_here(cell: Cell, path: Path) -> None:
        if state_of(cell, path) == "absent":
            grow(cell.config, path, listener=listener, device=device, threads=threads)
        else:
            resume(path, listener=listener, device=device, threads=threads)

    return grow_here


def check_folders(cells: Sequence[Cell], out: Path) -> None:
    """Whether the place of every cell is free or holds its own run.

    Raises: LatebloomError for the first that holds something else.
    """
    if out.exists() and not out.is_dir():
        raise LatebloomError(f"{out} is a file; choose another --out")
    for cell in cells:
        state_of(cell, out / cell.name)


def state_of(cell: Cell, path: Path) -> State:
    """How far the run of a cell is.

    Raises: LatebloomError if something else is at its place.
    """
    if not (path / "config.toml").exists():
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise LatebloomError(
                f"{path} is in the way and holds no run; remove it, or choose another --out"
            )
        return "absent"
    run = RunFolder.open(path)
    if run.config() != cell.config:
        differs = difference(run.config(), cell.config)
        raise LatebloomError(f"{path} is a run of another config: {differs}; choose another --out")
    return "finished" if is_finished(run) else "stopped"


def is_finished(run: RunFolder) -> bool:
    """Whether a run came to its end: it has a summary, and was not interrupted before."""
    if not (run.path / "summary.json").exists():
        return False
    summary = run.summary()
    return summary["stopped_by"] != "interrupt" or summary["steps"] >= run.config().train.steps


def finished_in(out: Path, pattern: str = "*") -> Iterator[RunFolder]:
    """The finished runs in the folder of a series, by name.

    Raises: RunFolderError for a run that cannot be read.
    """
    for place in sorted(out.glob(f"{pattern}/config.toml")):
        run = RunFolder.open(place.parent)
        if is_finished(run):
            yield run
