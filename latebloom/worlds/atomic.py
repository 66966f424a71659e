"""Atomic facts: (subject, relation) -> object, as arrays of token ids."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray


@dataclass(frozen=True, slots=True)
class Facts:
    """Atomic facts (subject, relation) -> object as token ids, with what is held out of inference.

    At most one object for a (subject, relation). `ood` marks the facts that are trained on their
    own but enter no inferred training fact.
    """

    subject: Int[ndarray, " fact"]
    relation: Int[ndarray, " fact"]
    object: Int[ndarray, " fact"]
    ood: Bool[ndarray, " fact"]

    def __len__(self) -> int:
        return len(self.subject)

    @classmethod
    def of_rows(cls, rows: Int[ndarray, "fact 3"]) -> "Facts":
        """Rows `subject relation object` as facts, none of them OOD."""
        subject, relation, object_ = rows.T
        return cls(subject, relation, object_, np.zeros(len(rows), bool))

    @classmethod
    def none(cls) -> "Facts":
        """No facts at all: for questions that rest on a rule, such as sums, and on no table."""
        return cls.of_rows(np.empty((0, 3), np.int32))

    def rows(self) -> Int[ndarray, "fact 3"]:
        """The facts as rows `subject relation object`."""
        return np.stack((self.subject, self.relation, self.object), axis=1)

    def find(
        self, subject: Int[ndarray, " query"], relation: Int[ndarray, " query"]
    ) -> Int[ndarray, " query"]:
        """The index of the fact that answers each (subject, relation), -1 where there is none."""
        if not len(self):
            return np.full(np.shape(subject), -1, np.int64)
        width = int(max(self.relation.max(initial=0), np.max(relation, initial=0))) + 1
        keys = self.subject.astype(np.int64) * width + self.relation
        order = np.argsort(keys, kind="stable")
        wanted = np.asarray(subject, np.int64) * width + relation
        at = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(self) - 1)
        found = order[at]
        return np.where(keys[found] == wanted, found, -1)
