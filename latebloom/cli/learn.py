"""Learning facts later: `latebloom learn`."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from latebloom.cli.app import Flag, Json, app, out
from latebloom.cli.grok import draw

if TYPE_CHECKING:
    from latebloom.studies.learn import Learned

NOT_THERE = 3
"""Exit status where the new run does not know what it should."""


@app.command
def learn(
    run: Path,
    *,
    facts: Path,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    replace: Flag = False,
    overwrite: Flag = False,
    steps: int = 0,
    device: str = "auto",
    threads: int = 0,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Teach a run more facts, or corrected ones, without starting again. It stays as it is: what
    comes of it is a new run.

    For runs on chains of facts, such as `facts` and `composition`. Where the new run does not know
    what it should, it is said, and the exit status is 3.

    Parameters
    ----------
    run
        The run folder.
    facts
        A file of facts: CSV, TSV, JSONL or N-Triples. New names may stand in it, relations too.
    out_
        The folder of the new run; without it, RUN-learned, or the first of RUN-learned-2, ...
    replace
        Where questions have several answers: the objects that the file gives a subject and relation
        take the place of all that were told, instead of being added. Where questions have one
        answer, a new one always replaces it.
    overwrite
        Replace the folder of the new run if it exists.
    steps
        Training steps; 0 takes as many as there is use for.
    device
        auto, cpu, cuda or mps.
    threads
        Processor threads; 0 lets torch choose.
    quiet
        Show no progress.
    json_
        Print what came of it as JSON.
    """
    from latebloom.reports.progress import make_progress
    from latebloom.studies.learn import learn as teach
    from latebloom.studies.learn import unused_beside
    from latebloom.training.opened import open_run

    opened = open_run(run)
    folder = out_ or unused_beside(run)
    with make_progress(quiet) as listener:
        learned, _ = teach(
            opened,
            facts,
            folder,
            listener=listener,
            device=device,
            threads=threads,
            overwrite=overwrite,
            replacing=replace,
            steps=steps,
        )
    draw(folder)
    if json_:
        print(json.dumps(learned.as_dict(), indent=2))
    elif not quiet:
        show(learned, folder)
    if not learned.got_there:
        sys.exit(NOT_THERE)


def show(learned: "Learned", folder: Path) -> None:
    """What came of it, and what to do next, for people."""
    from latebloom.studies.learn import AFRESH

    for line in learned.lines():
        out.print(line, markup=False)
    name = shlex.quote(str(folder))
    out.print(f"the run is in {name}; ask it: latebloom ask {name}", markup=False)
    if not learned.got_there:
        afresh = shlex.quote(str(folder / AFRESH))
        out.print(
            "this is not enough, and a new run over all facts is better: latebloom grok --config"
            f" {afresh}",
            markup=False,
        )
