"""Curves handed on to trackers: what arrives there is what the run folder holds."""

import itertools
import json
import os
import struct
import subprocess
import sys

import pytest

from latebloom.errors import LatebloomError
from latebloom.reports.following import Followed
from latebloom.reports.trackers import make_tracker, track
from latebloom.studies.grow import grow


@pytest.fixture
def grown(small_run):
    return small_run


def events_in(folder):
    """What a TensorBoard folder holds, as (tag, step, seconds, value), and its texts by tag."""
    from tensorboardX.proto.event_pb2 import Event

    scalars, texts = [], {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        content = path.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            event = Event.FromString(content[12 : 12 + length])
            content = content[16 + length :]
            for value in event.summary.value:
                if value.HasField("tensor"):
                    texts[value.tag] = value.tensor.string_val[0].decode()
                else:
                    scalars.append((value.tag, event.step, event.wall_time, value.simple_value))
    return scalars, texts


def test_tensorboard_holds_every_curve(grown, tmp_path):
    out, steps = tmp_path / "board", []
    followed = Followed(grown)
    rows = track(followed, make_tracker("tensorboard", out), steps.append)
    records = list(followed.run.metrics())
    scalars, texts = events_in(out)
    assert rows == len(records) == 3 and steps == [8, 16, 24]
    loss = [(step, value) for tag, step, _, value in scalars if tag == "loss"]
    assert loss == [(r["step"], pytest.approx(r["loss"], rel=1e-6)) for r in records]
    held_out = {step: value for tag, step, _, value in scalars if tag == "accuracy/test_id"}
    assert held_out == {
        r["step"]: pytest.approx(r["accuracy"]["test_id"], rel=1e-6) for r in records
    }
    assert "| train.steps | 24 |" in next(iter(texts.values()))
    moments = [moment for tag, _, moment, _ in scalars if tag == "loss"]
    apart = [later - first for first, later in itertools.pairwise(moments)]
    took = [b["seconds"] - a["seconds"] for a, b in itertools.pairwise(records)]
    assert apart == pytest.approx(took, abs=1e-3)


def test_a_second_call_replaces_the_first_and_nothing_else(grown, tmp_path):
    out = tmp_path / "board"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    for _ in range(2):
        track(Followed(grown), make_tracker("tensorboard", out), lambda _: None, once=True)
    scalars, _ = events_in(out)
    assert [step for tag, step, *_ in scalars if tag == "loss"] == [8, 16, 24]
    assert (out / "notes.txt").read_text() == "mine"


def test_the_curves_of_another_run_in_the_folder_stay(grown, small_config, tmp_path):
    grow(small_config.with_seed(4), tmp_path / "other", device="cpu", threads=1)
    for run in (grown, tmp_path / "other", grown):
        track(Followed(run), make_tracker("tensorboard", tmp_path / "board"), print, once=True)
    scalars, _ = events_in(tmp_path / "board")
    assert sorted(step for tag, step, *_ in scalars if tag == "loss") == [8, 8, 16, 16, 24, 24]


def test_the_command(grown, latebloom, tmp_path):
    code, _, said = latebloom("track", grown, "--once")
    assert code == 0 and "handed on 3 evaluations" in said
    code, told, _ = latebloom("track", grown, "--once", "--json")
    assert code == 0 and json.loads(told)["evaluations"] == 3
    scalars, _ = events_in(tmp_path / "tensorboard" / "run")
    assert len({step for _, step, *_ in scalars}) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "mlflow"), "use one of tensorboard, wandb, trackio"),
        (("--to", "trackio", "--out", "x"), "has no effect on trackio"),
    ],
)
def test_what_cannot_be_tracked_is_told(grown, latebloom, words, said):
    code, _, told = latebloom("track", grown, *words)
    assert code == 2 and said in told


def test_a_folder_that_is_no_run(latebloom, tmp_path):
    code, _, told = latebloom("track", tmp_path / "nothing")
    assert code == 2 and "nothing" in told


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(LatebloomError, match=r"pip install tensorboardX.*latebloom\[tracking\]"):
        make_tracker("tensorboard", None)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "made"), [("wandb", "wandb/offline-run-*"), ("trackio", "*.db")])
def test_others_take_it_without_a_network(grown, tmp_path, name, made):
    """In a process of its own: these packages leave threads and settings behind."""
    pytest.importorskip(name)
    own = tmp_path / "own"
    own.mkdir()
    settings = {"WANDB_MODE": "offline", "TRACKIO_DIR": str(own), "WANDB_SILENT": "true"}
    words = ["track", grown, "--once", "--to", name]
    done = subprocess.run(
        [sys.executable, "-m", "latebloom", *map(str, words)],
        cwd=own,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "handed on 3 evaluations" in done.stderr
    assert list(own.glob(made))
