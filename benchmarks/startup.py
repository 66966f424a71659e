"""How long the command takes to answer at all: `python -m benchmarks.startup`

Enters: `import latebloom`, and the help of every command and part of one. Leaves: the CPU seconds
of a fresh process each, the median of `--rounds`, and `results/startup.md` (`--out` for elsewhere).
A first run of everything, which is not counted, reads the files and writes their byte code.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.record import CODE, RESULTS, in_words, provenance
from latebloom.cli.examples import EXAMPLES

IMPORT, HELP = 0.3, 0.5
"""CPU seconds that `import latebloom`, and any `--help`, may take."""
HEAD = (
    "# How long the command takes to answer",
    "",
    "Printed by `python -m benchmarks.startup`: CPU seconds of a fresh process, the median and the",
    f"slowest of its rounds. `import latebloom` is to take at most {IMPORT}, any `--help` {HELP}.",
    "",
)


def cpu_seconds(words: Sequence[str], folder: str) -> float:
    """The CPU seconds of a fresh Python with these arguments.

    Raises: SystemExit if it fails.
    """
    begun = subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CODE)},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(begun.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} failed")
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Prints a line for each, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "startup.md")
    asked = parser.parse_args()
    made = in_words(provenance())
    helped = {
        f"latebloom {name} --help".replace("  ", " "): [
            *("-m", "latebloom", *name.split(), "--help")
        ]
        for name in EXAMPLES
    }
    measured = {"python -c pass": ["-c", "pass"], "import latebloom": ["-c", "import latebloom"]}
    measured |= {"latebloom --version": ["-m", "latebloom", "--version"]} | helped
    found: dict[str, list[float]] = {name: [] for name in measured}
    with tempfile.TemporaryDirectory() as folder:
        for i in range(asked.rounds + 1):  # in turns, so that other work meets all alike
            for name, words in measured.items():
                seconds = cpu_seconds(words, folder)
                if i:
                    found[name].append(seconds)
    rows = ["| what | median, s | slowest, s |", "|---|---|---|"]
    for name, took in found.items():
        rows.append(f"| `{name}` | {statistics.median(took):.2f} | {max(took):.2f} |")
    print("\n".join(rows))
    asked.out.write_text("\n".join([*HEAD, made, "", *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
