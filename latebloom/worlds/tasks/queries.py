"""Questions over a graph that follow relations and join what their branches lead to.

Enters: chains, and questions of the shapes that `latebloom.worlds.tasks.shapes` lists. Leaves: the
set of answers to each by any facts. A question is read from left to right with a stack of sets: a
name puts the set of itself on it, a relation replaces the uppermost set by where it leads, a join
replaces the two uppermost by what it leaves of them. So the questions of a batch, of whatever
shape, are worked out together, all of one shape at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.answers import AnswerSets, FactSets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import SHAPED, SplitMeaning
from latebloom.worlds.tasks.chain import check_relation
from latebloom.worlds.tasks.graph import GraphTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.tasks.shapes import BOTH, LESS, NAME, RELATION, Shape, shapes_of
from latebloom.worlds.tasks.task import Step
from latebloom.worlds.vocabulary import Vocabulary

WORDS = ("and", "not")
"""How the joins are written, after their two branches."""
KINDS = np.array([NAME, RELATION, BOTH, LESS])
LookedUp = Callable[[AnswerSets, Int[ndarray, " row"]], None]


@dataclass(frozen=True)
class QueryTask(GraphTask):
    """Chains over sets, and questions that join them.

    both, less: the tokens of the two joins. shapes: the names of the shapes that are trained.
    """

    both: int = 0
    less: int = 0
    shapes: tuple[str, ...] = ()

    name: ClassVar[str] = "queries"  # pyright: ignore[reportIncompatibleVariableOverride]

    def fields(self) -> dict[str, Any]:
        more = {"both": self.both, "less": self.less, "shapes": list(self.shapes)}
        return {**super().fields(), **more}

    @property
    def joins(self) -> Mapping[str, int]:
        return {BOTH: self.both, LESS: self.less}

    @property
    def trained_shapes(self) -> tuple[str, ...]:
        return self.shapes

    @classmethod
    def of_fields(cls, table: Mapping[str, Any]) -> "QueryTask":
        """The task that `fields` wrote."""
        return cls(
            Layout.usual,
            entities=int(table["entities"]),
            both=int(table["both"]),
            less=int(table["less"]),
            shapes=tuple(map(str, table["shapes"])),
        )

    def over(self, entities: int, layout: Layout) -> "QueryTask":
        raise LatebloomError(
            "this run joins branches, and learns nothing later: add the rows to its table and grow"
            " it again (latebloom grok facts --facts FILE)"
        )

    # What a question is.

    def of_length(self, n_tokens: int) -> list[Shape]:
        """The trained shapes of so many tokens."""
        return [shape for shape in shapes_of(self.shapes) if shape.n_tokens == n_tokens]

    def places(self, n_tokens: int) -> tuple[str, ...]:
        shapes = self.of_length(n_tokens)
        if not shapes:
            return super().places(n_tokens)
        words = {NAME: "subject", RELATION: "relation", BOTH: WORDS[0], LESS: WORDS[1]}
        return tuple(words[kind] for kind in shapes[0].form)

    def hops(self, n_tokens: int) -> int:
        shapes = self.of_length(n_tokens)
        return max(shape.depth for shape in shapes) if shapes else super().hops(n_tokens)

    def repeats(self, n_tokens: int) -> bool:
        return bool(self.of_length(n_tokens))

    def is_chain(self, n_tokens: int) -> bool:
        return not self.of_length(n_tokens)

    def steps(self, n_tokens: int) -> tuple[Step, ...]:
        return () if self.of_length(n_tokens) else super().steps(n_tokens)

    def joining(self, questions: Int[ndarray, "row pos"]) -> Bool[ndarray, " row"]:
        """Which questions join branches."""
        return ((questions == self.both) | (questions == self.less)).sum(axis=1) > 0

    def forms(
        self, questions: Int[ndarray, "row pos"]
    ) -> Iterator[tuple[str, Int[ndarray, " row"]]]:
        """The forms that occur among questions, each with the rows that have it."""
        kinds = np.select(
            [questions < self.entities, questions == self.both, questions == self.less],
            [0, 2, 3],
            1,
        )
        found, of_row = np.unique(kinds, axis=0, return_inverse=True)
        for number, one in enumerate(found):
            yield "".join(KINDS[one]), np.flatnonzero(of_row.ravel() == number)

    def check(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        if not self.joining(np.array([tokens]))[0]:
            if self.of_length(len(tokens)):
                raise LatebloomError(
                    f"a chain of {len(tokens) - 1} hops is not asked here, since a question that"
                    " joins branches is as long; ask its beginning, and go on from the answer"
                )
            super().check(tokens, facts, vocabulary)
            return
        ((form, _),) = self.forms(np.array([tokens]))
        if form not in [shape.form for shape in self.of_length(len(tokens))]:
            raise LatebloomError(f"this run is trained on no such question; on {self.known_shapes}")
        for place, (kind, token) in enumerate(zip(form, tokens, strict=True), start=1):
            if kind == RELATION:
                check_relation(token, f"word {place}", facts, vocabulary)

    @property
    def known_shapes(self) -> str:
        """The names of the trained shapes, for a message."""
        return ", ".join(shape.name for shape in shapes_of(self.shapes))

    # What is true.

    def led_to(self, graph: FactSets, questions: Int[ndarray, "row pos"]) -> AnswerSets:
        if not self.joining(questions).any():
            return super().led_to(graph, questions)
        rows, members = [], []
        for form, at in self.forms(questions):
            sets = worked_out(form, questions[at], graph)
            rows.append(at[sets.question])
            members.append(sets.member)
        return AnswerSets.of_pairs(len(questions), np.concatenate(rows), np.concatenate(members))

    def reached(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> list[AnswerSets]:
        if not self.joining(questions).any():
            return super().reached(facts, questions)
        return [self.led_to(FactSets(facts), questions)]

    # In words, and its splits.

    def kind_of_question(self, n_tokens: int) -> str:
        return "joined" if self.of_length(n_tokens) else super().kind_of_question(n_tokens)

    def length_in_words(self, n_tokens: int) -> str:
        return "joined branches" if self.of_length(n_tokens) else super().length_in_words(n_tokens)

    def fact_in_words(self, row: Sequence[int], words: Sequence[str]) -> str:
        if not self.of_length(len(row) - 1):
            return super().fact_in_words(row, words)
        return f"{' '.join(words[i] for i in row[:-1])}: {words[row[-1]]}."

    def question_in_words(self, tokens: Sequence[int], words: Sequence[str]) -> str:
        if not self.of_length(len(tokens)):
            return super().question_in_words(tokens, words)
        return f"{' '.join(words[i] for i in tokens)}?"

    def meaning(self, split: str) -> SplitMeaning:
        found = SHAPED.fullmatch(split)
        if not found or found[3] not in self.shapes:
            return super().meaning(split)
        asked = f"questions of the shape {found[3]}"
        if found[1] == "train":
            return SplitMeaning(f"{asked} that are trained on")
        return {
            "missing": SplitMeaning(f"{asked}, through a fact that was never told", ood=True),
            "ood": SplitMeaning(f"{asked}, through a pair that training never joins", ood=True),
        }.get(found[2] or "", SplitMeaning(f"new {asked} that follow from told facts"))


def worked_out(
    form: str,
    questions: Int[ndarray, "row pos"],
    graph: FactSets,
    looked_up: LookedUp = lambda here, relation: None,
) -> AnswerSets:
    """The answers by some facts to questions that all have this form.

    looked_up: is told of each look-up: the names from which each question's relation is followed.
    """
    stack: list[AnswerSets] = []
    for kind, column in zip(form, questions.T, strict=True):
        if kind == NAME:
            stack.append(AnswerSets.of_one(column))
        elif kind == RELATION:
            here = stack.pop()
            looked_up(here, column)
            stack.append(graph.step(here, column))
        else:
            other, one = stack.pop(), stack.pop()
            shared = one.among(other)
            stack.append(one.only(shared if kind == BOTH else ~shared))
    (answers,) = stack
    return answers
