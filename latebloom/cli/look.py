"""Looking inside one question: `latebloom lens`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from latebloom.cli.app import Json, app, out
from latebloom.neutral import in_json

if TYPE_CHECKING:
    from latebloom.circuits.members import Mixture, Without


@app.command
def lens(
    run: Path,
    *question: str,
    token: tuple[str, ...] = (),
    without: str | None = None,
    step: int | None = None,
    device: str = "cpu",
    json_: Json = False,
) -> None:
    """Show what every state of a run would answer to one question: of a state that holds several
    names together, as the bridge of a question with several answers does, all of them.

    Where questions have several answers, the names that stand together at each bridge follow.

    Parameters
    ----------
    run
        The run folder.
    question
        A subject and its relations; without it, the first question of the OOD test.
    token
        Show the rank and the probability of this name instead; may be given several times.
    without
        Take this name out of the mixture at a bridge, and show which answers go.
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
    gone = None if without is None else loaded.without(without, *words)
    # Of a question of one hop, and of a model that feeds nothing back, there is none.
    several = world.task.several and loaded.model.feedback.looped
    mixed = several and bool(world.task.steps(len(world.read(words))))
    mixtures = loaded.members(*words) if mixed else ()
    if json_:
        told: dict[str, Any] = {"step": loaded.step, "question": words}
        told["states"] = [row.as_dict() for row in rows]
        if mixtures:
            told["bridges"] = [one.as_dict() for one in mixtures]
        if gone is not None:
            told["without"] = gone.as_dict()
        print(in_json(json.dumps(told, ensure_ascii=False)))
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
    for one in mixtures:
        show_mixture(one)
    if gone is not None:
        show_without(gone)


def show_mixture(mixture: "Mixture") -> None:
    """The names at a bridge's place."""
    members = ", ".join(
        f"{one.name} {one.share:.0%}" + ("" if one.told else " (no told fact leads there)")
        for one in mixture.members
    )
    n = mixture.told
    held = f"the {n} names" if n > 1 else "the one name" if n else "no name"
    out.print(
        f"{mixture.bridge}, at {mixture.place} after loop {mixture.loop}: {members or 'no member'};"
        f" {held} that told facts lead to: {mixture.covered:.0%} together",
        markup=False,
    )


def show_without(gone: "Without") -> None:
    """What becomes of the answers without a member."""
    out.print(
        f"without {gone.name} ({gone.share:.0%}) at {gone.bridge}; control: as much of"
        f" {gone.other}, which is no bridge",
        markup=False,
    )
    table = Table(box=None)
    for head in ("answer", "reached through", "before", "without", "control"):
        table.add_column(head, justify="left" if head in ("answer", "reached through") else "right")
    for one in gone.answers:
        shares = (f"{share:.1%}" for share in (one.before, one.after, one.control))
        table.add_row(escape(one.name), one.through, *shares)
    out.print(table)
    for through in ("the member", "others"):
        kept = gone.kept(through)
        if kept is not None:
            after, control = kept
            out.print(f"answers through {through} alone keep {after:.0%}; control {control:.0%}")
