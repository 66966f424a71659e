"""A table of numbers: what things there are, by what they are measured, and the numbers."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray


@dataclass(frozen=True, slots=True)
class NumberTable:
    """Numbers of entities; NaN where there is none."""

    source: str
    entities: tuple[str, ...]
    attributes: tuple[str, ...]
    number: Float[ndarray, "entity attribute"]

    def lines(self) -> list[str]:
        """The table for people."""
        present = np.isfinite(self.number)
        return [
            f"{self.source}: {len(self.entities):,} entities, {len(self.attributes):,} attributes,"
            f" {int(present.sum()):,} numbers ({int((~present).sum()):,} missing)"
        ]
