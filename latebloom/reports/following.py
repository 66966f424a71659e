"""Following a run that another process trains, from what it writes into its folder.

Enters: a run folder. Leaves: its evaluations, as the loop tells them to a listener, as they come.

Covers: a folder on a disk that both see. Does not cover: steps between evaluations, which no file
holds.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from latebloom.training.run_folder import RunFolder

POLL_SECONDS = 1.0
"""Time between two looks at the folder."""


class Followed:
    """A run that is followed. Raises RunFolderError where there is none."""

    def __init__(self, path: Path) -> None:
        self.run = RunFolder.open(path)
        config = self.run.config()
        self.total_steps = config.train.steps
        self.title = f"{config.recipe}, seed {config.seed}"

    def stamp(self, name: str) -> int:
        """When a file of the run was last written, in nanoseconds; 0 if there is none."""
        try:
            return (self.run.path / name).stat().st_mtime_ns
        except OSError:
            return 0

    @property
    def over(self) -> bool:
        """Whether a summary closes it: one that is as new as the last evaluation.

        A run that is continued writes its metrics anew, so its old summary closes nothing.
        """
        return self.stamp("summary.json") >= max(self.stamp("metrics.jsonl"), 1)

    def silent_seconds(self) -> float:
        """Seconds since it last wrote an evaluation, or since it began."""
        newest = max(self.stamp("metrics.jsonl"), self.stamp("config.toml"))
        return max(0.0, time.time() - newest / 1e9)

    def records(
        self, *, once: bool = False, on_wait: Callable[[], None] = lambda: None
    ) -> Iterator[dict[str, Any]]:
        """Evaluations, first those that are there, then new ones until the run is over.

        once: only those that are there. on_wait: called at every look that found nothing new.
        """
        last, seen = -1, -1
        while True:
            over, stamp = self.over, self.stamp("metrics.jsonl")
            if stamp == seen:
                on_wait()
            for record in self.run.metrics() if stamp != seen else ():
                if record["step"] > last:
                    last = record["step"]
                    yield record
            seen = stamp
            if over or once:
                return
            time.sleep(POLL_SECONDS)
