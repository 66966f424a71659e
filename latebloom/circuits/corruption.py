"""Corrupted questions: one token replaced so that the right answer is another one.

Enters: questions `[row, pos]`, the tokens to choose from, and a function that answers questions.
Leaves: a `Corruption`. A question that no replacement can change is left out and counted.

Covers: any world whose right answers can be computed. The answer function is data to this module;
a world's task has it.

Source: arXiv:2405.15071, section 3.3 and appendix: the replacement is drawn at random from those
that leave the question answerable and change its answer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
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
    for part, answers in outcomes(questions, candidates[:, None], (position,), answer):
        changes = (answers >= 0) & (answers != right[part, None])
        draw = draw_one(changes, rng)
        found = draw >= 0
        chosen[part] = np.where(found, candidates[draw], -1)
        outcome[part] = np.where(found, answers[np.arange(len(draw)), draw], -1)
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


def outcomes(
    questions: Int[ndarray, "row pos"],
    replacements: Int[ndarray, "candidate place"],
    positions: Sequence[int],
    answer: Answer,
) -> Iterator[tuple[slice, Int[ndarray, "row candidate"]]]:
    """The right answer to each question with each replacement in it, for some rows after others.

    replacements: the tokens that a candidate puts at `positions`.
    """
    n = len(replacements)
    at_once = max(1, TRIED_AT_ONCE // max(1, n))
    for begin in range(0, len(questions) if n else 0, at_once):
        part = slice(begin, begin + at_once)
        tried = np.repeat(questions[part], n, axis=0)
        tried[:, list(positions)] = np.tile(replacements, (len(tried) // n, 1))
        yield part, answer(tried).reshape(-1, n)


def draw_one(
    fits: Bool[ndarray, "row candidate"], rng: np.random.Generator
) -> Int[ndarray, " row"]:
    """A random one of the candidates that fit each row; -1 where none does."""
    draw = np.where(fits, rng.random(fits.shape), -1.0).argmax(axis=1)
    return np.where(fits[np.arange(len(draw)), draw], draw, -1)
