"""How long each lesson takes: `python -m benchmarks.lessons`

Enters: the notebooks of `latebloom lessons`, run from top to bottom in processes of their own, in
one empty folder, so that a lesson finds what an earlier one has grown, as for a reader who takes
them in order. Leaves: a line for each, and `results/lessons.md` (`--out` for elsewhere). CPU
seconds are those of the process and of its children: other work on the machine hardly moves them.
On two cores a lesson lasts at most that long by the clock.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.record import CODE, RESULTS, in_words, provenance
from latebloom.cli.lessons import all_lessons, title_of

LIMIT = 600
"""Seconds that a lesson may take."""
HEAD = (
    "# How long the lessons take",
    "",
    "Printed by `python -m benchmarks.lessons`: each notebook from top to bottom, in this order",
    "and in one folder, so that a lesson finds what an earlier one has grown. CPU seconds are",
    f"those of the process and its children; a lesson is to take less than {LIMIT} s on two cores,",
    "for which fewer CPU seconds than that are enough. Peak memory is that of the largest process.",
    "",
)


def timed(notebook: Path, folder: Path) -> tuple[float, float, float]:
    """CPU seconds, seconds by the clock, and MiB at most, of one notebook.

    Raises: SystemExit with the end of its complaint if it fails.
    """
    began = time.perf_counter()
    done = subprocess.Popen(
        [sys.executable, str(notebook), "--answers", "true"],
        cwd=folder,
        env=os.environ | {"MARIMO_SKIP_UPDATE_CHECK": "1", "PYTHONPATH": str(CODE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert done.stderr is not None
    complaint = done.stderr.read()
    _, status, used = os.wait4(done.pid, 0)
    if status:
        raise SystemExit(f"{notebook.name} failed:\n{complaint.decode()[-3000:]}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024


def main() -> None:
    """Prints a line for each lesson, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS / "lessons.md")
    out = parser.parse_args().out
    made, cores = in_words(provenance()), len(os.sched_getaffinity(0))
    rows = ["| lesson | CPU s | wall s | peak MiB |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for number, notebook in all_lessons().items():
            cpu, wall, peak = timed(notebook, Path(folder))
            rows.append(f"| {number} {title_of(notebook)} | {cpu:.0f} | {wall:.0f} | {peak:.0f} |")
            print(rows[-1], flush=True)
    told = f"{made} It might use {cores} of them; other work ran beside it."
    out.write_text("\n".join([*HEAD, told, "", *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
