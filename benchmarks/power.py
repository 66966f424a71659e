"""Power lost at any moment: what a file system may leave of a run, and what a user then gets.

    python -m benchmarks.faults power

A command runs once while a `Recorder` looks at its folder before every change of the file system,
and notes what was flushed to the disk (`fsync`), and when. From that follow the states in which a
loss of power may leave the disk at each of these moments:

- what was flushed is there: a file's content as it was then, a folder's names as they were then;
- of what came later a folder has kept the first changes and lost the others, each folder by itself;
  a file that was moved from one folder to another is in one of them;
- of a file's content there is what was flushed, what was written last, or a part: cut short, or
  with zeros where the last bytes should be. What was never flushed may be empty.

Each state that differs from all others is written to a folder, and a user comes: `--resume`, else
the same command again (`benchmarks.faults.recover`).

Built in: changes within one folder keep their order, as journals keep them; blocks of a file that
was rewritten in place are not mixed (latebloom rewrites none).
"""

import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
"""Audit events that change the file system, besides opening for writing."""
RANDOM_STATES = 2
"""States of a moment that are drawn, besides the three extreme ones."""

Names = dict[str, int]
"""What a folder holds: the number (inode) of each file or folder by its name."""
Tree = dict[str, "Tree | bytes"]
"""A folder that can be written: files by their content, and folders."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is before a change. folders, files: by number.

    flushed: of each number, the latest moment at which it was flushed.
    """

    folders: dict[int, Names]
    files: dict[int, bytes]
    flushed: dict[int, int]


class Recorder:
    """Looks at a folder before each change, and keeps what it sees."""

    def __init__(self, root: Path) -> None:
        self.root, self.number = root, root.stat().st_ino
        self.moments: list[Moment] = []
        self.flushed: dict[int, int] = {}
        self.look()
        # What was there before is on the disk.
        self.flushed |= dict.fromkeys((*self.moments[0].folders, *self.moments[0].files), 0)
        self.moments[0] = Moment(self.moments[0].folders, self.moments[0].files, {**self.flushed})

    def look(self) -> None:
        """Takes down what there is now."""
        folders: dict[int, Names] = {}
        files: dict[int, bytes] = {}

        def enter(path: Path) -> None:
            here = folders.setdefault(path.stat().st_ino, {})
            with os.scandir(path) as found:
                for one in found:
                    number = here[one.name] = one.inode()
                    if one.is_dir(follow_symlinks=False):
                        enter(Path(one.path))
                    else:
                        files[number] = Path(one.path).read_bytes()

        enter(self.root)
        self.moments.append(Moment(folders, files, {**self.flushed}))

    def flush(self, opened: int) -> None:
        """What `os.fsync` is replaced by: notes that a file or a folder is on the disk."""
        self.look()
        self.flushed[os.fstat(opened).st_ino] = len(self.moments) - 1


@cache
def watch() -> list[Recorder]:
    """The recorder that is told of changes, if there is one. A hook cannot be taken away again."""
    active: list[Recorder] = []

    def hook(name: str, told: tuple[Any, ...]) -> None:
        writes = name == "open" and isinstance(told[2], int) and told[2] & os.O_ACCMODE
        if active and (writes or name in CHANGES):
            recorder = active.pop()  # it must not be told of what it does itself
            recorder.look()
            active.append(recorder)

    sys.addaudithook(hook)
    return active


@contextmanager
def recorded(root: Path) -> Generator[Recorder, None, None]:
    """Records what the block does in a folder."""
    recorder = Recorder(root)
    watch().append(recorder)
    try:
        with mock.patch("os.fsync", recorder.flush):
            yield recorder
    finally:
        watch().clear()
    recorder.look()


# --- What may be left -----------------------------------------------------------------------------


def states(recorder: Recorder, n: int, dice: random.Random) -> Iterable[Tree]:
    """States in which a loss of power at the n-th moment may leave the disk.

    First those in which as much as possible is lost: everything, contents, names. Then some between
    them.
    """
    newest = dict.fromkeys(every_folder(recorder, n), n)
    least = {number: recorder.moments[n].flushed.get(number, -1) for number in newest}
    yield tree(recorder, n, together(recorder, n, least), lambda kept, _: kept)
    yield tree(recorder, n, newest, lambda kept, _: kept)
    yield tree(recorder, n, together(recorder, n, least), lambda _, written: written)
    for _ in range(RANDOM_STATES):
        some = {number: dice.randint(low, n) for number, low in least.items()}
        yield tree(recorder, n, together(recorder, n, some), partial(torn, dice))


