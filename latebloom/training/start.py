"""What is chosen of a run's start: random weights, or those of another run.

Nothing here loads torch; `latebloom.training.carrying` makes the weights.
"""

from dataclasses import dataclass
from typing import Literal

from latebloom.checked import check_fields
from latebloom.errors import LatebloomError

Carry = Literal["all", "body", "shuffled"]
"""What is carried over from another run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StartConfig:
    """Where the weights of step 0 come from."""

    run: str = ""
    """Run folder whose newest weights this run begins with; empty: random weights."""
    carry: Carry = "all"
    """What is carried over: all weights, the embeddings of words that both runs have among them;
    the body, which is all but the embeddings; or, as a control, the body with the numbers of each
    of its matrices shuffled."""
    noise: float = 0.0
    """Deviation of normal noise added to every carried weight, in units of the deviation of its
    matrix."""

    def __post_init__(self) -> None:
        check_fields(self, "start")
        if self.noise < 0:
            raise LatebloomError(f"start.noise is {self.noise}; it must be 0 or more")
        if not self.run and (self.noise or self.carry != "all"):
            name = "noise" if self.noise else "carry"
            raise LatebloomError(
                f"start.{name} has no effect without start.run: name the run to start from"
                " (--start-from RUN)"
            )

    @property
    def carries(self) -> bool:
        """Whether the run begins with the weights of another."""
        return bool(self.run)
