"""Cells on a Ray cluster: the same to the last digit, with a worker killed on the way."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from latebloom.errors import LatebloomError
from latebloom.studies.executors import Here
from latebloom.studies.on_ray import check_answers, output_to_errors
from latebloom.studies.sweep import Sweep

SMALL = {
    "world": {"entities": 12, "relations": 4, "out-degree": 4, "ood-frac": 0.2},
    "model": {"d-model": 16, "n-heads": 2},
    "train": {"steps": 600, "eval-every": 200, "checkpoint-every": 25, "batch-size": 16},
}
WORDS = [
    f"--{section}.{name}={value}" for section, some in SMALL.items() for name, value in some.items()
]


def test_an_address_that_does_not_answer_is_one_line_within_ten_seconds(latebloom):
    began = time.monotonic()
    words = ["sweep", "composition", "--vary", "world.phi=1", "--quiet", "--ray"]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{silent.getsockname()[1]}"  # bound, but it does not listen
        code, _, complaint = latebloom(*words, nobody)
        assert (code, complaint.count("\n")) == (2, 1)
        assert f"--ray {nobody}: no answer" in complaint
        silent.listen()  # it takes connections, and never says a word
        code, _, complaint = latebloom(*words, nobody)
        assert (code, complaint.count("\n")) == (2, 1)
        assert "no answer (timed out)" in complaint
    assert time.monotonic() - began < 20
    code, _, complaint = latebloom(*words, "nowhere")
    assert code == 2
    assert "write HOST:PORT" in complaint


def test_another_server_is_no_cluster():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        def answer():
            connection, _ = other.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(LatebloomError, match="no Ray cluster"):
            check_answers(f"127.0.0.1:{other.getsockname()[1]}")
        thread.join()


def test_what_ray_writes_is_not_taken_for_our_output(capfd):
    with output_to_errors():
        os.write(1, b"told of a dead worker\n")
    os.write(1, b"{}\n")
    said = capfd.readouterr()
    assert said.out == "{}\n"
    assert "told of a dead worker" in said.err


@pytest.fixture
def cluster(monkeypatch):
    """Two nodes of one processor each, on this machine."""
    # A busy machine may take longer to start a node than Ray waits by itself.
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "120")
    utils = pytest.importorskip("ray.cluster_utils")
    common = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    made = utils.Cluster(initialize_head=True, head_node_args=common | {"include_dashboard": False})
    made.add_node(**common)
    yield made
    made.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_study_on_two_nodes_survives_the_death_of_a_worker(cluster, tmp_path):
    """A worker is killed amid its run; the run folders equal those that were grown here."""
    there = tmp_path / "there"
    words = [sys.executable, "-m", "latebloom", "sweep", "composition", *WORDS]
    words += ["--vary", "world.phi=1,2", "--seeds", "1", "--train.until=", "--quiet", "--json"]
    words += ["--out", str(there), "--ray", cluster.address]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    killed = kill_one(there)
    told, complaint = process.communicate(timeout=800)
    assert process.returncode == 0, complaint
    rows = json.loads(told)["rows"]
    assert len(rows) == 2
    assert all(row["error"] is None for row in rows)
    resumed = [path.parent.name for path in there.glob("*/resumed.jsonl")]
    assert killed in resumed

    from latebloom.recipes.catalogue import make_recipe

    config = make_recipe("composition")
    for section, some in SMALL.items():
        config = config.with_overrides(section, {name: str(v) for name, v in some.items()})
    config = config.replace("train", until="")
    alone = Sweep(base=config, vary={"world.phi": (1.0, 2.0)}, seeds=1)
    here = alone.run(tmp_path / "here", Here(threads=1))
    for one, other in zip(here.rows, rows, strict=True):
        assert one | {"seconds": 0} == other | {"seconds": 0}
    for path in sorted((tmp_path / "here").rglob("model.safetensors")):
        same = there / path.relative_to(tmp_path / "here")
        assert same.read_bytes() == path.read_bytes()


def kill_one(folder):
    """Kills the process that grows a run, when it has saved something; returns the run."""
    end = time.monotonic() + 400
    while time.monotonic() < end:
        for lock in folder.glob("*/.lock"):
            run = lock.parent
            text = lock.read_text()
            if text and len(list((run / "checkpoints").glob("*"))) > 2:
                if (run / "summary.json").exists():
                    continue
                os.kill(json.loads(text)["pid"], signal.SIGKILL)
                return run.name
        time.sleep(0.02)
    raise AssertionError("no run began")
