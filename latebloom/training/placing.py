"""How a new run folder comes to its place: whole, and without loss of what is there.

Where nothing is, the folder is made beside its place under a hidden name, and renamed. Where a
folder is already (an empty one, a mount point, `.`, a run that is overwritten) it may not be
renamed, so the new run is made inside it as `.new-PID`, what is there goes into `.old-PID`, what is
new comes up, `config.toml` last, and `.old-PID` is deleted. These are many steps; `settle` finishes
or undoes them after a kill.

Only what is provably ours is deleted: a run that latebloom wrote, and what lies in `.new-PID`.
"""

import difflib
import os
import re
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from latebloom.errors import RunFolderError
from latebloom.files import make_folder, sync_folder
from latebloom.training import lock, manifest

ASIDE = re.compile(r"\.(new|old)-(\d+)")
"""The hidden names inside a run folder."""
LOOKED_AT = 10_000
"""Names in a folder that are looked at for one that is like another."""
FIRST = "config.toml"
"""What makes a folder a run: it comes up last and leaves first."""
MADE = {"checkpoints", "environment.json", "vocabulary.json", "world.safetensors"} | {
    FIRST,
    manifest.FILE,
}
"""What a new run consists of."""
BESIDES = {"diagnosis.txt", "start.safetensors"}
"""What it may hold besides."""
PART = re.compile(r"\..+\.\d+\.part")
"""What is half written (`latebloom.files`)."""


@contextmanager
def new_place(
    target: Path, overwrite: bool, is_run: Callable[[Path], bool]
) -> Generator[Path, None, None]:
    """Gives a folder to make a run in, which is at `target` when the block ends without an error.

    After an error nothing of it is left, and what was at `target` is there as before.
    is_run: whether a folder is provably a run of ours. The block leaves all on the disk.

    Raises: RunFolderError if `target` holds something (and `overwrite` is false, or it is no run);
    OSError if it cannot be written.
    """
    if not os.path.lexists(target):
        making = unused(target.with_name(f".{target.name}.new"))
        with filled(making):
            yield making
            making.rename(target)
            sync_folder(target.parent)
        return
    if not target.is_dir():
        raise RunFolderError(f"{target} is a file; choose another --out")
    if not (asides(target, "new") or asides(target, "old")):
        check_free(target, overwrite, is_run)  # a stranger's folder gets no lock of ours
    with lock.locked(target):
        settle(target, is_run)
        check_free(target, overwrite, is_run)
        making = unused(target / ".new")
        with filled(making):
            yield making
            exchange(making, target)


def unused(name: Path) -> Path:
    """A hidden name with a number that is not taken: this process's, if there is nothing yet.

    After a loss of power, or in a container that is started again, an earlier process may have had
    the same number and left something behind.
    """
    number = os.getpid()
    while os.path.lexists(path := name.with_name(f"{name.name}-{number}")):
        number += 1
    return path


@contextmanager
def filled(making: Path) -> Generator[None, None, None]:
    """A new folder, which is removed if the block does not move it away."""
    try:
        make_folder(making)
        yield
    finally:
        if making.is_dir():
            shutil.rmtree(making, ignore_errors=True)


def check_free(target: Path, overwrite: bool, is_run: Callable[[Path], bool]) -> None:
    """Whether a run may be made in a folder.

    Raises: RunFolderError with the way out.
    """
    if not inside(target):
        return
    if not overwrite:
        raise RunFolderError(
            f"{target} exists; choose another --out, or say --overwrite, or go on with"
            f" `latebloom grok --resume {target}`"
        )
    if not is_run(target):
        raise RunFolderError(f"{target} is no run folder: --overwrite leaves it alone")


def inside(target: Path) -> list[Path]:
    """What a folder holds but for what this file puts there; `config.toml` first."""
    found = [p for p in target.iterdir() if p.name != lock.FILE and not ASIDE.fullmatch(p.name)]
    return sorted(found, key=lambda path: (path.name != FIRST, path.name))


def exchange(making: Path, target: Path) -> None:
    """Puts a whole new run in the place of what a folder holds, which is deleted at the end.

    After an error all is as it was, but that `making` may have lost what had come up already.
    """
    old = target / making.name.replace("new", "old")
    old.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for path in inside(target):
            move(path, old / path.name, moved)
        for path in reversed(inside(making)):
            move(path, target / path.name, moved)
    except OSError:
        for before, after in reversed(moved):
            after.rename(before)
        old.rmdir()
        raise
    sync_folder(target)
    making.rmdir()
    shutil.rmtree(old)


def move(path: Path, to: Path, moved: list[tuple[Path, Path]]) -> None:
    """Renames what never replaces anything, and notes it."""
    if os.path.lexists(to):
        raise OSError(17, f"{to.name} is there already", str(to))
    path.rename(to)
    moved.append((path, to))


def settle(target: Path, is_run: Callable[[Path], bool]) -> None:
    """Finishes or undoes an exchange that was killed; the caller holds the lock.

    `.old-PID` is there from the moment on when the new run is whole. Until the last of what was
    there has gone into it, all comes back; from then on the new run is brought up.
    """
    for making in asides(target, "new"):
        names = {path.name for path in making.iterdir()}
        if not all(name in MADE | BESIDES or PART.fullmatch(name) for name in names):
            continue  # it only looks like ours
        old = target / making.name.replace("new", "old")
        if old.is_dir():
            undo = names >= MADE  # what comes up first is one of these
            for path in reversed(inside(old if undo else making)):
                move(path, target / path.name, [])
            if undo:
                old.rmdir()
        shutil.rmtree(making)
    for old in asides(target, "old"):
        if is_run(target):
            shutil.rmtree(old)


def asides(target: Path, kind: str) -> list[Path]:
    """The folders that a killed exchange left; kind: `new` or `old`."""
    found = (p for p in target.iterdir() if p.name.startswith(f".{kind}-") and not p.is_symlink())
    return sorted(path for path in found if ASIDE.fullmatch(path.name) and path.is_dir())


def runs_like(target: Path) -> list[Path]:
    """Runs beside a place, or under `runs`, whose name is like that of the place; at most three."""
    near: dict[str, Path] = {}
    for folder in (target.parent, Path("runs")):
        try:
            beside = list(islice(folder.iterdir(), LOOKED_AT))
        except OSError:
            continue
        near |= {one.name: one for one in beside if (one / FIRST).is_file()}
    return [near[name] for name in difflib.get_close_matches(target.name, near, n=3)]


def interrupted(target: Path) -> str:
    """What a killed exchange left in a folder, in words; empty if nothing."""
    if not target.is_dir() or not (old := asides(target, "old")):
        return ""
    return f"an --overwrite of it was killed, and what was there before is in {old[0]}"
