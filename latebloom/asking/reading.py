"""Reading a question about a graph: a name that is unknown is answered by names that fit its place.

Enters: words such as `aspirin ^treats pathway`. Leaves: the tokens of the question, or one line
that proposes the nearest entity where an entity belongs, and the nearest relation where a relation
does.
"""

import difflib
from collections.abc import Sequence

import numpy as np

from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.worlds.tasks.graph import INVERSE
from latebloom.worlds.world import World


def read_question(world: World, question: Sequence[str]) -> list[int]:
    """The tokens of a question that somebody wrote.

    Raises: UnknownNameError for a name that there is not; LatebloomError if it is no question.
    """
    names = world.vocabulary.words
    n_entities = world.task.n_competing(len(names))
    relations = [names[i] for i in np.unique(world.facts.relation)]
    try:
        tokens = world.read(question)
    except UnknownNameError as error:
        turned = error.name.removeprefix(INVERSE)
        if error.name.startswith(INVERSE) and turned in relations:
            raise LatebloomError(
                f"{error.name!r}: this run was told no fact backwards; grow it with --inverse"
            ) from error
        fits = names[:n_entities] if is_subject(world, error.name, question) else relations
        raise UnknownNameError(error.name, nearest(error.name, fits)) from error
    world.task.check(tokens, world.facts, world.vocabulary)
    return tokens


def is_subject(world: World, name: str, question: Sequence[str]) -> bool:
    """Whether a word stands where the subject does: first, or last with relations first."""
    words = world.task.spoken(question, world.vocabulary.ids)
    first = world.task.places(len(words))[0] == "subject"
    return name == (words[0] if first else words[-1])


def nearest(name: str, names: Sequence[str]) -> list[str]:
    """At most three names like this one, whatever their letter case."""
    folded = {one.casefold(): one for one in names}
    begun = [one for key, one in folded.items() if key.startswith(name.casefold())][:3]
    alike = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.4)
    return list(dict.fromkeys([*begun, *(folded[key] for key in alike)]))[:3]
