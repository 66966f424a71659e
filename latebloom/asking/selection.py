"""Asking a run on a table of numbers for all entities above a mark, or for the greatest.

Enters: `half-life above 24`, `half-life top 5`. Leaves: a `Selection`: what the table says, with
its numbers, and how much of it the model would have chosen too. Entities of which the table has no
number are named and left out: nothing tells the model their value, so that its guesses, however
sure, would be noise.

The model recalls one value of each entity, the likeliest; a value is a rank or a bin, and stands
for the number, or the numbers, that have it. A database gives the same answer, and is exact by
itself; this shows what of it the weights hold.

Covers: elements, numeric-table, tables of facts with numbers. Does not cover: several marks at
once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy import ndarray

from latebloom.asking.answer import NEVER, TOLD, Guess
from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.comparisons.made import MISSING
from latebloom.worlds.comparisons.scale import NumberScale
from latebloom.worlds.spelling import nearest_of
from latebloom.worlds.units import number_of, unit_of, without_unit
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

ABOVE, BELOW, TOP, BOTTOM = "above", "below", "top", "bottom"
CHOOSING = (ABOVE, BELOW, TOP, BOTTOM)
"""The words between an attribute and a mark, or a number of entities."""
AT_ONCE = 4096
"""Entities of which the model is asked together."""
MOST_UNTOLD = 10
"""Entities without a number that are named, at most."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An entity, its number in the table, and the number that the model recalls.

    probability: of the value that is recalled.
    """

    name: str
    number: float
    recalled: float
    probability: float


@dataclass(frozen=True, slots=True)
class Selection:
    """The entities that a question chooses.

    unit: of the numbers; empty where the table does not say. told: those that the table's numbers
    choose. named: how many of these the model chooses too. beyond: how many more it chooses,
    although the table says otherwise. untold: the entities without a number.
    """

    question: tuple[str, ...]
    unit: str
    told: tuple[Chosen, ...]
    named: int
    beyond: int
    untold: tuple[str, ...]

    @property
    def status(self) -> str:
        """Whether the table's numbers choose any entity."""
        return TOLD if self.told else NEVER

    @property
    def supported(self) -> bool:
        """Whether a told number supports an answer."""
        return bool(self.told)

    @property
    def answers(self) -> tuple[Guess, ...]:
        """The entities, as where answers are names; probability: of the value that is recalled."""
        return tuple(Guess(one.name, one.probability) for one in self.told)

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "question": list(self.question),
            "status": self.status,
            "unit": self.unit,
            "told": [as_table(one) for one in self.told],
            "model_names": self.named,
            "model_adds": self.beyond,
            "untold": list(self.untold),
        }

    def lines(self) -> list[str]:
        """The answer for people."""
        unit = f" {self.unit}" if self.unit else ""
        if not self.told:
            out = ["never told: no number of the table lies there"]
        else:
            wrong = f", and {self.beyond} more wrongly" if self.beyond else ""
            out = [
                f"told: the table holds {len(self.told)};"
                f" the model names {self.named} of {len(self.told)}{wrong}"
            ]
            out += [f"  {one.name}  {one.number:g}{unit}" for one in self.told]
        if self.untold:
            shown = ", ".join(self.untold[:MOST_UNTOLD])
            more = len(self.untold) - MOST_UNTOLD
            out.append(
                f"left out, since the table has no number of them: {shown}"
                + (f" and {more} more" if more > 0 else "")
            )
        return out


def as_table(one: Chosen) -> dict[str, Any]:
    """An entity for JSON."""
    return {
        "name": one.name,
        "number": one.number,
        "recalled": one.recalled,
        "probability": one.probability,
    }


