"""What one of several processes works on of a batch that all of them have.

Enters: a batch, the number of a process, and how many there are. Leaves: its share, a batch as
well. The shares of all processes are the whole batch, each question or line once, and differ by at
most one in size.
"""

import torch

from latebloom.training.objective import Group, Sentences


def questions_for(groups: list[Group], number: int, of: int) -> list[Group]:
    """The questions that process `number` of `of` works on: every `of`-th, counted through all
    groups, so that small groups do not all fall to the first process."""
    parts, before = [], 0
    for group in groups:
        n = len(group.answers)
        rows = torch.arange(n, device=group.answers.device)[(number - before) % of :: of]
        if len(rows):
            parts.append(group.take(rows))
        before += n
    return parts


def lines_for(lines: Sentences, number: int, of: int) -> Sentences:
    """The lines that process `number` of `of` works on: every `of`-th."""
    return Sentences(lines.tokens[number::of], lines.targets[number::of])
