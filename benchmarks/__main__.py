"""`python -m benchmarks`: every speed figure, each in a process of its own, as one table.

Options: names of the rows to run; `--save` writes `results/bench.md` too. A ratio compares with a
peer in the same run; absolute seconds move with the machine.
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.record import RESULTS, in_words, provenance

ROWS = {
    "peak": [sys.executable, "-m", "benchmarks.peak", "--device", "cpu"],
    "paper-world": [sys.executable, "-m", "benchmarks.paper_world"],
    "comparison-worlds": [sys.executable, "benchmarks/worlds_comparison.py"],
    "training-step": [sys.executable, "-m", "benchmarks.training_step"],
    "sentence-step": [sys.executable, "benchmarks/sentence_step.py"],
    "trees": [sys.executable, "benchmarks/trees.py"],
    "tracing": [sys.executable, "benchmarks/tracing.py", "300", "10"],
    "whole-trace": [sys.executable, "-m", "benchmarks.whole_trace"],
    "composition": [str(Path(sys.executable).parent / "latebloom"), "grok", "composition"],
}
"""What is measured, and with which command; all run on one thread."""


def run(name: str, folder: str) -> str:
    """One row's output, and the CPU seconds and peak memory of its process."""
    command = ROWS[name]
    if name == "composition":
        command = [*command, "--threads", "1", "--quiet", "--out", f"{folder}/run"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{done.stdout.rstrip()}\n[{cpu:.1f} CPU seconds in all]".strip()


def main() -> None:
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help=", ".join(ROWS))
    parser.add_argument("--save", action="store_true")
    told = parser.parse_args()
    unknown = set(told.rows) - set(ROWS)
    if unknown:
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    parts = [f"{in_words(provenance())} One thread."]
    print(parts[0], flush=True)
    for name in told.rows or ROWS:
        with tempfile.TemporaryDirectory() as folder:
            parts.append(f"{name}\n{run(name, folder)}")
        print(f"\n{parts[-1]}", flush=True)
    if told.save:
        text = "# Speed\n\nPrinted by `make bench`.\n\n```\n" + "\n\n".join(parts) + "\n```\n"
        (RESULTS / "bench.md").write_text(text)


if __name__ == "__main__":
    main()