def chooses(question: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether a question is one for all entities above a mark, or for the greatest."""
    return any(word in CHOOSING and word not in vocabulary.ids for word in question[1:])


def choose(
    model: Transformer, world: World, scale: NumberScale, question: Sequence[str]
) -> Selection:
    """Puts such a question to a table and the model that was grown on it.

    Raises: UnknownNameError with the nearest attributes; LatebloomError for no number, another
    unit, or a count below 1.
    """
    at = next(i for i, word in enumerate(question) if i and word in CHOOSING)
    word, column = question[at], attribute_of(" ".join(question[:at]), scale)
    attribute = scale.table.attributes[column]
    unit = unit_of(attribute)
    mark = number_of(" ".join(question[at + 1 :]), unit, attribute)
    number = scale.table.number[:, column]
    recalled, probability = recall(model, world, scale, column)
    has = ~np.isnan(number)
    told, thought = (part_of(word, mark, some, has) for some in (number, recalled))
    direction = -1 if word in (ABOVE, TOP) else 1
    names = scale.table.entities

    order = sorted(np.flatnonzero(told).tolist(), key=lambda i: (direction * number[i], i))
    said = f"{mark:g} {unit}" if unit and word in (ABOVE, BELOW) else f"{mark:g}"
    return Selection(
        question=(attribute, word, said),
        unit=unit,
        told=tuple(
            Chosen(names[i], float(number[i]), float(recalled[i]), float(probability[i]))
            for i in order
        ),
        named=int((told & thought).sum()),
        beyond=int((thought & ~told).sum()),
        untold=tuple(names[i] for i in np.flatnonzero(~has).tolist()),
    )


def part_of(
    word: str, mark: float, number: Float[ndarray, " entity"], among: Bool[ndarray, " entity"]
) -> Bool[ndarray, " entity"]:
    """Which of some entities a question chooses by their numbers; of equal ones the first."""
    if word in (ABOVE, BELOW):
        beyond = number > mark if word == ABOVE else number < mark
        return among & beyond
    count = int(mark)
    if count != mark or count < 1:
        raise LatebloomError(f"{word} {mark:g}: say how many, as in {word} 5")
    order = np.argsort(-number if word == TOP else number, kind="stable")
    part = np.zeros(len(number), bool)
    part[order[among[order]][:count]] = True
    return part


@torch.no_grad()
def recall(
    model: Transformer, world: World, scale: NumberScale, column: int
) -> tuple[Float[ndarray, " entity"], Float[ndarray, " entity"]]:
    """The number that the model recalls of each entity, and the probability of that value.

    A bin stands for the middle of the numbers in it. A value that no entity has in this attribute
    stands for the nearest that some has.
    """
    model.eval()
    tokens = torch.from_numpy(scale.entities)
    questions = torch.stack((tokens, torch.full_like(tokens, scale.attributes[column])), dim=1)
    first = scale.first
    loops = loops_needed(model.config, 2, world.task.hops(2))
    values, shares = [], []
    for part in questions.to(model.device).split(AT_ONCE):
        logits = model(part, n_loops=loops).logits[-1, :, -1].float()
        best = logits.softmax(-1)[:, first : scale.last + 1].max(-1)
        values.append(best.indices.cpu().numpy() + first)
        shares.append(best.values.double().cpu().numpy())
    known, middle = middles(scale, column)
    value = np.concatenate(values)
    at = np.abs(known[None, :] - value[:, None]).argmin(axis=1)
    return middle[at], np.concatenate(shares)


def middles(
    scale: NumberScale, column: int
) -> tuple[Float[ndarray, " value"], Float[ndarray, " value"]]:
    """The tokens of an attribute's values, ascending, and the middle of each one's numbers."""
    token, number = scale.token[:, column], scale.table.number[:, column]
    has = token != MISSING
    known = np.unique(token[has])
    middle = [float(np.median(number[has & (token == one)])) for one in known]
    return known.astype(np.float64), np.array(middle)


def attribute_of(name: str, scale: NumberScale) -> int:
    """The column of an attribute, which may be named without its unit.

    Raises: UnknownNameError with the nearest.
    """
    attributes = scale.table.attributes
    for written in (attributes, [without_unit(one) for one in attributes]):
        if name in written:
            return list(written).index(name)
    raise UnknownNameError(name, nearest_of(name, attributes))
