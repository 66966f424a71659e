"""Following a training that runs elsewhere: `latebloom watch`."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latebloom.cli.app import Flag, Json, app, err

if TYPE_CHECKING:
    from latebloom.reports.following import Followed

SILENT_SECONDS = 120
"""A run that has not written for so long may have died."""


@app.command
def watch(run: Path, *, once: Flag = False, json_: Json = False) -> None:
    """Follow a run that another process trains: curves, phase, time left. Ctrl-C leaves it alone.

    It ends when the run does. In a pipe each evaluation is a line.

    Parameters
    ----------
    run
        The run folder.
    once
        Show where it is now, and end.
    json_
        Print a line of JSON for each evaluation; with --once, one object: where the run is.
    """
    from latebloom.reports.following import Followed
    from latebloom.reports.progress import make_progress

    followed = Followed(run)
    if json_:
        if once:
            print(json.dumps(standing(followed)))
            return
        for record in followed.records():
            print(json.dumps(record), flush=True)
        return
    with make_progress(False, sys.stdout) as listener:
        listener.start(followed.total_steps, 0, followed.title)
        told = False

        def warn() -> None:
            nonlocal told
            if not told and followed.silent_seconds() > SILENT_SECONDS and not followed.over:
                told = True
                listener.note(silence(followed))

        for record in followed.records(once=once, on_wait=warn):
            listener.evaluated(record)
    if followed.over:
        summary = followed.run.summary()
        err.print(
            f"ended at step {summary['steps']:,}, stopped by {summary['stopped_by']};"
            f" then: latebloom report {shlex.quote(str(run))}",
            markup=False,
        )
    elif followed.silent_seconds() > SILENT_SECONDS and not told:
        err.print(silence(followed), markup=False)


def silence(followed: "Followed") -> str:
    """That nothing was heard, and what to do."""
    minutes = followed.silent_seconds() / 60
    return (
        f"nothing new for {minutes:.0f} min; if its process has died, go on with: latebloom grok"
        f" --resume {shlex.quote(str(followed.run.path))}"
    )


def standing(followed: "Followed") -> dict[str, Any]:
    """Where a run is, for scripts. `last` is its newest evaluation, null before the first."""
    records = list(followed.records(once=True))
    return {
        "run": str(followed.run.path),
        "total_steps": followed.total_steps,
        "over": followed.over,
        "silent_seconds": round(followed.silent_seconds(), 1),
        "last": records[-1] if records else None,
    }
