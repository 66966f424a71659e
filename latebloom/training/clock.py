"""How long a run has taken, over all the processes that trained it."""

import time


class Clock:
    """The time that a run has taken, that of earlier processes included.

    elapsed: seconds at the last step. speed: steps a second of this process.
    """

    def __init__(self, step: int = 0, seconds: float = 0.0) -> None:
        self.first, self.before = step, seconds
        self.began = time.perf_counter() - seconds
        self.elapsed, self.speed = seconds, 0.0

    def seconds(self) -> float:
        """Seconds until now."""
        return time.perf_counter() - self.began

    def tick(self, step: int) -> None:
        """Notes that a step has been taken."""
        self.elapsed = self.seconds()
        self.speed = (step - self.first) / (self.elapsed - self.before)
