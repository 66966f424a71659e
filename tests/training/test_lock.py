"""One process writes a run at a time, and whoever comes second is told who it is."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from latebloom.errors import RunFolderError
from latebloom.studies.grow import grow, resume
from latebloom.training.lock import locked
from latebloom.training.run_folder import RunFolder

HOLDER = """
import sys, time
from pathlib import Path
from latebloom.training.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_owner_is_named_and_a_dead_one_holds_nothing(holder, tmp_path):
    named = rf"process {holder.pid} on {socket.gethostname()}, since \d{{4}}-"
    with pytest.raises(RunFolderError, match=named), locked(tmp_path):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()
    assert (tmp_path / ".lock").read_text() == ""


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[", b'{"pid": 1, "host": "a", "since": 1e300}']
)
def test_an_owner_that_cannot_be_read(tmp_path, content):
    with locked(tmp_path):
        (tmp_path / ".lock").write_bytes(content)
        with pytest.raises(RunFolderError, match="written by another process"), locked(tmp_path):
            pass


def test_a_run_that_is_written_is_neither_resumed_nor_overwritten(small_config, tmp_path):
    grow(small_config, tmp_path / "run")
    lines = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    with locked(tmp_path / "run"):
        for again in (
            lambda: resume(tmp_path / "run"),
            lambda: grow(small_config, tmp_path / "run", overwrite=True),
        ):
            with pytest.raises(RunFolderError, match=f"written by process {os.getpid()}"):
                again()
        assert RunFolder.open(tmp_path / "run").summary()["steps"] == 24  # to read is free
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == lines
