"""Asking a run on a table of names and numbers.

Enters: a question. Leaves: of one that chooses (`half-life above 24`) a `Selection`; of one that
compares (`half-life imatinib dasatinib`) an `Answer`, with both numbers; of any other a
`SetAnswer`, in which values come as the numbers that they stand for, in their unit. The numbers
are kept with the run.

Of a number that the table lacks it is said that nothing tells it, and no guess is given: every
thing has one number of a kind, and one that was told of others says nothing of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from latebloom.asking.answer import NEVER, TOLD, Answer, ask
from latebloom.asking.choosing import AUTO, Asking, Wish
from latebloom.asking.numbers import with_untold
from latebloom.asking.selection import Selection, choose, chooses
from latebloom.asking.set_answer import Member, SetAnswer
from latebloom.asking.sets import ask_set
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.worlds.comparisons.scale import scale_within
from latebloom.worlds.units import in_unit, unit_of
from latebloom.worlds.world import World

MORE = 50
"""Guesses that are looked through besides those that are wanted, for some that fit."""


def ask_table(
    model: Transformer,
    world: World,
    question: Sequence[str],
    top: int = 5,
    asking: Asking | None = None,
    wish: Wish = AUTO,
) -> Answer | Selection | SetAnswer:
    """Puts one question, in names, to a model of a table with numbers.

    asking, wish: as `latebloom.asking.sets.ask_set` takes them.
    Raises: UnknownNameError with the nearest names; LatebloomError if it is no question.
    """
    if chooses(question, world.vocabulary):
        return choose(model, world, scale_within(world), question)
    if compares(world, question):
        return with_numbers(with_untold(ask(model, world, question, top), world), world)
    return in_numbers(ask_set(model, world, question, top + MORE, asking, wish), world, top)


def compares(world: World, question: Sequence[str]) -> bool:
    """Whether a question is a comparison; of what cannot be read it is not."""
    try:
        return bool(world.task.labels(len(world.read(question))))
    except LatebloomError:
        return False


def with_numbers(answer: Answer, world: World) -> Answer:
    """A comparison with the numbers that the table has of both."""
    attribute, *entities = answer.names
    numbers = [number_of(world, name, attribute) for name in dict.fromkeys(entities)]
    said = [
        f"{name} {in_unit(number, unit_of(attribute))}"
        for name, number in zip(dict.fromkeys(entities), numbers, strict=True)
        if number is not None
    ]
    if not said:
        return answer
    return replace(answer, notes=(f"the table says: {', '.join(said)}", *answer.notes))


def number_of(world: World, entity: str, attribute: str) -> float | None:
    """The number that a table has of a thing; None if it has none."""
    ids, numbers = world.vocabulary.ids, world.task.numbers
    assert numbers is not None
    fact = world.facts.find(np.array([ids[entity]]), np.array([ids[attribute]]))[0]
    if fact < 0:
        return None
    return numbers[ids[attribute]][int(world.facts.object[fact]) - world.task.value_tokens[0]]


def in_numbers(answer: SetAnswer, world: World, top: int) -> SetAnswer:
    """The answer with values as numbers, and with guesses of the kind that is asked for."""
    ids = world.vocabulary.ids
    first, last = world.task.value_tokens
    numbers: Mapping[int, Sequence[float]] = world.task.numbers or {}
    *before, relation = answer.question
    of_relation = numbers.get(ids[relation])

    def is_value(name: str) -> bool:
        return first <= ids[name] <= last

    def over_names(member: Member) -> Member:
        bridges = tuple(one for one in member.bridges if not is_value(one.name))
        return replace(member, bridges=bridges)

    if of_relation is None:
        guesses = (over_names(one) for one in answer.guesses if not is_value(one.name))
        return replace(answer, guesses=tuple(guesses)[:top])

    def number(value: str) -> float | None:
        at = ids[value] - first
        return of_relation[at] if 0 <= at < len(of_relation) else None

    def named(member: Member) -> Member:
        found, unit = number(member.name), unit_of(relation)
        assert found is not None
        return replace(over_names(member), name=in_unit(found, unit), number=found, unit=unit)

    known = tuple(map(named, answer.known))
    guesses = tuple(named(one) for one in answer.guesses if number(one.name) is not None)
    if len(before) > 1:
        return replace(answer, known=known, guesses=guesses[:top])
    lacks = f"the table has no {relation} of {before[0]}, and nothing else tells it"
    return replace(
        answer,
        status=TOLD if known else NEVER,
        known=known,
        guesses=(),
        in_set=None,
        record=None,
        notes=answer.notes if known else (*answer.notes, lacks),
    )
