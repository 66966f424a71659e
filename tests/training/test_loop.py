"""The loop: the same twice, the same when stopped and resumed, and safe when things go wrong."""

import json
import os
import signal
from dataclasses import replace

import pytest
import torch

from latebloom.errors import LatebloomError, RunFolderError, TrainingError
from latebloom.studies.grow import grow, resume
from latebloom.training import run_folder
from latebloom.training.checkpoint import list_checkpoints
from latebloom.training.listener import Silence
from latebloom.training.run_folder import RunFolder


class StopAt(Silence):
    """Does something at one step."""

    def __init__(self, step, act):
        self.at, self.act = step, act

    def step(self, step, loss, steps_per_second):
        if step == self.at:
            self.act()


class Killed(BaseException):
    """Stands for a death that nobody catches."""


def die():
    raise Killed


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def final_bytes(folder):
    newest = list_checkpoints(folder / "checkpoints")[-1].folder
    return {name: (newest / f"{name}.safetensors").read_bytes() for name in ("model", "training")}


def curve(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [(r["step"], r["loss"], r["accuracy"]) for r in map(json.loads, lines)]


def test_the_same_seed_gives_the_same_run(small_config, tmp_path):
    one, two = (grow(small_config, tmp_path / name) for name in "ab")
    assert final_bytes(tmp_path / "a") == final_bytes(tmp_path / "b")
    assert curve(tmp_path / "a") == curve(tmp_path / "b")
    assert one["splits"] == two["splits"]
    other = replace(small_config, seed=4)
    grow(other, tmp_path / "c")
    assert final_bytes(tmp_path / "a") != final_bytes(tmp_path / "c")


def test_the_curve_holds_the_mean_loss_since_the_evaluation_before(small_config, tmp_path):
    class Losses(Silence):
        def __init__(self):
            self.since, self.means = [], []

        def step(self, step, loss, steps_per_second):
            self.since.append(loss)

        def evaluated(self, record):
            self.means.append(pytest.approx(sum(self.since) / len(self.since)))
            self.since = []

    losses = Losses()
    grow(small_config, tmp_path / "run", listener=losses)
    assert [loss for _, loss, _ in curve(tmp_path / "run")] == losses.means


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
@pytest.mark.parametrize("act", [die, interrupt])
def test_stopped_and_resumed_equals_uninterrupted(small_config, tmp_path, act, optimizer):
    config = replace(small_config, train=replace(small_config.train, optimizer=optimizer))
    whole = grow(config, tmp_path / "whole")
    try:
        halted = grow(config, tmp_path / "halted", listener=StopAt(13, act))
        assert halted["stopped_by"] == "interrupt"
        assert halted["steps"] == 13
    except Killed:
        assert act is die
    resumed = resume(tmp_path / "halted")
    assert final_bytes(tmp_path / "halted") == final_bytes(tmp_path / "whole")
    assert curve(tmp_path / "halted") == curve(tmp_path / "whole")
    assert resumed["splits"] == whole["splits"]
    assert resumed["stopped_by"] == "steps"


def test_a_second_interrupt_is_pythons_own(small_config, tmp_path, request):
    # A shell's background job begins with interrupts ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def twice():
        interrupt()
        interrupt()

    with pytest.raises(KeyboardInterrupt):
        grow(small_config, tmp_path / "run", listener=StopAt(5, twice))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_finished_run_resumes_to_the_same_summary(small_config, tmp_path):
    first = grow(small_config, str(tmp_path / "run"))  # as text, as in the README
    again = resume(str(tmp_path / "run"))
    assert again["splits"] == first["splits"]
    assert again["steps"] == first["steps"]


def test_a_line_cut_short_by_a_kill_is_forgotten(small_config, tmp_path):
    whole = grow(small_config, tmp_path / "whole")
    with pytest.raises(Killed):
        grow(small_config, tmp_path / "run", listener=StopAt(13, die))
    with (tmp_path / "run" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 16, "lo')
    (tmp_path / "run" / "checkpoints" / ".step_0000016").mkdir()
    assert resume(tmp_path / "run")["splits"] == whole["splits"]
    assert curve(tmp_path / "run") == curve(tmp_path / "whole")


def test_until_stops_when_it_holds_three_times(small_config, tmp_path):
    config = replace(small_config, train=replace(small_config.train, until="test_id>=0"))
    summary = grow(config, tmp_path / "run")
    assert summary["stopped_by"] == "until"
    assert summary["steps"] == 24
    config = replace(config, train=replace(config.train, eval_every=4))
    assert grow(config, tmp_path / "early")["steps"] == 12
    assert resume(tmp_path / "early")["stopped_by"] == "until"


def test_until_with_an_unknown_split_makes_no_folder(small_config, tmp_path):
    config = replace(small_config, train=replace(small_config.train, until="test_odd>=0.5"))
    with pytest.raises(LatebloomError, match="test_odd"):
        grow(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_stops_with_the_last_good_checkpoint(small_config, tmp_path):
    train = replace(small_config.train, lr=1e30, warmup_steps=0, grad_clip=0.0)
    with pytest.raises(TrainingError, match="stopped being finite at step 2"):
        grow(replace(small_config, train=train), tmp_path / "run")
    newest = list_checkpoints(tmp_path / "run" / "checkpoints")[-1]
    assert all(torch.isfinite(tensor).all() for tensor in newest.tensors("model").values())


def test_a_folder_that_exists_is_refused(small_config, tmp_path):
    grow(small_config, tmp_path / "run")
    before = final_bytes(tmp_path / "run")
    with pytest.raises(RunFolderError, match="--overwrite"):
        grow(small_config, tmp_path / "run")
    assert final_bytes(tmp_path / "run") == before
    other = replace(small_config, seed=9)
    grow(other, tmp_path / "run", overwrite=True)
    assert final_bytes(tmp_path / "run") != before


def test_overwrite_spares_what_is_no_run(small_config, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunFolderError, match="no run folder"):
        grow(small_config, tmp_path, overwrite=True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    "environment", [None, "[]", "{}", '{"latebloom": "1", "format": 99}', "\x00"]
)
def test_a_config_alone_makes_no_run(small_config, tmp_path, environment):
    """A stranger's folder may hold a file of that name, and even one like the other."""
    folder = tmp_path / "service"
    folder.mkdir()
    (folder / "config.toml").write_text("port = 80")
    if environment is not None:
        (folder / "environment.json").write_text(environment)
    with pytest.raises(RunFolderError, match="no run folder"):
        grow(small_config, folder, overwrite=True)
    assert (folder / "config.toml").read_text() == "port = 80"


@pytest.mark.parametrize("there", [False, True])
def test_a_run_that_cannot_be_begun_leaves_all_as_it_was(
    small_config, tmp_path, monkeypatch, there
):
    run = tmp_path / "run"
    if there:
        grow(small_config, run)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_folder, "write_text", full)
    with pytest.raises(RunFolderError, match="No space left"):
        grow(replace(small_config, seed=9), run, overwrite=there)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    assert there or not list(tmp_path.iterdir())


def test_a_run_is_overwritten_through_a_link(small_config, tmp_path):
    grow(small_config, tmp_path / "run")
    (tmp_path / "link").symlink_to("run")
    grow(replace(small_config, seed=9), tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "run"]
    assert RunFolder.open(tmp_path / "run").config().seed == 9


def test_a_run_of_another_version_is_refused(small_config, tmp_path):
    grow(small_config, tmp_path / "run")
    path = tmp_path / "run" / "environment.json"
    path.write_text(path.read_text().replace('"format": 2', '"format": 99'))
    with pytest.raises(RunFolderError, match="format 99"):
        RunFolder.open(tmp_path / "run")


def test_the_summary_keeps_its_contract(small_config, tmp_path):
    summary = grow(small_config, tmp_path / "run")
    assert summary == RunFolder.open(tmp_path / "run").summary()
    assert {"crc32", *summary} == set(json.loads((tmp_path / "run" / "summary.json").read_text()))
    assert list(summary) == [
        "recipe",
        "seed",
        "steps",
        "seconds",
        "device",
        "parameters",
        "task",
        "reads",
        "phi",
        "splits",
        "stopped_by",
    ]
    for row in summary["splits"].values():
        assert list(row) == ["n", "correct", "accuracy", "ci95", "first_step", "sustained_step"]
        assert row["accuracy"] == row["correct"] / row["n"]
        assert row["ci95"][0] <= row["accuracy"] <= row["ci95"][1]
