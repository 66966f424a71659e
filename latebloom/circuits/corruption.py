"""Corrupted questions: one token replaced so that the right answer is another one.

Enters: questions `[row, pos]`, the tokens to choose from, and a function that answers questions.
Leaves: a `Corruption`. A question that no replacement can change is left out and counted.

Covers: any world whose right answers can be computed. The answer function is data to this module;
a world's task has it.

Source: arXiv:2405.15071, section 3.3 and appendix: the replacement is drawn at random from those
that leave the question answerable and change its answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy import ndarray

Answer = Callable[[Int[ndarray, "row pos"]], Int[ndarray, " row"]]
"""The right answer to each question, -1 where it has none."""

TRIED_AT_ONCE = 1 << 20
"""Questions that are answered at once in the search for a replacement."""


@dataclass(frozen=True, slots=True)
class Corruption:
    """Questions changed at one position.

    name: what was replaced. rows: the questions for which a replacement exists.
    questions: those rows, corrupted. answers: what would be right for them.
    n_unchangeable: questions that no replacement gives another answer.
    """

    name: str
    position: int
    rows: Int[ndarray, " changed"]
    questions: Int[ndarray, "changed pos"]
    answers: Int[ndarray, " changed"]
    n_unchangeable: int


def corrupt(
    name: str,
    questions: Int[ndarray, "row pos"],
    position: int,
    candidates: Int[ndarray, " candidate"],
    answer: Answer,
    rng: np.random.Generator,
) -> Corruption:
    """Replaces the token at `position` by a random candidate that changes the answer."""
    right = answer(questions)
    chosen = np.full(len(questions), -1, np.int64)
    outcome = np.full(len(questions), -1, np.int64)
    at_once = max(1, TRIED_AT_ONCE // max(1, len(candidates)))
    for begin in range(0, len(questions) if len(candidates) else 0, at_once):
        part = slice(begin, begin + at_once)
        tried = np.repeat(questions[part], len(candidates), axis=0)
        tried[:, position] = np.tile(candidates, len(tried) // len(candidates))
        answers = answer(tried).reshape(-1, len(candidates))
        changes = (answers >= 0) & (answers != right[part, None])
        draw = np.where(changes, rng.random(changes.shape), -1.0).argmax(axis=1)
        rows = np.arange(len(draw))
        found = changes[rows, draw]
        chosen[part] = np.where(found, candidates[draw], -1)
        outcome[part] = np.where(found, answers[rows, draw], -1)
    rows = np.flatnonzero((chosen >= 0) & (right >= 0))
    corrupted = questions[rows].copy()
    corrupted[:, position] = chosen[rows]
    return Corruption(
        name=name,
        position=position,
        rows=rows,
        questions=corrupted,
        answers=outcome[rows],
        n_unchangeable=len(questions) - len(rows),
    )


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
