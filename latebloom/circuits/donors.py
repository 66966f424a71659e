"""Donors: other questions, whose state at a bridge is moved into a corrupted run.

Enters: questions `[row, pos]`, a pool of others, and the bridge that each of them reaches. Leaves:
`Donors`: for each question one that reaches the same bridge from another subject and, as a control,
one that reaches another bridge.

The same bridge should bring the right answer back, another one only where its answer is by chance
the same. So the control is drawn from bridges that also lead to an answer: a state that means
nothing to the model would be no test.

Covers: bridges after any number of hops. Source: arXiv:2505.23653 (cross-query patching).
Differs: the control is ours.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.circuits.corruption import Answer, draw_one, outcomes


@dataclass(frozen=True, slots=True)
class Donors:
    """The donors of one bridge.

    leads: the positions of the tokens that lead to the bridge; they are the donor's, all others
    stay the question's own.
    same, other: for each question a donor with the same and with another bridge; -1 throughout
    where there is none. Whoever has none of the first kind has none of the second.
    coincide: share, in [0, 1], of the questions that another bridge gives the same right answer;
    nan where no question has such a donor.
    """

    leads: tuple[int, ...]
    same: Int[ndarray, "row pos"]
    other: Int[ndarray, "row pos"]
    coincide: float


def draw_donors(
    questions: Int[ndarray, "row pos"],
    pool: Int[ndarray, "other pos"],
    bridge: Int[ndarray, " row"],
    pool_bridge: Int[ndarray, " other"],
    leads: tuple[int, ...],
    answer: Answer,
    rng: np.random.Generator,
    control: np.random.Generator,
    *,
    subject: int = 0,
) -> Donors:
    """Donors from a pool, which may be the questions themselves.

    subject: where it stands. rng draws those of the same bridge, control those of another.
    """
    same = same_bridge_donors(questions, pool, bridge, pool_bridge, rng, subject=subject)
    other = other_bridge_donors(questions, pool, bridge, pool_bridge, leads, answer, control)
    other[same < 0] = -1
    same, other = (np.where(which[:, None] >= 0, pool[which], -1) for which in (same, other))
    rows = np.flatnonzero(other[:, 0] >= 0)
    led = lead_in(questions[rows], other[rows], leads)
    agree = answer(led) == answer(questions[rows])
    return Donors(
        leads=leads,
        same=same.astype(np.int64),
        other=other.astype(np.int64),
        coincide=float(agree.mean()) if len(rows) else float("nan"),
    )


def lead_in(
    questions: Int[ndarray, "row pos"], donors: Int[ndarray, "row pos"], leads: tuple[int, ...]
) -> Int[ndarray, "row pos"]:
    """The questions with their donors' tokens where these lead to the bridge."""
    led = questions.copy()
    led[:, leads] = donors[:, leads]
    return led


def same_bridge_donors(
    questions: Int[ndarray, "row pos"],
    pool: Int[ndarray, "other pos"],
    bridge: Int[ndarray, " row"],
    pool_bridge: Int[ndarray, " other"],
    rng: np.random.Generator,
    *,
    subject: int = 0,
) -> Int[ndarray, " row"]:
    """For each question another one of the pool with the same bridge but another subject.

    subject: where it stands. Returns indices into the pool, -1 where it holds none.
    """
    order = rng.permutation(len(pool))
    order = order[np.argsort(pool_bridge[order], kind="stable")]
    ranked = pool_bridge[order]
    first = np.searchsorted(ranked, bridge, side="left")
    count = np.searchsorted(ranked, bridge, side="right") - first
    donor = np.full(len(questions), -1, np.int64)
    turn = rng.integers(0, np.maximum(count, 1))
    for step in range(16):  # a few neighbours in random order; more would hardly ever be needed
        open_ = np.flatnonzero((donor < 0) & (step < count))
        if not len(open_):
            break
        candidate = order[first[open_] + (turn[open_] + step) % count[open_]]
        fits = pool[candidate, subject] != questions[open_, subject]
        donor[open_[fits]] = candidate[fits]
    return donor


def other_bridge_donors(
    questions: Int[ndarray, "row pos"],
    pool: Int[ndarray, "other pos"],
    bridge: Int[ndarray, " row"],
    pool_bridge: Int[ndarray, " other"],
    leads: tuple[int, ...],
    answer: Answer,
    rng: np.random.Generator,
) -> Int[ndarray, " row"]:
    """For each question one of the pool with another bridge, from which it also has an answer.

    Every such bridge is equally likely. Returns indices into the pool, -1 where it holds none.
    """
    order = rng.permutation(len(pool))
    bridges, first = np.unique(pool_bridge[order], return_index=True)
    one_each = order[first]
    donor = np.full(len(questions), -1, np.int64)
    for part, ends in outcomes(questions, pool[one_each][:, leads], leads, answer):
        draw = draw_one((ends >= 0) & (bridges != bridge[part, None]), rng)
        donor[part] = np.where(draw >= 0, one_each[draw], -1)
    return donor
