"""CPU seconds of `latebloom trace` over 40 checkpoints of the default run, figures included.

Usage: `OMP_NUM_THREADS=1 python -m benchmarks.whole_trace`. The run is grown first, for seed 0.
"""

import resource
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
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([LATEBLOOM, "trace", run], check=True, capture_output=True)
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"tracing {kept} checkpoints of the default run, the whole command: {wall:.1f} s,"
        f" {cpu:.1f} CPU seconds, {after.ru_maxrss / 1024:.0f} MiB"
    )


if __name__ == "__main__":
    main()
