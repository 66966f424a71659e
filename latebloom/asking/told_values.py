"""Comparing what the model remembers with what it was told since.

Enters: a model that compares, its world, facts `entity attribute value` told after training, and a
question `attribute e1 e2`. Leaves: an `Answer` whose notes say which value came from which memory.

In a model with `feedback="replace"` the first loop predicts each entity's value, and the second
compares the values' expected embeddings without seeing the entities again. There a told value
enters: it takes the place of what would have been fed back at its entity. It enters as the model
itself feeds that value back, averaged over the trained facts that have it. (Fed at a temperature
above 1, a value is a mixture; the bare embedding of its token would be unlike anything that the
second loop has seen.) A number between two values enters as the mean of both.

An entity that the model has no token for is given the attribute's token in the first loop. What
stands there never reaches the second loop, but the entity after it sees it: another entity, and
still more a value, would disturb the recall.

Covers: comparison, elements, numeric-table, hidden-attributes. Does not cover: models with other
feedback, attributes that the model does not know, chains (`latebloom.asking.told_facts`).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.asking.answer import (
    Answer,
    answer_in_splits,
    check_top,
    guess,
    notes_on_mass,
    was_shown,
)
from latebloom.asking.told_facts import NewFacts, find_name
from latebloom.errors import LatebloomError
from latebloom.model.feedback import loops_needed
from latebloom.model.taps import Site, Taps
from latebloom.model.transformer import Transformer
from latebloom.worlds.comparisons.scale import NumbersConfig, Place, recover_scale
from latebloom.worlds.tasks.comparison import ComparisonTask
from latebloom.worlds.world import World

FED_BACK = Site(0, 0, "feedback")
"""Where the values that the first loop predicts stand between the loops."""


def ask_compared(
    model: Transformer,
    world: World,
    new: NewFacts,
    question: Sequence[str],
    top: int = 5,
    *,
    numbers: NumbersConfig | None = None,
) -> Answer:
    """Puts `attribute e1 e2`, in names, to a model and the new facts together.

    numbers: what the world was made from, if its values are places of numbers: then a told value
        may be a number. The truth is what trained and new facts say together, the new ones first.
    Raises: LatebloomError if the model is of another family, it is no comparison, an entity stands
        in neither memory, or a value is unknown; UnknownNameError for a name in neither memory.
    """
    check_top(top)
    task = world.task
    if not isinstance(task, ComparisonTask):
        raise LatebloomError("a told value enters a comparison, and this run compares nothing")
    if not model.feedback.replaces:
        raise LatebloomError(
            "--with-facts on a comparison needs model.feedback replace, and this run has"
            f" {model.config.feedback}. Train one that has it: latebloom grok comparison (or"
            " elements, hidden-attributes, facts --numeric)"
        )
    names = [find_name(name, world.vocabulary, new) for name in question]
    tokens = tokens_of(world, task, new, names)
    told = {
        position: place_value(world, new, entity, names[0], numbers)
        for position, entity in enumerate(names[1:], start=1)
        if (entity, names[0]) in new.object
    }
    recalled, probabilities = compare_both(model, world, tokens, told)
    guesses, mass = guess(probabilities, task.labels(), world.vocabulary, top)
    fact = task.values(world.facts, np.array([tokens]))[0]
    # A stand-in is no entity, so nothing is found for it.
    truth = None if told else answer_in_splits(world, tokens)
    if truth is None:
        truth = true_label(world, task, told, fact)
    untold = [position for position in (1, 2) if position not in told]
    return Answer(
        question=tuple(names),
        names=tuple(names),
        answers=guesses,
        bridges=(),
        truth=None if truth is None else world.vocabulary.words[truth],
        true_bridges=(),
        hops=(),
        shown=not told and was_shown(world, tokens),
        notes=(
            *notes_on_values(world, new, names, told, fact, recalled),
            *task.notes_on_values(
                tokens[0],
                [tokens[position] for position in untold],
                [int(fact[position - 1]) for position in untold],
                world.facts,
                world.vocabulary,
            ),
            *notes_on_mass(mass),
        ),
    )


def tokens_of(world: World, task: ComparisonTask, new: NewFacts, names: Sequence[str]) -> list[int]:
    """The question as token ids, with the attribute where the model has no token for an entity.

    Raises: LatebloomError if it is no comparison, or neither memory knows an entity's value.
    """
    ids = world.vocabulary.ids
    if len(names) != 3:
        raise task.no_question(len(names), world.facts, world.vocabulary)
    attribute, *entities = names
    if attribute not in ids:
        raise LatebloomError(
            f"the model has no token for {attribute!r}; it compares by attributes that it was"
            " trained on"
        )
    # Whatever stands for a told entity, it may be asked about: check it as one that is known.
    some = int(world.facts.subject[0])
    checked = [ids[attribute]]
    for entity in entities:
        is_told = (entity, attribute) in new.object
        if not is_told and entity not in ids:
            raise LatebloomError(
                f"the model has no token for {entity!r}, and {new.source} does not tell"
                f" {entity} {attribute}; add that fact"
            )
        checked.append(some if is_told else ids[entity])
    task.check(checked, world.facts, world.vocabulary)
    return [ids[attribute], *(ids.get(entity, ids[attribute]) for entity in entities)]


def place_value(
    world: World, new: NewFacts, entity: str, attribute: str, numbers: NumbersConfig | None
) -> Place:
    """Where a told value stands among the model's values.

    Raises: LatebloomError naming the fact and the values that there are.
    """
    value, vocabulary = new.object[entity, attribute], world.vocabulary
    valid = np.unique(world.trained_facts()[:, -1])
    if value in vocabulary.ids and vocabulary.ids[value] in valid:
        return Place.at(vocabulary.ids[value])
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if numbers is not None and math.isfinite(number):
        return recover_scale(numbers, world).place(vocabulary.ids[attribute], number)
    words = vocabulary.decode(valid)
    listed = ", ".join(words if len(words) <= 24 else (*words[:3], "...", *words[-2:]))
    raise LatebloomError(
        f"{new.source}: {entity} {attribute} is {value!r}, which is no value of this run; give"
        f" {'a number or ' if numbers is not None else ''}one of {listed}"
    )


@torch.no_grad()
def compare_both(
    model: Transformer, world: World, tokens: Sequence[int], told: Mapping[int, Place]
) -> tuple[Float[Tensor, "pos d_vocab"], Float[Tensor, " d_vocab"]]:
    """Probabilities of the values that the first loop recalls, and of the answer.

    told: the places of the values told, by position.
    """
    model.eval()
    fed = {
        position: torch.stack([fed_value(model, world, v) for v in (place.below, place.above)])
        for position, place in told.items()
    }

    def write(state: Float[Tensor, "1 pos d_model"]) -> Float[Tensor, "1 pos d_model"]:
        state = state.clone()
        for position, neighbours in fed.items():
            state[:, position] = neighbours.mean(0)
        return state

    question = torch.tensor([list(tokens)], device=model.device)
    loops = loops_needed(model.config, len(tokens), world.task.hops(len(tokens)))
    logits = model(question, n_loops=loops, taps=Taps(writes={FED_BACK: write})).logits
    probabilities = logits.float().softmax(-1)[:, 0].cpu()
    return probabilities[0], probabilities[-1, -1]


def fed_value(model: Transformer, world: World, value: int) -> Float[Tensor, " d_model"]:
    """What the model feeds back for entities that it was told have this value, on average."""
    rows = world.trained_facts()
    questions = rows[rows[:, -1] == value][:, [1, 0]]
    taps = Taps(reads=[FED_BACK])
    model(torch.from_numpy(questions).to(model.device), n_loops=2, taps=taps)
    return taps.states[FED_BACK][:, -1].mean(0)


def true_label(
    world: World, task: ComparisonTask, told: Mapping[int, Place], fact: Int[ndarray, " 2"]
) -> int | None:
    """The right label's token, None where a value is not known.

    fact: the trained facts that hold the values, -1 where there is none.
    """
    first, second = (
        told.get(position) or (Place.at(int(world.facts.object[row])) if row >= 0 else None)
        for position, row in enumerate(fact.tolist(), start=1)
    )
    if first is None or second is None:
        return None
    a, b = first.level, second.level
    if first.number is not None and second.number is not None:
        a, b = first.number, second.number
    # LESS, EQUAL, GREATER of `latebloom.worlds.ordering`.
    label = 1 + (a > b) - (a < b)
    return task.first_label + label


def notes_on_values(
    world: World,
    new: NewFacts,
    names: Sequence[str],
    told: Mapping[int, Place],
    fact: Int[ndarray, " 2"],
    recalled: Float[Tensor, "pos d_vocab"],
) -> list[str]:
    """Which value came from which memory, and as what it entered."""
    notes, words, attribute = {}, world.vocabulary.words, names[0]
    for position, entity in enumerate(names[1:], start=1):
        place = told.get(position)
        if place is None:
            best = recalled[position].max(-1)
            source = f"from the model ({words[int(best.indices)]}, {float(best.values):.0%})"
        else:
            value = describe(world, new.object[entity, attribute], place)
            source = f"from {new.source} ({value})"
            before = (
                int(world.facts.object[fact[position - 1]]) if fact[position - 1] >= 0 else None
            )
            if before is not None and place.level != 2 * before:
                source += f"; training had {words[before]}"
        notes[entity] = f"{attribute} of {entity}: {source}"
    places = list(told.values())
    alike = len(places) == 2 and (places[0].below, places[0].above) == (
        places[1].below,
        places[1].above,
    )
    if alike and places[0].number != places[1].number:
        return [*notes.values(), "no known value lies between the two: to the model they are equal"]
    return list(notes.values())


def describe(world: World, value: str, place: Place) -> str:
    """A told value, and among which values a number was placed."""
    below, above = world.vocabulary.decode((place.below, place.above))
    if value == below:
        return value
    if place.level == 2 * place.below:
        return f"{value}, {below}"
    if below != above:
        return f"{value}, between {below} and {above}"
    return f"{value}, {'beneath' if place.level < 2 * place.below else 'beyond'} {below}"
