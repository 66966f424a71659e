"""The served explorer: `latebloom explore`."""

import json
from dataclasses import asdict
from pathlib import Path

from latebloom.cli.app import Json, app, err


@app.command
def explore(
    runs: Path = Path("runs"),
    *,
    host: str = "127.0.0.1",
    port: int = 8321,
    device: str = "cpu",
    json_: Json = False,
) -> None:
    """Show runs in the browser: all of a folder side by side, growing ones live; Ctrl-C ends.

    Parameters
    ----------
    runs
        A folder of runs, or one run.
    host
        The address that is served. Every machine that can reach another one than 127.0.0.1 can read
        the runs.
    port
        Its port.
    device
        Where models run when they are asked: cpu, cuda, mps, or auto.
    json_
        Print the list of the runs as JSON, and serve nothing.
    """
    from latebloom.files import import_extra

    import_extra("fastapi", "explore", "the explorer")
    import_extra("uvicorn", "explore", "the explorer")
    from latebloom.explorer.app import make_app, serve
    from latebloom.explorer.folder import Folder
    from latebloom.explorer.safety import LOCAL

    if json_:
        print(json.dumps([asdict(row) for row in Folder(runs).rows()]))
        return
    served = make_app(Folder(runs), hosts={*LOCAL, host}, device=device)
    address = f"[{host}]" if ":" in host else host
    err.print(f"{runs} at http://{address}:{port}; Ctrl-C ends", markup=False)
    serve(served, host, port)
