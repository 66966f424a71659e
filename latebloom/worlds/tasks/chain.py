"""Chains: questions `subject r_1 ... r_k`, answered by following one fact after the other.

The object between two hops is the *bridge*: nobody asks for it, and yet it has to be found. Every
world's atomic facts are chains of one hop.

Source: arXiv:2405.15071, section 3 (composition).
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.tasks.task import (
    NOTHING,
    Step,
    Task,
    Told,
    asked_in_words,
    chain_in_words,
    listed,
)
from latebloom.worlds.vocabulary import Vocabulary


def follow(
    facts: Facts, questions: Int[ndarray, "row pos"]
) -> tuple[Int[ndarray, "row hop"], Int[ndarray, "row hop"]]:
    """The fact that each hop of `subject r_1 ... r_k` goes through, and the object it leads to.

    Returns indices into the facts, and token ids; both `NOTHING` from the first missing fact on.
    """
    here = questions[:, 0].astype(np.int64)
    passed, reached = [], []
    for relation in questions[:, 1:].T:
        at = facts.find(np.maximum(here, 0), relation)
        at = np.where(here >= 0, at, NOTHING)
        here = np.where(at >= 0, facts.object[at] if len(facts) else NOTHING, NOTHING)
        passed.append(at)
        reached.append(here)
    return np.stack(passed, axis=1), np.stack(reached, axis=1)


def check_length(n_tokens: int) -> None:
    """Whether so many tokens can be a chain.

    Raises: LatebloomError for fewer than two.
    """
    if n_tokens < 2:
        raise LatebloomError(
            "a question is a subject and one relation or more: JFK country capital"
        )


def check_subject(token: int, facts: Facts, vocabulary: Vocabulary) -> None:
    """Whether a token may be the subject of a chain; only a relation may not.

    Raises: LatebloomError naming it, and entities that are like it.
    """
    if token in facts.relation and token not in facts.subject and token not in facts.object:
        subjects = vocabulary.decode(np.unique(facts.subject).tolist())
        raise LatebloomError(
            f"{vocabulary.words[token]!r} is a relation and cannot be the subject; the subject is"
            f" an entity: {likest(vocabulary.words[token], subjects)}"
        )


def check_relation(token: int, place: str, facts: Facts, vocabulary: Vocabulary) -> None:
    """Whether a token may be a relation of a chain.

    place: what it stands as. Raises: LatebloomError naming it, and the relations that are like it.
    """
    if len(facts) and token not in facts.relation:
        relations = vocabulary.decode(np.unique(facts.relation).tolist())
        raise LatebloomError(
            f"{vocabulary.words[token]!r} is no relation and cannot stand as {place}; relations:"
            f" {likest(vocabulary.words[token], relations)}"
        )


def likest(name: str, names: Sequence[str], most: int = 5) -> str:
    """Some of the names for a message, those that are like `name` first: `r3, r0, r1, ...`."""
    near = difflib.get_close_matches(name, names, n=most, cutoff=0.5)
    # An entity `e3` is most likely a slip for the relation `r3`.
    near.sort(key=lambda one: one[1:] != name[1:])
    return listed(list(dict.fromkeys([*near, *names])), most)


@dataclass(frozen=True)
class ChainTask(Task):
    """Questions that follow a chain of facts."""

    name: ClassVar[str] = "composition"
    asks: ClassVar[str] = "chains"
    chained: ClassVar[bool] = True

    def places(self, n_tokens: int) -> tuple[str, ...]:
        return ("subject", *(f"relation {j}" for j in range(1, n_tokens)))

    def untraceable(self, n_tokens: int) -> str:
        return "" if n_tokens > 2 else "questions of one hop: there is no bridge to find"

    def steps(self, n_tokens: int) -> tuple[Step, ...]:
        """A bridge after every hop but the last; whichever subject stands in front decides it."""
        return tuple(
            Step(name=f"bridge {j}", position=j, corruption="subject")
            for j in range(1, n_tokens - 1)
        )

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        return (np.unique(facts.subject), *[np.unique(facts.relation)] * (n_tokens - 1))

    def check(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        check_length(len(tokens))
        check_subject(tokens[0], facts, vocabulary)
        for position, token in enumerate(tokens[1:], start=1):
            check_relation(token, f"relation {position}", facts, vocabulary)

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        return follow(facts, questions)[1][:, -1]

    def found(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Mapping[str, Int[ndarray, " row"]]:
        bridges = follow(facts, questions)[1][:, :-1]
        return {f"bridge {j}": column for j, column in enumerate(bridges.T, start=1)}

    def tell(self, facts: Facts, tokens: Sequence[int], vocabulary: Vocabulary) -> Told:
        passed, reached = (one[0] for one in follow(facts, np.array([tokens])))
        known = int((passed >= 0).sum())
        hops = ["ood" if facts.ood[fact] else "id" for fact in passed[:known]]
        hops += ["unknown"] * (len(passed) - known)
        path = tuple(reached[:known].tolist())
        return Told(
            answer=path[-1] if known == len(passed) else None,
            path=path,
            hops=tuple(hops),
            notes=("the facts hold no answer: some hop asks for what was never told",)
            if "unknown" in hops
            else (),
        )

    def missing(
        self,
        atomic: Int[ndarray, "fact 3"],
        inferred: Int[ndarray, "statement width"],
        question: Sequence[int],
    ) -> list[tuple[int, int]]:
        """The first hop whose fact is not there."""
        passed, reached = (one[0] for one in follow(Facts.of_rows(atomic), np.array([question])))
        known = int((passed >= 0).sum())
        if known == len(passed):
            return []
        here = question[0] if known == 0 else int(reached[known - 1])
        return [(here, question[1 + known])]

    def needed(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Int[ndarray, "row needed"]:
        """Each hop's fact, as far as the chain can be followed."""
        return follow(facts, questions)[0]

    def kind_of_question(self, n_tokens: int) -> str:
        hops = n_tokens - 1
        return "two-hop" if hops == 2 else f"{hops}-hop"

    def length_in_words(self, n_tokens: int) -> str:
        return f"{n_tokens - 1} hops"

    def fact_in_words(self, row: Sequence[int], words: Sequence[str]) -> str:
        return f"{chain_in_words(row[:-1], words)} is {words[row[-1]]}."

    def question_in_words(self, tokens: Sequence[int], words: Sequence[str]) -> str:
        return asked_in_words(tokens, words)
