"""What one recorded picture is made of: the states of a pass, each with what it says.

Enters: what is asked of a model (a `Recordable`: a question, a line) and the model. Leaves: a
`Look`. What is asked and what is right are told by the modules beside this one
(`latebloom.reports.recorded_questions`, `latebloom.reports.recorded_lines`).
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from latebloom.asking.answer import Guess
from latebloom.circuits.look import Glimpse
from latebloom.model.transformer import Transformer
from latebloom.reports.embedded import Picture
from latebloom.worlds.vocabulary import Vocabulary

LONGEST_NAME = 40
"""Characters of a name that are shown."""
MOST_SAID = 5
"""Answers of a model that are told, the likeliest first."""
LEAST_SAID = 0.001
"""The least probability of an answer that is told besides the first: less is shown as nothing."""
ANSWER, BRIDGE = "answer", "bridge"
"""What a name is to what was asked: right; or found on the way, or what another rule would choose.
Else nothing."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one state says: its likeliest name, and how probable that is; role: what it is to the
    question, `ANSWER`, `BRIDGE` or nothing."""

    name: str
    probability: float
    role: str


Rows = Sequence[tuple[str, Sequence[Cell]]]
"""What each row is called, and what its states say."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a model says of one question.

    rows: what a row is called, and a cell for each token. says: its answers, the likeliest first.
    trees: the tree that is projected from its states beside the gold one; None where there is none.
    n_rows: how many rows there are, of which `rows` may have some.
    """

    rows: Rows
    says: Sequence[Cell]
    trees: Picture | None
    n_rows: int

    @classmethod
    def of(cls, rows: Rows, says: Sequence[Cell], trees: Picture | None = None) -> "Look":
        """A look with all its rows."""
        return cls(rows, says, trees, len(rows))


@dataclass(frozen=True, slots=True)
class Wording:
    """How a page speaks of what is recorded.

    every: what the pictures are, before and after the number of questions. no_others: what cannot
    be done with them. command, does: what can, and what it does. asked: what one of them is called.
    bridge: what a `BRIDGE` is. reading: how a picture is read. says: what comes before the model's
    answers.
    """

    every: tuple[str, str]
    no_others: str
    command: str
    does: str
    asked: str
    bridge: str
    reading: str
    says: str


@runtime_checkable
class Recordable(Protocol):
    """Something that a model is asked, of which pictures are recorded."""

    @property
    def split(self) -> str:
        """Where it comes from."""
        ...

    @property
    def tokens(self) -> Sequence[str]:
        """What the model reads."""
        ...

    @property
    def told(self) -> Sequence[tuple[str, Sequence[str]]]:
        """What is known of it: names, and before them what they are; first the right ones."""
        ...

    @property
    def shown(self) -> str:
        """Whether training showed it, as a sentence."""
        ...

    @property
    def wording(self) -> Wording:
        """How a page speaks of it."""
        ...

    def look(self, model: Transformer) -> Look:
        """What a model says of it."""
        ...


def rows_of(
    glimpses: Sequence[Glimpse],
    vocabulary: Vocabulary,
    right: Sequence[Container[int]],
    others: Sequence[Container[int]],
) -> list[tuple[str, list[Cell]]]:
    """A row for each boundary between layers.

    right: at each position the tokens that say what is right. others: those that say a bridge.
    """
    loops = max(one.loop for one in glimpses)
    return [
        (
            row_name(one, loops),
            [cell_of(said, vocabulary, right[i], others[i]) for i, said in enumerate(one.guesses)],
        )
        for one in glimpses
    ]


def answers(
    guesses: Sequence[Guess], vocabulary: Vocabulary, right: Container[int], others: Container[int]
) -> list[Cell]:
    """A model's answers, the likeliest first, without those that it hardly gives."""
    told = [one for i, one in enumerate(guesses) if i == 0 or one.probability >= LEAST_SAID]
    return [cell_of(one, vocabulary, right, others) for one in told]


def cell_of(
    said: Guess, vocabulary: Vocabulary, right: Container[int], others: Container[int]
) -> Cell:
    """What one state says."""
    token = vocabulary.ids[said.name]
    role = ANSWER if token in right else BRIDGE if token in others else ""
    return Cell(cut(said.name), said.probability, role)


def row_name(glimpse: Glimpse, loops: int) -> str:
    """A boundary between layers, as the laboratory calls it."""
    where = "enters" if glimpse.layer == 0 else f"after layer {glimpse.layer}"
    return f"loop {glimpse.loop}, {where}" if loops > 1 else where


def cut(name: str) -> str:
    """A name, of which no more is shown than can be read."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
