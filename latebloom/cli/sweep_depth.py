"""`latebloom sweep depth`: readers of sentences over depths."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from latebloom.cli.app import Flag, Json, out
from latebloom.cli.sweep import complain_of, sweep, teller
from latebloom.cli.words import NO_SETTINGS, Settings
from latebloom.errors import LatebloomError


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
    settings: Settings = NO_SETTINGS,
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
    said = settings.sections()
    config = DepthConfig(
        recipes=tuple(part for part in recipes.split(",") if part),
        depths=layers,
        seeds=seeds,
        world=said["world"],
        model=said["model"],
        feed=said["feed"],
        train=said["train"],
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
