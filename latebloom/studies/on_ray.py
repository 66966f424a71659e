"""The cells of a series on a Ray cluster: the same runs, grown by other machines.

Enters: the address of a cluster that runs already (`ray start --head`). Leaves: an `Executor`. A
cell is one Ray task that grows its run folder in place, so all nodes must see the folder of the
series under the same path, and have latebloom installed. If a node or a worker dies amid a cell,
Ray begins its task again elsewhere, and that goes on from the newest checkpoint.

A cell takes as many processors as it has threads; on `cuda`, a `GPU_SHARE` of a GPU as well.

Covers: clusters with a shared folder. Does not cover: starting a cluster.
"""

import os
import secrets
import socket
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError, RunFolderError, TrainingError
from latebloom.files import import_extra, write_text
from latebloom.studies.cells import Cell
from latebloom.studies.executors import import_path, order_of, raise_for

PATIENCE = 5.0
"""Seconds that an address has to take a connection, and again to answer."""
GPU_SHARE = 0.25
"""Of a GPU, for each cell: small models leave most of one idle."""
TRIES = 3
"""How often a task is begun again after its worker died."""
TOKEN = ".ray-token"
"""A file in the folder of the series by which a node proves that it sees the same folder."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
"""How HTTP/2, and so gRPC, begins; the other side answers with settings of its own."""
SETTINGS_FRAME = 4
"""The type of that answer."""


class OnRay:
    """A Ray cluster.

    threads: of each cell, at least 1.
    Raises: LatebloomError if it does not answer within about 10 seconds; MissingExtraError.
    """

    def __init__(self, address: str, *, device: str = "auto", threads: int = 1) -> None:
        if threads < 1:
            raise LatebloomError(f"--threads is {threads}; on Ray it must be 1 or more")
        check_answers(address)
        self.ray: Any = import_extra("ray", "ray", "--ray")
        self.device, self.threads = device, threads
        self.under_way: set[Any] = set()
        self.writing = threading.Lock()
        try:
            self.ray.init(
                address=address,
                log_to_driver=False,
                logging_level="error",
                # The workers import what this process does, where the nodes have it.
                runtime_env={"env_vars": {"PYTHONPATH": import_path()}},
            )
        except Exception as error:
            raise LatebloomError(f"--ray {address}: {first_line(error)}") from error
        self.jobs = max(1, int(self.ray.cluster_resources().get("CPU", 1) // threads))
        needs: dict[str, Any] = {"num_cpus": threads, "max_retries": TRIES}
        if device == "cuda":
            needs["num_gpus"] = GPU_SHARE
        self.task = self.ray.remote(**needs)(grow_there)

    def grow(self, cell: Cell, path: Path) -> None:
        with self.writing:
            token = token_in(path.parent)
        order = order_of(cell, path, self.device, self.threads)
        reference = self.task.remote(order, token)
        self.under_way.add(reference)
        try:
            reply = self.ray.get(reference)
        except (self.ray.exceptions.TaskCancelledError, KeyboardInterrupt):
            return
        except self.ray.exceptions.RayError as error:
            raise TrainingError(f"Ray gave it up: {first_line(error)}") from error
        finally:
            self.under_way.discard(reference)
        raise_for(reply)

    def stop(self) -> None:
        """Interrupts the tasks, which save their runs; leaves the cluster when there are none.

        Leaving while somebody waits for a task would end this process without a word.
        """
        if not self.under_way:
            self.ray.shutdown()
        for reference in list(self.under_way):
            self.ray.cancel(reference, force=False)


def grow_there(order: Mapping[str, Any], token: str) -> dict[str, Any]:
    """What a node does: grows a cell in the folder of the series; the reply of a worker."""
    from latebloom.studies.worker import answer

    place = Path(order["path"]).parent / TOKEN
    if not place.exists() or place.read_text() != token:
        host = socket.gethostname()
        return {"kind": "failed", "error": f"{host} does not see the folder {place.parent}"}
    return answer(order)


def token_in(folder: Path) -> str:
    """The token of a folder, which is written if there is none.

    Raises: RunFolderError if it cannot be written.
    """
    place = folder / TOKEN
    try:
        if not place.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_text(place, secrets.token_hex(16))
        return place.read_text()
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be written ({error.strerror})") from error


def check_answers(address: str) -> None:
    """Whether there is a server of Ray's kind at an address; `auto` is left to Ray.

    Raises: LatebloomError if nothing answers there, or something else.
    """
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 2**16:
        raise LatebloomError(
            f"--ray {address}: write HOST:PORT, like 10.0.0.1:6379, or auto for a cluster that"
            " this machine belongs to"
        )
    try:
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.settimeout(PATIENCE)
            connection.sendall(PREFACE)
            frame = connection.recv(9)
    except OSError as error:
        raise LatebloomError(
            f"--ray {address}: no answer ({error.strerror or error}); start a cluster with"
            f" `ray start --head --port {port}`, or leave --ray out"
        ) from error
    if len(frame) < 4 or frame[3] != SETTINGS_FRAME:
        raise LatebloomError(f"--ray {address}: what answers there is no Ray cluster")


@contextmanager
def output_to_errors() -> Generator[None, None, None]:
    """Sends standard output to standard error meanwhile: Ray writes of dead workers to either, and
    a script that reads our output wants the results alone."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def first_line(error: Exception) -> str:
    """The first line of a message that may have many."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
