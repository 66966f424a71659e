"""The answer to a question that may have several: names, each with what it rests on."""

from dataclasses import dataclass
from typing import Any

from latebloom.asking.answer import INFERRED, NEVER, Guess
from latebloom.asking.bridges import Bridge
from latebloom.asking.choosing import Choice
from latebloom.asking.cut import NOMINAL


@dataclass(frozen=True, slots=True)
class Member:
    """An answer, what it rests on, its probability, and the bridges to it.

    number, unit: of an answer that stands for a number.
    """

    name: str
    status: str
    probability: float
    bridges: tuple[Bridge, ...] = ()
    number: float | None = None
    unit: str = ""

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
    held_out: answers that the tests of this run hold for this question. asked: in which way it was
        asked, and why; None of a question of one hop.
    """

    question: tuple[str, ...]
    status: str
    known: tuple[Member, ...]
    guesses: tuple[Member, ...]
    in_set: int | None
    named: int
    record: tuple[int, int] | None
    held_out: tuple[str, ...]
    asked: Choice[Any] | None = None
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
            "asked": None if self.asked is None else self.asked.as_dict(),
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
        **({} if member.number is None else {"number": member.number, "unit": member.unit}),
    }
