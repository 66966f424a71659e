"""Accelerators held against each other on one ground, each with the same tuning budget.

Enters: a folder, a `Ground`. Leaves: a run folder for each cell in it, and `accelerators.json`.
Every contender is AdamW (or Muon) with one accelerator at its published settings; learning rate and
weight decay are swept over a grid of the same size for each, AdamW alone included, on one tuning
seed. What kept the level of the validation split first is grown on fresh seeds, where a run stops
when it keeps it, and that step is reported. A run that never kept it counts as later than all that
did: nothing is left out.

The usual ground is the world of most published comparisons: a + b modulo 97, by a plain transformer
of one layer. It is smaller (width 64, batches of 512), so that a run takes some ten seconds of one
core. `latebloom.studies.grounds` has the others.

Source: the papers that latebloom.training.accelerators names; that an advantage over AdamW can go
away over a wider sweep is the reason for the sweep.
"""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.errors import LatebloomError, RunFolderError
from latebloom.files import read_json, write_json
from latebloom.recipes.catalogue import FRESH
from latebloom.studies.cells import Cell, Grower, State, grow_cells, grower_here, state_of
from latebloom.studies.grounds import USUAL, Ground
from latebloom.training.listener import Listener
from latebloom.training.milestones import first_step, sustained_step
from latebloom.training.run_folder import RunFolder, environment

