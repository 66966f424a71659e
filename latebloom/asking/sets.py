"""Asking a model a question that may have several answers.

Enters: a question such as `aspirin inhibits pathway`. Leaves: a `SetAnswer`: first what the answer
rests on, then the names, with the model's probabilities.

- **told**: the table holds these answers to this very question.
- **follows**: facts of the table lead there, over bridges that it holds.
- **inferred**: no path of told facts leads there, but one that lacks a single fact does, and the
  model takes that fact for likely. Its bridges come with their shares.
- **never told**: nothing in the table leads there. What the model says then is a guess.

A question of several hops is asked at once or hop by hop, whichever the questions of validation
find better (`latebloom.asking.choosing`).

Beside what it infers and guesses stands how often its first guess was right on questions of the
same kind whose facts were held out on purpose (`latebloom.asking.calibration`); a run that held out
no facts knows nothing about that, and says so.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from latebloom.asking.answer import FOLLOWS, NEVER, TOLD, check_top
from latebloom.asking.bridges import Bridges
from latebloom.asking.calibration import within
from latebloom.asking.choosing import AUTO, PARTS, Asking, Wish
from latebloom.asking.held_out import held_out_answers
from latebloom.asking.intersections import ask_all
from latebloom.asking.joining import Joined
from latebloom.asking.reading import read_questions
from latebloom.asking.set_answer import Member, SetAnswer
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import follow_sets
from latebloom.worlds.world import World

ONE_PART = "a question of one hop has no parts, and is asked at once"


def ask_set(
    model: Transformer,
    world: World,
    question: Sequence[str],
    top: int = 5,
    asking: Asking | None = None,
    wish: Wish = AUTO,
) -> SetAnswer:
    """Puts one question, in names, to a model of a world whose questions have several answers.

    top: how many guesses to give beyond what the facts say, 1 or more. asking: how this model is
    asked; None: as its questions of validation say, worked out anew. wish: `at-once` or `in-parts`
    whatever they say.
    Raises: UnknownNameError with the nearest names; LatebloomError if it is no question, or cannot
    be asked so.
    """
    check_top(top)
    asking = Asking(model, world) if asking is None else asking
    read = read_questions(world, question)
    if isinstance(read, Joined):
        return told_how(ask_all(asking, read, top, wish), question)
    tokens = read
    names = world.task.names(np.array([tokens]))
    words, hops = world.vocabulary.words, names.shape[1] - 1
    facts = asking.facts
    known = follow_sets(names, [facts])[-1]
    choice = asking.chain(hops, wish)
    asked = torch.tensor([tokens])
    likely = shares(choice.way.score(model, world.task, asked))
    order = np.argsort(-likely, kind="stable")
    is_known = np.isin(order, known.member)
    bridges = Bridges.of(model, world, facts, names, choice.way)
    given = TOLD if hops == 1 else FOLLOWS
    known_members = tuple(
        Member(words[i], given, float(likely[i]), bridges.told_to(i, words))
        for i in order[is_known].tolist()
    )
    rest = order[~is_known]
    left = max(1e-12, 1 - float(likely[order[is_known]].sum()))
    guesses = tuple(
        Member(
            words[i], bridges.status_of(i), min(1.0, float(likely[i]) / left), bridges.to(i, words)
        )
        for i in rest[:top].tolist()
    )
    numbers = world.task.numbers
    in_number = None if numbers is None else int(names[0, -1]) in numbers
    kind = asking.calibration(f"{hops}p", choice.way, bool(known_members), in_number)
    status = given if known_members else guesses[0].status if guesses else NEVER
    by_itself = choice.way.itself(model, world.task, asked)[0].argsort(descending=True, stable=True)
    answer = SetAnswer(
        question=tuple(world.vocabulary.decode(tokens)),
        status=status,
        known=known_members,
        guesses=guesses,
        in_set=within(kind, likely[rest]),
        named=int(np.isin(by_itself[: len(known.member)].numpy(), known.member).sum()),
        record=None if kind is None else (kind.right, kind.cut.questions),
        held_out=tuple(words[i] for i in held_out_answers(world, tokens) if i not in known.member),
        asked=choice if hops > 1 else None,
        notes=(ONE_PART,) if hops == 1 and wish == PARTS else (),
    )
    return told_how(answer, question)


def shares(scores: Float[Tensor, "one name"]) -> Float[ndarray, " name"]:
    """The scores of the names as shares of 1."""
    return scores.double().softmax(-1)[0].numpy()


def told_how(answer: SetAnswer, question: Sequence[str]) -> SetAnswer:
    """The answer, with a remark where its question was not written as it was understood."""
    if tuple(question) == answer.question:
        return answer
    return replace(answer, notes=(*answer.notes, f"understood as: {' '.join(answer.question)}"))


def refuse_wish(wish: Wish) -> None:
    """Raises: LatebloomError for a wish how to ask a run whose questions have one answer."""
    if wish != AUTO:
        raise LatebloomError(
            f"--way {wish} is for runs whose questions have several answers; this one is always"
            " asked at once"
        )


def refuse_new_facts(new: object | None) -> None:
    """Raises: LatebloomError if facts came later; they are followed one by one, and not as sets."""
    if new is not None:
        raise LatebloomError(
            "facts told after training are for runs whose questions have one answer; to teach them"
            " to this one: latebloom learn RUN --facts FILE"
        )
