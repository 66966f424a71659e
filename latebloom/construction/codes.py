"""Codes: where in the residual stream each kind of thing stands, and the vector of each name.

Enters: how many entities, relations and positions there are, and the width of the stream. Leaves: a
`Stream`, its columns shared out among them, so that one kind can be read without the others.

Every code has mean 0 and length sqrt(d_model): the LayerNorm leaves it as it is. Codes of one kind
are orthogonal where the columns suffice, and random otherwise.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from latebloom.errors import LatebloomError

SMALL = 0.1
"""Length of what only an MLP reads (relation, copied entity, position), beside that of an entity or
an answer: it does not disturb them, and where it stands alone the LayerNorm makes it loud."""
FEWEST = 8
"""Columns that a kind has at least."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The columns of each kind.

    entity: entities and answers. relation: relations. copied: the entity that attention brought;
    in a looped model the entity's own columns, since nothing else stands there at that time.
    position: positions; empty where the scheme says nothing in the stream.
    answer: what is written; in chains the entity's columns.
    """

    d_model: int
    entity: slice
    relation: slice
    copied: slice
    position: slice
    answer: slice

    @classmethod
    def shared_out(
        cls, d_model: int, *, relations: int, positions: int = 0, apart: bool = False
    ) -> "Stream":
        """An eighth for the relations (fewer if they are few), what positions need, the rest for
        entities.

        apart: whether a copied entity has columns of its own.
        Raises: LatebloomError if that leaves an entity too few.
        """
        n_relation = min(max(d_model // 8, FEWEST), relations + 1)
        n_position = positions + 1 if positions else 0
        n_entity = (d_model - n_relation - n_position) // (2 if apart else 1)
        if n_entity < FEWEST:
            raise LatebloomError(
                f"model.d_model is {d_model}, which leaves {max(0, n_entity)} columns for the"
                f" entities; at least {FEWEST} are needed: set a larger --model.d-model"
            )
        ends = np.cumsum([n_entity, n_relation, n_position])
        entity, relation, position = (
            slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True)
        )
        copied = slice(int(ends[-1]), int(ends[-1]) + n_entity) if apart else entity
        return cls(d_model, entity, relation, copied, position, answer=entity)

    def codes(
        self, n: int, columns: slice, rng: np.random.Generator
    ) -> Float[ndarray, "n d_model"]:
        """Codes of `n` things in these columns, of length sqrt(d_model)."""
        width = columns.stop - columns.start
        found = np.zeros((n, self.d_model))
        found[:, columns] = directions(n, width, rng) * np.sqrt(self.d_model)
        return found


def directions(n: int, width: int, rng: np.random.Generator) -> Float[ndarray, "n width"]:
    """Vectors of length 1 and mean 0: orthogonal if they are fewer than the width, else random."""
    drawn = rng.standard_normal((n, width))
    drawn -= drawn.sum(1, keepdims=True) / max(1, width)
    if n < width:
        return np.linalg.qr(drawn.T)[0].T
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def coherence(vectors: Float[ndarray, "n width"]) -> float:
    """The largest cosine of two different ones; 0 if there is one alone, or all are orthogonal."""
    unit = vectors.astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    largest = 0.0
    for first in range(0, len(unit), 2048):  # bounded memory: the atlas has 7,700 entities
        block = unit[first : first + 2048] @ unit.T
        block[np.arange(len(block)), np.arange(first, first + len(block))] = -1.0
        largest = max(largest, float(block.max()))
    return largest
