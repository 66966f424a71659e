"""The engine of every series of runs: named configs in one folder, each grown once.

Enters: cells (a name, a config) and a folder. Leaves: a run folder for each cell, and what became
of it, one at a time, in the order of the cells. What is not there yet is grown, what was stopped is
resumed, what is finished is kept. A cell whose training breaks off, or whose world cannot be made,
is reported, and the series goes on; a folder that holds something else is refused before anything
is grown.

Two series may meet in one folder: the lock of a run says that another process grows it. Such a cell
is passed over, and looked at again when its lock is free: by then it is finished, or has to be gone
on with because whoever grew it has died.

`latebloom.studies.sweep` makes the cells of a grid, `latebloom.studies.depth` those of its study.
How a cell is grown is a function that can be exchanged (`Grower`); `latebloom.studies.executors`
has those that start processes.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from latebloom.errors import BusyError, LatebloomError, RunFolderError, is_out_of_memory
from latebloom.studies.grow import grow, resume
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.differences import difference
from latebloom.training.listener import Listener
from latebloom.training.lock import is_locked
from latebloom.training.run_folder import RunFolder

State = Literal["absent", "stopped", "finished"]
LOOK_EVERY = 0.5
"""Seconds between two looks at a run that another process grows."""


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
    busy: bool = False
    """Whether it was passed over because another process grows it."""


Grower = Callable[[Cell, Path], None]
"""Grows a cell to its end at a place, where nothing is yet or a run of its config that was stopped.
Raises LatebloomError if it fails."""


def grow_cells(
    cells: Sequence[Cell],
    out: Path,
    grower: Grower,
    *,
    jobs: int = 1,
    stop: Callable[[], None] = lambda: None,
    on_cell: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> Iterator[Grown]:
    """Grows what is not finished yet; yields every cell when it is.

    jobs: cells at a time; more than one only with a grower whose training runs in a process of its
    own, since torch has one random stream and one number of threads. With one, cells come in their
    order, but for those that another process grows, which come last.
    stop: ends what the grower has under way; called when the series ends before its time.
    on_cell: is told how many cells were begun before, of how many, and the name of the next.
    Raises: LatebloomError, before anything is grown, for a folder that holds something else;
    RunFolderError if a folder cannot be written; KeyboardInterrupt when a run is interrupted.
    """
    check_folders(cells, out)

    def one(numbered: tuple[int, Cell]) -> Grown:
        number, cell = numbered
        on_cell(number, len(cells), cell.name)
        return grow_cell(cell, out / cell.name, grower)

    elsewhere: list[Cell] = []
    for grown in all_of(one, list(enumerate(cells)), jobs, stop):
        if grown.busy:
            elsewhere.append(grown.cell)
        else:
            yield grown
    for cell in elsewhere:
        yield grow_when_free(cell, out / cell.name, grower)


def all_of(
    work: Callable[[tuple[int, Cell]], Grown],
    told: Sequence[tuple[int, Cell]],
    jobs: int,
    stop: Callable[[], None],
) -> Iterator[Grown]:
    """What becomes of each, `jobs` at a time, as they end."""
    if jobs == 1:
        yield from map(work, told)
        return
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for future in as_completed([pool.submit(work, one) for one in told]):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop()
            raise


def grow_when_free(cell: Cell, path: Path, grower: Grower) -> Grown:
    """Waits for whoever grows a cell; brings it to its end if that one did not."""
    while True:
        while is_locked(path):
            time.sleep(LOOK_EVERY)
        grown = grow_cell(cell, path, grower)
        if not grown.busy:
            return grown


def grow_cell(cell: Cell, path: Path, grower: Grower) -> Grown:
    """Brings one cell to its end, unless another process is at it.

    A full disk ends the series, since the next cell would meet it too: RunFolderError is passed on.
    """
    before = state_of(cell, path)
    try:
        if before != "finished":
            grower(cell, path)
    except BusyError as error:
        return Grown(cell=cell, run=None, error=str(error), busy=True)
    except RunFolderError as error:
        if before == "absent" and state_of(cell, path) != "absent":
            # Another process was the first to make it; if it was the disk, the next look says so.
            return Grown(cell=cell, run=None, error=str(error), busy=True)
        raise
    except (LatebloomError, MemoryError, RuntimeError) as error:
        if not (isinstance(error, LatebloomError) or is_out_of_memory(error)):
            raise
        reason = " ".join(str(error).split())
        if is_out_of_memory(error):
            reason = f"the memory is not enough ({reason or 'out of memory'})"
        return Grown(cell=cell, run=None, error=reason)
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
