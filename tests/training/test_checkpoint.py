"""Checkpoints: whole or not there, checked, thinned out, and never lost to a full disk."""

import errno
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from latebloom.errors import RunFolderError, TrainingError
from latebloom.reading import seal, unseal
from latebloom.studies.grow import grow, resume
from latebloom.training.checkpoint import list_checkpoints, remove
from latebloom.training.listener import Silence
from latebloom.training.loop import due
from latebloom.training.opened import open_run
from latebloom.training.run_folder import RunFolder


@pytest.fixture
def run(small_run):
    return RunFolder.open(small_run)


class Notes(Silence):
    """Keeps what a listener is told."""

    def __init__(self):
        self.notes = []

    def note(self, line):
        self.notes.append(line)


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_a_flipped_byte_is_found_and_named_and_the_run_goes_on_from_the_one_before(run):
    good = run.newest().tensors("model")
    before = run.checkpoints()[-2].step
    flip(run.newest().folder / "model.safetensors")
    with pytest.raises(RunFolderError, match=f"{run.newest().folder}.*checksum"):
        run.newest().tensors("model")
    notes = Notes()
    resume(run.path, listener=notes)
    assert f"{run.newest().folder} is damaged" in notes.notes[0]
    assert f"going on from step {before}" in notes.notes[0]
    assert all(torch.equal(good[name], t) for name, t in run.newest().tensors("model").items())


def test_without_its_newest_checkpoint_the_run_goes_on_from_the_one_before(run):
    shutil.rmtree(run.newest().folder)
    assert resume(run.path)["steps"] == 24


def test_a_run_never_starts_over_unless_it_is_asked_to(run):
    lines = (run.path / "metrics.jsonl").read_bytes()
    whole = run.summary()["splits"]
    for checkpoint in run.checkpoints()[-2:]:
        flip(checkpoint.folder / "training.safetensors")
    with pytest.raises(RunFolderError, match=r"step_0000024.*checksum.*step_0000\d\d.*scratch"):
        resume(run.path)
    assert (run.path / "metrics.jsonl").read_bytes() == lines
    notes = Notes()
    assert resume(run.path, from_scratch=True, listener=notes)["splits"] == whole
    assert "from step 0" in notes.notes[0]
    assert [r["step"] for r in run.metrics()] == [8, 16, 24]


def test_a_run_without_checkpoints_that_measured_something_asks_too(run):
    shutil.rmtree(run.path / "checkpoints")
    with pytest.raises(RunFolderError, match="--from-scratch"):
        resume(run.path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "damaged"),
        ('{"format": 99}', "format 99"),
        ("[]", "damaged"),
        ('{"format": 1, "step": "x", "sha256": {}}', "damaged"),
        ('{"format": 1, "step": 7, "sha256": {}}', "is of step 7"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_damaged_state_is_named(run, text, named):
    (run.newest().folder / "state.json").write_text(text)
    with pytest.raises(RunFolderError, match=named):
        run.newest().state()


def test_an_edited_state_is_told(run):
    path = run.newest().folder / "state.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps(state | {"losses": [0.5]}))
    with pytest.raises(RunFolderError, match="its checksum differs"):
        run.newest().state()


def test_weights_that_are_not_finite_are_told(run):
    folder = run.newest().folder
    tensors = run.newest().tensors("model")
    tensors[next(iter(tensors))].view(-1)[0] = float("nan")
    data = safetensors.torch.save(tensors)
    (folder / "model.safetensors").write_bytes(data)
    state = unseal(json.loads((folder / "state.json").read_text()))
    state["sha256"]["model.safetensors"] = hashlib.sha256(data).hexdigest()
    (folder / "state.json").write_text(json.dumps(seal(state)))
    with pytest.raises(RunFolderError, match="is not finite"):
        open_run(run.path)


def test_other_names_among_the_checkpoints_are_passed_over(run, tmp_path):
    steps = [c.step for c in run.checkpoints()]
    folder = run.path / "checkpoints"
    for name in ("step_0000120.bak", "step_x", "step_", "step_99999999999999999999"):
        (folder / name).mkdir()
    (folder / "step_0000099").symlink_to(run.newest().folder)
    assert [c.step for c in run.checkpoints()] == steps


def test_what_a_kill_left_half_deleted_is_swept_up(run, monkeypatch):
    """Thinning renames first: between that and the deletion a checkpoint is there or it is not."""
    oldest = run.checkpoints()[0]

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            remove(oldest.folder)
    assert oldest.step not in [c.step for c in run.checkpoints()]
    resume(run.path)
    assert not list((run.path / "checkpoints").glob(".*"))


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
    kinds = {p.suffix for p in run.path.rglob("*") if p.is_file() and p.name != ".lock"}
    assert kinds <= {".safetensors", ".json", ".jsonl", ".toml"}
    state = json.loads((run.newest().folder / "state.json").read_text())
    assert set(state["sha256"]) == {"model.safetensors", "training.safetensors"}
