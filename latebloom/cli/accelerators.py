"""Accelerators held against each other: `latebloom reproduce accelerators`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latebloom.cli.app import out
from latebloom.cli.sweep import teller
from latebloom.cli.sweep_plan import show_cells
from latebloom.cli.tables import aligned

ABOUT = (
    "which accelerator brings a late bloom forward: on sums modulo 97, or on facts (--world), each"
    " contender with the same tuning budget as AdamW (docs/classic.md)"
)
HEAD = ("contender", "chosen", "grokked", "step", "faster", "p")


def compare_accelerators(
    world: str, folder: Path | None, *, seeds: int, threads: int, quiet: bool, as_json: bool
) -> None:
    """Grows what is not there yet, and prints what was found."""
    from latebloom.reports.progress import make_progress
    from latebloom.studies.accelerators import RECORD, compare
    from latebloom.studies.grounds import find_ground

    ground = find_ground(world)
    out_ = folder or ground.folder
    with make_progress(quiet) as listener:
        record = compare(
            out_,
            ground=ground,
            seeds=seeds,
            threads=threads,
            listener=listener,
            on_cell=teller(quiet),
        )
    if as_json:
        print(json.dumps(record))
        return
    print("\n".join(aligned([HEAD, *map(row_of, record["contenders"])])), file=out.file)
    out.print(f"step: from which {ground.split} kept {ground.level:g}; the median over seeds")
    out.print(f"all of it is in {out_ / RECORD}; p: one-sided, that it is no faster than the first")


def preview_tuning(world: str, folder: Path | None, *, threads: int, as_json: bool) -> None:
    """The tuning runs, how far each is, and what those left will take."""
    from latebloom.studies.accelerators import tuning_states
    from latebloom.studies.grounds import find_ground

    ground = find_ground(world)
    out_ = folder or ground.folder
    states = tuning_states(ground, out_)
    show_cells(states, out_, "cpu", 1, threads, as_json)
    if not as_json:
        out.print("and then one run of each contender for each fresh seed, by the settings chosen")


def row_of(found: Mapping[str, Any]) -> tuple[str, ...]:
    """A contender in a line: the median over seeds, those that did not grok counted as last."""
    middle, faster, p = (found[name] for name in ("median_step", "times_faster", "p_faster"))
    return (
        found["name"],
        ", ".join(f"{name} {value:g}" for name, value in found["chosen"].items()),
        f"{found['grokked']} of {len(found['seeds'])}",
        "never" if middle is None else f"{middle:g}",
        "-" if faster is None else f"{faster:.2f} times",
        "-" if p is None else f"{p:.3f}",
    )
