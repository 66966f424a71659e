"""A worker process: grows the cells that it is told of, one after another.

    python -m latebloom.studies.worker

Enters: on standard input a JSON object a line, with `name`, `config` (TOML), `path`, `device` and
`threads`. Leaves: the run folder, and on standard output an object a line: empty when the cell
came to its end or was stopped; else with `kind` (`busy`, `folder`, `failed`) and `error`.

When its input is closed it saves the run that it is at, and ends.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latebloom.errors import BusyError, LatebloomError, RunFolderError, is_out_of_memory
from latebloom.reading import parse_json
from latebloom.studies.cells import Cell, grower_here
from latebloom.training.config import RunConfig

AGAIN = 0.2
"""Seconds between two requests to stop."""


def answer(order: Mapping[str, Any]) -> dict[str, Any]:
    """Grows what an order names; the reply to it."""
    try:
        grow = grower_here(device=order["device"], threads=order["threads"])
        cell = Cell(name=order["name"], config=RunConfig.from_toml(order["config"]))
        grow(cell, Path(order["path"]))
    except BusyError as error:
        return {"kind": "busy", "error": str(error)}
    except RunFolderError as error:
        return {"kind": "folder", "error": str(error)}
    except LatebloomError as error:
        return {"kind": "failed", "error": str(error)}
    except Exception as error:
        if is_out_of_memory(error):
            return {"kind": "failed", "error": f"the memory is not enough ({error})"}
        # A fault of ours in one cell is no reason to lose the others.
        return {"kind": "failed", "error": f"{type(error).__name__}: {error}"}
    return {}


def listen(orders: "queue.Queue[str]") -> None:
    """Hands on the lines of standard input; at its end the training under way is interrupted."""
    for line in sys.stdin:
        orders.put(line)
    orders.put("")
    while True:  # again and again: a training that is about to begin has not heard the first
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(AGAIN)


def main() -> None:
    orders: queue.Queue[str] = queue.Queue()
    # Between two trainings there is nothing to interrupt; the empty line ends the process.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # what a library prints is no reply
    threading.Thread(target=listen, args=(orders,), daemon=True).start()
    while line := orders.get():
        print(json.dumps(answer(parse_json(line))), file=replies, flush=True)
    sys.stdout.flush()
    os._exit(0)  # a thread that waits for input would hold the process up


if __name__ == "__main__":
    main()
