"""The runs from which forecasts are fitted, those by which they are tested, and those of the law.

    python -m benchmarks.forecast_study --runs runs/forecast            (hours of one core)

Every run has a setting of its own: each field of it is drawn from a short list of values. The lists
of the fitting runs and those of the test runs share no value of phi, of the decay, of the rates, of
the sizes and of the width, so that no setting of a test run was seen in fitting. Fitting runs have
the seeds from 0 on, test runs those from 100 on.

Two kinds are drawn: `plain` transformers that know the facts of small worlds by heart before they
compose them, and `looped` ones, which compose outside as well. A third, `modular`, is the world for
which the published law was found: AdamW, a constant rate, nothing clipped.

All stop as soon as the held-out questions have been right for long enough. Several of these
commands may share a folder: each takes runs that nobody has taken.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.recipes.catalogue import FRESH, make_recipe
from latebloom.recipes.laws import weight_decay
from latebloom.studies.cells import Cell, grow_cells, grower_here
from latebloom.training.config import RunConfig
from latebloom.worlds.splits import is_test

SPARSE: Mapping[str, Any] = {"probe": 200, "checkpoint_every": 100_000, "keep": 1}
"""What all runs have: what is asked at an evaluation, and no checkpoint but the last."""


@dataclass(frozen=True, slots=True)
class Design:
    """The settings from which the runs of one kind are drawn.

    recipe: what all of them begin as. fixed: fields that all of them have. fitted, tested: the
    values from which each field is drawn for fitting and for the test. n_fitted, n_tested: runs.
    """

    name: str
    recipe: str
    fixed: Mapping[str, Any]
    fitted: Mapping[str, Sequence[Any]]
    tested: Mapping[str, Sequence[Any]]
    n_fitted: int
    n_tested: int

    def cells(self) -> list[Cell]:
        """All runs of the kind; always the same ones."""
        drawn = []
        for part, first in (("fit", 0), ("test", FRESH)):
            lists, n = (
                (self.fitted, self.n_fitted) if part == "fit" else (self.tested, self.n_tested)
            )
            rng = np.random.default_rng([first, len(self.name)])
            columns = {field: balanced(values, n, rng) for field, values in lists.items()}
            for i in range(n):
                values = {field: column[i] for field, column in columns.items()}
                config = self.config(values, first + i)
                drawn.append(Cell(name=f"{self.name}-{part}-{i:03d}", config=config, values=values))
        return drawn

    def config(self, values: Mapping[str, Any], seed: int) -> RunConfig:
        """The config of a run with these values."""
        config = make_recipe(self.recipe).with_seed(seed)
        for field, value in {**self.fixed, **values}.items():
            section, name = field.split(".")
            # Every entity has all relations; fewer of them than facts are refused on the way.
            more = {"out_degree": value} if field == "world.relations" else {}
            config = config.replace(section, **{name: value}, **more)
        return config.replace("train", **SPARSE)


def balanced(values: Sequence[Any], n: int, rng: np.random.Generator) -> list[Any]:
    """`n` values in random order, of which each stands there about equally often."""
    times = -(-n // len(values))
    return [values[i % len(values)] for i in rng.permutation(times * len(values))[:n]]


PLAIN = Design(
    name="plain",
    recipe="bloom",
    fixed={
        "world.ood_frac": 0.1,
        "world.test_id_frac": 0.15,
        "world.valid_frac": 0.4,
        "train.batch_size": 192,
        "train.eval_every": 20,
        "train.until": "test_id>=0.9",
    },
    fitted={
        "world.entities": (12, 16, 20),
        "world.relations": (12, 14, 16),
        "world.phi": (6.5, 8.0, 9.0),
        "model.d_model": (48, 64),
        "train.weight_decay": (0.3, 0.6, 1.0),
        "train.lr": (4e-3, 1e-2),
        "train.muon_lr": (0.02, 0.04),
        "train.steps": (450, 600, 750),
    },
    tested={
        "world.entities": (14, 18),
        "world.relations": (13, 15),
        "world.phi": (7.2, 8.5),
        "model.d_model": (56,),
        "train.weight_decay": (0.45, 0.8),
        "train.lr": (5e-3, 8e-3),
        "train.muon_lr": (0.025, 0.035),
        "train.steps": (500, 700),
    },
    n_fitted=36,
    n_tested=12,
)
"""Plain transformers on the data as they lie, with Muon, as `bloom`."""

LOOPED = Design(
    name="looped",
    recipe="bloom-looped",
    fixed={
        "world.test_id_frac": 0.15,
        "world.valid_frac": 0.4,
        "train.batch_size": 192,
        "train.eval_every": 5,
        "train.until": "test_id>=0.9 and test_ood>=0.9",
    },
    fitted={
        "world.entities": (30, 45, 60),
        "world.relations": (8, 12),
        "world.ood_frac": (0.1, 0.2),
        "world.phi": (0.3, 1.0, 2.0, 4.0),
        "model.d_model": (32, 48, 64),
        "model.window": (0, 2, 2),
        "train.weight_decay": (0.03, 0.1, 0.3),
        "train.lr": (2e-3, 5e-3, 1e-2),
        "train.muon_lr": (0.005, 0.01, 0.02),
        "train.steps": (150, 200, 300),
    },
    tested={
        "world.entities": (36, 52),
        "world.relations": (9, 11),
        "world.ood_frac": (0.15,),
        "world.phi": (0.6, 1.5, 3.0),
        "model.d_model": (40, 56),
        "model.window": (0, 2, 2),
        "train.weight_decay": (0.06, 0.2),
        "train.lr": (3e-3, 7e-3),
        "train.muon_lr": (0.007, 0.014),
        "train.steps": (180, 250),
    },
    n_fitted=66,
    n_tested=24,
)
"""Looped models, with Muon, as `composition` and `bloom-looped`."""


def modular_cells() -> list[Cell]:
    """Sums modulo 97 with AdamW at a constant rate: six settings, and two seeds of each."""
    base = weight_decay().replace("train", **SPARSE)
    base = base.replace("train", steps=2000, eval_every=20, grad_clip=0.0, until="test_id>=0.9")
    found = []
    for seed in (0, FRESH):
        for rate in (2e-3, 4e-3):
            for decay in (0.5, 1.0, 2.0):
                config = base.with_seed(seed).replace("train", lr=rate, weight_decay=decay)
                values = {"train.lr": rate, "train.weight_decay": decay}
                name = f"modular-lr{rate:g}-decay{decay:g}-seed{seed}"
                found.append(Cell(name=name, config=config, values=values))
    return found


def cells() -> list[Cell]:
    """All runs, those of one kind after those of another, the cheapest first; within a kind in an
    order in which fit and test grow at the same pace."""
    rng = np.random.default_rng(0)
    parts = (LOOPED.cells(), modular_cells(), PLAIN.cells())
    return [part[i] for part in parts for i in rng.permutation(len(part))]


def grow_study(made: Sequence[Cell], runs: Path) -> None:
    """Grows what is not there yet, and says of each run how it ended."""
    for grown in grow_cells(made, runs, grower_here(threads=1, device="cpu")):
        if grown.run is None:
            print(grown.cell.name, grown.error, flush=True)
            continue
        summary = grown.run.summary()
        held = [summary["splits"][s]["accuracy"] for s in summary["splits"] if is_test(s)]
        print(grown.cell.name, summary["steps"], *(f"{share:.2f}" for share in held), flush=True)


def main() -> None:
    """Grows the study."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/forecast"))
    parser.add_argument("--backwards", action="store_true", help="begin with the last run")
    told = parser.parse_args()
    grow_study(cells()[::-1] if told.backwards else cells(), told.runs)


if __name__ == "__main__":
    main()
