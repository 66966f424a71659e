"""Counting: facts that nobody told, guessed from those that were told, without any training.

Enters: the told facts. Leaves: for questions of one hop, `subject relation`, a score for every
name. Two things are counted.

- *Neighbours*: subjects that share facts with this one. Each fact of a subject is a feature,
  weighted by how rare it is (log of names / names that have it); the likeness of two subjects is
  the cosine of their features. What share of the likeness points to a name through the relation is
  its first score. (k nearest neighbours, with all of them.)
- *Rules*: where another relation already leads from the subject to the name, and where both
  relations hold the first was joined by the second in so many pairs, that share, shrunk towards 0
  for few pairs, is the rule's confidence. (Rules of one body atom, as AMIE and AnyBURL find them;
  relations read backwards count where the facts are told backwards as well.)

Both are joined as if they were independent witnesses: 1 - (1 - a)(1 - b). Where nothing points to a
name, how often the relation leads there decides.

It is a rival, since whatever a trained model guesses beyond this it did not get by counting; and it
takes seconds, so it also says before any training whether a table holds what guesses can be made
from (`latebloom.foresight.plan`).

Source: doi:10.1145/2488388.2488425 (AMIE), arXiv:2004.04412 (AnyBURL).
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy import sparse

from latebloom.worlds.answers import slices
from latebloom.worlds.atomic import Facts

SHRUNK = 2.0
"""Pairs that are added to those a rule is counted on: of few pairs it is believed less."""
CERTAIN = 0.999
"""No witness is more certain than this."""
TIE = 1e-6
"""What the share of a relation's facts that lead to a name counts for where nothing else does."""
AT_ONCE = 20_000_000
"""Numbers in one table of likenesses or scores, of four bytes each."""


class Counting:
    """Told facts, counted so that questions of one hop can be answered.

    Memory: a few times the facts, and the square of the number of relations.
    """

    def __init__(self, told: Facts, names: int) -> None:
        """told: the facts, without those that are to be guessed. names: entities are the tokens
        below this number, and relations those above."""
        self.names = names
        self.relations = int(told.relation.max(initial=names)) + 1 - names
        order = np.lexsort((told.object, told.relation, told.subject))
        self.subject = told.subject[order].astype(np.int64)
        self.relation = told.relation[order].astype(np.int64) - names
        self.object = told.object[order].astype(np.int64)
        self.alike = self.features()
        self.log_doubt = self.rules()

    def features(self) -> sparse.csr_array:
        """Each subject's facts as a row of length one; rare facts weigh more."""
        feature, at = np.unique(self.relation * self.names + self.object, return_inverse=True)
        having = np.bincount(at)
        rarity = np.log(self.names / having)[at].astype(np.float32)
        shape = (self.names, len(feature))
        rows = sparse.csr_array((rarity, (self.subject, at)), shape=shape)
        length = np.sqrt(np.bincount(self.subject, rarity**2, minlength=self.names))
        return sparse.diags_array((1 / np.maximum(length, 1e-9)).astype(np.float32)) @ rows

    def rules(self) -> Float[ndarray, "body head"]:
        """log(1 - confidence) of every rule `body -> head`."""
        _, pair = np.unique(self.subject * self.names + self.object, return_inverse=True)
        ones = np.ones(len(pair), np.float32)
        both = sparse.csr_array(
            (ones, (pair, self.relation)), shape=(pair.max(initial=0) + 1, self.relations)
        )
        together = (both.T @ both).toarray()
        confidence = together / (np.diag(together)[:, None] + SHRUNK)
        np.fill_diagonal(confidence, 0)
        return np.log1p(-np.minimum(confidence, CERTAIN)).astype(np.float32)

    def __call__(self, questions: Int[ndarray, "question 2"]) -> Float[ndarray, "question name"]:
        """The score of every name for each question `subject relation`, between 0 and 1 + `TIE`.

        A relation that was never told scores 0 for every name.
        """
        scores = np.zeros((len(questions), self.names), np.float32)
        asked = questions[:, 1].astype(np.int64) - self.names
        for relation in np.unique(asked[asked < self.relations]):
            here = np.flatnonzero(asked == relation)
            leads = self.facts_of(int(relation))
            for some in parts(here, max(1, AT_ONCE // self.names)):
                subjects = questions[some, 0].astype(np.int64)
                scores[some] = self.scores(subjects, int(relation), leads)
        return scores

    def facts_of(self, relation: int) -> sparse.csr_array:
        """Where a relation leads: subjects in rows, objects in columns."""
        of = self.relation == relation
        ones = np.ones(int(of.sum()), np.float32)
        shape = (self.names, self.names)
        return sparse.csr_array((ones, (self.subject[of], self.object[of])), shape=shape)

    def scores(
        self, subjects: Int[ndarray, " question"], relation: int, leads: sparse.csr_array
    ) -> Float[ndarray, "question name"]:
        """The scores of questions about one relation. leads: its facts."""
        likeness = (self.alike[subjects] @ self.alike.T).toarray()
        likeness[np.arange(len(subjects)), subjects] = 0
        has = np.diff(leads.indptr) > 0
        among = likeness[:, has].sum(1, keepdims=True)
        shares = (leads.T @ likeness.T).T / np.maximum(among, 1e-3)
        doubt = (1 - np.minimum(shares, CERTAIN)) * np.exp(self.doubts(subjects, relation))
        popular = np.asarray(leads.sum(0)).ravel()
        return 1 - doubt + TIE * popular / max(1.0, float(popular.max(initial=0)))

    def doubts(
        self, subjects: Int[ndarray, " question"], relation: int
    ) -> Float[ndarray, "question name"]:
        """The sum of log(1 - confidence) over the rules that point to each name."""
        start = np.searchsorted(self.subject, subjects, side="left")
        count = np.searchsorted(self.subject, subjects, side="right") - start
        fact = slices(start, count)
        place = np.repeat(np.arange(len(subjects)), count) * self.names + self.object[fact]
        weight = self.log_doubt[self.relation[fact], relation]
        flat = np.bincount(place, weight, minlength=len(subjects) * self.names)
        return flat.reshape(len(subjects), self.names).astype(np.float32)


def parts(rows: Int[ndarray, " row"], most: int) -> Iterator[Int[ndarray, " some"]]:
    """The rows, at most so many at a time."""
    for first in range(0, len(rows), most):
        yield rows[first : first + most]
