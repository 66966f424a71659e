"""Pairs of entities to compare, drawn by number and never listed.

Enters: for each attribute the entities that may be compared, and how many questions are wanted.
Leaves: rows (attribute, first entity, second entity). Every unordered pair of a group has a
number; a draw of a thousand pairs out of a billion costs a thousand.
"""

import numpy as np
from jaxtyping import Int
from numpy import ndarray


class PairSpace:
    """All unordered pairs within groups of entities, numbered group after group.

    groups: for each attribute the entities that are compared by it. Pair number p of a group
    with members m stands for (m[i], m[j]), i < j, where p = j (j - 1) / 2 + i.
    """

    def __init__(self, groups: list[Int[ndarray, " _"]]) -> None:
        sizes = np.array([len(group) for group in groups], np.int64)
        self.members = np.concatenate([np.empty(0, np.int32), *groups]).astype(np.int32)
        self.first_member = np.cumsum(sizes) - sizes
        self.ends = np.cumsum(sizes * (sizes - 1) // 2)

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def rows(self, questions: Int[ndarray, " question"]) -> Int[ndarray, "question 3"]:
        """(group, first, second) of questions: 2p is pair p, 2p + 1 the same turned round."""
        pair, turned = np.divmod(np.asarray(questions, np.int64), 2)
        group = np.searchsorted(self.ends, pair, side="right")
        pair = pair - np.where(group > 0, self.ends[group - 1], 0) if len(pair) else pair
        j = ((1 + np.sqrt(8.0 * pair + 1)) / 2).astype(np.int64)
        # The square root may round to a neighbour.
        j -= j * (j - 1) // 2 > pair
        j += j * (j + 1) // 2 <= pair
        i = pair - j * (j - 1) // 2
        base = self.first_member[group]
        low, high = self.members[base + i], self.members[base + j]
        turned = turned.astype(bool)
        return np.stack(
            (group, np.where(turned, high, low), np.where(turned, low, high)), axis=1
        ).astype(np.int32)


def draw_held_out(
    n_pairs: int, wanted: int, rng: np.random.Generator
) -> Int[ndarray, " held_pair"]:
    """Numbers of `wanted` distinct pairs, ascending."""
    return np.sort(rng.choice(n_pairs, min(wanted, n_pairs), replace=False, shuffle=False))


def both_orders(pairs: Int[ndarray, " pair"]) -> Int[ndarray, " question"]:
    """The question numbers of pairs, each in both orders."""
    return np.concatenate((2 * pairs, 2 * pairs + 1))


def draw_others(
    n_pairs: int, held: Int[ndarray, " held_pair"], wanted: int, rng: np.random.Generator
) -> Int[ndarray, " question"]:
    """`wanted` distinct question numbers, in random order, that touch no held-out pair.

    held: ascending pair numbers. There must be `2 (n_pairs - len(held))` questions or more.
    """
    left = 2 * (n_pairs - len(held))
    assert wanted <= left, f"{wanted} questions wanted of {left}"
    rank, turned = np.divmod(rng.choice(left, wanted, replace=False), 2)
    # The r-th pair that is not held out is r plus the number of held-out pairs before it.
    before = np.searchsorted(held - np.arange(len(held)), rank, side="right")
    return 2 * (rank + before) + turned
