"""What stacking gains: N runs of one shape as one program, beside the same runs one after another.

    python -m benchmarks.stacked [--device cpu] [--steps 20] [--runs 1 4 16]

Prints, for each recipe and number of runs, milliseconds of a step of all of them, stacked and
apart, as a table in Markdown. Processor time on a CPU, so that neighbours count little; wall time
elsewhere.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch

from latebloom.model.transformer import Transformer
from latebloom.recipes.catalogue import make_recipe
from latebloom.training.config import RunConfig
from latebloom.training.feed import make_feed
from latebloom.training.loop import train_step
from latebloom.training.optimizers import lr_scale, make_optimizers, ready_to_schedule, set_lr
from latebloom.training.stacked import Stack
from latebloom.worlds.build import build_world
from latebloom.worlds.data import Data

RECIPES = {
    "modular, width 64, 1,024 rows": ("modular", {}),
    "modular, width 32, 64 rows": ("modular", {"batch_size": 64, "d_model": 32}),
    "composition, width 128, 256 rows": ("composition", {}),
    "composition, width 32, 32 rows": ("composition", {"batch_size": 32, "d_model": 32}),
}
"""What is trained: a recipe, and what is changed in it."""


def configs_of(recipe: str, changes: dict[str, int], n: int) -> list[RunConfig]:
    """The same recipe with n seeds."""
    config = make_recipe(recipe)
    changed = {name: value for name, value in changes.items() if name == "d_model"}
    config = replace(config, model=replace(config.model, dropout=0.0, **changed))
    rows = changes.get("batch_size", config.train.batch_size)
    config = config.replace("train", batch_size=rows, precision="float32")
    return [config.with_seed(seed) for seed in range(n)]


def apart(
    configs: list[RunConfig], datas: list[Data], device: torch.device
) -> Callable[[int], None]:
    """A step of each run, one after another, as the loop takes it."""
    runs = []
    for config, data in zip(configs, datas, strict=True):
        torch.manual_seed(config.seed)
        model = Transformer(config.model, len(data.vocabulary)).to(device)
        optimizers = ready_to_schedule(make_optimizers(model, config.train))
        runs.append((config, model, optimizers, make_feed(config, data, device)))

    def step(number: int) -> None:
        for config, model, optimizers, feed in runs:
            set_lr(optimizers, lr_scale(number, config.train))
            batch = feed.batch(number)
            train_step(model, optimizers, batch, feed.loss, config.train.grad_clip, None)

    return step


def milliseconds(step: Callable[[int], object], steps: int, device: torch.device) -> float:
    """The median time of a step, after two that are not counted."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    found = []
    for number in range(1, steps + 3):
        began = clock()
        step(number)
        if device.type != "cpu":
            torch.accelerator.synchronize()
        found.append(clock() - began)
    return median(found[2:]) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--runs", type=int, nargs="+", default=[1, 4, 16])
    told = parser.parse_args()
    device = torch.device(told.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    print("| what | runs | apart, ms | stacked, ms | times faster |\n|---|---|---|---|---|")
    for name, (recipe, changes) in RECIPES.items():
        for n in told.runs:
            configs = configs_of(recipe, changes, n)
            datas = [build_world(one.world, one.world_seed, lambda _: None) for one in configs]
            alone = milliseconds(apart(configs, datas, device), told.steps, device)
            stack = Stack(configs, datas, device)
            together = milliseconds(stack.step, told.steps, device)
            ratio = alone / together
            print(f"| {name} | {n} | {alone:.1f} | {together:.1f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
