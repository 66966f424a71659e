"""Reading a question about a graph: a name that is unknown is answered by names that fit its place.

Enters: words such as `aspirin ^treats pathway`, several such questions with `and` between them, or
a sentence like one of the run's phrases. Leaves: the tokens of the question, or one line that
proposes the nearest entity where an entity belongs, and the nearest relation where a relation does.
"""

from collections.abc import Sequence

import numpy as np

from latebloom.asking.joining import THEN, Joined, join_of, joins, read_joined
from latebloom.asking.phrases import from_words
from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.worlds.spelling import nearest_of
from latebloom.worlds.wording import INVERSE
from latebloom.worlds.world import World


def read_questions(world: World, question: Sequence[str]) -> list[int] | Joined:
    """The tokens of a question that somebody wrote, in names or in words; of one that joins
    branches, all of it.

    Raises: as `read_question`; LatebloomError for a sentence that is like no phrase.
    """
    try:
        if not joins(world, question):
            return read_question(world, question)
        read = read_joined(world, question, read_question)
        if read.joins:
            return read
        # From where a chain leads on, with nothing joined, it is a longer chain.
        chain = [word for word in question if join_of(world, word) != THEN]
        return read_question(world, chain)
    except LatebloomError:
        if not world.wording.phrases or len(" ".join(question).split()) < 3:
            raise
        if all(is_name(world, word) for word in question):
            raise
        return read_question(world, from_words(world, " ".join(question)))


def is_name(world: World, word: str) -> bool:
    """Whether the world has a name for a word."""
    try:
        return bool(world.wording.name(word, world.vocabulary))
    except UnknownNameError:
        return bool(join_of(world, word))


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
        raise UnknownNameError(error.name, nearest_of(error.name, fits)) from error
    world.task.check(tokens, world.facts, world.vocabulary)
    return tokens


def is_subject(world: World, name: str, question: Sequence[str]) -> bool:
    """Whether a word stands where the subject does: first, or last with relations first."""
    words = world.task.spoken(question, world.vocabulary.ids)
    first = world.task.places(len(words))[0] == "subject"
    return name == (words[0] if first else words[-1])
