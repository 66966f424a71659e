"""Who is told how a training goes: a progress bar, a test, nobody."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Listener(Protocol):
    """Told by the loop; must not change anything."""

    def start(
        self, total_steps: int, first_step: int, title: str, judged: Sequence[str] = ()
    ) -> None:
        """judged: the splits that the run is judged by."""
        ...

    def step(self, step: int, loss: float, steps_per_second: float) -> None: ...

    def evaluated(self, record: dict[str, Any]) -> None: ...

    def note(self, text: str) -> None: ...


class Silence:
    """A listener that keeps quiet."""

    def start(
        self, total_steps: int, first_step: int, title: str, judged: Sequence[str] = ()
    ) -> None:
        pass

    def step(self, step: int, loss: float, steps_per_second: float) -> None:
        pass

    def evaluated(self, record: dict[str, Any]) -> None:
        pass

    def note(self, text: str) -> None:
        pass
