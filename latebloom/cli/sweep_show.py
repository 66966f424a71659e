"""What several runs say together: `latebloom sweep show DIR` and `latebloom compare RUN...`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from latebloom.cli.app import Json, app, out
from latebloom.cli.sweep import SHOWN, sweep, with_interval
from latebloom.errors import LatebloomError
from latebloom.neutral import neutral

if TYPE_CHECKING:
    from latebloom.studies.table import SweepTable


@sweep.command
def show(
    folder: Path,
    /,
    *,
    to: Path | None = None,
    figure: Path | None = None,
    json_: Json = False,
) -> None:
    """The table of a sweep, and its figure; what was grown so far, if it still runs.

    Parameters
    ----------
    folder
        The folder of the sweep.
    to
        Also write the rows, one for each run, into this file: .jsonl, .csv or .parquet.
    figure
        The file of the figure, .svg, .png or .pdf; without it, sweep.svg in the folder.
    json_
        Print the rows and the settings as JSON.
    """
    from latebloom.reports.compared import plot_table
    from latebloom.reports.figure import write_figure
    from latebloom.studies.table import SweepTable

    table = SweepTable.read(folder)
    if not table.rows:
        raise LatebloomError(f"{folder}: no run has ended yet")
    drawn = write_figure(plot_table(table, splits_of(table)), figure or folder / "sweep.svg")
    if to is not None:
        table.write(to)
    if json_:
        print(json.dumps({"rows": table.rows, "settings": table.over_seeds()}))
        return
    print_settings(table)
    for path in filter(None, (drawn, to)):
        out.print(str(path), markup=False)


@app.command
def compare(
    *runs: Path,
    to: Path | None = None,
    figure: Path = Path("compare.svg"),
    json_: Json = False,
) -> None:
    """Hold runs beside each other: mean and band of each setting, and when each grokked.

    Runs whose configs differ in nothing but the seed are of one setting.

    Parameters
    ----------
    runs
        Run folders, finished.
    to
        Also write a row for each run into this file: .csv, .jsonl or .parquet.
    figure
        The file of the figure: .svg, .png or .pdf.
    json_
        Print rows and settings as JSON.
    """
    from latebloom.reports.compared import plot_settings
    from latebloom.reports.figure import write_figure
    from latebloom.studies.compared import compare_runs

    if not runs:
        raise LatebloomError("name at least one run, like runs/composition-seed0")
    found = compare_runs(runs)
    if not found.judged:
        raise LatebloomError("the runs have no held-out split in common")
    drawn = write_figure(plot_settings(found.curves, found.judged), figure)
    if to is not None:
        found.table.write(to)
    if json_:
        told = {"rows": found.table.rows, "settings": found.table.over_seeds()}
        print(json.dumps(told | {"figure": str(drawn)}))
        return
    print_settings(found.table, found.judged[:2])
    for path in filter(None, (drawn, to)):
        out.print(str(path), markup=False)


def splits_of(table: "SweepTable") -> list[str]:
    """The splits that are shown of a sweep."""
    measured = dict.fromkeys(
        name.removeprefix("n.")
        for row in table.rows
        for name, n in row.items()
        if name.startswith("n.") and n
    )
    usual = [name.removeprefix("accuracy.") for name in SHOWN]
    return [name for name in usual if name in measured] or list(measured)[:2]


def print_settings(table: "SweepTable", splits: Sequence[str] = ()) -> None:
    """A row for each setting: accuracies, and when .99 was reached and kept."""
    from latebloom.studies.fields import short_name, words_of

    shown = list(splits) or splits_of(table)
    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in table.fields:
        drawn.add_column(neutral(short_name(name)))
    drawn.add_column("seeds", justify="right")
    for split in shown:
        drawn.add_column(neutral(split), justify="right")
        drawn.add_column("grokked", justify="right")
        drawn.add_column("first, kept", justify="right")
    for row in table.over_seeds():
        cells = [neutral(words_of(row[name])) for name in table.fields]
        seeds = f"{row['seeds']}" + (f" ({row['failed']} failed)" if row["failed"] else "")
        for split in shown:
            cells_of_split = [with_interval(row, f"accuracy.{split}"), *reached(row, split)]
            cells += [seeds, *cells_of_split] if split == shown[0] else cells_of_split
        drawn.add_row(*(cells if shown else [*cells, seeds]))
    out.print(drawn)
    out.print(
        "means over seeds with 95 % intervals; grokked: seeds that kept .99; first, kept: median"
        " step at which .99 was reached, and kept, where a seed that never did is the latest"
    )


def reached(row: dict[str, Any], split: str) -> tuple[str, str]:
    """How many seeds kept .99, and the median steps."""
    if f"grokked.{split}" not in row:
        return "-", "-"
    first, kept = (row[f"{name}.{split}"] for name in ("first_step", "sustained_step"))
    told = ", ".join("never" if step is None else f"{step:.0f}" for step in (first, kept))
    return f"{row[f'grokked.{split}']} of {row['seeds']}", told
