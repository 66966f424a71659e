"""This checkout beside another: the same short jobs by turns, so that both meet the same machine.

    git worktree add ../before v0.1          # any other commit of latebloom
    python -m benchmarks.beside ../before [--rounds 3] [--save]

Enters: the folder of another checkout. Leaves: for each job the best of some rounds of both, and
their ratio; with `--save` the table in `results/beside.md`. Only the command and the files of a run
folder are used, which both have.

Jobs: some steps of every recipe (milliseconds a step, of the loop alone), a trace and a projection
of trees (CPU seconds of the process), and the start of the command (wall seconds, and the peak
memory in MiB).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.record import CODE, RESULTS, commit_of_code, in_words, provenance, short

STEPS = {
    "composition": 100,
    "composition-hops": 40,
    "composition-vanilla": 20,
    "composition-shared": 20,
    "comparison": 60,
    "comparison-vanilla": 20,
    "elements": 60,
    "hidden-attributes": 60,
    "atlas": 30,
    "question": 20,
    "tense": 20,
    "dyck": 20,
}
"""Steps of each recipe that are timed."""
SMALL = {
    "question": ("--world.train", "20000", "--world.test-ood", "500"),
    "tense": ("--world.train", "20000", "--world.test-ood", "500"),
    "dyck": ("--world.train", "5000", "--world.test-id", "500", "--world.test-ood", "500"),
}
"""Worlds that take long to make are made smaller, of others the tests; a step stays the same."""
PEAK = (
    "import resource, subprocess, sys;"
    "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", "from latebloom.cli import main; main()", *words]


def run(checkout: Path, words: list[str]) -> float:
    """Runs in a process with the checkout's package; returns its CPU seconds."""
    before = os.times()
    done = subprocess.run(
        words, env=environment(checkout), cwd=checkout, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed in {checkout}:\n{done.stderr}")
    after = os.times()
    return (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )


def environment(checkout: Path) -> dict[str, str]:
    one = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": str(checkout)}
    return os.environ | one


def step_of(recipe: str, folder: Path) -> Callable[[Path], float]:
    """Milliseconds a step of a recipe."""
    n = str(STEPS[recipe])
    words = ["grok", recipe, "--quiet", "--threads", "1", "--overwrite", "--train.steps", n]
    words += ["--train.eval-every", n, "--train.probe", "1", "--train.checkpoint-every", n]
    words += ["--train.warmup-steps", "5", "--until", ""]
    words += SMALL.get(recipe, ("--world.max-test", "60"))

    def measure(checkout: Path) -> float:
        out = folder / f"{recipe}-{checkout.name}"
        run(checkout, command(*words, "--out", str(out)))
        last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
        return 1000 / last["steps_per_second"]

    return measure


def looking(recipe: str, words: list[str], folder: Path) -> Callable[[Path], float]:
    """CPU seconds of looking into the last checkpoint of a run that `step_of` left."""

    def measure(checkout: Path) -> float:
        out = folder / f"{recipe}-{checkout.name}"
        kept = "circuits" if words[0] == "trace" else "trees"
        for record in (out / kept).glob("*.json"):
            record.unlink()
        asked = [words[0], str(out), "--step", str(STEPS[recipe]), *words[1:], "--quiet", "--json"]
        return run(checkout, command(*asked))

    return measure


def start(*words: str) -> Callable[[Path], float]:
    """Wall seconds of a command that only says something."""

    def measure(checkout: Path) -> float:
        begun = time.perf_counter()
        run(checkout, command(*words))
        return time.perf_counter() - begun

    return measure


def memory(*words: str) -> Callable[[Path], float]:
    """Peak memory of such a command, in MiB."""

    def measure(checkout: Path) -> float:
        words_of = [sys.executable, "-c", PEAK, *command(*words)]
        done = subprocess.run(
            words_of, env=environment(checkout), cwd=checkout, capture_output=True, check=True
        )
        return int(done.stdout) / 1024

    return measure


def jobs(folder: Path) -> dict[str, Callable[[Path], float]]:
    """Every job by its name, with the unit."""
    table = {f"a step of {name}, ms": step_of(name, folder) for name in STEPS}
    table["trace, 300 questions, CPU s"] = looking("composition", ["trace"], folder)
    words = ["trees", "--sentences", "300"]
    table["trees, 300 sentences, CPU s"] = looking("question", words, folder)
    for asked in (("recipes",), ("--help",), ("data", "--help")):
        table[f"`latebloom {' '.join(asked)}`, s"] = start(*asked)
        table[f"`latebloom {' '.join(asked)}`, MiB"] = memory(*asked)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true")
    told = parser.parse_args()
    other = told.other.resolve()
    made = provenance()
    commits = [short(commit_of_code(place)) for place in (other, CODE)]
    lines = [f"| job | {commits[0]} | {commits[1]} | ratio |", "|---|---:|---:|---:|"]
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in jobs(Path(folder)).items():
            taken: dict[Path, list[float]] = {other: [], CODE: []}
            for _ in range(told.rounds):
                for place, seconds in taken.items():
                    seconds.append(measure(place))
            before, after = (min(seconds) for seconds in taken.values())
            lines.append(f"| {name} | {before:.3g} | {after:.3g} | {after / before:.2f} |")
            print(lines[-1], flush=True)
    if told.save:
        text = f"{in_words(made)} One thread, best of {told.rounds} rounds by turns.\n\n"
        head = "# Two commits beside each other\n\nPrinted by `python -m benchmarks.beside`.\n\n"
        (RESULTS / "beside.md").write_text(head + text + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
