"""Who grows the cells of a series: this process, or several worker processes on this machine.

Enters: how many, on which device, with how many threads. Leaves: an `Executor`, which brings a cell
to its end. Whoever grows it, a cell has the same numbers to the last digit: they depend on its
config, the device and the threads alone. `latebloom.studies.on_ray` has the one for a cluster.

A worker (`latebloom.studies.worker`) grows one cell after another and is told of each in a line of
JSON. It stops, and saves its run, when its input is closed, so none is left behind when this
process dies. One that dies itself takes only its own cell with it.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from latebloom.errors import BusyError, LatebloomError, RunFolderError, TrainingError
from latebloom.reading import parse_json
from latebloom.studies.cells import Cell, grower_here
from latebloom.training.device import choose_device
from latebloom.training.listener import Listener

KINDS: Mapping[str, type[LatebloomError]] = {
    "busy": BusyError,
    "folder": RunFolderError,
    "failed": TrainingError,
}
"""What a worker says was wrong, and the error that it stands for here."""
KILLED = 9
"""The signal by which a system ends a process when the memory runs out."""


@runtime_checkable
class Executor(Protocol):
    """Who grows cells."""

    @property
    def jobs(self) -> int:
        """Cells that are grown at a time."""
        ...

    def grow(self, cell: Cell, path: Path) -> None:
        """Brings a cell to its end at its place, or raises LatebloomError.

        It returns early if it was stopped; the run can then be gone on with.
        """
        ...

    def stop(self) -> None:
        """Ends what is under way, as soon as it is saved, and whatever was started for it."""
        ...


class Here:
    """In this process, one cell after another, with a listener.

    Raises: LatebloomError for a device that is not there, or a negative number of threads.
    """

    jobs = 1

    def __init__(
        self, *, listener: Listener | None = None, device: str = "auto", threads: int = 0
    ) -> None:
        self.grower = grower_here(listener=listener, device=device, threads=threads)

    def grow(self, cell: Cell, path: Path) -> None:
        self.grower(cell, path)

    def stop(self) -> None:
        """Nothing: what runs here has ended."""


@dataclass
class Workers:
    """Worker processes on this machine.

    threads: of each, at least 1.
    Raises: LatebloomError for a device that is not there, or numbers below 1.
    """

    jobs: int
    device: str = "auto"
    threads: int = 1
    free: "queue.Queue[Worker]" = field(default_factory=queue.Queue, repr=False)
    started: "list[Worker]" = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        choose_device(self.device)
        if self.jobs < 1 or self.threads < 1:
            raise LatebloomError(
                f"--workers is {self.jobs} and --threads {self.threads}; both must be 1 or more"
            )

    def grow(self, cell: Cell, path: Path) -> None:
        worker = self.take()
        try:
            reply = worker.ask(order_of(cell, path, self.device, self.threads))
        except BaseException:
            worker.stop()
            raise
        if worker.alive():
            self.free.put(worker)
        raise_for(reply)

    def take(self) -> "Worker":
        """A worker that has nothing to do: a new one where there is none."""
        try:
            return self.free.get_nowait()
        except queue.Empty:
            worker = Worker(self.threads)
            self.started.append(worker)
            return worker

    def stop(self) -> None:
        while self.started:
            self.started.pop().stop()
        self.free = queue.Queue()


def order_of(cell: Cell, path: Path, device: str, threads: int) -> dict[str, Any]:
    """What a worker is told: which config is to be grown, where and how."""
    return {
        "name": cell.name,
        "config": cell.config.to_toml(),
        "path": str(path.resolve()),
        "device": device,
        "threads": threads,
    }


def raise_for(reply: Mapping[str, Any]) -> None:
    """Raises what a worker says was wrong, if anything was."""
    if reply.get("kind") in KINDS:
        raise KINDS[reply["kind"]](str(reply.get("error")))


class Worker:
    """A process of our own that grows cells.

    threads: of its linear algebra, which is fixed when a process begins.
    """

    def __init__(self, threads: int) -> None:
        self.asked = threading.Lock()
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        self.process = subprocess.Popen(
            [sys.executable, "-m", "latebloom.studies.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            env=os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": import_path()},
            # Ctrl-C in a terminal is for this process, which then stops its workers in turn.
            start_new_session=True,
            text=True,
        )

    def alive(self) -> bool:
        """Whether it can take another cell."""
        return self.process.poll() is None

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Its reply to an order, when it is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.asked:
            try:
                self.process.stdin.write(json.dumps(order) + "\n")
                self.process.stdin.flush()
                line = self.process.stdout.readline()
            except (OSError, ValueError):  # it has died, or was stopped
                line = ""
            return parse_json(line) if line else self.last_words()

    def last_words(self) -> dict[str, Any]:
        """A reply for a worker that gave none."""
        code = self.process.wait()
        if code == 0:
            return {}  # it was stopped
        if code == -KILLED:
            why = f"signal {KILLED}, as when the memory runs out"
        else:
            self.said.seek(0)
            lines = self.said.read().decode(errors="replace").strip().splitlines()
            why = f"exit code {code}" + (f": {lines[-1]}" if lines else "")
        return {"kind": "failed", "error": f"its worker process ended ({why})"}

    def stop(self) -> None:
        """Closes its input: it saves the run that it is at, and ends."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(OSError):  # it has died before
            self.process.stdin.close()
        self.process.wait()
        with self.asked:  # whoever waits for a reply has got one by now
            self.process.stdout.close()
            self.said.close()


def import_path() -> str:
    """Where this process imports from, for one that is to import the same."""
    return os.pathsep.join(dict.fromkeys(path for path in sys.path if path))
