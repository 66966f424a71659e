"""Weights without training: `latebloom construct`."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from latebloom.cli.app import Flag, Json, app
from latebloom.cli.grok import draw, name_of, show_summary, unused_folder
from latebloom.cli.options import Asked, config_for
from latebloom.cli.words import NO_DATA, NO_SETTINGS, OwnData, Settings


@app.command
def construct(
    recipe: str = "",
    source: Path | None = None,
    *,
    config: Path | None = None,
    seed: int | None = None,
    world_seed: int | None = None,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    overwrite: Flag = False,
    own: OwnData = NO_DATA,
    data: Path | None = None,
    as_is: Flag = False,
    random_codes: Flag = False,
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
    settings: Settings = NO_SETTINGS,
) -> None:
    """Compute a model's weights from the facts, without training, and leave a run folder.

    For chains of facts, by the looped models and by plain ones; for questions with several answers
    and for comparisons, by looped ones. `latebloom grok --resume` trains on from there, as --feed
    and --train say.

    Parameters
    ----------
    recipe
        The world and the model; `latebloom recipes` lists them. Without it: facts with --facts,
        numeric-table with --facts and --numeric, graph with --graph, dataset with --data, else
        composition.
    source
        Your own data: a file (recipes facts and numeric-table) or a folder (graph and dataset).
    config
        The config in this TOML file, such as a run's config.toml, instead of a recipe.
    seed
        Seed of the world and of the codes that entities and relations get.
    world_seed
        Seed of the world alone, where it is to differ from --seed.
    out_
        The run folder; without it, a new one under runs/.
    overwrite
        Replace the run folder if it exists.
    data
        A folder in a published format of chains or comparisons (recipe `dataset`).
    as_is
        Leave the model as wide as the recipe has it, even where the facts do not fit.
    random_codes
        Where questions have several answers: give names random codes, so that facts that were
        never told are not guessed. Otherwise names with like facts get like codes.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    json_
        Print the summary as JSON.
    """
    asked = Asked(
        recipe=recipe,
        file=config,
        source=source,
        own=own,
        data=data,
        seed=seed,
        world_seed=world_seed,
        sections=settings.sections(),
    )
    chosen, found = config_for(asked)
    from latebloom.reports.progress import make_progress
    from latebloom.studies.construct import construct as construct_run

    folder = out_ or unused_folder(f"{name_of(chosen)}-constructed")
    with make_progress(quiet) as listener:
        summary = construct_run(
            chosen,
            folder,
            listener=listener,
            threads=threads,
            overwrite=overwrite,
            widen=not as_is,
            random_codes=random_codes,
            data=found,
        )
    draw(folder)
    if json_:
        print(json.dumps(summary, indent=2))
    elif not quiet:
        show_summary(summary, folder)
