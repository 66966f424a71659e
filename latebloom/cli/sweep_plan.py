"""What a sweep would grow, and what that takes: `latebloom sweep ... --dry-run`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from latebloom.cli.app import out

if TYPE_CHECKING:
    from latebloom.studies.cells import Cell
    from latebloom.studies.estimate import Estimate
    from latebloom.studies.sweep import Sweep


def show_cells(
    told: "Sweep",
    folder: Path,
    waiting: Sequence["Cell"],
    device: str,
    workers: int,
    threads: int,
    as_json: bool,
) -> None:
    """The runs of a sweep, how far each is in a folder, and what those left will take."""
    from latebloom.studies.estimate import estimate

    states = told.states(folder)
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
    """What the runs that are left will take, in one line."""
    memory = f"{left.mib} MiB each" if left.mib else "memory not measured"
    if left.seconds is None:
        return f"time not known, as no setting could be made; {memory}"
    line = (
        f"at most {span(left.seconds)} of processor time by this machine's speed now,"
        f" {span(left.seconds / left.workers)} with {left.workers} at a time; {memory}"
    )
    if left.catalogue_seconds:
        line += f" (the recipe as it is: {span(left.catalogue_seconds)} where it was measured)"
    return line


def span(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
