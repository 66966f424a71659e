"""Seconds of `latebloom trace` over 40 checkpoints of the default run, figures included: on one
thread, and as a person starts it, on all cores.

Usage: `python -m benchmarks.whole_trace`. The run is grown first, for seed 0.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LATEBLOOM = str(Path(sys.executable).parent / "latebloom")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = f"{folder}/run"
        grow = [LATEBLOOM, "grok", "composition", "--out", run, "--threads", "1", "--quiet"]
        # Early checkpoints lie close; with these settings there are 40. No stop rule, so that the
        # number is the same whatever the accuracy.
        grow += ["--train.steps", "400", "--train.checkpoint-every", "15"]
        subprocess.run([*grow, "--train.until", ""], check=True, stdout=subprocess.DEVNULL)
        kept = len(list((Path(run) / "checkpoints").iterdir()))
        print(f"tracing {kept} checkpoints of the default run, the whole command:")
        for words, told in (("one thread", {"OMP_NUM_THREADS": "1"}), ("all cores", {})):
            shutil.rmtree(f"{run}/circuits", ignore_errors=True)
            print(f"  {words:<12}{timed_trace(run, told)}")


def timed_trace(run: str, told: dict[str, str]) -> str:
    """Wall and CPU seconds of one tracing, and the peak memory of any so far."""
    limits = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    env = {name: value for name, value in os.environ.items() if name not in limits} | told
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([LATEBLOOM, "trace", run], check=True, capture_output=True, env=env)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{wall:.1f} s, {cpu:.1f} CPU seconds, {after.ru_maxrss / 1024:.0f} MiB"


if __name__ == "__main__":
    main()
