"""What a machine can do: versions, threads, load, and how fast it multiplies and trains.

Enters: a device. Leaves: figures that a report of a fault, or of a speed, should carry.

Covers: the default recipe's step and square matrix products, a second or two of work. Does not
cover: memory. A busy machine is measured as it is, so its load is among the figures.
"""

import os
import platform
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode

from latebloom.model.transformer import Transformer
from latebloom.recipes.catalogue import make_recipe
from latebloom.spinning import spinning_in_words
from latebloom.training.config import RunConfig
from latebloom.training.device import autocast_dtype, choose_device
from latebloom.training.feed import make_feed
from latebloom.training.loop import train_step
from latebloom.training.optimizers import make_optimizers
from latebloom.worlds.build import build_world
from latebloom.worlds.data import Data

SIZE = 512
"""Rows and columns of the matrices that are multiplied."""
TIMES = 9
"""How often a piece of work is timed, after once that is not counted."""
ENOUGH_SECONDS = 1.0
"""It is not timed again after so long: bf16 can be a hundred times slower without units for it."""
DTYPES: Mapping[str, torch.dtype] = {"float32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What was found.

    device: the type that a run takes by default. load: processes that want a core, the mean of a
    minute; None where the system does not tell. products: GFLOP/s of a matrix product, by dtype.
    step_gflop, step_seconds: operations of one training step of `recipe`, and its median time.
    step_dtype: what its products are computed in. missing: packages that are not installed, by
    extra; an extra that has all of its packages stands with an empty tuple.
    """

    versions: Mapping[str, str]
    platform: str
    device: str
    cores: int
    threads: int
    spinning: str
    load: float | None
    products: Mapping[str, float]
    recipe: str
    step_gflop: float
    step_seconds: float
    step_dtype: str
    missing: Mapping[str, tuple[str, ...]]

    @property
    def share(self) -> float:
        """The part of the matrix product's speed that a training step reaches, about 0 to 1."""
        return self.step_gflop / self.step_seconds / self.products[self.step_dtype]


def examine_machine(device: str = "auto", recipe: str = "composition") -> Machine:
    """Measures this machine.

    Raises: LatebloomError for a device that is not there.
    """
    place = choose_device(device)
    products = {name: product_speed(dtype, place) for name, dtype in DTYPES.items()}
    gflop, seconds, dtype = step_speed(make_recipe(recipe), place)
    return Machine(
        versions={
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in ("latebloom", "torch", "numpy")},
        },
        platform=platform.platform(),
        device=place.type,
        cores=usable_cores(),
        threads=torch.get_num_threads(),
        spinning=spinning_in_words(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        products=products,
        recipe=recipe,
        step_gflop=gflop,
        step_seconds=seconds,
        step_dtype=dtype,
        missing=missing_extras(),
    )


def usable_cores() -> int:
    """Cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def product_speed(dtype: torch.dtype, device: torch.device) -> float:
    """GFLOP/s of a square matrix product."""
    a = torch.ones(SIZE, SIZE, dtype=dtype, device=device)
    seconds = timed(lambda: a @ a, device)
    return 2 * SIZE**3 / seconds / 1e9


def step_speed(
    config: RunConfig, device: torch.device, data: Data | None = None
) -> tuple[float, float, str]:
    """GFLOP and median seconds of a training step, and the dtype of its products.

    data: what the config describes, where it was made before.
    """
    data = data or build_world(config.world, config.world_seed, lambda _: None)
    feed = make_feed(config, data, device)
    model = Transformer(config.model, len(data.vocabulary)).to(device)
    optimizers = make_optimizers(model, config.train)
    autocast = autocast_dtype(config.train.precision, device, config.model.d_model)

    def step() -> None:
        train_step(model, optimizers, feed.batch(1), feed.loss, config.train.grad_clip, autocast)

    with FlopCounterMode(display=False) as counted:
        step()
    name = "bf16" if autocast is torch.bfloat16 else "float32"
    return counted.get_total_flops() / 1e9, timed(step, device), name


def timed(work: Callable[[], object], device: torch.device) -> float:
    """The median seconds of `work` over at most `TIMES` times, after one that is not counted."""
    seconds: list[float] = []
    while len(seconds) <= TIMES and (len(seconds) < 2 or sum(seconds) < ENOUGH_SECONDS):
        began = time.perf_counter()
        work()
        if device.type != "cpu":
            torch.accelerator.synchronize()
        seconds.append(time.perf_counter() - began)
    return median(seconds[1:])


def missing_extras() -> dict[str, tuple[str, ...]]:
    """By extra of latebloom, its packages that are not installed."""
    missing: dict[str, tuple[str, ...]] = {}
    for line in metadata.requires("latebloom") or ():
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", line)
        package = re.match(r"[\w.-]+", line)
        if extra and package:
            name = extra.group(1)
            lacks = () if is_installed(package.group()) else (package.group(),)
            missing[name] = (*missing.get(name, ()), *lacks)
    return missing


def is_installed(package: str) -> bool:
    """Whether a distribution of this name is there."""
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
