"""The tour: `latebloom tour`."""

import json
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from latebloom.cli.app import Flag, Json, app, out
from latebloom.errors import LatebloomError


@app.command
def tour(
    *,
    out_: Annotated[Path, Parameter(name="--out")] = Path("latebloom-tour.html"),
    no_open: Flag = False,
    json_: Json = False,
) -> None:
    """See it in twenty minutes: one page with two trained models in it, which opens at once.

    A plain transformer learns its questions by heart, and blooms late; a looped one mends what it
    cannot do. The page needs no training and no network, and asks you to guess first.

    Parameters
    ----------
    out_
        Where to write the page.
    no_open
        Write it without opening it in the browser.
    json_
        Print where it is as JSON, and open nothing.
    """
    from latebloom.reports.tour import write_tour

    try:
        page = write_tour(out_)
    except OSError as error:
        raise LatebloomError(f"{out_} cannot be written ({error.strerror})") from error
    if json_:
        print(json.dumps({"page": str(page)}))
        return
    out.print(f"the page: {page}", markup=False)
    if not no_open and not webbrowser.open(page.resolve().as_uri()):
        out.print("no browser could be started; open the file yourself", markup=False)
