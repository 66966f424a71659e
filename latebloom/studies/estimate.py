"""What a sweep will take: processor time and memory, before anything is grown.

Enters: the cells that are not finished yet. Leaves: an `Estimate`. Time is measured here: of each
setting (the first `MOST` of them, and no more once that took `ENOUGH` seconds) the world is made, a
few steps are trained and one evaluation is run, and that is multiplied by the numbers of steps and
evaluations. The others count by their work: layers x width squared x batch x steps. Memory is what
the catalogue measured for the recipe.

Covers: an upper bound, since a run may stop earlier by its rule. Does not cover: memory of a recipe
that the catalogue has not measured, or of one whose sizes were changed by much.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from latebloom.errors import LatebloomError, is_out_of_memory
from latebloom.evaluation.scores import follow, score
from latebloom.model.transformer import Transformer
from latebloom.recipes.catalogue import RECIPES
from latebloom.studies.cells import Cell
from latebloom.studies.grow import CHOICES
from latebloom.studies.machine import step_speed, usable_cores
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.start import StartConfig
from latebloom.worlds.build import build_world

MOST = 6
"""Settings that are measured at most; the others count by their work."""
ENOUGH = 60.0
"""Seconds of measuring after which no further setting is measured: a step as papers train it may
take half a minute."""
USUAL_MIB = 600
"""Memory that a recipe is taken to need where it was not measured: most in the catalogue do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What the cells that are not finished will take."""

    cells: int
    """How many they are."""
    seconds: float | None
    """Processor time of all of them at most; None if no setting could be measured."""
    workers: int
    """Processes that fit on this machine, by its cores and its free memory."""
    mib: int | None
    """Memory of each; None where the catalogue has not measured it."""
    catalogue_seconds: int | None
    """Processor time of one run of the recipe, unchanged, on the catalogue's machine."""
    steps: int
    """Training steps of all of them at most."""
    parameters: tuple[int, int] | None
    """Of the smallest and the largest model that was measured; None if none was."""

    @property
    def hours(self) -> float | None:
        """How long all of it lasts with that many workers, in hours."""
        return None if self.seconds is None else self.seconds / self.workers / 3600

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        return asdict(self)


def estimate(
    cells: Sequence[Cell], *, device: str = "auto", workers: int = 0, threads: int = 1
) -> Estimate:
    """What these cells will take.

    workers: processes that grow them; 0 for as many as fit. threads: of each; 0 for torch's choice.
    """
    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    try:
        return measured(cells, device, workers)
    finally:
        torch.set_num_threads(before)


def measured(cells: Sequence[Cell], device: str, workers: int) -> Estimate:
    """The estimate, with the threads that there are."""
    cost = RECIPES[cells[0].config.recipe].cost if known(cells) else None
    settings: dict[str, int] = {}
    for cell in cells:
        # Neither the seed nor the weights that a run begins with change what a step takes.
        config = replace(cell.config.with_seed(cells[0].seed), start=StartConfig())
        settings[config.to_toml()] = settings.get(config.to_toml(), 0) + 1
    configs = {text: RunConfig.from_toml(text) for text in settings}
    found = measured_settings(configs, device)
    total = None
    if found:
        pace = fmean(one.seconds / work_of(configs[text]) for text, one in found.items())
        total = sum(
            n * (found[text].seconds if text in found else pace * work_of(configs[text]))
            for text, n in settings.items()
        )
    sizes = [one.parameters for one in found.values()]
    return Estimate(
        cells=len(cells),
        seconds=total,
        workers=workers or how_many_fit(cells, device),
        mib=(cost.mib or None) if cost else None,
        catalogue_seconds=(cost.seconds or None) if cost else None,
        steps=sum(cell.config.train.steps for cell in cells),
        parameters=(min(sizes), max(sizes)) if sizes else None,
    )


def known(cells: Sequence[Cell]) -> bool:
    """Whether the cells are of a recipe in the catalogue."""
    return bool(cells) and cells[0].config.recipe in RECIPES


def work_of(config: RunConfig) -> float:
    """What a run has to compute, in units that are alike for runs of one kind of world."""
    model, train = config.model, config.train
    layers = model.n_layers * model.n_loops
    return float(layers * model.d_model**2 * train.batch_size * train.steps)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one setting: processor time of a run to its last step, and the size of
    its model."""

    seconds: float
    parameters: int


def measured_settings(configs: Mapping[str, RunConfig], device: str) -> dict[str, Measured]:
    """What could be measured of the first settings, by their names."""
    found: dict[str, Measured] = {}
    began = time.perf_counter()
    for name in [*configs][:MOST]:
        one = measure(configs[name], device)
        if one:
            found[name] = one
        if time.perf_counter() - began > ENOUGH:
            break
    return found


def measure(config: RunConfig, device: str) -> Measured | None:
    """What one run takes; None if its world cannot be made or trained."""
    place, train = choose_device(device), config.train
    began = time.perf_counter()
    try:
        data = build_world(config.world, config.world_seed, lambda _: None)
        making = time.perf_counter() - began
        _, step, _ = step_speed(config, place, data)
        model = Transformer(config.model, len(data.vocabulary)).to(place)
        began = time.perf_counter()
        score(model, data, probe=train.probe)
        follow(model, data, probe=CHOICES, splits=data.tested)
        evaluation = time.perf_counter() - began
    except (LatebloomError, MemoryError, RuntimeError) as error:
        if not (isinstance(error, LatebloomError) or is_out_of_memory(error)):
            raise
        return None
    evaluations = train.steps // train.eval_every + 2
    return Measured(
        making + train.steps * step + evaluations * evaluation,
        sum(parameter.numel() for parameter in model.parameters()),
    )


def how_many_fit(cells: Sequence[Cell], device: str = "auto") -> int:
    """Worker processes for these cells: no more than cells, cores, or what the memory holds.

    A GPU is given to one process at a time.
    """
    if choose_device(device).type != "cpu":
        return 1
    mib = (RECIPES[cells[0].config.recipe].cost.mib if known(cells) else 0) or USUAL_MIB
    free = free_mib()
    room = usable_cores() if free is None else min(usable_cores(), free // mib)
    return max(1, min(len(cells), room))


def free_mib() -> int | None:
    """Memory that is free on this machine, in MiB; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        told = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(told.split()[1]) // 1024
    except (OSError, StopIteration, ValueError):
        try:
            free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        except (AttributeError, OSError, ValueError):
            return None
    return min(free, *allowed_mib())


def allowed_mib() -> list[int]:
    """What a container leaves of its limit, in MiB, if there is one."""
    group = Path("/sys/fs/cgroup")
    try:
        most = int((group / "memory.max").read_text())
        return [(most - int((group / "memory.current").read_text())) // 2**20]
    except (OSError, ValueError):
        return [2**40]
