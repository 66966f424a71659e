"""What a rival is, and what it says.

Enters: questions, as rows of token ids without their answer. Leaves: a `Reply` for each.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int
from numpy import ndarray

Kind = Literal["answered", "cannot decide", "invalid"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    kind: `answered`; `cannot decide`, said by the rival itself; `invalid`: no answer could be read.
    answer: the answer's token id, -1 where there is none.
    seconds: time it took; 0 where it was found in no measurable time.
    tokens: what a language model read and wrote for it, else 0.
    recall: share of the needed facts that retrieval found, NaN without retrieval.
    facts: how many facts retrieval read for it, NaN without retrieval.
    """

    kind: Kind
    answer: int = -1
    seconds: float = 0.0
    tokens: int = 0
    recall: float = float("nan")
    facts: float = float("nan")


CANNOT_DECIDE = Reply("cannot decide")


def reply(answer: int | None) -> Reply:
    """An answer, or that there is none to be had."""
    return CANNOT_DECIDE if answer is None else Reply("answered", answer)


@runtime_checkable
class Rival(Protocol):
    """Anything that answers questions from facts outside itself."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    def answer(self, questions: Int[ndarray, "question token"]) -> list[Reply]:
        """One reply for each question, in order."""
        ...


def spread(rows: Int[ndarray, "example token"], limit: int) -> Int[ndarray, "some token"]:
    """At most `limit` of the rows, evenly spread over them; 0: all."""
    if not limit or len(rows) <= limit:
        return rows
    return rows[np.linspace(0, len(rows) - 1, limit).round().astype(np.int64)]
