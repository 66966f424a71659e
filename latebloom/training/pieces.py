"""How much of a batch is worked on at once, where a large vocabulary would make it too much.

Enters: a batch. Leaves: its pieces, each with its share of the batch's loss, whose gradients are
added up. For every word that is asked for a model makes as many logits as the vocabulary has names,
and a step holds about nine tables of that size: 2,048 questions about 100,000 names would take 7
GiB. Smaller batches, and all those of smaller vocabularies, stay whole; then nothing is summed in
another order.
"""

from collections.abc import Callable, Sequence
from typing import Any

from latebloom.training.feed import Feed

LOGITS_AT_ONCE = 2**26
"""Logits of a piece at most, 256 MiB in float32, of 671 questions where names are 100,000."""

Cut = Callable[[Any], Sequence[tuple[Any, float]]]
"""From a batch to its pieces and their shares of its loss, which add up to 1."""


def whole(batch: Any) -> Sequence[tuple[Any, float]]:
    """The batch as it is."""
    return [(batch, 1.0)]


def pieces(feed: Feed, d_vocab: int, batch: Any) -> Sequence[tuple[Any, float]]:
    """A batch of a feed in as few pieces as `LOGITS_AT_ONCE` allows; none of them is empty.

    d_vocab: names of the vocabulary.
    """
    size = feed.size(batch)
    n = min(size, -(-size * d_vocab // LOGITS_AT_ONCE))
    if n <= 1:
        return whole(batch)
    parts = [feed.part(batch, number, n) for number in range(n)]
    return [(part, asked / size) for part in parts if (asked := feed.size(part))]
