"""The late bloom to watch: `latebloom bloom`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from latebloom.cli.app import Flag, Json, app, out
from latebloom.cli.tables import fitting

if TYPE_CHECKING:
    from latebloom.studies.bloom import Bloomed


@app.command
def bloom(
    *,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    seed: int = 0,
    device: str = "auto",
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Watch a late bloom: a plain transformer, then a looped one, on the same small world.

    The plain one knows its training questions by heart at once, answers held-out questions late,
    and those over OOD facts never; the looped one answers these too. The same command again goes on
    where it was stopped.

    Parameters
    ----------
    out_
        The folder of both runs; without it runs/bloom, or runs/bloom-seedN for another seed.
    seed
        Seed of the world, the weights and the batches.
    device
        auto, cpu, cuda or mps.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    json_
        Print what came when as JSON.
    """
    from latebloom.reports.beside import write_beside
    from latebloom.reports.progress import make_progress
    from latebloom.studies.bloom import grow_bloom, models

    folder = out_ or Path("runs") / ("bloom" if seed == 0 else f"bloom-seed{seed}")
    with make_progress(quiet, beside=True) as listener:
        found = grow_bloom(folder, models(seed), listener=listener, device=device, threads=threads)
    page = write_beside(folder, found)
    if json_:
        print(json.dumps([one.as_dict() for one in found], indent=2))
    elif not quiet:
        show(found, page)


def show(found: list["Bloomed"], page: Path) -> None:
    """What came when, as a table, and what to do next."""
    columns = ("model", "training 99 %", "held-out then", "held-out 95 %", "times", "OOD 95 %")
    rows = [
        (
            one.name,
            step_in_words(one.inside.fitted),
            share(one.inside.when_fitted),
            step_in_words(one.inside.reached),
            "-" if one.inside.times is None else f"{one.inside.times:.1f}",
            step_in_words(one.outside.reached),
        )
        for one in found
    ]
    out.print(fitting(columns, rows, out, ("held-out then", "times")))
    for one in found:
        out.print(one.words(), soft_wrap=not out.is_terminal)
    out.print(f"the page: {page}", markup=False)
    out.print(f"ask it: latebloom ask {found[-1].run.path} e1 r2 r3", markup=False)


def step_in_words(step: int | None) -> str:
    """`step 1,100`, or `never`."""
    return "never" if step is None else f"step {step:,}"


def share(accuracy: float | None) -> str:
    """A share in percent."""
    return "-" if accuracy is None else f"{100 * accuracy:.0f} %"
