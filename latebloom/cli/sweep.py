"""Series of runs: `latebloom sweep RECIPE --vary FIELD=VALUES`, or a study in a file."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.table import Table

from latebloom.cli.app import Flag, Json, app, err, out
from latebloom.cli.sweep_plan import show_cells
from latebloom.cli.words import NO_SETTINGS, Settings
from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.studies.cells import Cell
    from latebloom.studies.executors import Executor
    from latebloom.studies.sweep import Sweep
    from latebloom.studies.table import SweepTable

sweep = App(
    name="sweep", help="Grow series of runs; what was done is kept, what was stopped goes on."
)
app.command(sweep)

SHOWN = tuple(f"accuracy.{split}" for split in ("test_id", "test_ood", "test_hard"))
"""The splits in the table at the end of a sweep, where a world has them."""


@sweep.default
def grid(
    recipe: str,
    /,
    *,
    vary: Annotated[list[str] | None, Parameter(negative=())] = None,
    seeds: int | None = None,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    dry_run: Flag = False,
    only_failed: Flag = False,
    workers: int = 0,
    ray: str = "",
    device: str = "auto",
    threads: int = 1,
    quiet: Flag = False,
    json_: Json = False,
    settings: Settings = NO_SETTINGS,
) -> None:
    """Grow a recipe over a grid of settings x seeds; the same command again goes on.

    Finished runs are kept. Two of these commands may share a folder: each takes what the other is
    not at. A run that fails is told at the end and does not stop the rest.

    Parameters
    ----------
    recipe
        What to grow; `latebloom recipes` lists them. Or a study in a file that ends in .toml.
    vary
        A field and its values, as in --vary world.phi=3.6,7.2; once for each field that varies.
        A value that is a list has + between its parts: --vary world.test-hops=4+5,6+7.
    seeds
        Seeds of each setting, from 0; a seed is that of the world, too. Without it 3, or what the
        study says.
    out_
        The folder of the sweep; without it, one under runs/ that is named for what varies.
    dry_run
        List the runs, how far each is, and what they will take; grow nothing.
    only_failed
        Try again the runs that failed before, and no others.
    workers
        Runs to grow at a time, each in a process of its own; 0 for as many as cores and free memory
        allow. With 1 the training is shown as it goes.
    ray
        The address of a Ray cluster that grows the runs, such as 10.0.0.1:6379, or auto. Its nodes
        must see the folder of the sweep. With this, --workers is what the cluster allows.
    device
        auto, cpu, cuda or mps.
    threads
        Processor threads of each run; 0 lets torch choose, which needs --workers 1.
    quiet
        Show no progress.
    json_
        Print the rows of all runs, and the means over seeds, as JSON.
    """
    told = sweep_of(recipe, vary or [], seeds, settings.sections())
    folder = out_ or told.default_folder()
    states = told.states(folder)
    if dry_run:
        show_cells(states, folder, device, workers, threads, json_)
        return
    waiting = [cell for cell, state in states if state != "finished"]
    table = grow_all(told, folder, waiting, workers, ray, device, threads, quiet, only_failed)
    if json_:
        print(json.dumps({"rows": table.rows, "settings": table.over_seeds()}))
    else:
        show_table(table)
        out.print(f"the runs are in {folder}, the rows of the table in {folder / 'sweep.jsonl'}")
    complain_of([(row["run"], row["error"]) for row in table.failed], len(table.rows))
    if table.failed:
        err.print("--only-failed tries these again")
        sys.exit(1)


def sweep_of(
    recipe: str, vary: Sequence[str], seeds: int | None, fixed: Mapping[str, Mapping[str, str]]
) -> "Sweep":
    """The sweep that the words of the command describe, or the study in a file.

    Raises: LatebloomError for what cannot be swept.
    """
    from dataclasses import replace

    from latebloom.recipes.catalogue import make_recipe
    from latebloom.studies.fields import axes_from_words
    from latebloom.studies.study import SUFFIX, read_study
    from latebloom.studies.sweep import Sweep

    if recipe.endswith(SUFFIX):
        if vary or any(fixed.values()):
            raise LatebloomError(f"{recipe} says what varies and what is fixed; write it there")
        study = read_study(Path(recipe))
        return study if seeds is None else replace(study, seeds=seeds)
    config = make_recipe(recipe)
    for section, values in fixed.items():
        config = config.with_overrides(section, values)
    axes = axes_from_words(config, vary)
    for section, values in fixed.items():
        for name in values:
            if f"{section}.{name.replace('-', '_')}" in axes:
                raise LatebloomError(f"--{section}.{name} has no effect: --vary sets it")
    return Sweep(base=config, vary=axes, seeds=3 if seeds is None else seeds)


def grow_all(
    told: "Sweep",
    folder: Path,
    waiting: Sequence["Cell"],
    workers: int,
    ray: str,
    device: str,
    threads: int,
    quiet: bool,
    only_failed: bool,
) -> "SweepTable":
    """Grows what is not there yet: here, in worker processes, or on a cluster."""
    from latebloom.reports.progress import make_progress
    from latebloom.studies.estimate import how_many_fit
    from latebloom.studies.executors import Here, Workers

    if workers < 0:
        raise LatebloomError(f"--workers is {workers}; use 1 or more, or 0 for as many as fit")
    if workers > 1 and not threads:
        raise LatebloomError(
            "--threads 0 lets torch take all cores, which is for one run at a time: say"
            " --threads 1, or --workers 1"
        )
    try:
        with ExitStack() as around:
            listener = around.enter_context(make_progress(quiet))
            if ray:
                from latebloom.studies.on_ray import output_to_errors

                around.enter_context(output_to_errors())
                executor: Executor = on_cluster(ray, device, threads)
            elif (jobs := workers or how_many_fit(waiting, device)) == 1 or not threads:
                executor = Here(listener=listener, device=device, threads=threads)
            else:
                executor = Workers(jobs, device=device, threads=threads)
            return told.run(folder, executor, only_failed=only_failed, on_cell=teller(quiet))
    except KeyboardInterrupt:
        err.print("stopped; the same command goes on")
        raise


def on_cluster(address: str, device: str, threads: int) -> "Executor":
    """A Ray cluster.

    Raises: LatebloomError if it does not answer, or Ray is not installed.
    """
    from latebloom.studies.on_ray import OnRay

    return OnRay(address, device=device, threads=threads)


def show_table(table: "SweepTable") -> None:
    """A row for each setting: means over its seeds with their 95 % intervals."""
    from latebloom.studies.fields import short_name, words_of

    settings = table.over_seeds()
    splits = [name for name in SHOWN if any(name in row for row in settings)]
    drawn = Table(box=None)
    fields = [short_name(field) for field in table.fields]
    for column in (*fields, "seeds", *(name.removeprefix("accuracy.") for name in splits)):
        drawn.add_column(column, justify="right")
    drawn.add_column("steps", justify="right")
    for row in settings:
        drawn.add_row(
            *(words_of(row[field]) for field in table.fields),
            str(row["seeds"]),
            *(with_interval(row, name) for name in splits),
            f"{row['steps']:.0f}" if "steps" in row else "-",
        )
    out.print(drawn)
    out.print("means over seeds, with their 95 % intervals; other splits are in the rows")


def with_interval(row: Mapping[str, Any], name: str) -> str:
    """`0.973 (0.95-0.99)`; the mean alone for a single seed, `-` where there is none."""
    if name not in row:
        return "-"
    low, high = row[f"{name}.low"], row[f"{name}.high"]
    return f"{row[name]:.3f}" + ("" if low is None else f" ({low:.2f}-{high:.2f})")


def teller(quiet: bool) -> Callable[[int, int, str], None]:
    """Says which run comes next, unless `quiet`."""

    def on_cell(done: int, total: int, name: str) -> None:
        if name and not quiet:
            err.print(f"run {done + 1} of {total}: {name}", markup=False)

    return on_cell


def complain_of(failed: Sequence[tuple[str, str]], runs: int) -> None:
    """A line for each run that failed.

    Raises: LatebloomError if all did: then what was asked is at fault.
    """
    if failed and len(failed) == runs:
        raise LatebloomError(f"every run failed; {failed[0][0]}: {failed[0][1]}")
    for name, reason in failed:
        err.print(f"{name} failed: {reason}", markup=False)
