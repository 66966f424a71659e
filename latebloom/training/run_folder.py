"""The run folder: everything that a run leaves behind, and its rules.

```
RUN/config.toml          what was asked          RUN/metrics.jsonl   a line an evaluation
RUN/environment.json     where it ran            RUN/checkpoints/    model and optimizer states
RUN/vocabulary.json      \\ the world, so that   RUN/summary.json    the outcome, for scripts
RUN/world.safetensors    / the run is complete   RUN/report.html     the outcome, for people
RUN/manifest.json        their checksums         RUN/resumed.jsonl   a line each time it went on
RUN/start.safetensors    the weights of step 0, where they are those of another run
RUN/diagnosis.txt        what was said of one's own data when they were read
RUN/asked.json           where answers are sets, which way it is asked, as validation says
```
Nothing that exists is overwritten without being told to.
"""

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from latebloom.asking.kept import ASKED, read_kept, write_kept
from latebloom.errors import RunFolderError
from latebloom.files import sync, sync_tree, write_bytes, write_json, write_text
from latebloom.reading import read_bytes, read_text, seal
from latebloom.records import to_json
from latebloom.training.checkpoint import LARGEST, Checkpoint, list_checkpoints
from latebloom.training.config import RunConfig
from latebloom.training.lock import locked
from latebloom.training.manifest import check_manifest, write_manifest
from latebloom.training.own import NOTHING_OWN, Own
from latebloom.training.placing import interrupted, new_place, runs_like, settle
from latebloom.training.written import Machine, read_evaluations, read_machine, read_summary
from latebloom.worlds.data import Data, as_corpus, as_world, load_data
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.world import World

FORMAT = 2
"""Version of the run folder."""
START = "start.safetensors"
"""The weights of step 0, where they were carried over from another run."""
DIAGNOSIS = "diagnosis.txt"
"""What was said of the data when they were read, a line each, where anything was."""
MODEL = "model.safetensors"
"""The weights of a checkpoint, as its checksums call them."""
READABLE = (1, 2)
"""Versions that can be read. 1: one seed for all, the feed's settings among those of training, the
task a bare name."""


