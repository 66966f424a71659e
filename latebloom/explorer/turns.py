"""How long the explorer works for those who ask, and for how many at once.

Enters: work that may take long: a question to a model, the page of a run. Leaves: what it comes
to, or a `BusyError` at once where too many wait already, or after a time. The work has threads of
its own, so that whoever asks for the list, or an evaluation, never waits behind a slow model.

Does not cover: stopping work that has begun. It ends by itself, later, and is thrown away; until
then it holds its place among those that wait.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from latebloom.errors import LatebloomError
from latebloom.explorer.ending import Ending

T = TypeVar("T")


class BusyError(LatebloomError):
    """What was asked takes too long, or too many ask; later it may be answered."""


class Turns:
    """Work by turns."""

    def __init__(
        self, *, workers: int, most: int, seconds: float, ending: Ending | None = None
    ) -> None:
        """workers: how much is worked out at once. most: how many may wait or be worked for.
        seconds: that somebody waits at most, his turn included. ending: nobody waits on then."""
        self.most, self.seconds, self.ending = most, seconds, ending or Ending()
        self._places = threading.BoundedSemaphore(most)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="turn")

    async def take(self, work: Callable[[], T]) -> T:
        """What the work comes to.

        Raises: BusyError if there is no place, or it takes too long, or the end begins; what the
        work raises.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError(f"{self.most} questions are waiting already; ask again later")
        future = self._threads.submit(work)
        # Also called where it is taken back before its turn; one that has begun is waited for.
        future.add_done_callback(lambda _: self._places.release())
        waited = asyncio.wrap_future(future)
        limit = asyncio.ensure_future(self.ending.within(self.seconds))
        try:
            await asyncio.wait((waited, limit), return_when=asyncio.FIRST_COMPLETED)
            if waited.done():
                return waited.result()
            if limit.result():
                raise BusyError("the explorer ends")
            raise BusyError(
                f"no answer within {self.seconds:g} seconds; ask again later, or a smaller model"
            )
        finally:
            future.cancel()  # itself: what only waits for it would take it back one turn later
            waited.cancel()
            limit.cancel()
