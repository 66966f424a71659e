"""What can be grown, and what can be set: `latebloom recipes` and `latebloom settings`."""

import json

from rich.console import Console

from latebloom.cli.app import Json, app, out
from latebloom.cli.tables import aligned, described


@app.command
def recipes(*, json_: Json = False) -> None:
    """List what can be grown, with its size, time and memory.

    Parameters
    ----------
    json_
        Print the list as JSON, with all figures and the machine that they were measured on.
    """
    from latebloom.recipes.catalogue import RECIPES

    if json_:
        print(json.dumps({name: r.as_dict() for name, r in RECIPES.items()}, indent=2))
        return
    show_recipes(out)


def show_recipes(console: Console) -> None:
    """The list: on a terminal two lines a recipe and more where it is narrow, in a pipe one."""
    from latebloom.recipes.catalogue import MACHINE, RECIPES

    if not console.is_terminal:
        rows = [
            (r.name, r.about, r.cost.size, r.cost.time, r.cost.memory) for r in RECIPES.values()
        ]
        print("\n".join(aligned(rows)), file=console.file)
        return
    described(
        console,
        (
            (
                r.name,
                f"{r.cost.size}; {r.cost.time}, {r.cost.memory}" if r.cost.seconds else r.cost.size,
                r.about,
            )
            for r in RECIPES.values()
        ),
    )
    console.print(f"Cost: {MACHINE}.", style="dim", soft_wrap=False)


@app.command
def settings(recipe: str, *, json_: Json = False) -> None:
    """List every setting of a recipe: its option, type, value and meaning.

    Parameters
    ----------
    recipe
        The recipe; `latebloom recipes` lists them.
    json_
        Print the settings as JSON.
    """
    from latebloom.recipes.catalogue import find_recipe
    from latebloom.training.settings import Setting, settings_of
    from latebloom.training.structure import SECTIONS

    known = find_recipe(recipe)
    config = known.make()
    seeds = [
        Setting(
            "--seed",
            "INT",
            "0",
            "Seed of the weights, the batches and the dropout; and of"
            " the world, unless --world-seed is given.",
        ),
        Setting(
            "--world-seed", "INT", "0", "Seed of the world: what is true and what is held out."
        ),
    ]
    found = [*seeds, *(s for part in SECTIONS for s in settings_of(part, getattr(config, part)))]
    if json_:
        table = {"recipe": known.as_dict(), "settings": [one.as_dict() for one in found]}
        print(json.dumps(table, indent=2))
        return
    if not out.is_terminal:
        rows = [(s.option, s.type, s.default or '""', s.about) for s in found]
        print("\n".join(aligned(rows)), file=out.file)
        return
    cost = known.cost
    figures = [f"{cost.parameters:,} parameters"] if cost.parameters else []
    out.print(f"{known.name}: {known.about}", markup=False, soft_wrap=False)
    out.print(
        "; ".join([cost.size, *figures, cost.time, cost.memory]), style="dim", soft_wrap=False
    )
    described(out, ((s.option, f"{s.type} = {s.default or repr('')}", s.about) for s in found))
