"""A new run folder: made where one may not rename, and nothing of anybody's lost."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from latebloom.errors import RunFolderError
from latebloom.studies.grow import grow, resume
from latebloom.training.placing import MADE
from latebloom.training.run_folder import RunFolder
from latebloom.training.start import StartConfig

HIDDEN = {".lock"}


@pytest.fixture
def config(small_config):
    train = replace(small_config.train, steps=2, eval_every=2, checkpoint_every=2, warmup_steps=1)
    return replace(small_config, train=train)


def names(folder):
    return {path.name for path in folder.iterdir()} - HIDDEN


def seed_of(run):
    return RunFolder.open(run).config().seed


def test_into_an_empty_folder(config, tmp_path):
    (tmp_path / "run").mkdir()
    before = (tmp_path / "run").stat().st_ino
    grow(config, tmp_path / "run")
    assert (tmp_path / "run").stat().st_ino == before
    assert names(tmp_path) == {"run"}
    assert names(tmp_path / "run") == MADE | {"metrics.jsonl", "summary.json"}


def test_into_the_folder_where_one_is(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grow(config, ".")
    grow(replace(config, seed=9), ".", overwrite=True)
    assert seed_of(tmp_path) == 9
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize("reason", [errno.EBUSY, errno.EXDEV, errno.EACCES])
@pytest.mark.parametrize("overwrite", [False, True])
def test_onto_a_mount_point(config, tmp_path, monkeypatch, reason, overwrite):
    """A mount point can be neither renamed nor replaced, and nothing may be made beside it."""
    run = tmp_path / "run"
    run.mkdir()
    if overwrite:
        grow(config, run)
    rename, mkdir = Path.rename, Path.mkdir

    def renamed(self, to):
        if run in (self, Path(to)):
            raise OSError(reason, os.strerror(reason))
        return rename(self, to)

    def made(self, *args, **kwargs):
        if self.parent == tmp_path and not self.exists():
            raise OSError(errno.EACCES, "Permission denied")
        return mkdir(self, *args, **kwargs)

    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(Path, "mkdir", made)
    grow(replace(config, seed=9), run, overwrite=overwrite)
    assert seed_of(run) == 9


def test_what_cannot_be_moved_comes_back(config, tmp_path, monkeypatch):
    run = tmp_path / "run"
    grow(config, run)
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    rename = Path.rename

    def renamed(self, to):
        if self.name == "vocabulary.json" and self.parent.name.startswith(".new"):
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", renamed)
    with pytest.raises(RunFolderError, match="Input/output error"):
        grow(replace(config, seed=9), run, overwrite=True)
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before
    assert not [name for name in names(run) if name.startswith(".")]


class Killed(BaseException):
    """Stands for a death that nobody catches."""


@pytest.mark.parametrize("carries", [False, True])
@pytest.mark.parametrize("moves", range(1, 15))
def test_an_overwrite_killed_between_two_moves(config, tmp_path, monkeypatch, moves, carries):
    """It is undone as long as the run before was moved aside, and finished after that.

    carries: whether the new run holds one more file, the weights that it starts with.
    """
    run = tmp_path / "run"
    grow(config, run)
    old = names(run)
    new = replace(config, seed=9)
    if carries:
        grow(config, tmp_path / "first")
        new = replace(new, start=StartConfig(run=str(tmp_path / "first"), carry="body"))
    rename = Path.rename
    left = [moves]

    def renamed(self, to):
        if self.parent == run or self.parent.parent == run:
            left[0] -= 1
            if not left[0]:
                raise Killed
        return rename(self, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", renamed)
        patched.setattr("shutil.rmtree", lambda *a, **k: None)  # the dead tidy nothing up
        with pytest.raises(Killed):
            grow(new, run, overwrite=True)
    if moves > 1:
        with pytest.raises(RunFolderError, match=r"killed.*\.old-\d+.*--resume"):
            RunFolder.open(run)
    resume(run)
    assert seed_of(run) == (9 if moves > len(old) + 1 else config.seed)
    assert not [name for name in names(run) if name.startswith(".old")]
    grow(replace(config, seed=9), run, overwrite=True)
    assert seed_of(run) == 9


def test_what_a_kill_left_in_an_empty_folder_is_no_obstacle(config, tmp_path):
    left = tmp_path / "run" / ".new-999"
    left.mkdir(parents=True)
    (left / "vocabulary.json").write_text("{")
    (left / ".config.toml.999.part").write_text("see")
    grow(config, tmp_path / "run")
    assert not left.exists()


def test_a_folder_that_only_looks_like_ours_is_left_alone(config, tmp_path):
    stranger = tmp_path / "run" / ".new-999"
    stranger.mkdir(parents=True)
    (stranger / "thesis.txt").write_text("years of work")
    grow(config, tmp_path / "run")
    assert (stranger / "thesis.txt").read_text() == "years of work"


def test_what_a_process_of_the_same_number_left_is_not_in_the_way(config, tmp_path, monkeypatch):
    """In a container that is started again the number is often the same."""
    for left in (tmp_path / f".run.new-{os.getpid()}", tmp_path / "there" / f".new-{os.getpid()}"):
        left.mkdir(parents=True)
        (left / "half").touch()
    grow(config, tmp_path / "run")
    grow(config, tmp_path / "there")
    assert seed_of(tmp_path / "run") == seed_of(tmp_path / "there") == config.seed
    assert names(tmp_path) == {"run", "there", f".run.new-{os.getpid()}"}  # it may be another's


def test_the_folders_above_a_run_are_on_the_disk(config, tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr("latebloom.files.sync_folder", flushed.append)
    grow(config, tmp_path / "runs" / "deep" / "run")
    assert {tmp_path, tmp_path / "runs", tmp_path / "runs" / "deep"} <= set(flushed)
