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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from latebloom.asking.answer import Guess, check_top
from latebloom.asking.calibration import MISSING, Calibration, calibrate
from latebloom.asking.cut import NOMINAL
from latebloom.asking.names import score_names
from latebloom.asking.reading import read_question
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import AnswerSets, FactSets, follow_sets
from latebloom.worlds.world import World

TOLD, FOLLOWS, INFERRED, NEVER = "told", "follows", "inferred", "never told"
BRIDGES = 20
"""Likeliest bridges that are looked at."""
SHOWN_BRIDGES = 3
"""Bridges that are named with an answer, and the least share of one that is."""
LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Bridge:
    """A name on the way to an answer, and its share of the ways there.

    share: of the model's one-hop answers, multiplied along the way, over all bridges; of paths of
    told facts all are alike. before, after: whether the fact that leads to it, and the one that
    leads on, was told.
    """

    name: str
    share: float
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class Member:
    """An answer, what it rests on, its probability, and the bridges to it."""

    name: str
    status: str
    probability: float
    bridges: tuple[Bridge, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAnswer:
    """What came of a question with several answers.

    question: in names. status: of the best answer that there is: told, follows, inferred or never
    told. known: the answers that the facts give, whatever the model says, likeliest first.
    guesses: names beyond these, likeliest first; their probabilities are shares of what the known
    answers leave. in_set: how many of the guesses the cut leaves, None where there is no cut.
    named: how many of as many names as the facts give the model would give itself.
    record: how often the first guess was right where facts were held out, and of how many
        questions; None where no facts were.
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
    tokens = read_question(world, question)
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
        Member(words[i], given, float(likely[i]), ways.told_to(i, words)) for i in order[is_known]
    )
    rest = order[~is_known]
    left = max(1e-12, 1 - float(likely[order[is_known]].sum()))
    guesses = tuple(
        Member(words[i], ways.status_of(i), min(1.0, float(likely[i]) / left), ways.to(i, words))
        for i in rest[:top]
    )
    kind = calibrate(model, world, [(f"{hops}p", MISSING)]).get((f"{hops}p", MISSING))
    status = given if known_members else guesses[0].status if guesses else NEVER
    return SetAnswer(
        question=tuple(world.vocabulary.decode(tokens)),
        status=status,
        known=known_members,
        guesses=guesses,
        in_set=within(kind, likely[rest]),
        named=int(np.isin(order[: len(known.member)], known.member).sum()),
        record=None if kind is None else (kind.right, kind.cut.questions),
        held_out=tuple(world.vocabulary.decode(held_out_answers(world, tokens))),
    )


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


@dataclass(frozen=True, slots=True)
class Ways:
    """The bridges to the answers of one question, by the model's own answers to its parts.

    bridges: token ids. first: how likely each is, from the question less its last relation; second:
    how likely each answer is from each bridge; of a question of one hop all are empty.
    before: whether told facts lead to a bridge. after: to which answers told facts lead from each.
    """

    bridges: ndarray
    first: Float[ndarray, " bridge"]
    second: Float[ndarray, "bridge name"]
    before: ndarray
    after: ndarray

    @classmethod
    def of(cls, model: Transformer, world: World, facts: FactSets, names: ndarray) -> "Ways":
        """The ways of a question `subject r_1 ... r_k`."""
        n = world.task.n_competing(model.d_vocab)
        if names.shape[1] == 2:
            none = np.empty(0, np.int64)
            return cls(none, none, np.empty((0, n)), none.astype(bool), np.empty((0, n), bool))
        reached = follow_sets(names[:, :-1], [facts])[-1].member
        prefix = torch.from_numpy(world.task.lay(names[:, :-1]))
        likely = score_names(model, world.task, prefix)[0].exp().double().numpy()
        # The likeliest bridges, and all that told facts lead to.
        bridges = np.union1d(np.argsort(-likely)[:BRIDGES], reached)
        hops = np.stack((bridges, np.full(len(bridges), names[0, -1])), axis=1)
        asked = torch.from_numpy(world.task.lay(hops))
        second = score_names(model, world.task, asked).exp().double().numpy()
        after = np.zeros(second.shape, bool)
        led = facts.step(AnswerSets.of_one(bridges), hops[:, 1])
        after[led.question, led.member] = True
        return cls(bridges, likely[bridges], second, np.isin(bridges, reached), after)

    def shares(self, answer: int) -> Float[ndarray, " bridge"]:
        """Each bridge's share of the ways to an answer."""
        weights = self.first * self.second[:, answer]
        return weights / max(float(weights.sum()), 1e-300)

    def to(self, answer: int, words: Sequence[str]) -> tuple[Bridge, ...]:
        """The bridges with the largest shares of the ways to an answer."""
        shares = self.shares(answer)
        best = [i for i in np.argsort(-shares)[:SHOWN_BRIDGES] if shares[i] >= LEAST_SHARE]
        return tuple(
            Bridge(
                words[self.bridges[i]],
                float(shares[i]),
                bool(self.before[i]),
                bool(self.after[i, answer]),
            )
            for i in best
        )

    def told_to(self, answer: int, words: Sequence[str]) -> tuple[Bridge, ...]:
        """The bridges over which told facts lead to an answer, likeliest first."""
        whole = np.flatnonzero(self.before & self.after[:, answer])
        whole = whole[np.argsort(-self.first[whole], kind="stable")]
        return tuple(Bridge(words[self.bridges[i]], 1 / len(whole), True, True) for i in whole)

    def status_of(self, answer: int) -> str:
        """What a guess rests on: whether half of its ways or more lack one fact alone."""
        half_told = self.before | self.after[:, answer] if len(self.bridges) else np.zeros(0, bool)
        return INFERRED if float(self.shares(answer)[half_told].sum()) >= 0.5 else NEVER


def lines_of(answer: SetAnswer, top: int = 5) -> list[str]:
    """A set of answers for people: what it rests on first."""
    return [*known_lines(answer, top), *guess_lines(answer)]


def known_lines(answer: SetAnswer, top: int) -> list[str]:
    """What the facts say."""
    n = len(answer.known)
    if not n:
        said = {INFERRED: "inferred: no path of told facts leads to an answer"}
        return [said.get(answer.status, "never told: nothing in the table leads to an answer")]
    what = "answer" if n == 1 else "answers"
    verb = "the table holds" if answer.status == TOLD else "told facts lead to"
    out = [f"{answer.status}: {verb} {n} {what}; the model names {answer.named} of {n}"]
    most = max(top, 20)
    for one in answer.known[:most]:
        through = ", ".join(bridge.name for bridge in one.bridges[:SHOWN_BRIDGES])
        more = len(one.bridges) - SHOWN_BRIDGES
        others = f" and {more} more" if more > 0 else ""
        out.append(f"  {one.name}" + (f"  through {through}{others}" if through else ""))
    return out + ([f"  ... and {n - most} more"] if n > most else [])


def guess_lines(answer: SetAnswer) -> list[str]:
    """What the model adds."""
    if not answer.guesses:
        return []
    beyond = "beyond that, from facts nobody told" if answer.known else "the model's guesses"
    out = [f"{beyond} ({record_in_words(answer.record)}):"]
    for one in answer.guesses:
        through = ", ".join(bridge_in_words(bridge) for bridge in one.bridges)
        status = "" if one.status == answer.status and not answer.known else f"  {one.status}"
        out.append(
            f"  {one.probability:6.1%}  {one.name}{status if one.bridges else ''}"
            + (f"  through {through}" if through else "")
        )
    if answer.in_set is not None:
        out.append(
            f"  where there is such an answer, the first {answer.in_set} of these names hold it in"
            f" {NOMINAL:.0%} of cases"
        )
    if answer.held_out:
        right = answer.guesses[0].name in answer.held_out
        out.append(
            f"{'right' if right else 'wrong'}: held out on purpose was {', '.join(answer.held_out)}"
        )
    return out


def record_in_words(record: tuple[int, int] | None) -> str:
    """How often first guesses were right."""
    if record is None:
        return "no facts were held out, so nothing is known of such guesses"
    right, of = record
    return f"first guess right in {right} of {of} trials where a fact was held out"


def bridge_in_words(bridge: Bridge) -> str:
    """A bridge, its share, and what lacks."""
    lacks: Mapping[tuple[bool, bool], str] = {
        (True, True): "",
        (True, False): ", the second fact lacks",
        (False, True): ", the first fact lacks",
        (False, False): ", both facts lack",
    }
    return f"{bridge.name} ({bridge.share:.0%}{lacks[bridge.before, bridge.after]})"


def refuse_new_facts(new: object | None) -> None:
    """Raises: LatebloomError if facts came later; they are followed one by one, and not as sets."""
    if new is not None:
        raise LatebloomError(
            "facts told after training are for runs whose questions have one answer; add them to"
            " the table and grow the run again"
        )
