"""Runs held beside each other: which settings they are of, and how each setting went.

Enters: folders of finished runs. Leaves: a `Comparison`: the runs grouped by everything in their
configs but the seed, each group named by what tells it from the others, with curves and a table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.studies.cells import Cell
from latebloom.studies.fields import short_name, words_of
from latebloom.studies.table import SweepTable, row_of
from latebloom.training.config import RunConfig
from latebloom.training.differences import flat
from latebloom.training.run_folder import RunFolder

SETTING = "setting"
"""The column of the table that names the setting."""
SEEDS = ("seed", "world_seed")
"""Fields that do not make a setting of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Runs of one or several settings."""

    table: SweepTable
    """A row for each run; its field is `setting`."""
    curves: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]
    """By setting: of each run its evaluations, as in `metrics.jsonl`."""
    judged: tuple[str, ...]
    """The held-out splits that all runs have, the judged ones first."""


def compare_runs(paths: Sequence[Path]) -> Comparison:
    """The comparison of finished runs.

    Raises: LatebloomError for a folder that holds none, or is named twice.
    """
    runs = [RunFolder.open(path) for path in paths]
    if len({run.path.resolve() for run in runs}) < len(runs):
        raise LatebloomError("a run is named twice")
    for run in runs:
        if not (run.path / "summary.json").exists():
            raise LatebloomError(f"{run.path} is not finished; compare it when it is")
    names = names_of([run.config() for run in runs])
    rows, curves = [], {}
    for run, name in zip(runs, names, strict=True):
        cell = Cell(name=str(run.path), config=run.config(), values={SETTING: name})
        rows.append(row_of(cell, run))
        curves.setdefault(name, []).append(list(run.metrics()))
    return Comparison(
        table=SweepTable(fields=(SETTING,), rows=tuple(rows)),
        curves=curves,
        judged=tested_by_all(runs),
    )


def names_of(configs: Sequence[RunConfig]) -> list[str]:
    """What tells each setting from the others: `phi=2, lr=0.01`.

    Runs of several recipes differ in nearly everything, so these are told apart by the recipe, and
    by fields only among runs of one.
    """
    recipes = [config.recipe for config in configs]
    told = [
        {name: value for name, value in flat(config).items() if name not in SEEDS}
        for config in configs
    ]
    names = []
    for recipe, one in zip(recipes, told, strict=True):
        alike = [other for other, of in zip(told, recipes, strict=True) if of == recipe]
        varied = [name for name in one if any(other.get(name) != one[name] for other in alike)]
        parts = [f"{short_name(name)}={words_of(one[name])}" for name in varied]
        several = len(set(recipes)) > 1
        names.append(
            " ".join(filter(None, (recipe if several or not parts else "", ", ".join(parts))))
        )
    return names


def tested_by_all(runs: Sequence[RunFolder]) -> tuple[str, ...]:
    """The held-out splits that all runs measured with at least one question."""
    common: dict[str, bool] = {}
    for run in runs:
        data = run.data()
        measured = run.summary()["splits"]
        here = {name: data.meaning(name).judged for name in data.tested if measured[name]["n"]}
        common = here if not common else {name: common[name] for name in common if name in here}
    return tuple(sorted(common, key=lambda name: not common[name]))
