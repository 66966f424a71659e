"""Handing on: `latebloom report`, `latebloom export` and `latebloom data`."""

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from latebloom.cli.app import Fields, Json, app, err, out
from latebloom.cli.options import Asked, config_for
from latebloom.cli.tables import fitting
from latebloom.cli.words import NO_DATA, OwnData
from latebloom.errors import LatebloomError


@app.command
def report(run: Path, *, json_: Json = False) -> None:
    """Write a run's curves (PNG and SVG) and its page (one HTML file).

    Parameters
    ----------
    run
        The run folder.
    json_
        Print the paths of what was written as JSON.
    """
    from latebloom.reports.curves import write_curves
    from latebloom.reports.page import write_report

    curves, page = write_curves(run), write_report(run)
    if json_:
        print(json.dumps({"page": str(page), "curves": [str(path) for path in curves]}))
        return
    out.print(str(page), markup=False)


@app.command
def export(
    run: Path,
    folder: Path,
    *,
    to: Literal["hf"] = "hf",
    step: int | None = None,
    json_: Json = False,
) -> None:
    """Write a run as a Hugging Face folder.

    A plain GPT-2 becomes one that every tool reads. Any other model comes with a Python file of its
    own, which transformers runs with trust_remote_code=True.

    Parameters
    ----------
    run
        The run folder.
    folder
        Where to write; must not exist.
    to
        The format.
    step
        Use the checkpoint of this step instead of the latest.
    json_
        Print the folder, and the Python file in it if there is one, as JSON.
    """
    from latebloom.export import export_hf
    from latebloom.run import load

    module = export_hf(load(run, step=step), folder)
    if json_:
        print(json.dumps({"folder": str(folder), "module": module and str(module)}))
    else:
        out.print(str(folder), markup=False)
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
    source: Path | None = None,
    *,
    to: Path | None = None,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    seed: int | None = None,
    own: OwnData = NO_DATA,
    world: Fields = None,
    json_: Json = False,
) -> None:
    """Show a world's splits, or write it in the published format.

    Parameters
    ----------
    recipe
        The recipe whose world it is; without it, facts with --facts, else composition.
    source
        Your own data, as `latebloom grok` takes it.
    to
        Write train.json, valid.json, test.json and vocab.json into this new folder; for sentences,
        their published files.
    from_
        Read an existing data set from this folder instead of generating one. The task is detected
        from its files.
    seed
        Seed of the world.
    world
        Settings of the world, as in --world.phi 9; `latebloom settings RECIPE` lists them.
    json_
        Print the splits' sizes as JSON.
    """
    from latebloom.worlds.build import build_world
    from latebloom.worlds.published.folder import read_folder, write_folder

    if from_ is not None:
        given = {
            "RECIPE": recipe,
            "SOURCE": source,
            "--world": world,
            "--seed": seed,
            **own.given(),
        }
        for name, value in given.items():
            if value not in (None, "", False, {}):
                raise LatebloomError(f"{name} has no effect with --from: the folder is read as is")
        made = read_folder(from_)
    else:
        asked = Asked(
            recipe=recipe,
            source=source,
            own=own,
            seed=seed,
            sections={"world": world},
        )
        config, read = config_for(asked)
        made = read or build_world(
            config.world, config.world_seed, lambda line: err.print(line, markup=False)
        )
    if to is not None:
        write_folder(made, to)
    sizes = {split: len(rows) for split, rows in made.splits.items()}
    if json_:
        print(json.dumps({"task": made.task.name, **made.figures(), "splits": sizes}))
        return
    use = dict.fromkeys(made.trained, "trained on") | dict.fromkeys(made.validated, "validation")
    rows = ((split, f"{size:,}", use.get(split, "held out")) for split, size in sizes.items())
    out.print(fitting(("split", "examples", "used"), rows, out, ()))
    out.print(made.size_in_words())
