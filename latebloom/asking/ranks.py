"""Filtered ranks: where scores put each right answer among all names.

Enters: a score of every name for some questions, and the questions' sets of answers. Leaves: for
each answer that is asked for one more than the number of names with a higher score, other right
answers of the same question left out; a name with the same score counts half.

Source: arXiv:1301.3485 (ranking), arXiv:1412.6575 (filtered); arXiv:2002.06914 (ties).
"""

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from latebloom.worlds.answers import AnswerSets

COMPARED_AT_ONCE = 20_000_000
"""Numbers compared in one go; they take a byte each, and four on the way."""


def ranks_of(scores: Float[Tensor, "question name"], sets: AnswerSets) -> Float[ndarray, " asked"]:
    """The filtered rank of each answer that is asked for, in the order of the sets."""
    question, member = torch.from_numpy(sets.question), torch.from_numpy(sets.member).long()
    others = scores.clone()
    others[question, member] = -torch.inf
    asked = torch.from_numpy(sets.asked)
    question, member = question[asked], member[asked]
    ranks = []
    n_at_once = max(1, COMPARED_AT_ONCE // scores.shape[1])
    for rows, names in zip(question.split(n_at_once), member.split(n_at_once), strict=True):
        own = scores[rows, names][:, None]
        rivals = others[rows]
        above = (rivals > own).sum(1) + (rivals == own).sum(1) / 2
        ranks.append(1 + above)
    return torch.cat(ranks).double().numpy() if ranks else np.empty(0)
