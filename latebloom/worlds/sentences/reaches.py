"""What depends on each word of a sentence, directly or through other words.

Enters: the head of each word. Leaves: for each word the first and the last of the words that depend
on it, itself among them, and how many they are. If they are as many as lie between the two ends,
they are a span without a gap.

Covers: any heads; words whose heads go round in a circle are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Reach:
    """A word with all that depends on it: the first and the last of these words, and how many."""

    first: int
    last: int
    size: int = 1


def reached_words(heads: Sequence[int]) -> tuple[list[Reach], int | None]:
    """What depends on each word, directly or through others.

    heads: the head of each word, -1 for none.
    Returns: a reach for each word; and the first word that depends on itself, through others or
        directly, None if there is none.

    A word is handed to its head when all its own dependents have been handed to it, so each is
    looked at once: the time is linear in the words, also in a chain of them.
    """
    reaches = [Reach(i, i) for i in range(len(heads))]
    waits = [0] * len(heads)  # dependents that a word still waits for
    for head in heads:
        if head >= 0:
            waits[head] += 1
    ready = [i for i, count in enumerate(waits) if not count]
    for i in ready:  # it grows while it is read
        head = heads[i]
        if head < 0:
            continue
        at, own = reaches[head], reaches[i]
        at.first, at.last = min(at.first, own.first), max(at.last, own.last)
        at.size += own.size
        waits[head] -= 1
        if not waits[head]:
            ready.append(head)
    if len(ready) == len(heads):
        return reaches, None
    settled = set(ready)
    return reaches, next(i for i in range(len(heads)) if i not in settled)
