"""What one of several processes works on of a batch that all of them have.

Enters: a batch, the number of a process, and how many there are. Leaves: its share, a batch as
well. The shares of all processes are the whole batch, each question or line once, and differ by at
most one in size.
"""

from dataclasses import replace

import torch
from jaxtyping import Int
from torch import Tensor

from latebloom.training.objective import Group, Sentences, Several, Spelled


def questions_for(groups: list[Group], number: int, of: int) -> list[Group]:
    """The questions that process `number` of `of` works on: every `of`-th, counted through all
    groups, so that small groups do not all fall to the first process."""
    parts, before = [], 0
    for group in groups:
        n = len(group.answers)
        rows = torch.arange(n, device=group.answers.device)[(number - before) % of :: of]
        if len(rows):
            parts.append(rows_of(group, rows))
        before += n
    return parts


def rows_of(group: Group, rows: Int[Tensor, " some"]) -> Group:
    """Some questions of a group, with all that is told of them."""
    return Group(
        tokens=group.tokens[rows],
        answers=group.answers[rows],
        atomic=group.atomic,
        values=None if group.values is None else group.values[rows],
        sets=None if group.sets is None else sets_of(group.sets, rows, len(group.answers)),
        spelled=None if group.spelled is None else Spelled(group.spelled.words[rows]),
    )


def sets_of(sets: Several, rows: Int[Tensor, " some"], n: int) -> Several:
    """The sets of answers of some questions, which are numbered anew. n: questions before."""
    place = torch.full((n,), -1, device=rows.device)
    place[rows] = torch.arange(len(rows), device=rows.device)
    kept = place[sets.rows] >= 0
    return replace(
        sets,
        rows=place[sets.rows[kept]],
        members=sets.members[kept],
        weights=sets.weights[kept],
    )


def lines_for(lines: Sentences, number: int, of: int) -> Sentences:
    """The lines that process `number` of `of` works on: every `of`-th."""
    return Sentences(lines.tokens[number::of], lines.targets[number::of])
