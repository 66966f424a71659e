"""Answers as sets: which names answer each of many questions, and how facts lead to them.

Enters: facts of which several may answer one (subject, relation). Leaves: `AnswerSets`, the sets of
many questions in three arrays, and `FactSets`, which follows relations from set to set: the bridge
of a chain is a set as well. A question with one answer has a set of one.

All of it is array arithmetic; nothing runs over questions one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.worlds.atomic import Facts

NOT_THERE = -1
"""Stands where a (subject, relation) has no fact."""


def slices(first: Int[ndarray, " slice"], count: Int[ndarray, " slice"]) -> Int[ndarray, " place"]:
    """The places of several slices in a row: `count` places from `first` on for each."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - count - first, count)


def distinct(keys: Int[ndarray, " key"]) -> Int[ndarray, " distinct"]:
    """The keys, none below 0, in ascending order and each once. By sorting: the hash table of
    `np.unique` takes ten times as long."""
    ordered = np.sort(keys)
    return ordered[np.diff(ordered, prepend=-1) != 0]


@dataclass(frozen=True, slots=True)
class AnswerSets:
    """The answers of some questions. Those of question i are `member[first[i]:first[i + 1]]`.

    member: token ids, ascending within a question.
    asked: which of them the questions are asked for. The others are right as well, but are not what
        is tested (they are known otherwise): a ranking passes over them.
    """

    first: Int[ndarray, " question_and_one"]
    member: Int[ndarray, " answer"]
    asked: Bool[ndarray, " answer"]

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def sizes(self) -> Int[ndarray, " question"]:
        """How many answers each question has."""
        return np.diff(self.first)

    @property
    def question(self) -> Int[ndarray, " answer"]:
        """Whose answer each member is."""
        return np.repeat(np.arange(len(self)), self.sizes)

    @property
    def n_asked(self) -> Int[ndarray, " question"]:
        """How many answers each question is asked for."""
        return np.bincount(self.question[self.asked], minlength=len(self))

    def of(self, question: int) -> list[int]:
        """The answers of one question."""
        return self.member[self.first[question] : self.first[question + 1]].tolist()

    @classmethod
    def of_one(cls, answers: Int[ndarray, " question"]) -> "AnswerSets":
        """Sets of one."""
        n = len(answers)
        return cls(np.arange(n + 1), answers.astype(np.int32), np.ones(n, bool))

    @classmethod
    def of_pairs(
        cls, n: int, question: Int[ndarray, " pair"], answer: Int[ndarray, " pair"]
    ) -> "AnswerSets":
        """The sets of `n` questions from (question, answer) pairs in any order, some of them
        perhaps several times."""
        width = int(answer.max(initial=0)) + 1
        pairs = distinct(question.astype(np.int64) * width + answer)
        counts = np.bincount(pairs // width, minlength=n)
        first = np.concatenate(([0], np.cumsum(counts)))
        return cls(first, (pairs % width).astype(np.int32), np.ones(len(pairs), bool))

    def take(self, questions: Int[ndarray, " row"]) -> "AnswerSets":
        """The sets of some of the questions, in the order in which they are named."""
        count = self.sizes[questions]
        at = slices(self.first[questions], count)
        first = np.concatenate(([0], np.cumsum(count)))
        return AnswerSets(first, self.member[at], self.asked[at])

    def among(self, other: "AnswerSets") -> Bool[ndarray, " answer"]:
        """Which answers are answers of the same question in `other`, too."""
        width = int(max(self.member.max(initial=0), other.member.max(initial=0))) + 1
        mine = self.question.astype(np.int64) * width + self.member
        return np.isin(mine, other.question.astype(np.int64) * width + other.member)

    def only(self, kept: Bool[ndarray, " answer"]) -> "AnswerSets":
        """The sets with these answers alone."""
        first = np.concatenate(([0], np.cumsum(kept)))[self.first]
        return AnswerSets(first, self.member[kept], self.asked[kept])

    def asking(self, asked: Bool[ndarray, " answer"]) -> "AnswerSets":
        """The same sets, asked for these answers."""
        return AnswerSets(self.first, self.member, asked)

    def any_asked(self) -> Int[ndarray, " question"]:
        """One answer of each question: the first that is asked for, else the first."""
        order = np.lexsort((self.member, ~self.asked, self.question))
        return self.member[order[self.first[:-1]]]

    def arrays(self) -> dict[str, ndarray]:
        """The arrays by their names, for a file."""
        return {"first": self.first, "member": self.member, "asked": self.asked}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, ndarray]) -> "AnswerSets":
        """What `arrays` gave.

        Raises: KeyError if one is missing, ValueError if they do not fit each other.
        """
        first, member, asked = (arrays[part] for part in ("first", "member", "asked"))
        whole = len(first) > 0 and first[0] == 0 and first[-1] == len(member)
        if not (whole and len(member) == len(asked) and (np.diff(first) > 0).all()):
            raise ValueError("the sets of answers do not fit each other")
        return cls(first, member, asked)

    @classmethod
    def joined(cls, one: "AnswerSets", other: "AnswerSets") -> "AnswerSets":
        """The sets of some questions, then those of others."""
        first = np.concatenate((one.first, one.first[-1] + other.first[1:]))
        member = np.concatenate((one.member, other.member))
        return cls(first, member, np.concatenate((one.asked, other.asked)))


