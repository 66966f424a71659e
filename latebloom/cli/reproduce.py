"""Papers' claims put to the test: `latebloom reproduce`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from latebloom.cli.accelerators import ABOUT, compare_accelerators, preview_tuning
from latebloom.cli.app import Flag, Json, app, err, out
from latebloom.cli.sweep import complain_of, teller
from latebloom.cli.sweep_plan import show_cells
from latebloom.cli.tables import aligned, described
from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.studies.reproductions import Reproduction

ACCELERATORS = "accelerators"
"""The comparison that is no claim about one series of runs."""
USUAL_GROUND = "modular"
"""The world on which ways to grok earlier are compared unless another is named."""


@app.command
def reproduce(
    name: str = "",
    *,
    size: Literal["small", "paper"] = "small",
    ground: Annotated[str, Parameter(name="--world")] = USUAL_GROUND,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    seeds: int = 3,
    first: int | None = None,
    dry_run: Flag = False,
    device: str = "auto",
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Put a paper's claim to the test, small or as published; without NAME, list the claims.

    Mostly the data are taken as they lie, with AdamW and the paper's loss; a claim's entry says
    what differs. The same command again goes on where it was stopped. The folder holds the runs,
    reproduce.json and curves.svg.

    Parameters
    ----------
    name
        The claim; without it, all of them are listed with what was found. `accelerators` compares
        ways to grok earlier instead, on processors, and takes neither --first nor --device.
    size
        small: worlds and models so small that it takes hours on two cores. paper: the worlds, the
        models and the steps that were published, for days on a GPU; ask --dry-run first.
    ground
        Of `accelerators` alone, the world of the comparison: modular, bloom-looped, bloom,
        comparison or modular-published.
    out_
        The folder of the runs; without it, one under runs/ that claims about the same runs share,
        and another for each size.
    seeds
        Runs, each with a seed of its own, which is that of the world, too.
    first
        The first seed; without it, the first that no setting was chosen by.
    dry_run
        List the runs, how far each is, and what they will take; grow nothing.
    device
        auto, cpu, cuda or mps.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    json_
        Print the findings, or the list, as JSON.
    """
    from latebloom.studies.reproductions import find_reproduction

    if not name:
        if out_ is not None:
            raise LatebloomError(f"--out {out_} has no effect on the list; name a claim")
        if dry_run:
            raise LatebloomError("--dry-run has no effect on the list; name a claim")
        show_claims(size, json_)
        return
    if name == ACCELERATORS:
        if size != "small":
            raise LatebloomError(
                f"--size has no effect on {name}; what was published is --world modular-published"
            )
        if first is not None or device != "auto":
            raise LatebloomError(
                f"--first and --device have no effect on {name}: it tunes on seed 0, reports on"
                " seeds from 100 on, and runs on processors; leave them out"
            )
        if dry_run:
            preview_tuning(ground, out_, threads=threads or 1, as_json=json_)
            return
        compare_accelerators(
            ground, out_, seeds=seeds, threads=threads or 1, quiet=quiet, as_json=json_
        )
        return
    if ground != USUAL_GROUND:
        raise LatebloomError(f"--world {ground} has no effect on {name}: it is for {ACCELERATORS}")
    asked = find_reproduction(name).at(size)
    folder = out_ or asked.runs.folder

    from latebloom.recipes.catalogue import FRESH
    from latebloom.studies.reproduce import states_of

    since = FRESH if first is None else first
    if dry_run:
        states = states_of(asked, seeds, since, folder)
        show_cells(states, folder, device, 1, threads, json_)
        return
    from latebloom.reports.progress import make_progress
    from latebloom.reports.reproduced import write_reproduction
    from latebloom.studies.reproduce import RECORD
    from latebloom.studies.reproduce import reproduce as put_to_the_test

    def draw(record: dict[str, Any]) -> None:
        write_reproduction(record, folder)

    with make_progress(quiet) as listener:
        try:
            record = put_to_the_test(
                asked,
                folder,
                seeds=seeds,
                first=since,
                listener=listener,
                device=device,
                threads=threads,
                on_cell=teller(quiet),
                on_record=draw,
            )
        except KeyboardInterrupt:
            err.print("stopped; the same command goes on")
            raise
    if json_:
        print(json.dumps(record["claims"][asked.name]))
    else:
        show_findings(record["claims"][asked.name])
        out.print(f"the findings are in {folder / RECORD}, the curves in {folder / 'curves.svg'}")
    failed = [(run["run"], run["reason"]) for run in record["failed"]]
    complain_of(failed, seeds)
    if failed:
        sys.exit(1)


def show_claims(size: str, as_json: bool) -> None:
    """Every claim: the paper's figure, what was found, and what this size changes."""
    from latebloom.studies.reproductions import REPRODUCTIONS, found_before

    claims = [one.at(size) for one in REPRODUCTIONS.values()]
    if as_json:
        found = found_before()
        print(json.dumps([one.as_dict() | {"found": found.get(one.key)} for one in claims]))
        return
    if not out.is_terminal:
        rows = [(one.name, one.claim, one.published, was_found(one), one.changes) for one in claims]
        rows.append((ACCELERATORS, ABOUT, "", "", ""))
        print("\n".join(aligned(rows)), file=out.file)
        return
    described(out, [*map(entry_of, claims), (ACCELERATORS, "", ABOUT)])


def entry_of(one: "Reproduction") -> tuple[str, str, str]:
    """A claim as a terminal shows it."""
    changes = f" Size {one.size} has {one.changes}." if one.changes else ""
    return (
        one.name,
        was_found(one),
        f"{one.claim} {one.paper}, {one.source}: {one.published}.{changes}",
    )


def was_found(one: "Reproduction") -> str:
    """`held: 21.0 times, 3 seeds`, or that nothing was grown yet."""
    from latebloom.studies.reproductions import found_before

    told = found_before().get(one.key)
    return f"{told['verdict']}: {told['here']}" if told else "not grown yet"


def show_findings(told: dict[str, Any]) -> None:
    """The claim, the paper's figure, ours, the verdict; then each seed."""
    lines = [
        ("claim", told["claim"]),
        ("source", f"{told['paper']}, {told['source']}"),
        ("figure", told["figure"]),
        ("paper", told["published"]),
        ("here", f"{told['here']} (95 % over seeds in brackets)"),
        ("verdict", f"{told['verdict']} ({told['rule']})"),
        *((f"seed {one['seed']}", f"{one['verdict']}: {one['said']}") for one in told["by_seed"]),
        ("size", told["size"]),
    ]
    if told["changes"]:
        lines.append(("changed", told["changes"]))
    print("\n".join(aligned(lines)), file=out.file)
