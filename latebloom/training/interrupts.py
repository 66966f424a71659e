"""Ctrl-C and SIGTERM, so that a training ends between two steps."""

import contextlib
import signal
import threading
from collections.abc import Generator


@contextlib.contextmanager
def interruptible() -> Generator[threading.Event, None, None]:
    """Turns the first Ctrl-C, or SIGTERM, into an event, so that a step is never left half done.

    The second is what it was before. Outside the main thread nothing is changed.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def on_interrupt(number: int, _frame: object) -> None:
        event.set()
        signal.signal(number, before[number])

    both = (int(signal.SIGINT), int(signal.SIGTERM))
    before = {number: signal.signal(number, on_interrupt) for number in both}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
