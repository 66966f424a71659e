"""How a request says which state is replaced, and by what: words of the API, into objects.

Enters: the pairs of a query. Leaves: a `Place`, counted from 0, and a `Source`. Loops count from 1
in a request, as everywhere in what people read.
"""

from collections.abc import Sequence

from latebloom.circuits.moving import Embedding, Mean, Noise, OfQuestion, Source
from latebloom.circuits.verdict import Place
from latebloom.errors import LatebloomError


def place_of(loop: int, layer: int, position: int) -> Place:
    """The place of a request."""
    return Place(loop - 1, layer, position)


def source_of(
    other: Sequence[str],
    at: Place | None,
    *,
    noise: int | None,
    mean: bool,
    embedding: str | None,
) -> Source:
    """What is put there; exactly one thing has to be named.

    other: the question whose state it is. at: the place of that state; None: the one replaced.
    noise: a seed. embedding: a name.
    Raises: LatebloomError if none is named, or several are.
    """
    named: list[Source] = []
    if other:
        named.append(OfQuestion(other, at))
    if noise is not None:
        named.append(Noise(noise))
    if mean:
        named.append(Mean())
    if embedding is not None:
        named.append(Embedding(embedding))
    if len(named) != 1:
        raise LatebloomError("say one thing to put there: from, noise, mean or embedding")
    return named[0]
