"""A training step on a busy machine: how threads that wait should wait.

`python -m benchmarks.busy` trains the default recipe's step in processes of their own, one for each
way of waiting and each number of threads, quiet and beside neighbours that keep every core busy.
The rounds are interleaved, so that whatever else the machine does falls on all ways alike; the
table gives medians. It writes `results/busy.md`. `--rounds` and `--steps` make it shorter.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections import defaultdict

from benchmarks.record import RESULTS, in_words, provenance
from latebloom.studies.machine import usable_cores

WAYS = {
    "as OpenMP comes": {"GOMP_SPINCOUNT": ""},
    "bounded (latebloom's choice)": {},
    "passive": {"OMP_WAIT_POLICY": "passive"},
}
"""What is set before torch loads; an empty text takes a variable away after latebloom's import."""

WORKER = """
import os, sys, time
if "GOMP_SPINCOUNT" in os.environ and not os.environ["GOMP_SPINCOUNT"]:
    del os.environ["GOMP_SPINCOUNT"]
    import torch  # before latebloom, which then leaves the waiting alone
import latebloom
import torch
from latebloom.recipes.catalogue import make_recipe
from latebloom.model.transformer import Transformer
from latebloom.training.feed import make_feed
from latebloom.training.loop import train_step
from latebloom.training.optimizers import make_optimizers
from latebloom.worlds.build import build_world

threads, steps = map(int, sys.argv[1:])
torch.set_num_threads(threads)
config = make_recipe("composition")
data = build_world(config.world, 0, lambda _: None)
torch.manual_seed(0)
feed = make_feed(config, data, torch.device("cpu"))
model = Transformer(config.model, len(data.vocabulary))
optimizers = make_optimizers(model, config.train)
for i in range(steps + 3):
    if i == 3:
        began = time.perf_counter()
    loss = train_step(
        model, optimizers, feed.batch(i + 1), feed.loss, config.train.grad_clip, None
    )
print(time.perf_counter() - began, loss)
"""


def seconds_of(way: str, threads: int, steps: int) -> tuple[float, str]:
    """Seconds of so many steps, and the loss at the last of them."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OMP_", "GOMP_", "MKL_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(threads), str(steps)],
        env=clean | WAYS[way],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, loss = done.stdout.split()
    return float(seconds), loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=50)
    told = parser.parse_args()
    cores = usable_cores()
    cases = [(way, n) for n in sorted({1, cores}) for way in WAYS if n > 1 or not WAYS[way]]
    taken: dict[tuple[str, int, bool], list[float]] = defaultdict(list)
    losses: dict[int, set[str]] = defaultdict(set)
    loads: list[float] = []
    for _ in range(told.rounds):
        for busy in (False, True):
            neighbours = [
                subprocess.Popen([sys.executable, "-c", "while True: pass"])
                for _ in range(cores if busy else 0)
            ]
            try:
                for way, threads in cases:
                    loads.append(os.getloadavg()[0])
                    seconds, loss = seconds_of(way, threads, told.steps)
                    taken[way, threads, busy].append(seconds)
                    losses[threads].add(loss)
                    print(f"{threads} {way:30} {'busy' if busy else 'quiet':6} {seconds:7.2f} s")
            finally:
                for one in neighbours:
                    one.kill()
                    one.wait()
    same = all(len(found) == 1 for found in losses.values())
    lines = [
        "# A busy machine",
        "",
        f"Printed by `python -m benchmarks.busy`. {in_words(provenance())}",
        "",
        f"Seconds of {told.steps} steps of `composition`, the median of {told.rounds} interleaved"
        f" rounds, on {cores} cores; busy: one neighbour a core that never rests. The machine's own"
        f" load while it was measured: {min(loads):.1f} to {max(loads):.1f} processes that wanted a"
        ' core. Over 1 beside the quiet rows, "quiet" was not quiet, and the figures want'
        " measuring again.",
        "",
        "| threads | waiting | quiet | busy | times |",
        "|---|---|---|---|---|",
    ]
    for way, threads in cases:
        quiet, busy = (statistics.median(taken[way, threads, b]) for b in (False, True))
        name = way if threads > 1 else "nobody to wait for"
        lines.append(f"| {threads} | {name} | {quiet:.2f} | {busy:.2f} | {busy / quiet:.1f} |")
    lines += ["", f"The last loss is the same for every way of waiting: {'yes' if same else 'no'}."]
    (RESULTS / "busy.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
