"""Accelerators held against each other on `modular`, each with the same tuning budget.

Enters: a folder. Leaves: a run folder for each cell in it, and `accelerators.json`. Every contender
is AdamW (or Muon) with one accelerator at its published settings; learning rate and weight decay
are swept over the same grid for each, AdamW alone included, on one tuning seed. What kept .99 of
the validation split first is grown on fresh seeds, where a run stops when it keeps .99 of its own
validation split, and that step is reported. A run that never
kept .99 counts as later than all that did: nothing is left out.

The world is that of most published comparisons: a + b modulo 97, by a plain transformer of one
layer. It is smaller (width 64, batches of 512) so that all of it takes some minutes of one core.

Source: the papers that latebloom.training.accelerators names; that an advantage over AdamW can go
away over a wider sweep is the reason for the sweep.
"""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.errors import RunFolderError
from latebloom.files import read_json, write_json
from latebloom.recipes.catalogue import FRESH, make_recipe
from latebloom.studies.cells import Cell, Grower, grow_cells, grower_here
from latebloom.training.config import MUON_LR, RunConfig
from latebloom.training.listener import Listener
from latebloom.training.milestones import LEVEL, sustained_step
from latebloom.training.run_folder import RunFolder, environment
from latebloom.worlds.classic.table import ModularConfig
from latebloom.worlds.splits import Split, as_valid

NAME = "accelerators"
RECORD = "accelerators.json"
TUNED_ON = 0
"""The seed on which rate and decay are chosen."""
RATES = (1e-3, 2e-3, 4e-3)
DECAYS = (0.3, 1.0)
STEPS = 1000
"""Steps at most; who has not grokked by then did not grok."""
CHOOSING = as_valid(Split.TEST_ID)
"""The held-out split that steps are told by. On fresh seeds it chooses nothing; it only says when
to stop, and the test split is not looked at after that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One way to train.

    settings: fields of `train` that make it. rate: the field that is swept, over `rates`.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    rate: str = "lr"
    rates: tuple[float, ...] = RATES

    def cells(self) -> list[Cell]:
        """Its tuning runs, one for each rate and decay."""
        return [
            self.cell(TUNED_ON, {self.rate: rate, "weight_decay": decay})
            for rate, decay in itertools.product(self.rates, DECAYS)
        ]

    def cell(self, seed: int, values: Mapping[str, float]) -> Cell:
        """One run of it."""
        config = small().replace("train", **{**self.settings, **values}).with_seed(seed)
        tuned = "-".join(f"{value:g}" for value in values.values())
        return Cell(name=f"{self.name}-{tuned}-seed{seed}", config=config, values=values)


BASELINE = Contender(name="adamw")
CONTENDERS = (
    BASELINE,
    Contender(name="grokfast-ema", settings={"grokfast": "ema"}),
    Contender(
        name="muon",
        settings={"optimizer": "muon", "lr": 3e-3},
        rate="muon_lr",
        rates=(MUON_LR / 2, MUON_LR, 2 * MUON_LR),
    ),
    Contender(name="row-norm", settings={"row_norm": 1.0}),
    Contender(name="orthogonal", settings={"orthogonal_grad": True}),
    Contender(name="stablemax", settings={"stablemax": True}),
    Contender(name="decay-to-start", settings={"decay_to": "start"}),
    Contender(name="embed-lr", settings={"embed_lr": 3.0}),
    Contender(name="grokfast-ma", settings={"grokfast": "ma", "grokfast_weight": 5.0}),
)
"""Who is compared; the first is the baseline."""


def small() -> RunConfig:
    """What all have in common."""
    config = make_recipe("modular")
    return replace(
        config,
        recipe=NAME,
        world=ModularConfig(),
        train=replace(
            config.train,
            steps=STEPS,
            batch_size=512,
            optimizer="adamw",
            beta2=0.98,
            warmup_steps=10,
            eval_every=20,
            probe=300,
            checkpoint_every=STEPS,
            keep=1,
            until=f"{CHOOSING}>={LEVEL}",
        ),
    )


@dataclass(frozen=True, slots=True)
class Reached:
    """When one run grokked.

    first, sustained: the step at which .99 of a split was reached, and from which it was kept.
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
    Raises: LatebloomError for a folder that holds something else; KeyboardInterrupt.
    """
    timed = Timed(grower_here(listener=listener, device="cpu", threads=threads))
    rows: list[dict[str, Any]] = []
    record: dict[str, Any] = {}
    for contender in contenders:
        tuning = contender.cells()
        runs = {grown.cell.name: grown for grown in grow_cells(tuning, out, timed, on_cell=on_cell)}
        best = min(tuning, key=lambda cell: rank_of(runs[cell.name].run))
        fresh = [contender.cell(seed, best.values) for seed in range(FRESH, FRESH + seeds)]
        reached = [
            when_grokked(grown.run, CHOOSING, timed.seconds(out / grown.cell.name))
            if grown.run
            else Reached(grown.cell.seed, None, None, None)
            for grown in grow_cells(fresh, out, timed, on_cell=on_cell)
        ]
        rows.append(row_of(contender, best, runs, reached, rows))
        record = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": environment(),
            "config": small().to_toml(),
            "tuned_on": TUNED_ON,
            "level": LEVEL,
            "contenders": rows,
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


def rank_of(run: RunFolder | None) -> tuple[float, float]:
    """Where a tuning run stands: by the step of .99, then by its last accuracy; lower is better."""
    if run is None:
        return (np.inf, 0.0)
    records = list(run.metrics())
    step = sustained_step(records, CHOOSING, LEVEL)
    return (np.inf if step is None else step, -records[-1]["accuracy"][CHOOSING])


def when_grokked(run: RunFolder, split: str, seconds: float | None) -> Reached:
    """When a finished run reached and kept .99 of a split."""
    records = list(run.metrics())
    first = next((r["step"] for r in records if r["accuracy"][split] >= LEVEL), None)
    sustained = sustained_step(records, split, LEVEL)
    share = None if sustained is None else sustained / records[-1]["step"]
    cost = None if seconds is None or share is None else round(seconds * share, 2)
    return Reached(run.summary()["seed"], first, sustained, cost)


def row_of(
    contender: Contender,
    best: Cell,
    tuning: Mapping[str, Any],
    reached: Sequence[Reached],
    before: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """A contender's row in the record; `before` begins with the baseline's."""
    steps = [one.order for one in reached]
    baseline = [np.inf if s is None else s for s in before[0]["sustained"]] if before else steps
    middle, usual = float(np.median(steps)), float(np.median(baseline))
    both = np.isfinite(middle) and np.isfinite(usual)
    grown = [name for name, one in tuning.items() if np.isfinite(rank_of(one.run)[0])]
    return {
        "name": contender.name,
        "settings": dict(contender.settings),
        "chosen": dict(best.values),
        "tuning_runs": len(tuning),
        "tuning_grokked": len(grown),
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
    chosen = itertools.combinations(range(len(values)), len(sooner))
    sums = np.array([ranks[list(some)].sum() for some in chosen])
    return float((sums <= found + 1e-9).mean())
