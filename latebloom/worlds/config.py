"""What every world can be told that is made or read as its config says.

Enters: nothing. Leaves: the dataclass from which the configs of worlds derive; each stands beside
the code that makes its world.
"""

from dataclasses import dataclass
from typing import ClassVar

from latebloom.checked import check_fields
from latebloom.errors import LatebloomError, WorldError


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldSettings:
    """What every world that is made or read can be told."""

    refuses: ClassVar[type[LatebloomError]] = WorldError
    """The error of a setting that does not fit."""
    valid_frac: float = 0.2
    """Share of every test split that is set aside as its validation split (`valid_id` of
    `test_id`): stop rules read it, and results do not."""

    @property
    def loops_wanted(self) -> int:
        """Loops that a looped model needs in training for its questions at least; 0: any number."""
        return 0

    @property
    def window_wanted(self) -> int:
        """How far a model's attention must reach at least, in tokens; 0: any reach."""
        return 0

    def __post_init__(self) -> None:
        check_fields(self, "world", self.refuses)
        if not 0 <= self.valid_frac < 1:
            raise self.refuses(f"world.valid_frac is {self.valid_frac}; it must lie in [0, 1)")
