"""Comparisons: questions `attribute e1 e2`, answered `<`, `=` or `>` by the entities' values.

Both values have to be looked up, side by side, before they can be compared. The tokens of values
ascend with the value, so facts alone decide a comparison. Where values are hidden, the trained
comparisons are facts too: what follows from both is found by transitive closure
(`latebloom.worlds.ordering`).

Source: arXiv:2405.15071, sections 4 (comparison) and 5 (hidden values, "complex reasoning").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.ordering import EQUAL, GREATER, UNDECIDED, compare, decide
from latebloom.worlds.splits import Split, SplitMeaning
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.task import NOTHING, Step, Task, Told, listed
from latebloom.worlds.vocabulary import Vocabulary

LABELS = ("<", "=", ">")
"""The words of the answers, in the order of `ordering`'s labels."""
RELATIONS = ("less than", "equal to", "greater than")
"""How the labels read in a sentence, in the same order."""
ATOMIC_FACT = ChainTask()
"""What an atomic fact `entity attribute -> value` is: a chain of one hop."""


@dataclass(frozen=True)
class ComparisonTask(Task):
    """Questions that compare the values of two entities.

    first_label: the token of `<`; those of `=` and `>` follow it.
    """

    first_label: int

    name: ClassVar[str] = "comparison"
    asks: ClassVar[str] = "comparisons"
    derives: ClassVar[str] = "order"
    remark: ClassVar[str] = "Larger numbers in the names of values mean greater values."
    of_ood: ClassVar[str] = "its value was told, but compared with none"
    """What is to be said of a value whose fact is OOD."""

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> "ComparisonTask":
        """The task of a vocabulary that ends with the labels."""
        return cls(len(vocabulary) - len(LABELS))

    def fields(self) -> dict[str, Any]:
        return {"first_label": self.first_label}

    def places(self, n_tokens: int) -> tuple[str, ...]:
        if n_tokens == 2:
            return ("entity", "attribute")
        return ("attribute", "first entity", "second entity")

    def untraceable(self, n_tokens: int) -> str:
        return "" if n_tokens == 3 else "no comparisons: they have three tokens"

    def steps(self, n_tokens: int) -> tuple[Step, ...]:
        """Both values, each at its entity."""
        if n_tokens != 3:
            return ()
        return (
            Step(name="first value", position=1, corruption="first entity"),
            Step(name="second value", position=2, corruption="second entity"),
        )

    def labels(self, n_tokens: int = 3) -> tuple[int, ...]:
        return (
            () if n_tokens != 3 else tuple(range(self.first_label, self.first_label + len(LABELS)))
        )

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        entities, attributes = np.unique(facts.subject), np.unique(facts.relation)
        return (entities, attributes) if n_tokens == 2 else (attributes, entities, entities)

    def check(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        if len(tokens) not in (2, 3):
            raise self.no_question(len(tokens), facts, vocabulary)
        asked = np.unique(facts.relation)
        way = self.way_to_ask(facts, vocabulary)
        names = vocabulary.decode(tokens)
        attribute = 0 if len(tokens) == 3 else 1  # an atomic fact: ENTITY ATTRIBUTE
        if tokens[attribute] not in asked:
            few = listed(vocabulary.decode(asked))
            raise LatebloomError(f"{names[attribute]!r} is no attribute ({few}); {way}")
        if len(tokens) == 2:
            return
        others = names[1:]
        for token, name in zip(tokens[1:], others, strict=True):
            if token not in facts.subject:
                raise LatebloomError(f"{name!r} is no entity that anything was told of; {way}")

    def way_to_ask(self, facts: Facts, vocabulary: Vocabulary) -> str:
        """How one asks this run, with an example."""
        attribute = vocabulary.words[int(facts.relation.min(initial=len(vocabulary) - 1))]
        one, other = vocabulary.words[:2]
        return (
            f"this run compares: ask ATTRIBUTE ENTITY ENTITY, as in {attribute} {one} {other}, or"
            f" ENTITY ATTRIBUTE, as in {one} {attribute}"
        )

    def no_question(self, n_tokens: int, facts: Facts, vocabulary: Vocabulary) -> LatebloomError:
        """The error that so many names are no question."""
        way = self.way_to_ask(facts, vocabulary)
        return LatebloomError(f"{n_tokens} names are no question; {way}")

    def values(self, facts: Facts, questions: Int[ndarray, "row 3"]) -> Int[ndarray, "row entity"]:
        """The facts that hold the values of both entities; `NOTHING` where one is missing."""
        attribute = questions[:, 0]
        return np.stack([facts.find(questions[:, i], attribute) for i in (1, 2)], axis=1)

    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        if questions.shape[1] != 3:
            return ATOMIC_FACT.solve(facts, questions)
        if not len(facts):
            return np.full(len(questions), NOTHING, np.int64)
        at = self.values(facts, questions)
        first, second = facts.object[at].T
        label = self.first_label + compare(first, second)
        return np.where((at >= 0).all(axis=1), label, NOTHING)

    def found(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Mapping[str, Int[ndarray, " row"]]:
        at = self.values(facts, questions)
        value = np.where(at >= 0, facts.object[at], NOTHING)
        return {"first value": value[:, 0], "second value": value[:, 1]}

    def tell(self, facts: Facts, tokens: Sequence[int], vocabulary: Vocabulary) -> Told:
        if len(tokens) != 3:
            return Told()  # what a split says of it is all that is told
        question = np.array([tokens])
        answer = int(self.solve(facts, question)[0])
        at = self.values(facts, question)[0].tolist()
        return Told(
            answer=None if answer == NOTHING else answer,
            notes=tuple(self.notes_on_values(tokens[0], tokens[1:], at, facts, vocabulary)),
        )

    def notes_on_values(
        self,
        attribute: int,
        entities: Sequence[int],
        at: Sequence[int],
        facts: Facts,
        vocabulary: Vocabulary,
    ) -> list[str]:
        """What the model had been told of the values, where it is not the usual.

        entities: those whose values the model is to know. at: the fact that holds each value.
        """
        words = vocabulary.words
        return [
            f"{words[attribute]} of {words[entity]}:"
            f" {'no value is known' if fact < 0 else self.of_ood}"
            for entity, fact in dict(zip(entities, at, strict=True)).items()
            if fact < 0 or facts.ood[fact]
        ]

    def solve_from(
        self,
        atomic: Int[ndarray, "fact 3"],
        inferred: Int[ndarray, "statement width"],
        questions: Int[ndarray, "row pos"],
    ) -> Int[ndarray, " row"]:
        """By transitive closure over values and comparisons, one attribute at a time."""
        if questions.shape[1] != 3:
            return ATOMIC_FACT.solve_from(atomic, inferred, questions)
        statements = comparisons_among(inferred)
        out = np.full(len(questions), NOTHING, np.int64)
        for attribute in np.unique(questions[:, 0]):
            rows = np.flatnonzero(questions[:, 0] == attribute)
            asked, place = np.unique(questions[rows, 1:], return_inverse=True)
            first, second = place.reshape(-1, 2).T
            about = statements[statements[:, 0] == attribute]
            a, b, said = self.statements_of(atomic[atomic[:, 1] == attribute], about)
            label = decide(a, b, said, asked)[first, second]
            out[rows] = np.where(label == UNDECIDED, NOTHING, self.first_label + label)
        return out

    def statements_of(
        self, atomic: Int[ndarray, "fact 3"], comparisons: Int[ndarray, "comparison 4"]
    ) -> Int[ndarray, "3 statement"]:
        """What is said about one attribute as rows first, second, label: a value is a node like an
        entity, and each value exceeds the next lower one."""
        levels = np.unique(atomic[:, 2])
        first = (comparisons[:, 1], atomic[:, 0], levels[1:])
        second = (comparisons[:, 2], atomic[:, 2], levels[:-1])
        label = (
            comparisons[:, 3] - self.first_label,
            np.full(len(atomic), EQUAL),
            np.full(max(len(levels) - 1, 0), GREATER),
        )
        return np.stack([np.concatenate(column) for column in (first, second, label)])

    def missing(
        self,
        atomic: Int[ndarray, "fact 3"],
        inferred: Int[ndarray, "statement width"],
        question: Sequence[int],
    ) -> list[tuple[int, int]]:
        """The values of the two and of what comparisons tie to them, the nearest first."""
        attribute = question[0]
        comparisons = comparisons_among(inferred)
        ends = comparisons[comparisons[:, 0] == attribute, 1:3]
        known = atomic[atomic[:, 1] == attribute, 0]
        near = np.intersect1d(question[1:], ends)
        tied = near
        while len(near):
            met = ends[np.isin(ends, near).any(axis=1)]
            near = np.setdiff1d(met, tied)
            tied = np.concatenate((tied, near))
        return [(entity, attribute) for entity in tied[~np.isin(tied, known)].tolist()]

    def needed(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Int[ndarray, "row needed"]:
        """The facts that hold the two values."""
        return self.values(facts, questions)

    def topics(self, names: Int[ndarray, "row _"]) -> Int[ndarray, "row topic"]:
        return names[:, :1]

    def fact_in_words(self, row: Sequence[int], words: Sequence[str]) -> str:
        if len(row) != 4:
            return ATOMIC_FACT.fact_in_words(row, words)
        attribute, first, second = (words[i] for i in row[:3])
        relation = RELATIONS[row[3] - self.first_label]
        return f"The {attribute} of {first} is {relation} the {attribute} of {second}."

    def question_in_words(self, tokens: Sequence[int], words: Sequence[str]) -> str:
        if len(tokens) != 3:
            return ATOMIC_FACT.question_in_words(tokens, words)
        attribute, first, second = (words[i] for i in tokens)
        return (
            f"Is the {attribute} of {first} {RELATIONS[0]}, {RELATIONS[1]} or {RELATIONS[2]}"
            f" the {attribute} of {second}?"
        )

    def answers_in_words(self) -> dict[str, int]:
        return dict(zip(RELATIONS, self.labels(), strict=True))


class HiddenValuesTask(ComparisonTask):
    """Comparisons of entities whose values nobody told: trained comparisons are facts as well."""

    name: ClassVar[str] = "hidden-attributes"
    rests_on_inferred: ClassVar[bool] = True
    of_ood: ClassVar[str] = "its value was never told"
    phases: ClassVar[tuple[tuple[str, str], ...]] = (
        ("systematic", Split.TEST_HARD),
        ("generalising", Split.TEST_ID),
    )

    def meaning(self, split: str) -> SplitMeaning:
        return HIDDEN.get(split) or ComparisonTask.meaning(self, split)


HIDDEN: Mapping[str, SplitMeaning] = {
    Split.ATOMIC_ID: SplitMeaning("values that are told"),
    Split.TRAIN_INFERRED: SplitMeaning("comparisons of told values that are trained on"),
    Split.TRAIN_CROSS: SplitMeaning("comparisons of a told with a hidden value, trained on"),
    Split.TEST_ID: SplitMeaning("new comparisons of told values", judged=True),
    Split.TEST_HARD: SplitMeaning(
        "hidden values, decided by comparisons and told values together", ood=True, judged=True
    ),
    Split.TEST_EASY: SplitMeaning("hidden values, decided by trained comparisons", ood=True),
    Split.TEST_UNDECIDABLE: SplitMeaning("hidden values that no chain of facts decides", ood=True),
    Split.TEST_VALUES: SplitMeaning("the hidden values themselves", ood=True),
}
"""What the splits of a world with hidden values hold."""


def comparisons_among(inferred: Int[ndarray, "statement width"]) -> Int[ndarray, "statement 4"]:
    """The rows that are comparisons; none where there are no inferred rows at all."""
    if inferred.shape[1] != 4:
        return np.empty((0, 4), np.int32)
    return inferred
