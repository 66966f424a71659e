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
    told = [without_seeds(run) for run in runs]
    varied = [
        name
        for name in dict.fromkeys(name for one in told for name in one)
        if any(one.get(name) != told[0].get(name) for one in told)
    ]
    names = [name_of(run, one, varied) for run, one in zip(runs, told, strict=True)]
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


def without_seeds(run: RunFolder) -> dict[str, Any]:
    """The fields of a run's config, but for its seeds."""
    return {name: value for name, value in flat(run.config()).items() if name not in SEEDS}


def name_of(run: RunFolder, told: Mapping[str, Any], varied: Sequence[str]) -> str:
    """What tells a run's setting from the others: `phi=2, lr=0.01`."""
    parts = [f"{short_name(name)}={words_of(told[name])}" for name in varied if name in told]
    return ", ".join(parts) or run.config().recipe


def tested_by_all(runs: Sequence[RunFolder]) -> tuple[str, ...]:
    """The held-out splits that all runs measured with at least one question."""
    common: dict[str, bool] = {}
    for run in runs:
        data = run.data()
        measured = run.summary()["splits"]
        here = {name: data.meaning(name).judged for name in data.tested if measured[name]["n"]}
        common = here if not common else {name: common[name] for name in common if name in here}
    return tuple(sorted(common, key=lambda name: not common[name]))
