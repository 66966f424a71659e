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
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from latebloom.asking.answer import FOLLOWS, INFERRED, NEVER, TOLD, Guess, check_top
from latebloom.asking.calibration import MISSING, Calibration, calibrate
from latebloom.asking.cut import NOMINAL
from latebloom.asking.names import score_names
from latebloom.asking.reading import read_questions
from latebloom.asking.ways import Bridge, Ways
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class Member:
    """An answer, what it rests on, its probability, and the bridges to it."""

    name: str
    status: str
    probability: float
    bridges: tuple[Bridge, ...] = ()

    @property
    def inferred(self) -> bool:
        """Whether a single fact lacks."""
        return self.status == INFERRED


@dataclass(frozen=True, slots=True)
class SetAnswer:
    """What came of a question with several answers.

    question: in names. status: of the best answer that there is: told, follows, inferred or never
    told. known: the answers that the facts give, whatever the model says, likeliest first.
    guesses: names beyond these, likeliest first; their probabilities are shares of what the known
    answers leave. in_set: how many of the guesses the cut leaves, None where there is no cut.
    named: how many of as many names as the facts give the model would give itself.
    record: how often the first guess was right where facts were held out, and of how many
        questions that, like this one, have known answers besides or none; None where no facts were.
    held_out: answers that the tests of this run hold for this question.
    """

    question: tuple[str, ...]
    status: str
    known: tuple[Member, ...]
    guesses: tuple[Member, ...]
    in_set: int | None
    named: int
    record: tuple[int, int] | None
    held_out: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether some told fact supports an answer."""
        return self.status != NEVER

    @property
    def answers(self) -> tuple[Guess, ...]:
        """All answers, those that the facts give first."""
        return tuple(Guess(one.name, one.probability) for one in (*self.known, *self.guesses))

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "question": list(self.question),
            "status": self.status,
            "known": [as_table(one) for one in self.known],
            "guesses": [as_table(one) for one in self.guesses],
            "guesses_in_set": self.in_set,
            "coverage": NOMINAL if self.in_set is not None else None,
            "model_names": self.named,
            "record": None
            if self.record is None
            else {"right": self.record[0], "of": self.record[1]},
            "held_out": list(self.held_out),
            "notes": list(self.notes),
        }


def as_table(member: Member) -> dict[str, Any]:
    """A member for JSON."""
    bridges = [
        {"name": one.name, "share": one.share, "before": one.before, "after": one.after}
        for one in member.bridges
    ]
    return {
        "name": member.name,
        "status": member.status,
        "probability": member.probability,
        "bridges": bridges,
    }


def ask_set(model: Transformer, world: World, question: Sequence[str], top: int = 5) -> SetAnswer:
    """Puts one question, in names, to a model of a world whose questions have several answers.

    top: how many guesses to give beyond what the facts say, 1 or more.
    Raises: UnknownNameError with the nearest names; LatebloomError if it is no question.
    """
    check_top(top)
    parts = read_questions(world, question)
    if len(parts) > 1:
        from latebloom.asking.intersections import ask_all

        return told_how(ask_all(model, world, parts, top), question)
    (tokens,) = parts
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
    kind = calibrate(model, world, [asked], beside_known=bool(known_members)).get(asked)
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


def within(kind: Calibration | None, likely: Float[ndarray, " guess"]) -> int | None:
    """How many guesses, likeliest first, lie within the cut; None if there is none."""
    if kind is None or not np.isfinite(kind.cut.distance) or not len(likely):
        return None
    logs = np.log(np.maximum(likely, 1e-300))
    return int(kind.cut.kept(logs[0] - logs).sum())


def held_out_answers(world: World, tokens: Sequence[int]) -> list[int]:
    """The answers that a held-out split asks for in this very question."""
    for split, sets in world.sets.items():
        examples = world.examples(split)
        if examples.shape[1] == len(tokens) + 1 and sets.asked.size and not sets.asked.all():
            rows = np.flatnonzero((examples[:, :-1] == np.asarray(tokens)).all(axis=1))
            if len(rows):
                one = sets.take(rows[:1])
                return one.member[one.asked].tolist()
    return []


def refuse_new_facts(new: object | None) -> None:
    """Raises: LatebloomError if facts came later; they are followed one by one, and not as sets."""
    if new is not None:
        raise LatebloomError(
            "facts told after training are for runs whose questions have one answer; to teach them"
            " to this one: latebloom learn RUN --facts FILE"
        )
