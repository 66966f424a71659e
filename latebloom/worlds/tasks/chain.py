"""Chains: a subject and relations `r_1 ... r_k`, answered by following one fact after the other.

The object between two hops is the *bridge*: nobody asks for it, and yet it has to be found. Every
world's atomic facts are chains of one hop. In which order the names stand in a question, and which
words between them, is the say of a `Layout`.

Source: arXiv:2405.15071, section 3 (composition).
"""

import difflib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.tasks.before import draw_distractors
from latebloom.worlds.tasks.layout import STOP, TOLD, Layout
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
    facts: Facts, names: Int[ndarray, "row name"]
) -> tuple[Int[ndarray, "row hop"], Int[ndarray, "row hop"]]:
    """The fact that each hop of `subject r_1 ... r_k` goes through, and the object it leads to.

    Returns indices into the facts, and token ids; both `NOTHING` from the first missing fact on.
    """
    here = names[:, 0].astype(np.int64)
    passed, reached = [], []
    for relation in names[:, 1:].T:
        at = facts.find(np.maximum(here, 0), relation)
        at = np.where(here >= 0, at, NOTHING)
        here = np.where(at >= 0, facts.object[at] if len(facts) else NOTHING, NOTHING)
        passed.append(at)
        reached.append(here)
    return np.stack(passed, axis=1), np.stack(reached, axis=1)


MOST_HOPS = 128
"""Hops of the longest chain that is asked. A looped model runs a loop for every hop, each over the
whole question, so the time grows with the cube of the hops and the memory with their square."""


def check_length(n_names: int, layout: Layout = Layout.usual) -> None:
    """Whether so many names can be a chain.

    Raises: LatebloomError for fewer than two, or more than `MOST_HOPS` relations.
    """
    if n_names - 1 > MOST_HOPS:
        raise LatebloomError(
            f"the question has {n_names - 1:,} hops; at most {MOST_HOPS} are asked at once: ask its"
            " beginning, and go on from the answer"
        )
    if n_names < 2:
        example = layout.asked("JFK", ["country", "capital"])
        raise LatebloomError(f"a question is a subject and one relation or more: {example}")


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