def every_folder(recorder: Recorder, n: int) -> set[int]:
    """The numbers of all folders that there were up to a moment."""
    return {number for moment in recorder.moments[: n + 1] for number in moment.folders}


def together(recorder: Recorder, n: int, at: dict[int, int]) -> dict[int, int]:
    """The moments that the folders are kept at, raised so that a file which moves from one to
    another has done so in both or in neither."""
    at, raised = dict(at), True
    moves = [
        (i, changed)
        for i in range(1, n + 1)
        if len(changed := changed_folders(recorder.moments[i - 1], recorder.moments[i])) > 1
    ]
    while raised:
        raised = False
        for i, changed in moves:
            if any(at[number] >= i for number in changed):
                for number in changed:
                    raised |= at[number] < i
                    at[number] = max(at[number], i)
    return at


def changed_folders(before: Moment, after: Moment) -> list[int]:
    """The folders that hold other names than at the moment before, and were there already."""
    both = before.folders.keys() & after.folders.keys()
    return [number for number in both if before.folders[number] != after.folders[number]]


def tree(
    recorder: Recorder,
    n: int,
    at: dict[int, int],
    content: Callable[[bytes, bytes], bytes],
) -> Tree:
    """The disk with each folder as it was at a moment; before it was there it was empty.

    content: what a file holds, of what was flushed of it last and what was written last.
    """
    moments = recorder.moments

    def last(number: int) -> bytes | None:
        found = (moments[i].files.get(number) for i in range(n, -1, -1))
        return next((one for one in found if one is not None), None)

    def folder(number: int) -> Tree:
        moment = at.get(number, -1)
        held = moments[moment].folders.get(number, {}) if moment >= 0 else {}
        whole: Tree = {}
        for name, inner in held.items():
            if (written := last(inner)) is None:
                whole[name] = folder(inner)
                continue
            when = moments[n].flushed.get(inner, -1)
            kept = moments[when].files.get(inner, b"") if when >= 0 else b""
            whole[name] = content(kept, written)
        return whole

    return folder(recorder.number)


def torn(dice: random.Random, kept: bytes, written: bytes) -> bytes:
    """Some content that a file may have."""
    if kept == written:
        return kept
    begins = len(kept) if written.startswith(kept) else 0
    cut = dice.randint(begins, len(written))
    zeros = written[:cut] + bytes(len(written) - cut)
    return dice.choice((kept, written, written[:cut], zeros))


def write_tree(whole: Tree, folder: Path) -> None:
    """Writes a state into a folder that is not there."""
    folder.mkdir()
    for name, one in whole.items():
        if isinstance(one, bytes):
            (folder / name).write_bytes(one)
        else:
            write_tree(one, folder / name)


# --- What a user then gets ------------------------------------------------------------------------


def lose_power(
    folder: Path,
    before: Callable[[Path], object],
    act: Callable[[Path], object],
    recover: Callable[[Path], str],
    cases: int,
    dice: random.Random,
) -> Counter[str]:
    """Does something once, loses power at every moment of it, and recovers from each state.

    before: what is there. recover: from a run's place to how it ended. cases: states that are tried
    at most, drawn among all; 0 for all of them.
    """
    root = folder / "recorded"
    root.mkdir()
    before(root / "run")
    with recorded(root) as recorder:
        act(root / "runs" / "run" if not (root / "run").exists() else root / "run")
    found: dict[str, tuple[int, Tree]] = {}
    for n in range(len(recorder.moments)):
        for state in states(recorder, n, dice):
            found.setdefault(repr(state), (n, state))
    tried = list(found.values())
    if cases and len(tried) > cases:
        tried = dice.sample(tried, cases)
    counts: Counter[str] = Counter()
    for number, (n, state) in enumerate(tried):
        place = folder / f"left-{number}"
        write_tree(state, place)
        run = place / "run" if (root / "run").exists() else place / "runs" / "run"
        end = recover(run)
        counts[end] += 1
        if not end.startswith(("equal", "the run before")):
            print(f"power lost at moment {n} of {len(recorder.moments)}: {end}", file=sys.stderr)
        shutil.rmtree(place)
    shutil.rmtree(root)
    return counts
