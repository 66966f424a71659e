"""The end of the explorer, told to whoever would wait longer than it lives.

Enters: Ctrl-C. Leaves: an `Ending` that streams and waiting questions look at. Without it the
server would have to break them off, and would print where each of them stood.
"""

import asyncio
import threading
import time

LOOK = 0.1
"""Seconds between two looks."""


class Ending:
    """Whether the explorer ends."""

    def __init__(self) -> None:
        self._set = threading.Event()  # a signal sets it, and any thread may ask

    def begin(self) -> None:
        """From now on nobody waits any longer."""
        self._set.set()

    async def within(self, seconds: float) -> bool:
        """Waits that long, or until the end begins; says whether it has begun."""
        until = time.monotonic() + seconds
        while not self._set.is_set() and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, LOOK))
        return self._set.is_set()
