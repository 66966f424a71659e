"""How cost grows: time and memory of the data, of a training step and of an evaluation, by size.

    python -m benchmarks.growth [AXIS ...] [--most N] [--steps 3] [--draw]

Along each axis one thing grows and all else stays as it is; every point is measured in a process of
its own, one thread. Processor time, so that neighbours count little; memory is the largest resident
size while that part ran, the interpreter and torch included.

- *facts*: 1,000 to 100,000 entities with 20 facts each over the paper's 200 relations, phi 9. The
  vocabulary holds the entities, so it grows as well.
- *vocabulary*: the smallest of these worlds, with names beside it that nobody asks about.
- *hops*: the longest chain, 2 to 6, over 20,000 facts, and a loop for each hop.
- *layers*: 1 to 16, run twice, over 20,000 facts.

An evaluation is one of training: 500 questions of each split, and the signs. Leaves
`results/growth.json`, `growth.md`, `growth.svg` and `growth.png`; with names of axes only these are
measured, and the others stay as they are. `--most` leaves out the larger sizes, `--draw` only makes
page and figure anew.

Covers: the looped model of `composition`, width 128, batch 256. Does not cover: time to grok, which
grows in its own way.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.growth_page import draw, page
from benchmarks.record import RESULTS, provenance
from latebloom.errors import LatebloomError
from latebloom.evaluation.scores import score
from latebloom.evaluation.signs import signs
from latebloom.files import read_json, write_json, write_text
from latebloom.model.transformer import Transformer
from latebloom.recipes.chains import composition
from latebloom.reports.figure import write_figure
from latebloom.training.config import RunConfig
from latebloom.training.feed import make_feed
from latebloom.training.loop import train_step
from latebloom.training.optimizers import make_optimizers
from latebloom.worlds.build import build_world

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Axis:
    """What grows: its sizes, the config of each, and how many names the vocabulary has at least."""

    says: str
    sizes: tuple[int, ...]
    config: Callable[[int], RunConfig]
    names: Callable[[int], int] = lambda _: 0


def world(entities: int, relations: int = 200, **more: Any) -> RunConfig:
    """The recipe in a world of 20 facts for each entity."""
    sizes = {"entities": entities, "relations": relations, "out_degree": 20}
    config = composition().replace("world", **sizes, ood_frac=0.05, **more)
    return config.replace("train", precision="float32")


AXES: Mapping[str, Axis] = {
    "facts": Axis(
        "entities, 20 facts each",
        (1_000, 3_000, 10_000, 30_000, 100_000),
        world,
    ),
    "vocabulary": Axis(
        "names in the vocabulary",
        (3_000, 10_000, 30_000, 100_000),
        lambda _: world(1_000),
        lambda size: size,
    ),
    "hops": Axis(
        "longest chain, in hops",
        (2, 3, 4, 5, 6),
        lambda hops: world(1_000, hops=hops).replace("model", n_loops=hops),
    ),
    "layers": Axis(
        "layers, each run twice",
        (1, 2, 4, 8, 16),
        lambda layers: world(1_000).replace("model", n_layers=layers),
    ),
}


def peak_mib(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work leaves, and the largest resident size of this process meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
    done = work()
    status = Path("/proc/self/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return done, int(kib) / 1024


def seconds_of(work: Callable[[], Any], times: int) -> float:
    """The median processor time of some work."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return median(found)


def measure(config: RunConfig, names: int, steps: int) -> dict[str, Any]:
    """Seconds and MiB of the three parts at one size."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    began = time.process_time()
    data, memory_of_data = peak_mib(lambda: build_world(config.world, 0, lambda _: None))
    seconds_of_data = time.process_time() - began
    model = Transformer(config.model, max(names, len(data.vocabulary)))
    optimizers = make_optimizers(model, config.train)
    feed = make_feed(config, data, CPU)
    numbers = iter(range(1, steps + 2))

    def step() -> None:
        batch = feed.batch(next(numbers))
        train_step(model, optimizers, batch, feed.loss, config.train.grad_clip, None)

    def evaluate() -> None:
        score(model, data, probe=config.train.probe)
        signs(model, data)

    step()  # makes what the optimizers remember, and the order of an epoch
    of_step, memory_of_step = peak_mib(lambda: seconds_of(step, steps))
    of_evaluation, memory_of_evaluation = peak_mib(lambda: seconds_of(evaluate, 1))
    return {
        "names": model.d_vocab,
        "facts": len(data.facts),  # type: ignore[union-attr]
        "trained_questions": sum(len(data.splits[name]) for name in data.trained),
        "data": {"seconds": seconds_of_data, "mib": memory_of_data},
        "step": {"seconds": of_step, "mib": memory_of_step},
        "evaluation": {"seconds": of_evaluation, "mib": memory_of_evaluation},
    }


def apart(axis: str, size: int, steps: int) -> dict[str, Any]:
    """One point, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.growth", axis, "--one", str(size)]
    told = subprocess.run(
        [*command, "--steps", str(steps)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    if told.returncode:
        raise SystemExit(f"{axis} {size} failed:\n{told.stderr}")
    return {"size": size, **json.loads(told.stdout)}


def measure_axis(name: str, most: int, steps: int) -> dict[str, Any]:
    """The record of an axis."""
    made = provenance()
    points = []
    for size in (size for size in AXES[name].sizes if size <= most):
        points.append(apart(name, size, steps))
        print(f"{name} {size:,}: {json.dumps(points[-1])}", flush=True)
    return {"says": AXES[name].says, "points": points, **made}


def written(record: Mapping[str, Any]) -> None:
    """Writes page and figure."""
    write_text(RESULTS / "growth.md", page(record))
    for ending in ("svg", "png"):
        write_figure(draw(record), RESULTS / f"growth.{ending}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("axes", nargs="*", help=", ".join(AXES))
    parser.add_argument("--most", type=int, default=100_000, help="the largest size")
    parser.add_argument("--steps", type=int, default=3, help="steps that are timed")
    parser.add_argument("--draw", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    told = parser.parse_args()
    unknown = set(told.axes) - set(AXES)
    if unknown:
        parser.error(f"no axis {', '.join(sorted(unknown))}; there are {', '.join(AXES)}")
    if told.one is not None:
        axis = AXES[told.axes[0]]
        print(json.dumps(measure(axis.config(told.one), axis.names(told.one), told.steps)))
        return
    path = RESULTS / "growth.json"
    record = read_json(path, LatebloomError) if path.exists() else {}
    for name in () if told.draw else told.axes or list(AXES):
        record[name] = measure_axis(name, told.most, told.steps)
        record = {one: record[one] for one in AXES if one in record}
        write_json(path, record)  # after each, so that one that is stopped keeps what it has
    written(record)


if __name__ == "__main__":
    main()
