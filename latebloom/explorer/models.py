"""The models of the explorer: the few that were asked last stay open."""

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from latebloom.circuits.moving import Source
from latebloom.circuits.verdict import Place
from latebloom.explorer.folder import Folder
from latebloom.run import Run, load
from latebloom.training.run_folder import RunFolder

OPEN = 4
"""Models that are kept open."""


class Models:
    """The models of a folder's runs, asked one at a time: they share the processor's threads."""

    def __init__(self, folder: Folder, device: str = "cpu") -> None:
        self.folder = folder
        self._lock = threading.Lock()

        @lru_cache(maxsize=OPEN)
        def opened(path: Path, step: int) -> Run:
            return load(path, step=step, device=device)

        self._opened = opened

    def ask(
        self, name: str, question: Sequence[str], *, top: int = 5, step: int | None = None
    ) -> dict[str, Any]:
        """The answer of a run, as `latebloom ask --json` gives it.

        Raises: LatebloomError if there is no such run or checkpoint, or it is no question.
        """
        with self._lock:
            return self._run(name, step).ask(*question, top=top).as_dict()

    def lens(self, name: str, question: Sequence[str], *, step: int | None = None) -> Any:
        """What every state of a run says, as `latebloom lens --json` gives it.

        Raises: LatebloomError if there is no such run or checkpoint, or it is no question.
        """
        with self._lock:
            run = self._run(name, step)
            world = run.world
            words = world.vocabulary.decode(world.read(question)) if question else world.example()
            states = [glimpse.as_dict() for glimpse in run.lens(*words)]
            return {"step": run.step, "question": words, "states": states}

    def patch(
        self,
        name: str,
        question: Sequence[str],
        place: Place,
        by: Source,
        *,
        top: int = 5,
        step: int | None = None,
    ) -> dict[str, Any]:
        """A question with the state at a place, counted from 0, replaced (`Run.patch`).

        Raises: LatebloomError if there is no such run, checkpoint or state, or it is no question.
        """
        loop, layer, position = place
        with self._lock:
            moved = self._run(name, step).patch(
                *question, loop=loop + 1, layer=layer, position=position, by=by, top=top
            )
            return moved.as_dict()

    def steps(self, name: str) -> list[int]:
        """The steps of which a run has a checkpoint.

        Raises: LatebloomError if there is no such run.
        """
        return [one.step for one in RunFolder.open(self.folder.path_of(name)).checkpoints()]

    def _run(self, name: str, step: int | None) -> Run:
        path = self.folder.path_of(name)
        if step is None:
            step = RunFolder.open(path).newest().step
        return self._opened(path, step)
