"""What a series of runs would grow, and what that takes: `--dry-run`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from latebloom.cli.app import out

if TYPE_CHECKING:
    from latebloom.studies.cells import Cell, State
    from latebloom.studies.estimate import Estimate


def show_cells(
    states: Sequence[tuple["Cell", "State"]],
    folder: Path,
    device: str,
    workers: int,
    threads: int,
    as_json: bool,
) -> None:
    """The runs of a series, how far each is in a folder, and what those left will take."""
    from latebloom.studies.estimate import estimate

    waiting = [cell for cell, state in states if state != "finished"]
    left = estimate(waiting, device=device, workers=workers, threads=threads)
    if as_json:
        cells = [
            {"run": cell.name, **cell.values, "seed": cell.seed, "state": state}
            for cell, state in states
        ]
        print(json.dumps({"out": str(folder), "cells": cells, "estimate": left.as_dict()}))
        return
    for cell, state in states:
        out.print(f"{state:8}  {cell.name}", markup=False)
    out.print(f"{len(states)} runs in {folder}, {left.cells} of them to grow", markup=False)
    if left.cells:
        out.print(in_words(left), markup=False)


def in_words(left: "Estimate") -> str:
    """What the runs that are left will take, in two lines: how much there is to compute, and how
    long that lasts here."""
    memory = f"{left.mib} MiB each" if left.mib else "memory not measured"
    if left.seconds is None or left.parameters is None:
        return f"time not known, as no setting could be made; {memory}"
    least, most = left.parameters
    size = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    line = (
        f"at most {left.steps:,} steps, models of {size} parameters\n"
        f"at most {span(left.seconds)} of processor time by this machine's speed now"
    )
    if left.workers > 1:
        line += f", {span(left.seconds / left.workers)} with {left.workers} at a time"
    line += f"; {memory}"
    if left.catalogue_seconds:
        line += f" (the recipe as it is: {span(left.catalogue_seconds)} where it was measured)"
    return line


def span(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
