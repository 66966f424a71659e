"""Where to cut a list of answers, so that it holds a stated share of the right ones.

Enters: scores of names for held-out questions with known answers. Leaves: a `Cut`: how far below
the likeliest name a name may lie and still be given as an answer.

*Split-conformal*: on validation questions one measures how far each right answer lies below the
likeliest name; the cut is the quantile of these distances that a new question of the same kind
keeps with the stated probability, whatever the model is like. The guarantee is for a question drawn
like those, and for one of its answers drawn at random: each question weighs the same, and so do the
answers of one. It says nothing of questions of another kind, nor of whether there is an answer.

Source: Angelopoulos and Bates, arXiv:2107.07511, section 1.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy import ndarray
from torch import Tensor

from latebloom.worlds.answers import AnswerSets

NOMINAL = 0.9
"""The share of right answers that a set is to hold unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How far below the likeliest name an answer may lie, in nats.

    distance: inf where there were too few questions to tell. questions: that it was measured on.
    """

    distance: float
    questions: int

    def kept(self, distances: Float[ndarray, "*row name"]) -> Bool[ndarray, "*row name"]:
        """Which names are in the set, by their distances."""
        return distances <= self.distance


def distances_of(scores: Float[Tensor, "row name"], sets: AnswerSets) -> Float[Tensor, "row name"]:
    """How far each name lies below the likeliest one that is not known already.

    The answers that a question has but is not asked for are known; they lie at inf.
    """
    known = torch.from_numpy(~sets.asked)
    rows, names = torch.from_numpy(sets.question)[known], torch.from_numpy(sets.member)[known]
    others = scores.clone()
    others[rows, names.long()] = -torch.inf
    return others.amax(1, keepdim=True) - others


def of_asked(distances: Float[Tensor, "row name"], sets: AnswerSets) -> Float[ndarray, " asked"]:
    """The distances of the answers that are asked for."""
    rows, names = sets.question[sets.asked], sets.member[sets.asked]
    return distances[torch.from_numpy(rows), torch.from_numpy(names).long()].double().numpy()


def conformal_cut(
    distances: Float[ndarray, " asked"], sets: AnswerSets, nominal: float = NOMINAL
) -> Cut:
    """The cut that holds an answer of a new question with at least this probability.

    distances: of the answers that are asked for.
    """
    n = len(sets)
    wanted = math.ceil((n + 1) * nominal) / n if n else 2.0
    if wanted > 1:
        return Cut(math.inf, n)
    weights = (1 / (n * sets.n_asked))[sets.question[sets.asked]]
    order = np.argsort(distances)
    held = np.cumsum(weights[order])
    at = min(int(np.searchsorted(held, wanted - 1e-12)), len(order) - 1)
    return Cut(float(distances[order[at]]), n)


def best_cut(distances: Float[Tensor, "row name"], sets: AnswerSets) -> Cut:
    """The cut at which the sets of all questions agree best with the right ones, by F1.

    Every name counts alike here: it is the cut with the best F1 over all (question, name) pairs.
    """
    flat = distances.double().flatten().numpy()
    right = np.zeros(len(flat), bool)
    right[sets.question[sets.asked] * distances.shape[1] + sets.member[sets.asked]] = True
    order = np.argsort(flat, kind="stable")
    hits = np.cumsum(right[order])
    f1 = 2 * hits / (np.arange(1, len(flat) + 1) + hits[-1])
    return Cut(float(flat[order[int(f1.argmax())]]), len(sets))


def looser(one: Cut, other: Cut) -> Cut:
    """The one of two cuts that leaves more: it holds at least what either of them promises."""
    return one if one.distance >= other.distance else other
