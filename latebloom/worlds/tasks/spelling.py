"""How entities are written whose names have several tokens.

Enters: entities, or tokens. Leaves: the tokens of their names, or the entities that names stand
for. Whoever reads a model's answer asks a `Spelling` what its words mean together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int
from numpy import ndarray

NO_ENTITY = -1
"""What words stand for that are nobody's name; the `NOTHING` of tasks."""


@dataclass(frozen=True)
class Spelling:
    """How each entity is written.

    words: for each entity, which are the first of the vocabulary, the tokens of its name; all
        rows are distinct.
    blank: the token that fills short names up; -1 where all are as long.
    """

    words: tuple[tuple[int, ...], ...]
    blank: int = -1
    table: Int[ndarray, "entity place"] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table = np.array(self.words, np.int64)
        assert table.ndim == 2, "all names have as many places"
        assert len(np.unique(table, axis=0)) == len(table), "two entities have one name"
        object.__setattr__(self, "table", table)

    @property
    def n_places(self) -> int:
        """Tokens of a name, its blanks counted."""
        return self.table.shape[1]

    def written(self, entities: Int[ndarray, " row"]) -> Int[ndarray, "row place"]:
        """The tokens of names."""
        return self.table[entities]

    def read(self, tokens: Int[ndarray, "row place"]) -> Int[ndarray, " row"]:
        """The entities that names stand for, `NO_ENTITY` for what is no name."""
        every = np.concatenate((self.table, np.asarray(tokens, np.int64)))
        number = np.unique(every, axis=0, return_inverse=True)[1].reshape(-1)
        entity_of = np.full(number.max(initial=0) + 1, NO_ENTITY, np.int64)
        entity_of[number[: len(self.table)]] = np.arange(len(self.table))
        return entity_of[number[len(self.table) :]]

    def filled_up(self, words: Sequence[int]) -> list[int]:
        """A name with its blanks."""
        return [*words, *[self.blank] * (self.n_places - len(words))]
