"""Answers to questions that join branches, from a model's answers to their parts.

Enters: questions of one form (`latebloom.worlds.tasks.shapes`). Leaves: a score of every name. Any
model of chains over sets can be asked so, whether or not it was trained on such questions; for one
that was it is the control: what joining inside buys.

A branch is asked as the chain that it is. Its scores are logarithms of degrees of membership: a
name is as much a member as it is likely beside the likeliest one.

- `a and b`: the product of both, a sum of logarithms.
- `a and not b`: the product of the first and of one less the second, which is first divided by
  `CERTAIN`: a set of several answers has no single likeliest one.
- a relation after a join: over the likeliest bridges, the product of the bridge's score and of what
  it leads to; the best counts.

Source: CQD (Arakelyan et al., arXiv:2011.03459).
"""

import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.asking.hops import BEST, asked_one_hop, led_on
from latebloom.asking.names import ScoreNames, score_names, shared_out
from latebloom.model.transformer import Transformer
from latebloom.worlds.tasks.shapes import BOTH, JOINS, NAME, RELATION
from latebloom.worlds.tasks.task import Task

BRIDGES = 20
"""Likeliest names from which a relation after a join is followed."""
CERTAIN = 0.1
"""How likely a name must be in a branch that is taken away, beside the likeliest one; of 1, 0.5,
0.3, 0.1 and 0.03 the best for missing answers (docs/log.md, 2026-11-27)."""
SURE = 1e-6
"""The least that is left of a name which the negated branch holds for certain."""

Scores = Float[Tensor, "row name"]


def product_scores(
    model: Transformer,
    task: Task,
    form: str,
    questions: Int[ndarray, "row pos"],
    certain: float = CERTAIN,
    branch: ScoreNames = score_names,
) -> Scores:
    """The logarithm of each name's score; only differences within a row mean anything.

    certain: how likely a name must be in a branch that is taken away, beside the likeliest one,
        to be an answer there for certain, in (0, 1].
    branch: what scores the names of a branch; by default the model, asked at once.
    """
    one_hop = asked_one_hop(model, task, shared_out)
    stack: list[Scores] = []
    place = 0
    while place < len(form):
        if form[place] == NAME:
            end = place + 1 + len(form[place + 1 :]) - len(form[place + 1 :].lstrip(RELATION))
            asked = torch.from_numpy(task.lay(questions[:, place:end]))
            stack.append(branch(model, task, asked))
            place = end
            continue
        if form[place] in JOINS:
            other, one = stack.pop(), stack.pop()
            stack.append(one + (other if form[place] == BOTH else lacking(other, certain)))
        else:
            stack.append(led_on(one_hop, stack.pop(), questions[:, place], BEST, BRIDGES))
        place += 1
    (scores,) = stack
    return scores


def lacking(scores: Scores, certain: float) -> Scores:
    """The logarithm of how far each name is no answer, from that of how far it is one.

    certain: the share of the likeliest name's score from which on a name is an answer for certain.
    """
    member = (scores - scores.amax(1, keepdim=True)).exp() / certain
    return (1 - member.clamp(max=1)).clamp_min(SURE).log()
