"""The explorer, served or in a notebook: `latebloom explore`."""

import json
import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from latebloom.cli.app import Flag, Json, app, err, out
from latebloom.errors import LatebloomError

HOST, PORT = "127.0.0.1", 8321
"""Where the page is served unless one says otherwise."""


@app.command
def explore(
    runs: Path = Path("runs"),
    *,
    host: str = HOST,
    port: int = PORT,
    notebook: Flag = False,
    out_: Annotated[Path | None, Parameter(name="--out")] = None,
    no_open: Flag = False,
    device: str = "cpu",
    json_: Json = False,
) -> None:
    """Show runs in the browser: all of a folder side by side, growing ones live; Ctrl-C ends.

    With --notebook: ask one run in the cell of a notebook, which marimo or Jupyter opens.

    Parameters
    ----------
    runs
        A folder of runs, or one run.
    host
        The address that is served. Every machine that can reach another one than 127.0.0.1 can read
        the runs.
    port
        Its port.
    notebook
        Serve no page. Write a notebook whose one cell is `latebloom.explore("RUN")`, and open it
        with marimo or Jupyter, whichever is installed; run the cell there. Needs the extra
        `notebook`.
    out_
        Where to write the notebook: .py for marimo, .ipynb for Jupyter. A file that is there is
        kept if it asks this run, and refused if not. Without it, explore.py or explore.ipynb in the
        run's folder.
    no_open
        Write the notebook without opening it.
    device
        Where models run when they are asked: cpu, cuda, mps, or auto.
    json_
        Print the list of the runs as JSON, and serve nothing. With --notebook: print where it is,
        and open nothing.
    """
    if notebook:
        if (host, port) != (HOST, PORT):
            raise LatebloomError("--host and --port are of the served page; --notebook serves none")
        in_notebook(runs, out_, device=device, opened=not no_open, json_=json_)
        return
    if out_ is not None or no_open:
        said = "--out" if out_ is not None else "--no-open"
        raise LatebloomError(f"{said} is about a notebook: add --notebook")
    from latebloom.files import import_extra

    import_extra("fastapi", "explore", "the explorer")
    import_extra("uvicorn", "explore", "the explorer")
    from latebloom.explorer.app import make_app, serve
    from latebloom.explorer.ending import Ending
    from latebloom.explorer.folder import Folder
    from latebloom.explorer.safety import LOCAL

    if json_:
        print(json.dumps([asdict(row) for row in Folder(runs).rows()]))
        return
    ending = Ending()
    served = make_app(Folder(runs), hosts={*LOCAL, host}, device=device, ending=ending)
    address = f"[{host}]" if ":" in host else host
    err.print(f"{runs} at http://{address}:{port}; Ctrl-C ends", markup=False)
    serve(served, host, port, ending)


def in_notebook(run: Path, path: Path | None, *, device: str, opened: bool, json_: bool) -> None:
    """Writes the notebook of a run, and opens it."""
    from latebloom.explorer.notebook_file import format_of, write_notebook
    from latebloom.files import import_extra
    from latebloom.training.device import choose_device

    import_extra("anywidget", "notebook", "asking a run inside a notebook")
    choose_device(device)
    only_run(run)
    chosen = format_of(path)
    path = path or run / f"explore{chosen.suffix}"
    written, opener = write_notebook(run, path, device), chosen.opener()
    if json_:
        print(json.dumps({"notebook": str(path), "written": written, "opener": opener}))
        return
    kept = "" if written else " (it was there, and is as it was)"
    out.print(f"the notebook: {path}{kept}", markup=False)
    if not opened:
        return
    if opener is None:
        out.print(
            f"nothing here opens it: pip install {chosen.brought_by}, or open it in another program"
            f" that reads {chosen.suffix} notebooks of {chosen.name}",
            markup=False,
        )
        return
    err.print(f"in {chosen.name}, {chosen.run_cell} runs the cell; Ctrl-C here ends", markup=False)
    subprocess.run([sys.executable, "-m", *opener, str(path)], check=False)


def only_run(path: Path) -> None:
    """Makes sure that a cell can ask what is at `path`.

    Raises: LatebloomError if it is no run, or has no checkpoint yet; of a folder with runs in it,
    naming one.
    """
    from latebloom.explorer.folder import Folder
    from latebloom.training.run_folder import RunFolder

    inside = Folder(path)
    names = [row.name for row in inside.rows() if row.status != "damaged"]
    if names and inside.path_of(names[0]) != inside.root:
        raise LatebloomError(
            f"--notebook asks one run, and {path} holds {len(names)}:"
            f" latebloom explore {shlex.quote(str(path / names[0]))} --notebook"
        )
    RunFolder.open(path).newest()
