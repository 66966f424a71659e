"""The explorer, served for a while: for the tests in a browser, the pictures, and the readers.

Enters: a folder of runs. Leaves: the address under which it answers until one is done.
"""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def served(runs: Path) -> Generator[str]:
    """The address of an explorer of a folder, which runs in a thread of this process.

    Raises: RuntimeError if it ends before it serves.
    """
    import uvicorn

    from latebloom.explorer.app import make_app
    from latebloom.explorer.folder import Folder

    port = free_port()
    config = uvicorn.Config(
        make_app(Folder(runs)), port=port, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError(f"the explorer of {runs} does not start on port {port}")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
