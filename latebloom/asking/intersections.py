"""Asking for what answers several questions at once: `fluconazole inhibits ^metabolised-by and pain
^treats` asks for what is metabolised by what fluconazole inhibits, and treats pain.

Enters: a question that joins branches (`latebloom.asking.joining`). Leaves: a `SetAnswer`. What the
told facts give *follows*; with `and not` that means: as far as the table tells. Beyond that names
are ordered by what the model says: of the whole question, where the run is trained on questions of
this shape, else by the product of what it says of each branch (`latebloom.asking.product`). A name
that all branches but one have by told facts is *inferred*; others never were told.

A run that is trained on a shape has held out questions of it, so it knows how often such guesses
are right and where to cut them; of a product nothing is known.
"""

import numpy as np
import torch
from jaxtyping import Bool
from numpy import ndarray

from latebloom.asking.answer import FOLLOWS, INFERRED, NEVER
from latebloom.asking.calibration import MISSING, calibrate, within
from latebloom.asking.joining import Joined
from latebloom.asking.names import score_names
from latebloom.asking.product import product_scores
from latebloom.asking.set_answer import Member, SetAnswer
from latebloom.asking.ways import Bridge, Ways
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import AnswerSets, FactSets
from latebloom.worlds.splits import shape_split
from latebloom.worlds.tasks.queries import worked_out
from latebloom.worlds.tasks.shapes import BOTH, LESS, NAME, RELATION, Shape
from latebloom.worlds.world import World

AS_TOLD = "'not' means: as far as the table tells"


def ask_all(model: Transformer, world: World, asked: Joined, top: int) -> SetAnswer:
    """What answers a question that joins branches."""
    facts, words = FactSets(world.facts), world.vocabulary.words
    question = np.array([asked.tokens])
    trained = asked.trained_in(world)
    if trained is None:
        scores = product_scores(model, world.task, asked.form, question)[0]
    else:
        scores = score_names(model, world.task, torch.tensor([trained[1].tokens]))[0]
    likely = scores.softmax(0).double().numpy()
    order = np.argsort(-likely, kind="stable")
    known = worked_out(asked.form, question, facts).member
    near = lacking_one(asked, facts, len(likely))
    is_known = np.isin(order, known)
    given, rest = order[is_known], order[~is_known]
    left = max(1e-12, 1 - float(likely[given].sum()))
    ways = ways_of(model, world, facts, asked)

    def told_to(name: int) -> tuple[Bridge, ...]:
        return tuple(bridge for way in ways for bridge in way.told_to(name, words))

    def to(name: int) -> tuple[Bridge, ...]:
        return tuple(bridge for way in ways for bridge in way.to(name, words))

    members = tuple(Member(words[i], FOLLOWS, float(likely[i]), told_to(i)) for i in given.tolist())
    guesses = tuple(
        Member(words[i], INFERRED if near[i] else NEVER, min(1.0, float(likely[i]) / left), to(i))
        for i in rest[:top].tolist()
    )
    kind = None
    if trained is not None:
        query = (trained[0].name, MISSING)
        kind = calibrate(model, world, [query], beside_known=bool(members)).get(query)
    held_out = held_out_joined(world, *trained) if trained is not None else []
    return SetAnswer(
        question=asked.words,
        status=FOLLOWS if members else guesses[0].status if guesses else NEVER,
        known=members,
        guesses=guesses,
        in_set=within(kind, likely[rest]),
        named=int(np.isin(order[: len(given)], given).sum()),
        record=None if kind is None else (kind.right, kind.cut.questions),
        held_out=tuple(words[i] for i in held_out if i not in known),
        notes=(AS_TOLD,) if LESS in asked.form else (),
    )


def ways_of(model: Transformer, world: World, facts: FactSets, asked: Joined) -> list[Ways]:
    """The bridges of each branch on which answers rest; none where relations lead on from a join,
    since then no branch leads to an answer itself."""
    if asked.form[-1] == RELATION:
        return []
    branches = zip(asked.branches, asked.bears, strict=True)
    names = [world.task.names(np.array([one])) for one, bears in branches if bears]
    return [Ways.of(model, world, facts, one) for one in names]


def lacking_one(asked: Joined, facts: FactSets, n_names: int) -> Bool[ndarray, " name"]:
    """The names that would be answers if one branch of those that `and` joins were left out.

    Beside what each part of the question leads to, what it would with one branch less is kept; of a
    branch by itself, which nothing would be left of, that is every name.
    """
    stack: list[tuple[ndarray, ndarray]] = []
    alone = np.ones(n_names, bool)

    def names(sets: AnswerSets) -> Bool[ndarray, " name"]:
        found = np.zeros(n_names, bool)
        found[sets.member] = True
        return found

    def led_on(here: Bool[ndarray, " name"], relation: int) -> Bool[ndarray, " name"]:
        found = np.flatnonzero(here)
        return names(facts.step(AnswerSets.of_one(found), np.full(len(found), relation)))

    joined = False
    for kind, token in zip(asked.form, asked.tokens, strict=True):
        if kind == NAME:
            stack.append((names(AnswerSets.of_one(np.array([token]))), alone))
        elif kind == RELATION:
            whole, near = stack.pop()
            stack.append((led_on(whole, token), near if near is alone else led_on(near, token)))
        else:
            other, one = stack.pop(), stack.pop()
            if kind == BOTH:
                joined = True
                stack.append((one[0] & other[0], (one[0] & other[1]) | (one[1] & other[0])))
            else:
                near = alone if one[1] is alone else one[1] & ~other[0]
                stack.append((one[0] & ~other[0], near))
    near = stack[0][1]
    return near if joined else np.zeros(n_names, bool)


def held_out_joined(world: World, shape: Shape, asked: Joined) -> list[int]:
    """The answers that a held-out split asks for in this very question."""
    wanted = shape.in_one_order(np.array([asked.tokens]))
    for kind in ("test_missing", "test_ood"):
        split = shape_split(shape.name, kind)
        if split in world.splits:
            questions = shape.in_one_order(world.examples(split)[:, :-1])
            rows = np.flatnonzero((questions == wanted).all(axis=1))
            if len(rows):
                one = world.answers(split, rows[:1])
                return one.member[one.asked].tolist()
    return []
