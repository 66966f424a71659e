"""The table of a sweep: a row for each run, and what the runs of one setting say together.

Enters: cells with their finished runs. Leaves: plain rows, which pandas and polars take as they
are, JSON lines, and means over seeds with 95 % intervals.

A row holds `run` (the folder's name), `recipe`, every field that varies (`world.phi`), `seed`,
`steps`, `stopped_by`, `seconds`, `device`, `parameters`, and `error`: None, or why the run failed.
For each split there are `accuracy.SPLIT` at the end, the `n.SPLIT` questions that it was measured
on, and `first_step.SPLIT` and `sustained_step.SPLIT`: when it reached, and kept, 99 %, None if it
never did. A run that failed has no figures.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.errors import LatebloomError
from latebloom.files import import_extra, write_bytes
from latebloom.intervals import bootstrap_of_mean, over_seeds
from latebloom.reading import read_lines
from latebloom.studies.cells import Cell
from latebloom.training.run_folder import RunFolder

Row = Mapping[str, Any]

TABLE = "sweep.jsonl"
"""The file with the rows, in the folder of a sweep."""

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

    @classmethod
    def read(cls, folder: Path) -> "SweepTable":
        """The table in the folder of a sweep.

        The fields that vary are what a row holds between `recipe` and `seed`.
        Raises: LatebloomError if there is none.
        """
        path = folder / TABLE
        if not path.exists():
            raise LatebloomError(f"{folder} holds no {TABLE}; is it the folder of a sweep?")
        rows = read_rows(path)
        names = list(rows[0]) if rows else ["recipe", "seed"]
        fields = tuple(names[names.index("recipe") + 1 : names.index("seed")])
        for number, row in enumerate(rows, 1):
            if not row.keys() >= set(fields):
                raise LatebloomError(f"{path}, row {number}: it varies other fields than the first")
        return cls(fields=fields, rows=tuple(rows))

    def write(self, path: Path) -> None:
        """Writes the rows, whole or not at all, in the format of the path's ending.

        jsonl: a row a line; csv; parquet, which needs the extra `tables`.
        Raises: LatebloomError for another ending; MissingExtraError.
        """
        kind = path.suffix[1:]
        if kind not in WRITERS:
            raise LatebloomError(f"{path}: tables are written as {', '.join(WRITERS)}")
        write_bytes(path, WRITERS[kind](list(self.rows)))

    def over_seeds(self) -> list[dict[str, Any]]:
        """For each setting its fields, the number of `seeds` and of `failed` runs, and means.

        The means are of the final accuracies, `accuracy.SPLIT`, and of the `steps` that the runs
        took. Beside each are the ends of its 95 % interval over seeds, NAME`.low` and NAME`.high`:
        Student's for accuracies, the bootstrap's for steps. `overdispersion.SPLIT` says how many
        times as much the seeds vary as the luck of the questions would make them. All of these are
        None for a single seed.

        `grokked.SPLIT` counts the seeds that kept 99 %; `first_step.SPLIT` and
        `sustained_step.SPLIT` are medians over all seeds, in which one that never got there counts
        as later than all others, and None if that is what the median is.
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
        found |= when_reached(told, split)
    return found


def when_reached(rows: Sequence[Row], split: str) -> dict[str, Any]:
    """When the runs of one setting reached and kept 99 % of a split; never is the latest."""
    if f"sustained_step.{split}" not in rows[0]:
        return {}
    found: dict[str, Any] = {}
    for name in ("first_step", "sustained_step"):
        steps = [row[f"{name}.{split}"] for row in rows]
        middle = float(np.median([np.inf if step is None else step for step in steps]))
        found[f"{name}.{split}"] = middle if np.isfinite(middle) else None
    kept = sum(row[f"sustained_step.{split}"] is not None for row in rows)
    return {f"grokked.{split}": kept} | found


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
        if not (isinstance(row, dict) and row.keys() >= KEYS and isinstance(row["run"], str)):
            raise LatebloomError(f"{path}, row {number}: it is no row of a sweep")
    return rows


def columns_of(rows: Sequence[Row]) -> list[str]:
    """The names of all values; a run that failed lacks some."""
    return list(dict.fromkeys(name for row in rows for name in row))


def as_jsonl(rows: Sequence[Row]) -> bytes:
    """A row a line."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_csv(rows: Sequence[Row]) -> bytes:
    """Comma-separated values; empty where a row has none."""
    told = io.StringIO()
    writer = csv.DictWriter(told, columns_of(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return told.getvalue().encode()


def as_parquet(rows: Sequence[Row]) -> bytes:
    """Apache Parquet, a column for each value."""
    pyarrow = import_extra("pyarrow", "tables", "writing Parquet")
    parquet = import_extra("pyarrow.parquet", "tables", "writing Parquet")
    columns = {name: [row.get(name) for row in rows] for name in columns_of(rows)}
    told = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), told)
    return told.getvalue()


WRITERS: Mapping[str, Callable[[Sequence[Row]], bytes]] = {
    "jsonl": as_jsonl,
    "csv": as_csv,
    "parquet": as_parquet,
}
"""The formats of a table by the ending of its file."""
