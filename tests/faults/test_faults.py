"""Killed anywhere a run ends equal to the undisturbed one, or says in one line what to do."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from benchmarks import faults

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(
    ("part", "cases"), [("events", 0), ("kills", 40), ("corruptions", 150), ("power", 80)]
)
def test_no_ending_that_should_not_be(part, cases):
    counts = faults.measure(part, cases, seed=int(time.time()))
    assert not faults.bad([counts]), json.dumps(counts, indent=1)
    assert sum(n for ends in counts.values() for n in ends.values()) >= cases


def test_sigterm_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path):
    words = [sys.executable, "-m", "latebloom", "grok", "composition", "--out", str(tmp_path / "r")]
    words += ["--until", "", "--train.eval-every", "1", "--threads", "1"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    metrics = tmp_path / "r" / "metrics.jsonl"
    while process.poll() is None and not metrics.exists():
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "to continue: latebloom grok --resume" in err


def test_no_input_breaks_a_reader():
    words = [sys.executable, "-m", "benchmarks.fuzz", "--no-page", "--inputs", "500"]
    seed = str(int(time.time()))
    done = subprocess.run([*words, "--seed", seed], capture_output=True, text=True, check=False)
    assert not done.returncode, f"seed {seed}: {done.stdout}{done.stderr}"
    assert "an endpoint's reply: 1,000 inputs" in done.stdout
