"""Series of runs: `latebloom sweep RECIPE --vary FIELD=VALUES` and `latebloom sweep depth`."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.table import Table

from latebloom.cli.app import Fields, Flag, Json, app, err, out
from latebloom.errors import LatebloomError

if TYPE_CHECKING:
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
    *,
    vary: Annotated[list[str] | None, Parameter(negative=())] = None,
    seeds: int = 3,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    dry_run: Flag = False,
    device: str = "auto",
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
    world: Fields = None,
    model: Fields = None,
    feed: Fields = None,
    train: Fields = None,
) -> None:
    """Grow a recipe over a grid of settings x seeds; the same command again goes on.

    Parameters
    ----------
    recipe
        What to grow; `latebloom recipes` lists them.
    vary
        A field and its values, as in --vary world.phi=3.6,7.2; once for each field that varies.
        A value that is a list has + between its parts: --vary world.test-hops=4+5,6+7.
    seeds
        Seeds of each setting, from 0; a seed is that of the world, too.
    out_
        The folder of the sweep; without it, one under runs/ that is named for what varies.
    dry_run
        List the runs and how far each is; grow nothing.
    device
        auto, cpu, cuda or mps.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    json_
        Print the rows of all runs, and the means over seeds, as JSON.
    world
        Fields of the world in all runs, as in --world.hops 3.
    model
        Fields of the model, as in --model.d-model 64.
    feed
        Fields of how training sees the world, as in --feed.atomic-frac 0.5.
    train
        Fields of the training, as in --train.steps 500.
    """
    from latebloom.recipes.catalogue import make_recipe
    from latebloom.reports.progress import make_progress
    from latebloom.studies.sweep import Sweep, axes_from_words

    config = make_recipe(recipe)
    fixed = {"world": world, "model": model, "feed": feed, "train": train}
    for section, values in fixed.items():
        config = config.with_overrides(section, values or {})
    axes = axes_from_words(config, vary or [])
    for section, values in fixed.items():
        for name in values or {}:
            if f"{section}.{name.replace('-', '_')}" in axes:
                raise LatebloomError(f"--{section}.{name} has no effect: --vary sets it")
    told = Sweep(base=config, vary=axes, seeds=seeds)
    folder = out_ or told.default_folder()
    if dry_run:
        show_cells(told, folder, json_)
        return
    with make_progress(quiet) as listener:
        try:
            table = told.run(
                folder,
                listener=listener,
                device=device,
                threads=threads,
                on_cell=teller(quiet),
            )
        except KeyboardInterrupt:
            err.print("stopped; the same command goes on")
            raise
    if json_:
        print(json.dumps({"rows": table.rows, "settings": table.over_seeds()}))
    else:
        show_table(table)
        out.print(f"the runs are in {folder}, the rows of the table in {folder / 'sweep.jsonl'}")
    complain_of([(row["run"], row["error"]) for row in table.failed], len(table.rows))
    if table.failed:
        sys.exit(1)


def show_cells(told: "Sweep", folder: Path, as_json: bool) -> None:
    """The runs of a sweep, and how far each is in a folder."""
    states = told.states(folder)
    if as_json:
        cells = [
            {"run": cell.name, **cell.values, "seed": cell.seed, "state": state}
            for cell, state in states
        ]
        print(json.dumps({"out": str(folder), "cells": cells}))
        return
    for cell, state in states:
        out.print(f"{state:8}  {cell.name}", markup=False)
    out.print(f"{len(states)} runs in {folder}", markup=False)


def show_table(table: "SweepTable") -> None:
    """A row for each setting: means over its seeds with their 95 % intervals."""
    from latebloom.studies.sweep import short_name, words_of

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


@sweep.command
def depth(
    *,
    out_: Annotated[Path, Parameter(name="--out")] = Path("runs/depth"),
    recipes: str = "question,tense",
    depths: str = "2,4,6,8,10",
    seeds: int = 5,
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
    world: Fields = None,
    model: Fields = None,
    feed: Fields = None,
    train: Fields = None,
) -> None:
    """How deep should a reader of sentences be, and what foretells it early?

    Parameters
    ----------
    out_
        The folder of the series; the same command again goes on with it.
    recipes
        Recipes on sentences, with commas.
    depths
        Numbers of layers, with commas.
    seeds
        Seeds of each depth, from 0.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    json_
        Print the series as JSON.
    world
        Fields of the world in all runs, as in --world.train 20000.
    model
        Fields of the model, as in --model.d-model 64.
    feed
        Fields of how training sees the lines, as in --feed.by-length false.
    train
        Fields of the training, as in --train.steps 500.
    """
    from latebloom.reports.depth import plot_depth
    from latebloom.reports.figure import write_figure
    from latebloom.reports.progress import make_progress
    from latebloom.studies.depth import DepthConfig, sweep_depth

    try:
        layers = tuple(int(part) for part in depths.split(",") if part)
    except ValueError:
        raise LatebloomError(
            f"--depths {depths!r}: write numbers with commas, like 2,4,6"
        ) from None
    config = DepthConfig(
        recipes=tuple(part for part in recipes.split(",") if part),
        depths=layers,
        seeds=seeds,
        world=world or {},
        model=model or {},
        feed=feed or {},
        train=train or {},
    )
    config.cells()
    drawn = [out_ / f"depth.{kind}" for kind in ("svg", "png")]

    def draw(series: dict[str, Any]) -> None:
        if series["runs"]:
            for path in drawn:
                write_figure(plot_depth(series), path)

    with make_progress(quiet) as listener:
        series = sweep_depth(
            config, out_, listener=listener, threads=threads, on_run=teller(quiet), on_series=draw
        )
    failed = [(run["run"], run["reason"]) for run in series["failed"]]
    if json_:
        print(json.dumps(series))
        complain_of(failed, len(failed) + len(series["runs"]))
        return
    table = Table(box=None)
    for column in ("recipe", "layers", "seed", "test_id", "test_ood"):
        table.add_column(column, justify="left" if column == "recipe" else "right")
    for row in series["runs"]:
        reached = (
            f"{row['final'].get(split, float('nan')):.3f}" for split in ("test_id", "test_ood")
        )
        table.add_row(row["recipe"], str(row["depth"]), str(row["seed"]), *reached)
    out.print(table)
    complain_of(failed, len(failed) + len(series["runs"]))
    for path in drawn:
        if path.exists():
            out.print(str(path))
