"""Facts as triples, by what becomes of them: told, or missing on purpose."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import WorldError


@dataclass(frozen=True, slots=True)
class Triples:
    """Facts as rows `subject relation object` of token ids, by what becomes of them.

    told: trained on. valid, test: never told; `valid` may be empty.
    """

    told: Int[ndarray, "told 3"]
    valid: Int[ndarray, "valid 3"]
    test: Int[ndarray, "test 3"]

    def with_inverses(self, n_relations: int) -> "Triples":
        """The facts and each read backwards: its relation stands `n_relations` further on."""
        return Triples(
            *(read_both_ways(rows, n_relations) for rows in (self.told, self.valid, self.test))
        )

    def shifted(self, by: int) -> "Triples":
        """The facts with their relations `by` further on, to make room for more entities."""
        move = np.array([0, by, 0], np.int32)
        return Triples(self.told + move, self.valid + move, self.test + move)


def missing_facts(
    rows: Int[ndarray, "fact 3"], share: float, rng: np.random.Generator, fold: int = 0
) -> Bool[ndarray, " fact"]:
    """A random mask over facts, `round(share * n)` of them true, that are never to be told.

    fold: the masks of several folds have no fact in common; the last may hold fewer.
    Each entity and each relation keeps a told fact.
    Raises: WorldError if so many cannot be spared.
    """
    n = len(rows)
    order = rng.permutation(n)
    shuffled = rows[order]
    spared = np.ones(n, bool)
    names = np.concatenate((shuffled[:, 0], shuffled[:, 2]))
    spared[np.unique(names, return_index=True)[1] % n] = False
    spared[np.unique(shuffled[:, 1], return_index=True)[1]] = False
    wanted = round(share * n)
    chosen = order[spared][fold * wanted : (fold + 1) * wanted]
    if len(chosen) < (wanted if not fold else min(1, wanted)):
        raise WorldError(
            f"world.missing_frac {share} of {n} facts makes {wanted} missing ones, but only"
            f" {len(chosen)} can be spared: each name keeps a fact that is told; ask for less"
        )
    mask = np.zeros(n, bool)
    mask[chosen] = True
    return mask


def read_both_ways(rows: Int[ndarray, "fact 3"], n_relations: int) -> Int[ndarray, "both 3"]:
    """The facts, then each read backwards: its relation's inverse is `n_relations` further on."""
    backwards = np.stack((rows[:, 2], rows[:, 1] + n_relations, rows[:, 0]), axis=1)
    return np.concatenate((rows, backwards))
