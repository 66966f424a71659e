"""Worker processes: the same numbers, deaths that take one cell alone, two sweeps that meet."""

import json
import os
import signal
import threading
import time

import pytest

from latebloom.studies.cells import Cell, grow_cell, grower_here
from latebloom.studies.executors import Here, Workers
from latebloom.studies.sweep import Sweep
from latebloom.training.listener import Silence
from latebloom.training.lock import locked


def weights(folder):
    found = sorted(folder.rglob("model.safetensors"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def until(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def long_config(small_config):
    """A run of many steps, to be stopped amid them."""
    return small_config.replace("train", steps=20_000, eval_every=5000, checkpoint_every=5000)


def test_workers_give_the_same_to_the_last_digit_and_report_what_fails(small_config, tmp_path):
    grid = Sweep(base=small_config, vary={"world.phi": (1.0, 900.0)}, seeds=2)
    here = grid.run(tmp_path / "here", Here(threads=1))
    there = grid.run(tmp_path / "there", Workers(2, threads=1))
    assert weights(tmp_path / "here") == weights(tmp_path / "there")
    assert len(weights(tmp_path / "there")) >= 4
    for one, other in zip(here.rows, there.rows, strict=True):
        assert one | {"seconds": 0} == other | {"seconds": 0}
    assert [row["run"] for row in there.failed] == [
        "composition-phi=900-seed0",
        "composition-phi=900-seed1",
    ]
    began = time.monotonic()
    assert grid.run(tmp_path / "there", Workers(2, threads=1)).rows == there.rows
    assert time.monotonic() - began < 5, "a second call starts no process"


def test_a_worker_that_is_killed_takes_its_cell_alone(small_config, long_config, tmp_path):
    workers = Workers(1)
    cell = Cell(name="long", config=long_config)
    found = []
    thread = threading.Thread(
        target=lambda: found.append(grow_cell(cell, tmp_path / "long", workers.grow))
    )
    thread.start()
    until(lambda: (tmp_path / "long" / "config.toml").exists())
    os.kill(workers.started[0].process.pid, signal.SIGKILL)
    thread.join()
    assert "signal 9, as when the memory runs out" in found[0].error
    small = Cell(name="small", config=small_config)
    assert grow_cell(small, tmp_path / "small", workers.grow).run is not None
    workers.stop()


def test_stopped_workers_save_their_runs(long_config, tmp_path):
    workers = Workers(1)
    cell = Cell(name="long", config=long_config)
    found = []

    def work():
        try:
            grow_cell(cell, tmp_path / "long", workers.grow)
        except KeyboardInterrupt:
            found.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: list((tmp_path / "long").glob("checkpoints/*")))
    workers.stop()
    thread.join()
    assert found == ["stopped"]
    summary = json.loads((tmp_path / "long" / "summary.json").read_text())
    assert summary["stopped_by"] == "interrupt"
    assert 0 <= summary["steps"] < 20_000


def test_two_sweeps_in_one_folder_share_the_work(small_config, tmp_path):
    """One is amid the first cell: the other grows the second and waits for the first."""
    grid = Sweep(base=small_config, vary={"world.phi": (1.0, 2.0)}, seeds=1)
    first, _ = grid.cells()
    began, go_on = threading.Event(), threading.Event()

    class Waits(Silence):
        def step(self, step, loss, steps_per_second):
            if step == 10:
                began.set()
                go_on.wait()

    def grow_first():
        grower_here(listener=Waits(), threads=1)(first, tmp_path / first.name)

    thread = threading.Thread(target=grow_first)
    thread.start()
    began.wait()
    order = []

    def on_cell(done, total, name):
        order.append(name)
        if len(order) == 2:
            go_on.set()

    table = grid.run(tmp_path, Workers(1), on_cell=on_cell)
    thread.join()
    assert [row["error"] for row in table.rows] == [None, None]
    assert not (tmp_path / first.name / "resumed.jsonl").exists(), "it was left to who had it"
    alone = Sweep(base=small_config, vary={"world.phi": (1.0,)}, seeds=1)
    alone.run(tmp_path / "alone", Here(threads=1))
    assert weights(tmp_path / "alone" / first.name) == weights(tmp_path / first.name)


def test_a_run_whose_owner_has_died_is_gone_on_with(small_config, tmp_path):
    cell = Cell(name="cell", config=small_config)
    path = tmp_path / "cell"

    class Dies(Silence):
        def step(self, step, loss, steps_per_second):
            if step == 10:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grower_here(listener=Dies())(cell, path)
    with locked(path):
        assert grow_cell(cell, path, grower_here()).busy
    assert grow_cell(cell, path, grower_here()).run is not None