def check_names(names: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
    """Whether names are a subject and then relations.

    Raises: LatebloomError as `check_subject` and `check_relation`.
    """
    subject, *relations = names
    check_subject(subject, facts, vocabulary)
    for number, token in enumerate(relations, start=1):
        check_relation(token, f"relation {number}", facts, vocabulary)


def likest(name: str, names: Sequence[str], most: int = 5) -> str:
    """Some of the names for a message, those that are like `name` first: `r3, r0, r1, ...`."""
    near = difflib.get_close_matches(name, names, n=most, cutoff=0.5)
    # An entity `e3` is most likely a slip for the relation `r3`.
    near.sort(key=lambda one: one[1:] != name[1:])
    return listed(list(dict.fromkeys([*near, *names])), most)


@dataclass(frozen=True)
class ChainTask(Task):
    """Questions that follow a chain of facts.

    layout: where the names of a chain stand in a question.
    """

    layout: Layout = Layout.usual

    name: ClassVar[str] = "composition"
    asks: ClassVar[str] = "chains"
    chained: ClassVar[bool] = True
    derives: ClassVar[str] = "chain"

    def fields(self) -> dict[str, Any]:
        return self.layout.fields()

    @property
    def facts_before(self) -> int:
        return self.layout.facts

    def over(self, entities: int, layout: Layout) -> "ChainTask":
        """The same questions over another vocabulary, which begins with so many entities."""
        return replace(self, layout=layout)

    def places(self, n_tokens: int) -> tuple[str, ...]:
        hops = self.hops(n_tokens)
        return self.layout.spread("subject", [f"relation {j}" for j in range(1, hops + 1)])

    def hops(self, n_tokens: int) -> int:
        return self.layout.n_names(n_tokens) - 1

    def names(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row name"]:
        return self.layout.names(tokens)

    def lay(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        return self.layout.lay(names)

    def written(self, tokens: Sequence[int]) -> list[int]:
        return self.layout.written(tokens)

    def preceded(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, "row pos"]:
        """Questions with true facts before them that have nothing to do with them, where the layout
        wants some and none are there.

        Raises: WorldError if there are too few facts.
        """
        empty = (questions[:, : self.layout.begins] == self.layout.stop).all(axis=1)
        if not self.layout.facts or not empty.any():
            return questions
        laid = questions.copy()
        laid[empty] = self.behind_others(facts, questions[empty], self.layout.salt)
        return laid

    def behind_others(
        self, facts: Facts, questions: Int[ndarray, "row pos"], salt: int
    ) -> Int[ndarray, "row pos"]:
        layout, names = self.layout, self.names(questions)
        if not layout.facts:
            return questions
        if names.shape[1] > 1:
            needed, reached = follow(facts, names)
            answers = reached[:, -1]
        else:  # a bare name is its own answer, by no fact
            needed, answers = np.empty((len(names), 0), np.int64), names[:, 0]
        itself = layout.itself(questions)
        drawn = draw_distractors(facts, itself, needed, answers, layout.facts, salt)
        stops = np.full((*drawn.shape, 1), layout.stop)
        told = np.concatenate((facts.rows()[drawn], stops), axis=2)
        return np.concatenate((told.reshape(len(names), -1), itself), axis=1)

    def itself(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row bare"]:
        return self.layout.itself(tokens)

    def spoken(self, words: Sequence[str], names: Container[str]) -> list[str]:
        return self.layout.spoken(words, names)

    def in_one_order(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row pos"]:
        return self.layout.in_one_order(tokens)

    def untraceable(self, n_tokens: int) -> str:
        return "" if self.hops(n_tokens) > 1 else "questions of one hop: there is no bridge to find"

    def steps(self, n_tokens: int) -> tuple[Step, ...]:
        """A bridge after every hop but the last, at the relation that leads to it; whichever
        subject is asked about decides it."""
        at = self.layout.positions(n_tokens)
        return tuple(
            Step(
                name=f"bridge {j}",
                position=at[j],
                corruption="subject",
                leads=tuple(sorted(at[: j + 1])),
            )
            for j in range(1, self.hops(n_tokens))
        )

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        some = [np.empty(0, np.int64)] * n_tokens
        subject, *relations = self.layout.positions(n_tokens)
        some[subject] = np.unique(facts.subject)
        for position in relations:
            some[position] = np.unique(facts.relation)
        return tuple(some)

    def check(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        self.check_told(tokens, facts, vocabulary)
        check_length(self.hops(len(tokens)) + 1, self.layout)
        names = self.names(np.array([tokens]))[0].tolist()
        try:
            check_names(names, facts, vocabulary)
        except LatebloomError as error:
            raise LatebloomError(f"{error}{self.way_to_ask(names, facts, vocabulary)}") from error

    def check_told(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        """Whether facts stand before a question where the layout wants some. They need not be true.

        Raises: LatebloomError naming the way out.
        """
        layout = self.layout
        told, width = list(tokens[: layout.begins]), len(TOLD)
        stops = [i for i, token in enumerate(tokens) if layout.facts and token == layout.stop]
        if stops == list(range(width - 1, layout.begins, width)):
            subject, relation, object_, _ = np.array(told, np.int64).reshape(-1, width).T
            entities = np.union1d(facts.subject, facts.object)
            named = np.isin((subject, object_), entities).all()
            if named and np.isin(relation, facts.relation).all():
                return
        asked = layout.asked("SUBJECT", ["RELATION", "RELATION"])
        said = vocabulary.decode(tokens[: stops[-1] + 1 if stops else None])
        raise LatebloomError(
            f"{' '.join(said)!r} is not {layout.facts} times `SUBJECT RELATION"
            f" OBJECT {STOP}` and a question; this run is asked {asked}"
        )

    def way_to_ask(self, names: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> str:
        """The end of a message about names that make no question: how this run is asked.

        If they make one the other way round, it is that.
        """
        turned = names[::-1]
        try:
            check_names(turned, facts, vocabulary)
        except LatebloomError:
            if self.layout == Layout.usual:
                return ""
            asked = self.layout.asked("SUBJECT", ["RELATION"] * (len(names) - 1))
            return f"; this run is asked {asked}"
        subject, *relations = vocabulary.decode(turned)
        asked = self.layout.asked(subject, relations)
        return f"; this run is asked the other way round: {asked}"

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        return follow(facts, self.names(questions))[1][:, -1]

    def found(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Mapping[str, Int[ndarray, " row"]]:
        bridges = follow(facts, self.names(questions))[1][:, :-1]
        return {f"bridge {j}": column for j, column in enumerate(bridges.T, start=1)}

    def tell(self, facts: Facts, tokens: Sequence[int], vocabulary: Vocabulary) -> Told:
        passed, reached = (one[0] for one in follow(facts, self.names(np.array([tokens]))))
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
        names = self.names(np.array([question]))
        passed, reached = (one[0] for one in follow(Facts.of_rows(atomic), names))
        known = int((passed >= 0).sum())
        if known == len(passed):
            return []
        here = names[0, 0] if known == 0 else reached[known - 1]
        return [(int(here), int(names[0, 1 + known]))]

    def needed(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Int[ndarray, "row needed"]:
        """Each hop's fact, as far as the chain can be followed."""
        return follow(facts, self.names(questions))[0]

    def last_hop(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Int[ndarray, "row short"]:
        names = self.names(questions)
        bridge = follow(facts, names[:, :-1])[1][:, -1]
        return self.layout.behind(questions, self.lay(np.stack((bridge, names[:, -1]), axis=1)))

    def kind_of_question(self, n_tokens: int) -> str:
        hops = self.hops(n_tokens)
        return "two-hop" if hops == 2 else f"{hops}-hop"

    def length_in_words(self, n_tokens: int) -> str:
        return f"{self.hops(n_tokens)} hops"

    def fact_in_words(self, row: Sequence[int], words: Sequence[str]) -> str:
        return f"{chain_in_words(row[:-1], words)} is {words[row[-1]]}."

    def question_in_words(self, tokens: Sequence[int], words: Sequence[str]) -> str:
        return asked_in_words(self.names(np.array([tokens]))[0].tolist(), words)
