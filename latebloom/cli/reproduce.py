"""Papers' claims put to the test: `latebloom reproduce`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from latebloom.cli.accelerators import ABOUT, compare_accelerators
from latebloom.cli.app import Flag, Json, app, err, out
from latebloom.cli.sweep import complain_of, teller
from latebloom.cli.tables import aligned, described
from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.studies.reproductions import Reproduction

ACCELERATORS = "accelerators"
"""The comparison that is no claim about one series of runs."""


@app.command
def reproduce(
    name: str = "",
    *,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    seeds: int = 3,
    first: int | None = None,
    device: str = "auto",
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Put a paper's claim to the test in a small world; without NAME, list the claims.

    Mostly the data are taken as they lie, with AdamW and the paper's loss; a claim's entry says
    what differs. The same command again goes on where it was stopped. The folder holds the runs,
    reproduce.json and curves.svg.

    Parameters
    ----------
    name
        The claim; without it, all of them are listed with what was found. `accelerators` compares
        ways to grok earlier instead, on processors, and takes neither --first nor --device.
    out_
        The folder of the runs; without it, one under runs/ that claims about the same runs share.
    seeds
        Runs, each with a seed of its own, which is that of the world, too.
    first
        The first seed; without it, the first that no setting was chosen by.
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
        show_claims(json_)
        return
    if name == ACCELERATORS:
        if first is not None or device != "auto":
            raise LatebloomError(
                f"--first and --device have no effect on {name}: it tunes on seed 0, reports on"
                " seeds from 100 on, and runs on processors; leave them out"
            )
        compare_accelerators(out_, seeds=seeds, threads=threads or 1, quiet=quiet, as_json=json_)
        return
    asked = find_reproduction(name)

    from latebloom.recipes.catalogue import FRESH
    from latebloom.reports.progress import make_progress
    from latebloom.reports.reproduced import write_reproduction
    from latebloom.studies.reproduce import RECORD
    from latebloom.studies.reproduce import reproduce as put_to_the_test

    folder = out_ or asked.folder

    def draw(record: dict[str, Any]) -> None:
        write_reproduction(record, folder)

    with make_progress(quiet) as listener:
        try:
            record = put_to_the_test(
                asked,
                folder,
                seeds=seeds,
                first=FRESH if first is None else first,
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
        print(json.dumps(record["claims"][name]))
    else:
        show_findings(record["claims"][name])
        out.print(f"the findings are in {folder / RECORD}, the curves in {folder / 'curves.svg'}")
    failed = [(run["run"], run["reason"]) for run in record["failed"]]
    complain_of(failed, seeds)
    if failed:
        sys.exit(1)


def show_claims(as_json: bool) -> None:
    """Every claim: the paper's figure, what was found, and what the small setting changes."""
    from latebloom.studies.reproductions import REPRODUCTIONS, found_before

    found = found_before()
    if as_json:
        print(
            json.dumps(
                [one.as_dict() | {"found": found.get(one.name)} for one in REPRODUCTIONS.values()]
            )
        )
        return
    if not out.is_terminal:
        rows = [
            (one.name, one.claim, one.published, was_found(one), one.changes)
            for one in REPRODUCTIONS.values()
        ]
        rows.append((ACCELERATORS, ABOUT, "", "", ""))
        print("\n".join(aligned(rows)), file=out.file)
        return
    described(out, [*map(entry_of, REPRODUCTIONS.values()), (ACCELERATORS, "", ABOUT)])


def entry_of(one: "Reproduction") -> tuple[str, str, str]:
    """A claim as a terminal shows it."""
    about = (
        f"{one.claim} {one.paper}, {one.source}: {one.published}. The small setting has"
        f" {one.changes}."
    )
    return one.name, was_found(one), about


def was_found(one: "Reproduction") -> str:
    """`held: 21.0 times, 3 seeds`, or that nothing was grown yet."""
    from latebloom.studies.reproductions import found_before

    told = found_before().get(one.name)
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
        ("changed", told["changes"]),
    ]
    print("\n".join(aligned(lines)), file=out.file)
