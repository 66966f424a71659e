"""The table of a sweep: a row for each run, and what the runs of one setting say together.

Enters: cells with their finished runs. Leaves: plain rows, which pandas and polars take as they
are, JSON lines, and means over seeds with 95 % intervals.

A row holds `run` (the folder's name), `recipe`, every field that varies (`world.phi`), `seed`,
`steps`, `stopped_by`, `seconds`, `device`, `parameters`, and `error`: None, or why the run failed.
For each split there are `accuracy.SPLIT` at the end, the `n.SPLIT` questions that it was measured
on, and `first_step.SPLIT` and `sustained_step.SPLIT`: when it reached, and kept, 99 %, None if it
never did. A run that failed has no figures.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.errors import LatebloomError
from latebloom.files import write_text
from latebloom.intervals import bootstrap_of_mean, over_seeds
from latebloom.reading import read_lines
from latebloom.studies.cells import Cell
from latebloom.training.run_folder import RunFolder

Row = Mapping[str, Any]

FIGURES = ("steps", "stopped_by", "seconds", "device", "parameters")
"""What a row takes from a run's summary as it is."""
KEYS = {"run", "recipe", "seed", "error", *FIGURES}
"""What every row has."""
PER_SPLIT = ("accuracy", "n", "first_step", "sustained_step")
"""What it takes of each split."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepTable:
    """What came of a sweep so far."""

    fields: tuple[str, ...]
    """The fields that vary."""
    rows: tuple[dict[str, Any], ...]
    """A row for each run that is finished or failed."""

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The rows of the runs that failed, whose `error` says why."""
        return [row for row in self.rows if row["error"] is not None]

    def write(self, path: Path) -> None:
        """Writes the rows as JSON lines, whole or not at all."""
        write_text(path, "".join(json.dumps(row) + "\n" for row in self.rows))

    def over_seeds(self) -> list[dict[str, Any]]:
        """For each setting its fields, the number of `seeds` and of `failed` runs, and means.

        The means are of the final accuracies, `accuracy.SPLIT`, and of the `steps` that the runs
        took. Beside each are the ends of its 95 % interval over seeds, NAME`.low` and NAME`.high`:
        Student's for accuracies, the bootstrap's for steps. `overdispersion.SPLIT` says how many
        times as much the seeds vary as the luck of the questions would make them. All of these are
        None for a single seed.
        """
        settings: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.rows:
            settings.setdefault(tuple(row[field] for field in self.fields), []).append(row)
        return [
            dict(zip(self.fields, values, strict=True)) | over_runs(rows)
            for values, rows in settings.items()
        ]


def over_runs(rows: Sequence[Row]) -> dict[str, Any]:
    """Means and intervals over the runs of one setting."""
    done = [row for row in rows if row["error"] is None]
    found: dict[str, Any] = {"seeds": len(done), "failed": len(rows) - len(done)}
    if done:
        steps = np.array([row["steps"] for row in done], float)
        ends = bootstrap_of_mean(steps) if len(steps) > 1 else None
        found |= with_ends("steps", float(steps.mean()), ends)
    measured = (name for row in done for name, n in row.items() if name.startswith("n.") and n)
    for split in dict.fromkeys(name.removeprefix("n.") for name in measured):
        told = [row for row in done if row.get(f"n.{split}")]
        n = np.array([row[f"n.{split}"] for row in told])
        share = np.array([row[f"accuracy.{split}"] for row in told], float)
        together = over_seeds(np.rint(share * n).astype(int), n)
        found |= with_ends(f"accuracy.{split}", together.mean, together.ci95_over_seeds)
        found[f"overdispersion.{split}"] = together.overdispersion
    return found


def with_ends(name: str, mean: float, ends: tuple[float, float] | None) -> dict[str, float | None]:
    """A mean with the ends of its interval, if it has one."""
    low, high = ends or (None, None)
    return {name: mean, f"{name}.low": low, f"{name}.high": high}


def row_of(cell: Cell, run: RunFolder) -> dict[str, Any]:
    """The row of a finished run."""
    summary = run.summary()
    row = head_of(cell) | {name: summary[name] for name in FIGURES}
    for split, told in summary["splits"].items():
        row |= {f"{name}.{split}": told[name] for name in PER_SPLIT}
    return row | {"error": None}


def failed_row(cell: Cell, error: str) -> dict[str, Any]:
    """The row of a run that failed."""
    return head_of(cell) | dict.fromkeys(FIGURES) | {"error": error}


def head_of(cell: Cell) -> dict[str, Any]:
    """What tells the run of a row from the others."""
    recipe = cell.config.recipe
    return {"run": cell.name, "recipe": recipe, **cell.values, "seed": cell.seed}


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows that a sweep wrote.

    Raises: LatebloomError if it is no table of a sweep.
    """
    try:
        rows = [line.table() for line in read_lines(path)]
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise LatebloomError(f"{path} cannot be read ({told})") from error
    for number, row in enumerate(rows, 1):
        if not (isinstance(row, dict) and KEYS <= row.keys() and isinstance(row["run"], str)):
            raise LatebloomError(f"{path}, row {number}: it is no row of a sweep")
    return rows