class FactSets:
    """Facts by their (subject, relation): the objects of each such *pair* are one slice.

    subject, relation: of the pairs, in ascending order. object: of the facts, in that order.
    first: where the objects of each pair begin, and the end of the last.
    """

    def __init__(self, facts: Facts, keep: Bool[ndarray, " fact"] | None = None) -> None:
        rows = facts.rows() if keep is None else facts.rows()[keep]
        self.width = int(facts.relation.max(initial=0)) + 1
        key = rows[:, 0].astype(np.int64) * self.width + rows[:, 1]
        order = np.lexsort((rows[:, 2], key))
        self.keys, first = np.unique(key[order], return_index=True)
        self.first = np.append(first, len(rows))
        self.object = rows[order, 2]
        self.subject, self.relation = np.divmod(self.keys, self.width)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def n_facts(self) -> int:
        """How many facts there are."""
        return len(self.object)

    def find(
        self, subject: Int[ndarray, " query"], relation: Int[ndarray, " query"]
    ) -> Int[ndarray, " query"]:
        """The pair of each (subject, relation); `NOT_THERE` where there is no fact."""
        if not len(self):
            return np.full(len(subject), NOT_THERE, np.int64)
        wanted = np.asarray(subject, np.int64) * self.width + relation
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self) - 1)
        there = (self.keys[at] == wanted) & (np.asarray(relation) < self.width)
        return np.where(there, at, NOT_THERE)

    def step(self, here: AnswerSets, relation: Int[ndarray, " question"]) -> AnswerSets:
        """Where a relation leads from each question's set of names: all objects together."""
        question = here.question
        pair = self.find(here.member, np.asarray(relation)[question])
        question, pair = question[pair >= 0], pair[pair >= 0]
        count = np.diff(self.first)[pair]
        objects = self.object[slices(self.first[pair], count)]
        return AnswerSets.of_pairs(len(here), np.repeat(question, count), objects)


def follow_sets(names: Int[ndarray, "row name"], graphs: Sequence[FactSets]) -> list[AnswerSets]:
    """The sets that `subject r_1 ... r_k` leads to after each hop.

    graphs: the facts that each hop may use; one that is given for all hops stands once.
    """
    here = AnswerSets.of_one(names[:, 0])
    reached = []
    for hop, relation in enumerate(names[:, 1:].T):
        here = graphs[min(hop, len(graphs) - 1)].step(here, relation)
        reached.append(here)
    return reached


def two_hop_questions(first: FactSets, second: FactSets) -> Int[ndarray, "question 3"]:
    """Every `subject r1 r2` with a fact of `first` on which a fact of `second` follows, once."""
    starts = np.searchsorted(second.subject, first.object, side="left")
    count = np.searchsorted(second.subject, first.object, side="right") - starts
    pair = np.repeat(np.arange(len(first)), np.diff(first.first))
    width = max(first.width, second.width)
    key = np.repeat(first.subject[pair] * width + first.relation[pair], count)
    after = second.relation[slices(starts, count)]
    head, last = np.divmod(distinct(key * width + after), width)
    return np.stack((head // width, head % width, last), axis=1).astype(np.int32)


def count_two_hop_paths(first: FactSets, second: FactSets) -> int:
    """How many rows `two_hop_questions` goes through, each question once for each bridge."""
    starts = np.searchsorted(second.subject, first.object, side="left")
    return int((np.searchsorted(second.subject, first.object, side="right") - starts).sum())
