"""Growing: `latebloom recipes` and `latebloom grok`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from latebloom.cli.app import Fields, Flag, Json, app, err, out
from latebloom.errors import LatebloomError


@app.command
def recipes(*, json_: Json = False) -> None:
    """List what can be grown.

    Parameters
    ----------
    json_
        Print the list as JSON.
    """
    from latebloom.recipes.catalogue import RECIPES

    about = {name: (make.__doc__ or "").splitlines()[0] for name, make in RECIPES.items()}
    if json_:
        print(json.dumps(about, indent=2))
        return
    table = Table(box=None, show_header=False)
    for name, line in about.items():
        table.add_row(f"[bold]{name}[/bold]", line)
    out.print(table)


@app.command
def grok(
    recipe: str = "",
    *,
    seed: int | None = None,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    resume: Path | None = None,
    overwrite: Flag = False,
    facts: Path | None = None,
    many_valued: str = "",
    numeric: Flag = False,
    until: str | None = None,
    keep: int | None = None,
    device: str = "auto",
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
    world: Fields = None,
    model: Fields = None,
    feed: Fields = None,
    train: Fields = None,
) -> None:
    """Train a model until it groks, and leave a run folder.

    Parameters
    ----------
    recipe
        What to grow; `latebloom recipes` lists them.
    seed
        Seed of the world, the weights and the batches.
    out_
        The run folder; without it, a new one under runs/.
    resume
        Go on with this run instead of starting one.
    overwrite
        Replace the run folder if it exists.
    facts
        A file of facts: CSV, TSV, JSONL or N-Triples (recipe `facts`).
    many_valued
        What to do with a subject and relation that have several objects: drop, first or error.
    numeric
        The file of facts is a table of numbers (rows entities, columns attributes) to compare.
    until
        Stop when this holds at three evaluations in a row, like "test_ood>=0.99"; "" never stops.
    keep
        Checkpoints to keep, the newest; 0 keeps all.
    device
        auto, cpu, cuda or mps.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    json_
        Print the summary as JSON.
    world
        Fields of the world, as in --world.phi 9.
    model
        Fields of the model, as in --model.d-model 64.
    feed
        Fields of how training sees the world, as in --feed.atomic-frac 0.5.
    train
        Fields of the training, as in --train.steps 1000.
    """
    from latebloom.reports.progress import make_progress

    with make_progress(quiet) as listener:
        if resume is not None:
            asked = {"RECIPE": recipe, "--out": out_, "--seed": seed, "--until": until}
            asked |= {"--facts": facts, "--numeric": numeric, "--many-valued": many_valued}
            asked |= {"--keep": keep, "--overwrite": overwrite}
            asked |= {"--world": world, "--model": model, "--feed": feed, "--train": train}
            for name, value in asked.items():
                if value not in (None, "", False):
                    raise LatebloomError(f"{name} has no effect with --resume: the run has its own")
            from latebloom.studies.grow import resume as go_on

            summary = go_on(resume, listener=listener, device=device, threads=threads)
            folder = resume
        else:
            from latebloom.recipes.catalogue import make_recipe
            from latebloom.studies.grow import grow

            if numeric and recipe not in ("", "facts", "numeric-table"):
                raise LatebloomError(f"--numeric has no effect on the recipe {recipe}; say `facts`")
            config = make_recipe("numeric-table" if numeric else recipe or "composition")
            world = dict(world or {})
            if facts is not None:
                world["facts"] = str(facts)
            if many_valued:
                world["many-valued"] = many_valued
            train = dict(train or {})
            if until is not None:
                train["until"] = until
            if keep is not None:
                train["keep"] = str(keep)
            told = {"world": world, "model": model, "feed": feed or {}, "train": train}
            for section, values in told.items():
                config = config.with_overrides(section, values or {})
            if seed is not None:
                config = config.with_seed(seed)
            folder = out_ or unused_folder(f"{config.recipe}-seed{config.seed}")
            summary = grow(
                config,
                folder,
                listener=listener,
                device=device,
                threads=threads,
                overwrite=overwrite,
            )
    from latebloom.reports.curves import write_curves
    from latebloom.reports.page import write_report

    write_curves(folder)
    write_report(folder)
    if json_:
        print(json.dumps(summary, indent=2))
    elif not quiet:
        show_summary(summary, folder)
    if summary["stopped_by"] == "interrupt":
        err.print(f"stopped at step {summary['steps']}; go on: latebloom grok --resume {folder}")
        sys.exit(130)


def unused_folder(name: str) -> Path:
    """`runs/NAME`, or the first of `runs/NAME-2`, ... that does not exist."""
    folder, n = Path("runs") / name, 1
    while folder.exists():
        n += 1
        folder = Path("runs") / f"{name}-{n}"
    return folder


def show_summary(summary: Mapping[str, Any], folder: Path) -> None:
    """The outcome as a table, and what to do next."""
    table = Table(box=None)
    for column in ("split", "right", "of", "accuracy", "95 % interval", "first", "sustained"):
        table.add_column(column, justify="left" if column == "split" else "right")
    for split, row in summary["splits"].items():
        low, high = row["ci95"]
        steps = ("-" if row[k] is None else str(row[k]) for k in ("first_step", "sustained_step"))
        table.add_row(
            split,
            str(row["correct"]),
            str(row["n"]),
            f"{row['accuracy']:.3f}",
            f"{low:.3f} - {high:.3f}",
            *steps,
        )
    out.print(table)
    phi = "" if summary["phi"] is None else f", phi {summary['phi']:g}"
    out.print(
        f"{summary['steps']} steps in {summary['seconds']:.1f} s on {summary['device']},"
        f" {summary['parameters']:,} parameters{phi};"
        f" stopped by {summary['stopped_by']}; first and sustained: the step of 99 %"
    )
    then = f"ask it: latebloom ask {folder}"
    if summary["reads"] == "sentences":
        then = f"see its trees: latebloom trees {folder}"
    out.print(f"the run is in {folder}; {then}")
