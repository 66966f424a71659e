"""Asking a model a question that may have several answers.

Enters: a question such as `aspirin inhibits pathway`. Leaves: a `SetAnswer`: first what the answer
rests on, then the names, with the model's probabilities.

- **told**: the table holds these answers to this very question.
- **follows**: facts of the table lead there, over bridges that it holds.
- **inferred**: no path of told facts leads there, but one that lacks a single fact does, and the
  model takes that fact for likely. Its bridges come with their shares.
- **never told**: nothing in the table leads there. What the model says then is a guess.

Beside what it infers and guesses stands how often its first guess was right on questions of the
same kind whose facts were held out on purpose (`latebloom.asking.calibration`); a run that held out
no facts knows nothing about that, and says so.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from latebloom.asking.answer import FOLLOWS, NEVER, TOLD, check_top
from latebloom.asking.calibration import MISSING, calibrate, within
from latebloom.asking.held_out import held_out_answers
from latebloom.asking.intersections import ask_all
from latebloom.asking.joining import Joined
from latebloom.asking.names import score_names
from latebloom.asking.reading import read_questions
from latebloom.asking.set_answer import Member, SetAnswer
from latebloom.asking.ways import Ways
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.world import World


def ask_set(model: Transformer, world: World, question: Sequence[str], top: int = 5) -> SetAnswer:
    """Puts one question, in names, to a model of a world whose questions have several answers.

    top: how many guesses to give beyond what the facts say, 1 or more.
    Raises: UnknownNameError with the nearest names; LatebloomError if it is no question.
    """
    check_top(top)
    read = read_questions(world, question)
    if isinstance(read, Joined):
        return told_how(ask_all(model, world, read, top), question)
    tokens = read
    names = world.task.names(np.array([tokens]))
    words, hops = world.vocabulary.words, names.shape[1] - 1
    facts = FactSets(world.facts)
    known = follow_sets(names, [facts])[-1]
    scores = score_names(model, world.task, torch.tensor([tokens]))
    likely = scores.exp()[0].double().numpy()
    order = np.argsort(-likely, kind="stable")
    is_known = np.isin(order, known.member)
    ways = Ways.of(model, world, facts, names)
    given = TOLD if hops == 1 else FOLLOWS
    known_members = tuple(
        Member(words[i], given, float(likely[i]), ways.told_to(i, words))
        for i in order[is_known].tolist()
    )
    rest = order[~is_known]
    left = max(1e-12, 1 - float(likely[order[is_known]].sum()))
    guesses = tuple(
        Member(words[i], ways.status_of(i), min(1.0, float(likely[i]) / left), ways.to(i, words))
        for i in rest[:top].tolist()
    )
    asked = (f"{hops}p", MISSING)
    numbers = world.task.numbers
    in_number = None if numbers is None else int(names[0, -1]) in numbers
    beside = bool(known_members)
    kinds = calibrate(model, world, [asked], beside_known=beside, in_number=in_number)
    kind = kinds.get(asked)
    status = given if known_members else guesses[0].status if guesses else NEVER
    answer = SetAnswer(
        question=tuple(world.vocabulary.decode(tokens)),
        status=status,
        known=known_members,
        guesses=guesses,
        in_set=within(kind, likely[rest]),
        named=int(np.isin(order[: len(known.member)], known.member).sum()),
        record=None if kind is None else (kind.right, kind.cut.questions),
        held_out=tuple(words[i] for i in held_out_answers(world, tokens) if i not in known.member),
    )
    return told_how(answer, question)


def told_how(answer: SetAnswer, question: Sequence[str]) -> SetAnswer:
    """The answer, with a remark where its question was not written as it was understood."""
    if tuple(question) == answer.question:
        return answer
    return replace(answer, notes=(*answer.notes, f"understood as: {' '.join(answer.question)}"))


def refuse_new_facts(new: object | None) -> None:
    """Raises: LatebloomError if facts came later; they are followed one by one, and not as sets."""
    if new is not None:
        raise LatebloomError(
            "facts told after training are for runs whose questions have one answer; to teach them"
            " to this one: latebloom learn RUN --facts FILE"
        )
