"""Asking for what answers several questions at once: `fluconazole inhibits ^metabolised-by and pain
^treats` asks for what is metabolised by what fluconazole inhibits, and treats pain.

Enters: a question that joins branches (`latebloom.asking.joining`). Leaves: a `SetAnswer`. What the
told facts give *follows*; with `and not` that means: as far as the table tells, and what told facts
put into the branch that is taken away is no guess. Beyond that names are ordered by what the model
says: of each branch, as a product (`latebloom.asking.product`), or of the whole question at once.
A name that all branches but one have by told facts is *inferred*; others never were told.

A run that is trained on a shape has held out questions of it. By those of validation the better of
the two ways is taken (`latebloom.asking.choosing`), with how often its guesses are right and where
to cut them. Of other shapes there is the product alone, of which nothing is known.
"""

import itertools

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.asking.answer import FOLLOWS, INFERRED, NEVER
from latebloom.asking.bridges import Bridge, Bridges
from latebloom.asking.calibration import within
from latebloom.asking.choosing import AUTO, PARTS, USUAL, WHOLE, WISHED, Asking, Choice, Wish
from latebloom.asking.held_out import held_out_answers
from latebloom.asking.joining import Joined
from latebloom.asking.set_answer import Member, SetAnswer
from latebloom.asking.way import ByBranches, Way
from latebloom.errors import LatebloomError
from latebloom.worlds.answers import AnswerSets, FactSets, follow_sets
from latebloom.worlds.tasks.queries import worked_out
from latebloom.worlds.tasks.shapes import BOTH, JOINS, LESS, NAME, RELATION

AS_TOLD = "'not' means: as far as the table tells"


def ask_all(asking: Asking, asked: Joined, top: int, wish: Wish = AUTO) -> SetAnswer:
    """What answers a question that joins branches.

    Raises: LatebloomError if it is to be asked at once of a run that is not trained on its shape.
    """
    model, world, facts = asking.model, asking.world, asking.facts
    words = world.vocabulary.words
    question = np.array([asked.tokens])
    known = worked_out(asked.form, question, facts).member
    trained = asked.trained_in(world)
    if trained is None:
        if wish == WHOLE:
            raise LatebloomError(
                f"this run is not trained on questions like this one, so --way {WHOLE} cannot be"
                f" had; leave it out, and it is asked by its branches (see --world.shapes)"
            )
        way = ByBranches(asked.form, asking.branch)
        choice: Choice[Way] = Choice(way, WISHED if wish == PARTS else USUAL, "", {}, 0)
        scores, kind, held_out = way.score(model, world.task, torch.from_numpy(question)), None, []
    else:
        shape, written = trained
        choice = asking.joined(shape, wish)
        scores = choice.way.score(model, world.task, torch.tensor([written.tokens]))
        kind = asking.calibration(shape.name, choice.way, len(known) > 0)
        held_out = held_out_answers(world, written.tokens, shape.in_one_order)
    scores = scores[0]
    likely = scores.softmax(0).double().numpy()
    order = np.argsort(-likely, kind="stable")
    near = lacking_one(asked, facts, len(likely))
    is_known = np.isin(order, known)
    taken_away = np.isin(order, taken_away_by(asked, facts))
    given, rest = order[is_known], order[~is_known & ~taken_away]
    left = max(1e-12, 1 - float(likely[given].sum()))
    bridges = bridges_of(asking, asked)

    def told_to(name: int) -> tuple[Bridge, ...]:
        return tuple(bridge for one in bridges for bridge in one.told_to(name, words))

    def to(name: int) -> tuple[Bridge, ...]:
        return tuple(bridge for one in bridges for bridge in one.to(name, words))

    members = tuple(Member(words[i], FOLLOWS, float(likely[i]), told_to(i)) for i in given.tolist())
    guesses = tuple(
        Member(words[i], INFERRED if near[i] else NEVER, min(1.0, float(likely[i]) / left), to(i))
        for i in rest[:top].tolist()
    )
    return SetAnswer(
        question=asked.words,
        status=FOLLOWS if members else guesses[0].status if guesses else NEVER,
        known=members,
        guesses=guesses,
        in_set=within(kind, likely[rest]),
        named=int(np.isin(order[: len(given)], given).sum()),
        record=None if kind is None else (kind.right, kind.cut.questions),
        held_out=tuple(words[i] for i in held_out if i not in known),
        asked=choice,
        notes=(AS_TOLD,) if LESS in asked.form else (),
    )


def bridges_of(asking: Asking, asked: Joined) -> list[Bridges]:
    """The bridges of each branch on which answers rest; none where relations lead on from a join,
    since then no branch leads to an answer itself."""
    if asked.form[-1] == RELATION:
        return []
    branches = zip(asked.branches, asked.bears, strict=True)
    return [
        Bridges.of(
            asking.model,
            asking.world,
            asking.facts,
            np.array([one]),
            asking.chain(len(one) - 1).way,
        )
        for one, bears in branches
        if bears
    ]


def taken_away_by(asked: Joined, facts: FactSets) -> Int[ndarray, " name"]:
    """The names that told facts put into a branch that is taken away; none where relations lead on
    from a join, since then what is taken away is no answer but a way to one."""
    if any(one in JOINS and then == RELATION for one, then in itertools.pairwise(asked.form)):
        return np.empty(0, np.int64)
    branches = zip(asked.branches, asked.bears, strict=True)
    away = [
        follow_sets(np.array([one]), [facts])[-1].member for one, bears in branches if not bears
    ]
    return np.concatenate([np.empty(0, np.int64), *away])


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
