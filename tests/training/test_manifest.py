"""What a run is made of is as it was made, and what it measured is as it was measured."""

import json

import pytest

from latebloom.errors import RunFolderError
from latebloom.reports.recording import read_recording
from latebloom.studies.grow import resume
from latebloom.training.listener import Silence
from latebloom.training.run_folder import RunFolder


@pytest.fixture
def run(small_run):
    return small_run


class Notes(Silence):
    """Keeps what it is told."""

    def __init__(self):
        self.notes = []

    def note(self, line):
        self.notes.append(line)


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "name", ["config.toml", "environment.json", "vocabulary.json", "world.safetensors"]
)
def test_a_flipped_bit_is_told(run, name):
    flip(run / name, -20)
    with pytest.raises(RunFolderError, match=name):
        RunFolder.open(run)
    with pytest.raises(RunFolderError, match=name):
        read_recording(run)


def test_without_a_manifest_it_is_an_earlier_run(run):
    (run / "manifest.json").unlink()
    assert RunFolder.open(run).summary()["steps"] == 24


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "sha256": {"../../x": "1"}}'])
def test_a_manifest_that_is_none(run, content):
    (run / "manifest.json").write_text(content)
    with pytest.raises(RunFolderError):
        RunFolder.open(run)


def test_a_changed_figure_is_told(run):
    path = run / "summary.json"
    path.write_text(path.read_text().replace('"steps": 24', '"steps": 23'))
    with pytest.raises(RunFolderError, match="checksum differs"):
        RunFolder.open(run).summary()
    with pytest.raises(RunFolderError, match="checksum differs"):
        read_recording(run)


def test_a_damaged_evaluation_is_told_and_set_aside(run):
    path = run / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    hurt = lines[0].replace('"step": 8', '"step": 9')
    path.write_text("".join([hurt, *lines[1:]]))
    with pytest.raises(RunFolderError, match=r"line 1 is damaged .*--resume"):
        list(RunFolder.open(run).metrics())
    assert read_recording(run).skipped == 1
    notes = Notes()
    resume(run, listener=notes)
    assert "metrics-damaged.jsonl: 1" in notes.notes[0]
    assert "lacks 1 evaluations up to step 24" in notes.notes[1]
    assert (run / "metrics-damaged.jsonl").read_text() == hurt
    assert [r["step"] for r in RunFolder.open(run).metrics()] == [16, 24]


def test_evaluations_that_are_gone_are_told(run):
    (run / "metrics.jsonl").write_text("")
    with pytest.raises(RunFolderError, match="holds 0 of 3 evaluations"):
        list(RunFolder.open(run).metrics())


def test_figures_that_are_no_numbers_leave_json_valid(run):
    folder = RunFolder.open(run)
    folder.append_metrics({"step": 25, "loss": float("nan"), "accuracy": {"train": float("nan")}})
    folder.write_summary(folder.summary() | {"seconds": float("inf")})
    line = (run / "metrics.jsonl").read_text().splitlines()[-1]
    assert json.loads(line, parse_constant=pytest.fail)["loss"] is None
    assert folder.summary()["seconds"] is None


def test_another_number_of_threads_is_told_and_recorded(run):
    notes = Notes()
    resume(run, listener=notes, threads=1)
    assert notes.notes == []
    resume(run, listener=notes, threads=2)
    assert "began with threads 1 and goes on with 2" in notes.notes[0]
    resume(run, threads=1)
    told = [json.loads(line) for line in (run / "resumed.jsonl").read_text().splitlines()]
    assert [one["threads"] for one in told] == [1, 2, 1]
    assert {one["step"] for one in told} == {24}
