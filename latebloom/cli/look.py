"""Looking inside one question: `latebloom lens`."""

import json
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from latebloom.cli.app import Json, app, out


@app.command
def lens(
    run: Path,
    *question: str,
    token: tuple[str, ...] = (),
    step: int | None = None,
    device: str = "cpu",
    json_: Json = False,
) -> None:
    """Show what every state of a run would answer to one question: of a state that holds several
    names together, as the bridge of a question with several answers does, all of them.

    Parameters
    ----------
    run
        The run folder.
    question
        A subject and its relations; without it, the first question of the OOD test.
    token
        Show the rank and the probability of this name instead; may be given several times.
    step
        Use the checkpoint of this step instead of the latest.
    device
        Where the model runs: cpu, cuda, mps, or auto for the fastest that is there.
    json_
        Print as JSON.
    """
    from latebloom.run import load

    loaded = load(run, step=step, device=device)
    world = loaded.world
    words = world.vocabulary.decode(world.read(question)) if question else world.example()
    rows = loaded.lens(*words, names=token)
    if json_:
        print(
            json.dumps(
                {"step": loaded.step, "question": words, "states": [row.as_dict() for row in rows]}
            )
        )
        return
    table = Table(box=None)
    table.add_column("")
    for word in words:
        table.add_column(escape(word))
    for row in rows:
        place = f"loop {row.loop}, layer {row.layer}"
        for name, standings in row.names.items():
            cells = [f"{one.rank:>4} [dim]{one.probability:.0%}[/dim]" for one in standings]
            table.add_row(f"{place}, {escape(name)}", *cells)
        if not token:
            cells = [
                "\n".join(f"{escape(one.name)} [dim]{one.probability:.0%}[/dim]" for one in some)
                for some in row.members
            ]
            table.add_row(place, *cells)
    out.print(table)
    counted = "; ranks count from 0" if token else ""
    out.print(f"step {loaded.step}; layer 0 is what enters the loop{counted}")