RECORD = "accelerators.json"
TUNED_ON = 0
"""The seed on which rate and decay are chosen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One way to train.

    settings: fields of `train` that make it. rate: the field that is swept over the rates of the
    ground. rates, decays: by what its rates and decays are multiplied; 1: those that all others
    have.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    rate: str = "lr"
    rates: float = 1.0
    decays: float = 1.0

    def cells(self, ground: Ground) -> list[Cell]:
        """Its tuning runs, one for each rate and decay."""
        return [
            self.cell(
                ground,
                TUNED_ON,
                {self.rate: rate * self.rates, "weight_decay": decay * self.decays},
            )
            for rate, decay in itertools.product(ground.rates[self.rate], ground.decays)
        ]

    def cell(self, ground: Ground, seed: int, values: Mapping[str, float]) -> Cell:
        """One run of it."""
        config = ground.config().replace("train", **{**self.settings, **values}).with_seed(seed)
        tuned = "-".join(f"{value:g}" for value in values.values())
        return Cell(name=f"{self.name}-{tuned}-seed{seed}", config=config, values=values)


LITTLE = 0.01
"""Decays a hundred times smaller, near what Grokfast was published with (.005)."""
CONTENDERS = (
    Contender(name="adamw"),
    Contender(name="muon", settings={"optimizer": "muon"}, rate="muon_lr"),
    Contender(name="row-norm", settings={"row_norm": 1.0}),
    Contender(name="grokfast-ema", settings={"grokfast": "ema"}),
    Contender(name="orthogonal", settings={"orthogonal_grad": True}),
    Contender(name="stablemax", settings={"stablemax": True}),
    Contender(name="embed-lr", settings={"embed_lr": 3.0}),
    Contender(name="grad-norm", settings={"grad_clip": 0.1}),
    Contender(name="larger-decay", decays=3.0),
    Contender(name="decay-to-start", settings={"decay_to": "start"}),
    Contender(name="grokfast-ma", settings={"grokfast": "ma", "grokfast_weight": 5.0}),
    Contender(name="grokfast-ema-little-decay", settings={"grokfast": "ema"}, decays=LITTLE),
    Contender(name="orthogonal-little-decay", settings={"orthogonal_grad": True}, decays=LITTLE),
    Contender(name="muon-all", settings={"optimizer": "muon-all"}, rate="muon_lr"),
    Contender(name="lion", settings={"optimizer": "lion"}, rates=0.1, decays=10.0),
    Contender(
        name="lion-row-norm",
        settings={"optimizer": "lion", "row_norm": 1.0},
        rates=0.1,
        decays=LITTLE,
    ),
    Contender(name="logit-temperature", settings={"logit_temperature": 4.0}),
)
"""Who is compared; the first is the baseline. `grad-norm` cuts gradients to a tenth of the usual
norm, so that nearly all of them have the same."""


def find_contenders(names: Sequence[str]) -> list[Contender]:
    """Those of these names, the baseline first; without names all.

    Raises: LatebloomError for a name that there is not.
    """
    known = [one.name for one in CONTENDERS]
    for name in names:
        if name not in known:
            raise LatebloomError(f"there is no contender {name!r}; there are {', '.join(known)}")
    wanted = {known[0], *names} if names else set(known)
    return [one for one in CONTENDERS if one.name in wanted]


def tuning_states(ground: Ground, out: Path) -> list[tuple[Cell, State]]:
    """The runs by which all contenders are tuned, and how far each is in a folder.

    Raises: LatebloomError if something else is in its place.
    """
    cells = [cell for contender in CONTENDERS for cell in contender.cells(ground)]
    return [(cell, state_of(cell, out / cell.name)) for cell in cells]


@dataclass(frozen=True, slots=True)
class Reached:
    """When one run grokked.

    first, sustained: the step at which a level of a split was reached, and from which it was kept.
    seconds: processor time up to `sustained`, its share of the whole run by steps.
    """

    seed: int
    first: int | None
    sustained: int | None
    seconds: float | None

    @property
    def order(self) -> float:
        """The step by which runs are put in order; one that did not grok comes last."""
        return np.inf if self.sustained is None else self.sustained


def compare(
    out: Path,
    *,
    ground: Ground = USUAL,
    seeds: int = 5,
    contenders: Sequence[Contender] = CONTENDERS,
    listener: Listener | None = None,
    threads: int = 1,
    on_cell: Callable[[int, int, str], None] = lambda done, total, name: None,
    on_record: Callable[[dict[str, Any]], None] = lambda record: None,
) -> dict[str, Any]:
    """Grows what is not there yet, contender by contender; writes and returns the record.

    seeds: fresh ones for each contender, from 100 on. on_record: is given the record so far after
    every contender.
    Raises: LatebloomError for a folder that holds something else, or no seed; KeyboardInterrupt.
    """
    if seeds < 1:
        raise LatebloomError(f"--seeds is {seeds}; it must be at least 1")
    timed = Timed(grower_here(listener=listener, device="cpu", threads=threads))
    rows: list[dict[str, Any]] = []
    record: dict[str, Any] = {}
    for contender in contenders:
        tuning = contender.cells(ground)
        runs = {grown.cell.name: grown for grown in grow_cells(tuning, out, timed, on_cell=on_cell)}
        best = min(tuning, key=lambda cell: rank_of(runs[cell.name].run, ground))
        fresh = [contender.cell(ground, seed, best.values) for seed in range(FRESH, FRESH + seeds)]
        reached = [
            when_grokked(grown.run, ground, timed.seconds(out / grown.cell.name))
            if grown.run
            else Reached(grown.cell.seed, None, None, None)
            for grown in grow_cells(fresh, out, timed, on_cell=on_cell)
        ]
        grokked = sum(np.isfinite(rank_of(one.run, ground)[0]) for one in runs.values())
        rows.append(row_of(contender, best, len(runs), int(grokked), reached, rows))
        record = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": environment(),
            "world": ground.name,
            "about": ground.about,
            "config": ground.config().to_toml(),
            "tuned_on": TUNED_ON,
            "split": ground.split,
            "level": ground.level,
            "contenders": rows,
            "not_grown": [one.name for one in CONTENDERS if one.name not in told_in(rows)],
        }
        write_json(out / RECORD, record)
        on_record(record)
    return record


class Timed:
    """A grower that writes down the processor time of every run beside its folder."""

    def __init__(self, grower: Grower) -> None:
        self.grower = grower

    def __call__(self, cell: Cell, path: Path) -> None:
        began = time.process_time()
        self.grower(cell, path)
        write_json(self.place(path), {"seconds": time.process_time() - began})

    def place(self, path: Path) -> Path:
        return path.with_name(f".{path.name}.seconds.json")

    def seconds(self, path: Path) -> float | None:
        """The processor time of a run; of one that was resumed that of its last part."""
        place = self.place(path)
        return read_json(place, RunFolderError)["seconds"] if place.exists() else None


def told_in(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """The contenders that have a row."""
    return {row["name"] for row in rows}


def rank_of(run: RunFolder | None, ground: Ground) -> tuple[float, float]:
    """Where a tuning run stands: by the step of the level, then by its last accuracy; lower is
    better."""
    if run is None:
        return (np.inf, 0.0)
    records = list(run.metrics())
    step = sustained_step(records, ground.split, ground.level)
    return (np.inf if step is None else step, -records[-1]["accuracy"][ground.split])


def when_grokked(run: RunFolder, ground: Ground, seconds: float | None) -> Reached:
    """When a finished run reached and kept the level of the ground."""
    records = list(run.metrics())
    first = first_step(records, ground.split, ground.level)
    sustained = sustained_step(records, ground.split, ground.level)
    share = None if sustained is None else sustained / records[-1]["step"]
    cost = None if seconds is None or share is None else round(seconds * share, 2)
    return Reached(run.summary()["seed"], first, sustained, cost)


def row_of(
    contender: Contender,
    best: Cell,
    tuned: int,
    tuned_grokked: int,
    reached: Sequence[Reached],
    before: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """A contender's row in the record; `before` begins with the baseline's.

    tuned, tuned_grokked: tuning runs, and how many of them got there.
    """
    steps = [one.order for one in reached]
    baseline = [np.inf if s is None else s for s in before[0]["sustained"]] if before else steps
    middle, usual = float(np.median(steps)), float(np.median(baseline))
    both = np.isfinite(middle) and np.isfinite(usual)
    return {
        "name": contender.name,
        "settings": dict(contender.settings),
        "chosen": dict(best.values),
        "tuning_runs": tuned,
        "tuning_grokked": tuned_grokked,
        "seeds": [one.seed for one in reached],
        "first": [one.first for one in reached],
        "sustained": [one.sustained for one in reached],
        "seconds": [one.seconds for one in reached],
        "grokked": sum(one.sustained is not None for one in reached),
        "median_step": middle if np.isfinite(middle) else None,
        "times_faster": round(usual / middle, 3) if both and before else None,
        "p_faster": round(rank_sum(steps, baseline), 4) if before else None,
    }


def rank_sum(sooner: Sequence[float], later: Sequence[float]) -> float:
    """The exact one-sided p of Wilcoxon's rank-sum test: how often `sooner` would have ranks as low
    as these if all runs were alike. Equal values share their mean rank; infinite ones are last."""
    values = np.array([*sooner, *later])
    ranks = np.array([(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values])
    found = ranks[: len(sooner)].sum()
    # How many choices of so many runs have each sum; twice the ranks are whole numbers.
    doubled = np.rint(2 * ranks).astype(int)
    ways = np.zeros((len(sooner) + 1, int(doubled.sum()) + 1))
    ways[0, 0] = 1
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank]
    sums = ways[len(sooner)]
    return float(sums[: round(2 * found) + 1].sum() / sums.sum())
