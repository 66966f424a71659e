"""The lock on a run folder: one process writes a run at a time.

The system holds the lock and lets it go when its process dies, however it dies, so a lock is never
stale. The file `RUN/.lock` stays behind, empty, and means nothing by itself; while somebody holds
it, it says who, for the message to whoever comes second. Readers take no lock: what they read is
written whole or not at all.
"""

import json
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from latebloom.errors import BusyError, RunFolderError
from latebloom.reading import parse_json, read_text
from latebloom.records import from_json

FILE = ".lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Who holds a lock. since: seconds of the Unix clock."""

    pid: int
    host: str
    since: float

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} on {self.host}, since {since}"


@contextmanager
def locked(folder: Path) -> Generator[None, None, None]:
    """Holds the lock of a run folder.

    Raises: BusyError naming the owner if another process holds it; RunFolderError if the folder
    cannot be written.
    """
    path = folder / FILE
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise BusyError(
            f"{folder} is being written by {owner_of(path)}; wait for its end, or stop it"
        ) from error
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be written ({error.strerror})") from error
    try:
        owner = Owner(pid=os.getpid(), host=socket.gethostname(), since=time.time())
        path.write_text(json.dumps(asdict(owner)) + "\n", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):  # the folder may be gone
            os.truncate(path, 0)
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether somebody writes the run in a folder at this moment."""
    try:
        with locked(folder):
            return False
    except BusyError:
        return True
    except RunFolderError:
        return False


def owner_of(path: Path) -> str:
    """Who holds a lock, as far as its file says."""
    try:
        return str(from_json(parse_json(read_text(path)), Owner))
    except (OSError, ValueError, OverflowError):
        return "another process"
