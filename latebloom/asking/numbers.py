"""Asking a run on a table of numbers.

Enters: a question. Leaves: of one that chooses (`half-life above 24`) a `Selection`, of any other
an `Answer`, whose values, which are ranks or bins, come as the numbers that they stand for, in the
unit that the table gives: `18 h (rank 16)`. The numbers are read from the table again; where it is
gone, or has changed, the answer keeps the ranks and says why.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from latebloom.asking.answer import Answer, Guess, ask
from latebloom.asking.selection import Selection, choose, chooses
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.worlds.comparisons.scale import NumberScale, NumbersConfig, recover_scale
from latebloom.worlds.units import unit_of
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World


def ask_numbers(
    model: Transformer, world: World, config: NumbersConfig, question: Sequence[str], top: int
) -> Answer | Selection:
    """Puts one question, in words, to a model of a world of numbers.

    config: what the world was made from.
    Raises: as `latebloom.asking.answer.ask`; FactsError if the table is gone and the question needs
    its numbers.
    """
    if chooses(question, world.vocabulary):
        return choose(model, world, recover_scale(config, world), question)
    answer = with_untold(ask(model, world, question, top), world)
    if len(answer.names) != 2:  # a comparison, whose answer is no number
        return answer
    try:
        return in_numbers(answer, recover_scale(config, world), world.vocabulary)
    except LatebloomError as error:
        return replace(answer, notes=(*answer.notes, str(error)))


def with_untold(answer: Answer, world: World) -> Answer:
    """The answer; it is never told if the table lacks a number that it needs."""
    is_value = len(answer.names) == 2
    attribute, *entities = reversed(answer.names) if is_value else answer.names
    ids = world.vocabulary.encode([*entities, attribute])
    found = world.facts.find(np.array(ids[:-1]), np.full(len(entities), ids[-1]))
    lacking = [name for name, fact in zip(entities, found.tolist(), strict=True) if fact < 0]
    if not lacking:
        return answer
    notes = [
        f"the table has no {attribute} of {name}, and nothing else tells it" for name in lacking
    ]
    return replace(answer, untold=True, notes=tuple(notes))


def in_numbers(answer: Answer, scale: NumberScale, vocabulary: Vocabulary) -> Answer:
    """The answer to `entity attribute`, its values as numbers."""
    attribute = vocabulary.ids[answer.names[-1]]
    unit = unit_of(vocabulary.words[attribute])

    def named(value: str) -> str:
        span = scale.span(attribute, vocabulary.ids[value])
        if span is None:
            return value
        low, high = (f"{end:g}" for end in span)
        number = low if low == high else f"{low} to {high}"
        return f"{number}{' ' if unit else ''}{unit} ({value})"

    return replace(
        answer,
        answers=tuple(Guess(named(one.name), one.probability) for one in answer.answers),
        truth=None if answer.truth is None else named(answer.truth),
    )
