"""Which way a run is asked each kind of question: as its questions of validation say.

Enters: a model and its world. Leaves: an `Asking`, which holds for each kind of question (`2p`,
`3p`, the shapes that a run is trained on) a `Choice`, and the cut of the sets that are given in the
chosen way, with how often its first guesses were right.

The ways are those of `latebloom.asking.way`, the first of them the usual one. Another is taken if
on the validation questions that need a fact which was never told its mean reciprocal rank is ahead
by more than `SURE` of its standard errors, each question weighing the same; of several the best.
A kind of which nothing was held out is asked as the longest shorter chain is of which something
was, else in the usual way.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.asking.calibration import MISSING, MOST, TESTS, Calibration, calibrate, scored
from latebloom.asking.cut import Cut
from latebloom.asking.names import Reading, ScoreNames, shared_out
from latebloom.asking.ranks import ranks_of
from latebloom.asking.way import AtOnce, ChainWay, Way, ways_of_chains, ways_of_joined
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import FactSets
from latebloom.worlds.splits import as_valid
from latebloom.worlds.tasks.shapes import SHAPES, Shape
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.world import World

SURE = 2.0
"""Standard errors by which another way must be ahead of the usual one."""
AUTO, WHOLE, PARTS = "auto", "at-once", "in-parts"
Wish = Literal["auto", "at-once", "in-parts"]
"""The way that a user wants: the better one, the whole question at once, or part by part."""
VALIDATED, WISHED, USUAL = "validation", "wish", "usual"
"""Why a way is taken: validation says so, the user does, or nothing was held out to choose by."""

W = TypeVar("W", bound=Way)
Beside = tuple[str, bool, bool | None]
"""A kind of question: its query, whether it has known answers besides, and whether it ends in a
number (None where no question does)."""


@dataclass(frozen=True, slots=True)
class Choice(Generic[W]):
    """The way that a question is asked, and why.

    query: by whose validation questions it was chosen. mrr: the mean reciprocal rank of each way on
    them, by `said`, each question weighing the same; empty where there are none. questions: how
    many.
    """

    way: W
    why: str
    query: str
    mrr: Mapping[str, float]
    questions: int

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "way": self.way.name,
            "by": self.way.by,
            "why": self.why,
            "query": self.query,
            "mrr": dict(self.mrr),
            "questions": self.questions,
        }


def said(way: Way) -> str:
    """A way in words: `hop by hop, sum of products`."""
    return f"{way.name}, {way.by}" if way.by else way.name


def in_words(choice: Choice[Any]) -> str:
    """How a question was asked and why, in a line."""
    asked = f"asked {said(choice.way)}"
    own = choice.mrr.get(said(choice.way))
    others = {name: mrr for name, mrr in choice.mrr.items() if name != said(choice.way)}
    apart = {name: m for name, m in others.items() if not name.startswith(choice.way.name)}
    if own is None or not apart:
        wished = {WISHED: ", as was wished"}
        return asked + wished.get(choice.why, ", as usual: nothing was held out to choose by")
    best = max(apart, key=lambda name: apart[name])
    why = ", as was wished" if choice.why == WISHED else ""
    unsure = ", no sure difference" if choice.why == VALIDATED and apart[best] > own else ""
    return (
        f"{asked}{why}: MRR {own:.3f} on {choice.questions:,} {choice.query} questions of"
        f" validation; {best}: {apart[best]:.3f}{unsure}"
    )


class Asking:
    """How a run is asked. What is worked out once is remembered.

    reading: of the model's logits for single hops, as it was trained (`READINGS`). kept: what
    `table` gave for the same weights, if anything.
    """

    def __init__(
        self,
        model: Transformer,
        world: World,
        reading: Reading = shared_out,
        kept: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.world = world
        self.facts = FactSets(world.facts)
        self.chain_ways = ways_of_chains(reading, self.facts)
        self._kept = {} if kept is None else kept
        self._choices: dict[str, Choice[Any] | None] = {}
        self._cuts: dict[tuple[Beside, str], Calibration | None] = {}

    def chain(self, hops: int, wish: Wish = AUTO) -> Choice[ChainWay]:
        """The way to ask a chain of so many hops; of a single hop there is one."""
        if hops < 2:
            return Choice(AtOnce(), USUAL, "1p", {}, 0)
        usual: Choice[ChainWay] = Choice(self.chain_ways[0], USUAL, f"{hops}p", {}, 0)
        shorter = (self._chosen(f"{n}p", self.chain_ways) for n in range(hops, 1, -1))
        found = next((one for one in shorter if one is not None), usual)
        return wished(found, self.chain_ways, wish, whole=self.chain_ways[0])

    def joined(self, shape: Shape, wish: Wish = AUTO) -> Choice[Way]:
        """The way to ask a question of a shape that the run is trained on; its branches are asked
        as chains of their length are."""
        ways = ways_of_joined(shape, self.branch)
        usual: Choice[Way] = Choice(ways[0], USUAL, shape.name, {}, 0)
        return wished(self._chosen(shape.name, ways) or usual, ways, wish, whole=ways[1])

    def branch(
        self, model: Transformer, task: Task, questions: Int[Tensor, "row pos"]
    ) -> Float[Tensor, "row name"]:
        """What scores the names of a branch: the way that chains of its length are asked."""
        hops = task.names(questions.numpy()).shape[1] - 1
        return self.chain(hops).way.score(model, task, questions)

    def calibration(
        self, query: str, way: Way, beside: bool, in_number: bool | None = None
    ) -> Calibration | None:
        """The cut of the sets of guesses that a way gives, and how often its first were right.

        beside: whether there are known answers besides. in_number: whether the question ends in a
        number; None where none does.
        """
        kind: Beside = query, beside, in_number
        at = kind, said(way)
        if at not in self._cuts:
            found = self._kept_cut(kind, way)
            if found is None:
                asked = query, MISSING
                found = calibrate(
                    self.model,
                    self.world,
                    [asked],
                    beside_known=beside,
                    in_number=in_number,
                    score=way.score,
                ).get(asked)
            self._cuts[at] = found
        return self._cuts[at]

    def held_out(self) -> list[str]:
        """The kinds of question of which missing answers were held out for validation."""
        kinds = (query for query, kind in TESTS if kind == MISSING)
        return [query for query in kinds if as_valid(TESTS[query, MISSING]) in self.world.splits]

    def of(self, query: str) -> Choice[Any]:
        """The choice for a kind of question that is held out."""
        if query in SHAPES:
            return self.joined(SHAPES[query])
        return self.chain(int(query.removesuffix("p")))

    def table(self) -> dict[str, Any]:
        """All choices and cuts, for JSON: what a run keeps."""
        choices, cuts = {}, []
        numbers = (None,) if self.world.task.numbers is None else (True, False)
        for query in self.held_out():
            choice = self.of(query)
            choices[query] = choice.as_dict()
            for beside in (True, False):
                for in_number in numbers:
                    found = self.calibration(query, choice.way, beside, in_number)
                    if found is not None:
                        cuts.append(cut_in_table((query, beside, in_number), choice.way, found))
        return {"choices": choices, "cuts": cuts}

    def _chosen(self, query: str, ways: Sequence[W]) -> Choice[W] | None:
        """What validation says of a kind of question; None if nothing of it was held out."""
        if query not in self._choices:
            found = choice_of_table(self._kept, query, ways)
            if found is None and query in self.held_out():
                found = choose(self.model, self.world, query, ways)
            self._choices[query] = found
        return self._choices[query]

    def _kept_cut(self, kind: Beside, way: Way) -> Calibration | None:
        found = self._kept.get("cuts")
        tables = found if isinstance(found, list) else []
        whole = (cut_of_table(one, kind, way) for one in tables)
        return next((one for one in whole if one is not None), None)


def wished(choice: Choice[W], ways: Sequence[W], wish: Wish, whole: W) -> Choice[W]:
    """The choice that a user wants: of the ways in parts the best on validation, else the first.

    Raises: LatebloomError for a wish that there is not.
    """
    if wish == AUTO:
        return choice
    if wish not in (WHOLE, PARTS):
        raise LatebloomError(f"--way is {wish!r}; use {AUTO}, {WHOLE} or {PARTS}")
    parts = [way for way in ways if way.name != whole.name]
    best = max(parts, key=lambda way: choice.mrr.get(said(way), -1.0))
    way = whole if wish == WHOLE else best
    return Choice(way, WISHED, choice.query, choice.mrr, choice.questions)


def choose(model: Transformer, world: World, query: str, ways: Sequence[W]) -> Choice[W]:
    """The way that validation finds better, of a kind that is held out; in doubt the first."""
    split = as_valid(TESTS[query, MISSING])
    ranks = [reciprocal_ranks(model, world, split, way.score) for way in ways]
    mrr = {said(way): float(one.mean()) for way, one in zip(ways, ranks, strict=True)}
    best = max(range(len(ways)), key=lambda number: ranks[number].mean())
    taken = best if surely_ahead(ranks[best], ranks[0]) else 0
    return Choice(ways[taken], VALIDATED, query, mrr, len(ranks[0]))


def surely_ahead(one: Float[ndarray, " question"], other: Float[ndarray, " question"]) -> bool:
    """Whether the first is greater in the mean by more than `SURE` standard errors, in pairs."""
    ahead = one - other
    if len(ahead) < 2:
        return False
    error = float(ahead.std(ddof=1)) / math.sqrt(len(ahead))
    return float(ahead.mean()) > SURE * error and float(ahead.mean()) > 0


def reciprocal_ranks(
    model: Transformer, world: World, split: str, score: ScoreNames
) -> Float[ndarray, " question"]:
    """The mean of one divided by the rank over the answers that each question is asked for."""
    scores, sets = scored(model, world, split, MOST, score=score)
    inverse = 1 / ranks_of(scores, sets)
    return np.bincount(sets.question[sets.asked], inverse, minlength=len(sets)) / sets.n_asked


def cut_in_table(kind: Beside, way: Way, found: Calibration) -> dict[str, Any]:
    """A calibration for JSON; a distance of inf is null."""
    query, beside, in_number = kind
    distance = found.cut.distance
    return {
        "query": query,
        "way": said(way),
        "beside_known": beside,
        "in_number": in_number,
        "distance": distance if math.isfinite(distance) else None,
        "questions": found.cut.questions,
        "right": found.right,
    }


def cut_of_table(table: Any, kind: Beside, way: Way) -> Calibration | None:
    """The calibration that a table holds of a kind of question, asked in a way; else None."""
    if not isinstance(table, Mapping):
        return None
    asked = tuple(table.get(name) for name in ("query", "beside_known", "in_number"))
    distance, questions, right = (table.get(name) for name in ("distance", "questions", "right"))
    known = distance is None or isinstance(distance, float | int)
    if asked != kind or table.get("way") != said(way) or not known:
        return None
    if not isinstance(questions, int) or not isinstance(right, int):
        return None
    far = math.inf if distance is None else float(distance)
    return Calibration(Cut(far, questions), right)


def choice_of_table(kept: Mapping[str, Any], query: str, ways: Sequence[W]) -> Choice[W] | None:
    """The choice that is kept of a kind of question, if it is one of these ways; else None."""
    choices = kept.get("choices")
    table = choices.get(query) if isinstance(choices, Mapping) else None
    if not isinstance(table, Mapping):
        return None
    mrr, questions = table.get("mrr"), table.get("questions")
    by_name = {(way.name, way.by): way for way in ways}
    way = by_name.get((table.get("way"), table.get("by")))  # pyright: ignore[reportArgumentType]
    if way is None or not isinstance(mrr, Mapping) or not isinstance(questions, int):
        return None
    if set(mrr) != {said(one) for one in ways}:
        return None
    if not all(isinstance(one, float | int) for one in mrr.values()):
        return None
    return Choice(way, VALIDATED, query, dict(mrr), questions)
