"""Checkpoints: whole or not there, checked, thinned out, and never lost to a full disk."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest

from latebloom.errors import RunFolderError, TrainingError
from latebloom.studies.grow import grow, resume
from latebloom.training.checkpoint import list_checkpoints
from latebloom.training.loop import due
from latebloom.training.run_folder import RunFolder


@pytest.fixture
def run(small_config, tmp_path):
    grow(small_config, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


def test_a_flipped_byte_is_found_and_named(run):
    path = run.newest().folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(RunFolderError, match=f"{run.newest().folder}.*checksum"):
        resume(run.path)


def test_without_its_damaged_checkpoint_the_run_goes_on_from_the_one_before(run):
    damaged = run.newest().folder
    for file in damaged.iterdir():
        file.unlink()
    damaged.rmdir()
    assert resume(run.path)["steps"] == 24


@pytest.mark.parametrize(
    ("text", "named"), [("{", "damaged"), ('{"format": 99}', "format 99"), ("[]", "damaged")]
)
def test_a_damaged_state_is_named(run, text, named):
    (run.newest().folder / "state.json").write_text(text)
    with pytest.raises(RunFolderError, match=named):
        resume(run.path)


def test_only_the_two_newest_keep_the_optimizers_state(run):
    resumable = [checkpoint.resumable for checkpoint in run.checkpoints()]
    assert resumable[-2:] == [True, True]
    assert not any(resumable[:-2])


def test_keep_leaves_the_newest(small_config, tmp_path):
    config = replace(small_config, train=replace(small_config.train, keep=3))
    grow(config, tmp_path / "run")
    steps = [step for step in range(1, 25) if step == 24 or due(step, config.train)]
    assert [c.step for c in list_checkpoints(tmp_path / "run" / "checkpoints")] == steps[-3:]


def test_a_full_disk_is_told_and_the_older_checkpoints_stay(small_config, tmp_path, monkeypatch):
    opened = Path.open

    def full(self, *args, **kwargs):
        if self.name == "model.safetensors" and "step_0000008" in str(self) and args[0] == "wb":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(TrainingError, match=r"step_0000008.*No space left"):
        grow(small_config, tmp_path / "run")
    monkeypatch.undo()
    whole = grow(small_config, tmp_path / "whole")
    assert resume(tmp_path / "run")["splits"] == whole["splits"]


def test_a_step_that_was_not_saved_is_named(run):
    with pytest.raises(RunFolderError, match=r"step 17; it has 0, .*24"):
        run.at_step(17)


def test_checkpoints_are_dense_first(small_config):
    told = replace(small_config.train, steps=400, checkpoint_every=25)
    steps = [step for step in range(1, 401) if due(step, told)]
    assert steps[:10] == list(range(5, 51, 5))
    assert steps[10:18] == list(range(60, 150, 12))
    assert steps[18:] == list(range(175, 401, 25))


def test_no_file_of_a_run_is_a_pickle(run):
    kinds = {path.suffix for path in run.path.rglob("*") if path.is_file()}
    assert kinds <= {".safetensors", ".json", ".jsonl", ".toml"}
    state = json.loads((run.newest().folder / "state.json").read_text())
    assert set(state["sha256"]) == {"model.safetensors", "training.safetensors"}
