"""The run folder: everything that a run leaves behind, and its rules.

```
RUN/config.toml          what was asked          RUN/metrics.jsonl   a line an evaluation
RUN/environment.json     where it ran            RUN/checkpoints/    model and optimizer states
RUN/vocabulary.json      \\ the world, so that   RUN/summary.json    the outcome, for scripts
RUN/world.safetensors    / the run is complete   RUN/report.html     the outcome, for people
```
Nothing that exists is overwritten without being told to.
"""

import json
import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from latebloom.errors import LatebloomError, RunFolderError
from latebloom.files import read_json, write_json, write_text
from latebloom.training.checkpoint import Checkpoint, list_checkpoints
from latebloom.training.config import RunConfig
from latebloom.training.own import NOTHING_OWN, Own
from latebloom.worlds.data import Data, as_corpus, as_world, load_data
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.world import World

FORMAT = 2
"""Version of the run folder."""
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
    ) -> "RunFolder":
        """A new run folder with config, environment and world written.

        It is made beside its place and put there when it is whole, so that a run which is killed
        meanwhile leaves nothing at `path`; what is overwritten goes after that.

        Raises: RunFolderError if the folder exists and is not empty (and `overwrite` is false or
        it holds something else than a run), or cannot be written.
        """
        target = path.resolve()
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            if not overwrite:
                raise RunFolderError(
                    f"{path} exists; choose another --out, or say --overwrite, or go on with"
                    f" `latebloom grok --resume {path}`"
                )
            if not is_run(target):
                raise RunFolderError(f"{path} is no run folder: --overwrite leaves it alone")
        making = beside(target, "new")
        try:
            (making / "checkpoints").mkdir(parents=True)
            data.save(making)
            write_json(making / "environment.json", environment() | machine | {"own": own.names()})
            write_text(making / "config.toml", config.to_toml())
            put_in_place(making, target)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(making, ignore_errors=True)
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
            raise RunFolderError(f"{path} is no run folder (it has no config.toml)")
        found = run.environment().get("format")
        if found not in READABLE:
            raise RunFolderError(
                f"{path} has run-folder format {found}, this latebloom reads format"
                f" {' and '.join(map(str, READABLE))}; use the version that wrote it, or grow it"
                " again"
            )
        return run

    def config(self) -> RunConfig:
        try:
            return RunConfig.from_toml((self.path / "config.toml").read_text())
        except (OSError, LatebloomError) as error:
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

    def environment(self) -> dict[str, Any]:
        return read_json(self.path / "environment.json", RunFolderError)

    def summary(self) -> dict[str, Any]:
        return read_json(self.path / "summary.json", RunFolderError)

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
        """Adds a line to `metrics.jsonl`.

        Raises: RunFolderError if the disk is full or the folder has gone.
        """
        path = self.path / "metrics.jsonl"
        try:
            with path.open("a") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise RunFolderError(
                f"{path} cannot be written ({error.strerror}); make room, then go on with --resume"
            ) from error

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The records of `metrics.jsonl`; a last line cut short by a kill is passed over."""
        path = self.path / "metrics.jsonl"
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def forget_after(self, step: int) -> list[dict[str, Any]]:
        """Drops the records after a step (a resumed run writes them again); returns the rest."""
        kept = [record for record in self.metrics() if record["step"] <= step]
        write_text(self.path / "metrics.jsonl", "".join(json.dumps(r) + "\n" for r in kept))
        return kept

    def write_summary(self, summary: dict[str, Any]) -> None:
        write_json(self.path / "summary.json", summary)


def is_run(path: Path) -> bool:
    """Whether a folder is a run that latebloom wrote, which nothing else may be taken for."""
    if not (path / "config.toml").is_file():
        return False
    try:
        written = read_json(path / "environment.json", RunFolderError)
    except RunFolderError:
        return False
    ours = isinstance(written, dict) and "latebloom" in written
    return ours and written.get("format") in READABLE


def beside(path: Path, kind: str) -> Path:
    """A hidden name in the same folder, of this process alone."""
    return path.with_name(f".{path.name}.{kind}-{os.getpid()}")


def put_in_place(made: Path, target: Path) -> None:
    """Gives a whole folder its name; a folder that has it already is deleted, but only then."""
    if not target.exists():
        made.rename(target)
        return
    old = beside(target, "old")
    target.rename(old)
    try:
        made.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)


def environment() -> dict[str, Any]:
    """Versions and machine, as far as they decide the numbers."""
    return {
        "format": FORMAT,
        "latebloom": version("latebloom"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": version("numpy"),
        "platform": platform.platform(),
        "processor": torch.cpu.get_capabilities().get("cpu_name", platform.processor())
        if hasattr(torch.cpu, "get_capabilities")
        else platform.processor(),
        "cores": os.cpu_count(),
    }
