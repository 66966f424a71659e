"""The contest: the same questions put to every rival, one table.

Enters: a world and rivals. Leaves: a `Contest`, a row for each rival and split: how many answers
were right, wrong, "cannot decide" and invalid, with Wilson's interval, seconds and tokens a
question. The model's own row comes in as data (`row_of_model`): rivals know nothing of it.

    contest = Contest.run(world, [Symbolic(memory), Retrieval(memory, Bm25(memory.texts))])
    print(contest.to_markdown())

In the split of undecidable questions no chain of facts tells the answer. A right one need not be
luck: that values are steps of a known scale decides most of these questions, and bounds narrow down
the others.
"""

import json
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import RivalError
from latebloom.intervals import wilson
from latebloom.rivals.reply import Reply, Rival, spread
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class Row:
    """How one rival did on one split.

    seconds, tokens: of a question, in the mean. recall: mean share of the needed facts that was
    found; facts: how many were read for a question, in the mean; both NaN for rivals without
    retrieval.
    """

    rival: str
    question_type: str
    split: str
    n: int
    correct: int
    wrong: int
    cannot_decide: int
    invalid: int
    seconds: float = 0.0
    tokens: float = 0.0
    recall: float = math.nan
    facts: float = math.nan

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else math.nan

    @property
    def ci95(self) -> tuple[float, float]:
        """Wilson's 95 % interval for the accuracy."""
        return wilson(self.correct, self.n)

    def as_dict(self) -> dict[str, Any]:
        """The row for JSON; NaN becomes null."""
        table = asdict(self) | {"accuracy": self.accuracy, "ci95": list(self.ci95)}
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in table.items()
        }


@dataclass(frozen=True, slots=True)
class Contest:
    """The table."""

    rows: tuple[Row, ...]

    @classmethod
    def run(
        cls,
        world: World,
        rivals: Iterable[Rival],
        *,
        splits: Sequence[str] = (),
        limit: int = 0,
        first: Iterable[Row] = (),
    ) -> "Contest":
        """Asks every rival every question.

        splits: names; empty: every test split with questions (not the bare hidden values).
        limit: questions of a split at most, evenly spread over it (`asked`); 0: all.
        first: rows to begin the table with, such as the model's.
        Raises: RivalError, and whatever a rival raises.
        """
        names = tuple(splits) or default_splits(world)
        rows = list(first)
        for rival in rivals:
            for split in names:
                examples = asked(world, split, limit)
                begun = time.perf_counter()
                replies = rival.answer(examples[:, :-1])
                passed = time.perf_counter() - begun
                row = score(rival.name, world, split, examples[:, -1], replies)
                if not row.seconds and row.n:
                    row = replace(row, seconds=passed / row.n)
                rows.append(row)
        return cls(tuple(rows))

    def as_dict(self) -> dict[str, Any]:
        return {"rows": [row.as_dict() for row in self.rows]}

    def to_json(self) -> str:
        """The table as JSON, one object with `rows`."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """The table for people; shares in percent, with the 95 % interval of the correct ones."""
        names = ("rival", "questions", "n", "correct", "95 % interval", "wrong", "cannot decide")
        names += ("invalid", "recall", "facts read", "seconds", "tokens")
        lines = [" | ".join(names), " | ".join(["---"] * 2 + ["---:"] * (len(names) - 2))]
        lines += [" | ".join(cells(row)) for row in self.rows]
        return "".join(f"| {line} |\n" for line in lines)


def cells(row: Row) -> list[str]:
    """One row as text."""
    low, high = row.ci95

    def share(count: int) -> str:
        return f"{100 * count / row.n:.1f}" if row.n else "-"

    return [
        row.rival.replace("|", "\\|"),
        f"{row.question_type}, {row.split}",
        f"{row.n:,}",
        share(row.correct),
        f"{100 * low:.1f} to {100 * high:.1f}",
        share(row.wrong),
        share(row.cannot_decide),
        share(row.invalid),
        "-" if math.isnan(row.recall) else f"{row.recall:.3f}",
        "-" if math.isnan(row.facts) else f"{row.facts:,.0f}",
        f"{row.seconds:.2g}",
        f"{row.tokens:,.0f}",
    ]


def default_splits(world: World) -> tuple[str, ...]:
    """The test splits that a contest asks: all but the bare hidden values."""
    return tuple(name for name in world.tested if name != Split.TEST_VALUES)


def asked(world: World, split: str, limit: int = 0) -> Int[ndarray, "example token"]:
    """The examples of a split that a contest asks.

    Raises: WorldError if there is no such split; RivalError if the limit is negative.
    """
    if limit < 0:
        raise RivalError(f"--limit is {limit}; give 0 (all) or more")
    return spread(world.examples(split), limit)


def question_type(world: World, split: str) -> str:
    """What kind of question a split asks, in words."""
    return world.task.kind_of_question(world.examples(split).shape[1] - 1)


def score(
    name: str,
    world: World,
    split: str,
    truth: Int[ndarray, " question"],
    replies: Sequence[Reply],
) -> Row:
    """The row of a rival's replies."""
    kinds = [reply.kind for reply in replies]
    right = sum(
        reply.kind == "answered" and reply.answer == answer
        for reply, answer in zip(replies, truth.tolist(), strict=True)
    )
    n = len(replies)
    return Row(
        rival=name,
        question_type=question_type(world, split),
        split=str(split),
        n=n,
        correct=right,
        wrong=kinds.count("answered") - right,
        cannot_decide=kinds.count("cannot decide"),
        invalid=kinds.count("invalid"),
        seconds=sum(reply.seconds for reply in replies) / n if n else 0.0,
        tokens=sum(reply.tokens for reply in replies) / n if n else 0.0,
        recall=mean_of_known([reply.recall for reply in replies]),
        facts=mean_of_known([reply.facts for reply in replies]),
    )


def mean_of_known(numbers: Sequence[float]) -> float:
    """The mean of the numbers that are not NaN; NaN if all are."""
    known = [number for number in numbers if not math.isnan(number)]
    return sum(known) / len(known) if known else math.nan


def row_of_model(
    name: str, world: World, split: str, right: Bool[ndarray, " question"], seconds: float = 0.0
) -> Row:
    """The row of a model that answers every question from its weights.

    right: which of the questions that `asked` gives it answered right. seconds: a question.
    """
    correct = int(right.sum())
    return Row(
        rival=name,
        question_type=question_type(world, split),
        split=str(split),
        n=len(right),
        correct=correct,
        wrong=len(right) - correct,
        cannot_decide=0,
        invalid=0,
        seconds=seconds,
    )
