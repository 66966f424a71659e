"""Handing on: `latebloom report`, `latebloom export` and `latebloom data`."""

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.table import Table

from latebloom.cli.app import Fields, Json, app, err, out
from latebloom.errors import LatebloomError


@app.command
def report(run: Path) -> None:
    """Write a run's curves (PNG and SVG) and its page (one HTML file).

    Parameters
    ----------
    run
        The run folder.
    """
    from latebloom.reports.curves import write_curves
    from latebloom.reports.page import write_report

    write_curves(run)
    out.print(str(write_report(run)))


@app.command
def export(run: Path, folder: Path, *, to: Literal["hf"] = "hf", step: int | None = None) -> None:
    """Write a run as a Hugging Face folder.

    A plain GPT-2 becomes one that every tool reads. Any other model comes with a Python file of its
    own, which transformers runs when told trust_remote_code=True.

    Parameters
    ----------
    run
        The run folder.
    folder
        Where to write; must not exist.
    to
        The format.
    step
        The checkpoint of this step instead of the newest.
    """
    from latebloom.export import export_hf
    from latebloom.run import load

    module = export_hf(load(run, step=step), folder)
    out.print(str(folder))
    if module is not None:
        err.print(
            f"This model is no plain GPT-2: a Python file, {module}, goes with it."
            f" AutoModelForCausalLM.from_pretrained({str(folder)!r}, trust_remote_code=True) loads"
            " the folder, and runs that file. Tell whoever gets it.",
            markup=False,
        )


@app.command
def data(
    recipe: str = "",
    *,
    to: Path | None = None,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    seed: int = 0,
    facts: Path | None = None,
    world: Fields = None,
    json_: Json = False,
) -> None:
    """Show a world's splits, or write it in the published format.

    Parameters
    ----------
    recipe
        The recipe whose world it is.
    to
        A folder to write train.json, valid.json, test.json and vocab.json into; of sentences their
        published files.
    from_
        A folder of that format to read instead of making a world; without a recipe, what it holds
        tells which.
    seed
        Seed of the world.
    facts
        A file of facts (recipe `facts`).
    world
        Fields of the world, as in --world.phi 9.
    json_
        Print the splits' sizes as JSON.
    """
    from latebloom.recipes.catalogue import make_recipe
    from latebloom.worlds.build import build_world
    from latebloom.worlds.published.folder import read_folder, write_folder

    if from_ is not None:
        for name, value in {"--facts": facts, "--world": world}.items():
            if value:
                raise LatebloomError(f"{name} has no effect with --from: the folder is read as is")
        if recipe:
            raise LatebloomError("RECIPE has no effect with --from: the folder tells what it holds")
        made = read_folder(from_)
    else:
        fields = dict(world or {}) | ({"facts": str(facts)} if facts else {})
        config = make_recipe(recipe or "composition").with_overrides("world", fields)
        made = build_world(config.world, seed, lambda line: err.print(line, markup=False))
    if to is not None:
        write_folder(made, to)
    sizes = {split: len(rows) for split, rows in made.splits.items()}
    if json_:
        print(json.dumps({"task": made.task.name, "phi": made.phi, "splits": sizes}))
        return
    table = Table(box=None)
    table.add_column("split")
    table.add_column("examples", justify="right")
    table.add_column("")
    for split, size in sizes.items():
        table.add_row(split, f"{size:,}", "trained on" if split in made.trained else "held out")
    out.print(table)
    size = f"{len(made.vocabulary):,} words in the vocabulary"
    out.print(size if made.phi is None else f"{size}, phi {made.phi:.2f}")