class RunFolder:
    """A folder with a run in it.

    own: the parts of one's own that the run needs to be opened.
    """

    def __init__(self, path: Path, own: Own = NOTHING_OWN) -> None:
        self.path = path
        self.own = own

    @classmethod
    def create(
        cls,
        path: Path,
        config: RunConfig,
        data: Data,
        machine: dict[str, Any],
        overwrite: bool,
        own: Own = NOTHING_OWN,
        start: Mapping[str, Tensor] | None = None,
        said: Sequence[str] = (),
    ) -> "RunFolder":
        """A new run folder with config, environment and world written.

        It is put in its place when it is whole (`latebloom.training.placing`), so that a run which
        is killed meanwhile leaves nothing half made; what is overwritten goes after that.

        start: the weights of step 0, where they are not drawn at random. said: of the data, when
        they were read.

        Raises: RunFolderError if the folder exists and is not empty (and `overwrite` is false or
        it holds something else than a run), or cannot be written.
        """
        try:
            with new_place(path.resolve(), overwrite, is_run) as making:
                (making / "checkpoints").mkdir()
                data.save(making)
                told = environment() | machine | {"own": own.names()}
                write_json(making / "environment.json", told)
                write_text(making / "config.toml", config.to_toml())
                if start is not None:
                    write_bytes(making / START, safetensors.torch.save(dict(start)))
                if said:
                    write_text(making / DIAGNOSIS, "".join(f"{line}\n" for line in said))
                write_manifest(making)
                sync_tree(making)
        except (OSError, SafetensorError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise RunFolderError(f"{path} cannot be written ({reason})") from error
        return cls(path, own)

    @classmethod
    def open(cls, path: Path | str, own: Own = NOTHING_OWN) -> "RunFolder":
        """An existing run folder.

        own: parts of one's own that it was grown with.
        Raises: RunFolderError if there is none, or another version wrote it.
        """
        run = cls(Path(path), own)
        if not (run.path / "config.toml").is_file():
            killed = interrupted(run.path)
            say = (
                f"{killed}; say the same command again, or --resume" if killed else "no config.toml"
            )
            near = [] if run.path.exists() else runs_like(run.path)
            say += f"; nearest: {', '.join(map(str, near))}" if near else ""
            raise RunFolderError(f"{path} is no run folder ({say})")
        found = run.machine().format
        if found not in READABLE:
            raise RunFolderError(
                f"{path} has run-folder format {found}, this latebloom reads format"
                f" {' and '.join(map(str, READABLE))}; use the version that wrote it, or grow it"
                " again"
            )
        check_manifest(run.path)
        return run

    def config(self) -> RunConfig:
        try:
            return RunConfig.from_toml(read_text(self.path / "config.toml"))
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{self.path / 'config.toml'}: {error}") from error

    def data(self) -> Data:
        """What it was grown on: facts and questions, or sentences."""
        return load_data(self.path, self.own.tasks)

    def world(self) -> World:
        """The facts and questions that it was grown on.

        Raises: RunFolderError for a run on sentences.
        """
        return as_world(self.data(), self.path)

    def corpus(self) -> Corpus:
        """The sentences that it was grown on.

        Raises: RunFolderError for a run on facts.
        """
        return as_corpus(self.data(), self.path)

    def start(self) -> dict[str, Tensor] | None:
        """The weights of step 0 that were carried over from another run; None: they are drawn.

        Raises: RunFolderError if they are damaged.
        """
        path = self.path / START
        if not path.exists():
            return None
        try:
            return safetensors.torch.load(read_bytes(path, LARGEST))
        except (OSError, ValueError, SafetensorError) as error:
            raise RunFolderError(f"{path} cannot be read ({error})") from error

    def check_start(self) -> None:
        """Whether the run that this one started from was at its end by then, if it is still there.

        Raises: RunFolderError if it has gone on since, and so has other weights now.
        """
        told = self.machine().started_from
        source = RunFolder(Path(str(told.get("run", ""))))
        found = source.checkpoints() if told else []
        if found and found[-1].state().sha256["model.safetensors"] != told.get("sha256"):
            raise RunFolderError(
                f"{self.path} started from step {told.get('step')} of {source.path}, which has gone"
                " on since; remove it, and say the same command again"
            )

    def machine(self) -> Machine:
        """Where the run began, and with which parts of one's own."""
        return read_machine(self.path / "environment.json")[0]

    def summary(self) -> dict[str, Any]:
        return read_summary(self.path / "summary.json")

    def checkpoints(self) -> list[Checkpoint]:
        return list_checkpoints(self.path / "checkpoints")

    def newest(self) -> Checkpoint:
        """The newest checkpoint.

        Raises: RunFolderError if there is none.
        """
        found = self.checkpoints()
        if not found:
            raise RunFolderError(f"{self.path} holds no checkpoint yet")
        return found[-1]

    def at_step(self, step: int) -> Checkpoint:
        """The checkpoint of one step.

        Raises: RunFolderError naming the steps that there are.
        """
        found = self.checkpoints()
        for checkpoint in found:
            if checkpoint.step == step:
                return checkpoint
        steps = ", ".join(str(c.step) for c in found)
        raise RunFolderError(f"{self.path} has no checkpoint of step {step}; it has {steps}")

    def append_metrics(self, record: dict[str, Any]) -> None:
        """Adds a line to `metrics.jsonl`; what is not finite becomes null.

        Raises: RunFolderError if the disk is full or the folder has gone.
        """
        append_line(self.path / "metrics.jsonl", seal(to_json(record)))

    def sync_metrics(self) -> None:
        """Waits until `metrics.jsonl` is on the disk: before the checkpoint that rests on it."""
        path = self.path / "metrics.jsonl"
        if path.exists():
            sync(path)

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The records of `metrics.jsonl`; a last line cut short by a kill is passed over.

        Raises: RunFolderError naming a line that is damaged, or saying that some are missing.
        """
        path = self.path / "metrics.jsonl"
        mend = f"`latebloom grok --resume {self.path}` tells more and goes on without"
        count = 0
        for line, record, reason in read_evaluations(path):
            if record is not None:
                count += 1
                yield record
            elif not line.last:
                raise RunFolderError(f"{path}, line {line.number} is damaged ({reason}); {mend}")
        newest = self.checkpoints()[-1:]
        if newest and (had := newest[0].state().evaluations) > count:
            raise RunFolderError(f"{path} holds {count} of {had} evaluations; {mend}")

    def evaluated(self) -> bool:
        """Whether an evaluation was written, whole or not."""
        return any(True for _ in read_evaluations(self.path / "metrics.jsonl"))

    def forget_after(self, step: int) -> tuple[list[dict[str, Any]], str]:
        """Drops the records after a step, which a resumed run writes again; returns the rest.

        Damaged lines go into `metrics-damaged.jsonl`; the text says so, or is empty.
        """
        path, aside = self.path / "metrics.jsonl", self.path / "metrics-damaged.jsonl"
        found = list(read_evaluations(path))
        damaged = [line for line, record, _ in found if record is None and not line.last]
        kept = [record for _, record, _ in found if record is not None and record["step"] <= step]
        if damaged:
            before = read_bytes(aside) if aside.exists() else b""
            write_bytes(aside, before + b"".join(line.content + b"\n" for line in damaged))
        lines = (json.dumps(seal(to_json(record))) + "\n" for record in kept)
        write_text(path, "".join(lines))
        numbers = ", ".join(str(line.number) for line in damaged)
        told = f"damaged lines of metrics.jsonl were set aside into {aside.name}: {numbers}"
        return kept, told if damaged else ""

    def note_resumed(self, step: int, machine: dict[str, Any]) -> None:
        """Adds a line to `resumed.jsonl`: from which step, where and with what the run goes on."""
        now = {"step": step, "at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        append_line(self.path / "resumed.jsonl", now | machine | versions())

    def asked(self, checkpoint: Checkpoint) -> Mapping[str, Any]:
        """What the run keeps of how the model of a checkpoint is asked, if anything."""
        return read_kept(self.path, checkpoint.state().sha256.get(MODEL, ""))

    def keep_asked(self, table: Mapping[str, Any]) -> None:
        """Keeps how the model of the newest checkpoint is asked (`latebloom.asking.choosing`).

        Raises: RunFolderError if it cannot be written.
        """
        try:
            write_kept(self.path, self.newest().state().sha256.get(MODEL, ""), table)
        except OSError as error:
            raise RunFolderError(
                f"{self.path / ASKED} cannot be written ({error.strerror})"
            ) from error

    def write_summary(self, summary: dict[str, Any]) -> None:
        write_json(self.path / "summary.json", seal(to_json(summary)))


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Adds a line to a JSON Lines file of a run.

    Raises: RunFolderError if it cannot be written.
    """
    careful = getattr(os, "O_NOFOLLOW", 0)  # a link in a run folder may lead anywhere
    try:
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | careful, 0o666)
        with os.fdopen(opened, "a", encoding="utf-8") as file:
            file.write(json.dumps(record, allow_nan=False) + "\n")
    except OSError as error:
        raise RunFolderError(
            f"{path} cannot be written ({error.strerror}); make room, then go on with --resume"
        ) from error


def is_run(path: Path) -> bool:
    """Whether a folder is a run that latebloom wrote, which nothing else may be taken for."""
    if not (path / "config.toml").is_file():
        return False
    try:
        machine, _ = read_machine(path / "environment.json")
        return bool(machine.latebloom) and machine.format in READABLE
    except RunFolderError:
        return False


def settle_run(path: Path) -> None:
    """Finishes or undoes an --overwrite that was killed.

    Raises: RunFolderError if another process writes the run.
    """
    if interrupted(path):
        with locked(path):
            settle(path, is_run)


def environment() -> dict[str, Any]:
    """Versions and machine, as far as they decide the numbers."""
    return {
        "format": FORMAT,
        **versions(),
        "platform": platform.platform(),
        "processor": torch.cpu.get_capabilities().get("cpu_name", platform.processor())
        if hasattr(torch.cpu, "get_capabilities")
        else platform.processor(),
        "cores": os.cpu_count(),
    }


def versions() -> dict[str, str]:
    """Versions that decide the numbers."""
    return {
        "latebloom": version("latebloom"),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": version("numpy"),
    }
