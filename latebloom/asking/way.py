"""The ways to put a question to a run: at once, hop by hop, by its branches.

A `Way` gives every name a score. *At once* the model is asked the whole question and composes by
itself. *Hop by hop* it is asked for single hops, which are put together outside of it
(`latebloom.asking.hops`); *by its branches* a question that joins chains is asked each of them
(`latebloom.asking.product`). Which way is better is for validation to say
(`latebloom.asking.choosing`).
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

from latebloom.asking.hops import (
    BEST,
    RATIOS,
    SUM,
    Merge,
    OneHop,
    asked_one_hop,
    hop_by_hop,
)
from latebloom.asking.names import Reading, ScoreNames, score_names, shared_out
from latebloom.asking.product import product_scores
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import FactSets
from latebloom.worlds.tasks.shapes import Shape
from latebloom.worlds.tasks.task import Task

AT_ONCE, HOP_BY_HOP, BY_BRANCHES = "at once", "hop by hop", "by its branches"
Scores = Float[Tensor, "row name"]


@runtime_checkable
class Way(Protocol):
    """A way to ask. name: the way in words. by: how parts are put together; empty at once."""

    @property
    def name(self) -> str: ...

    @property
    def by(self) -> str: ...

    def score(self, model: Transformer, task: Task, questions: Int[Tensor, "row pos"]) -> Scores:
        """The logarithm of each name's score; only differences within a row mean anything."""
        ...

    def itself(self, model: Transformer, task: Task, questions: Int[Tensor, "row pos"]) -> Scores:
        """The same by the model's own answers alone, with no fact looked up."""
        ...


@runtime_checkable
class ChainWay(Way, Protocol):
    """A way to ask a chain of hops, and so over which bridges."""

    @property
    def merge(self) -> Merge:
        """How ways over several bridges are put together."""
        ...

    def one_hop(self, model: Transformer, task: Task) -> OneHop:
        """What a single hop is said to lead to."""
        ...


@dataclass(frozen=True, slots=True)
class AtOnce:
    """The whole question is asked, and the model composes."""

    name: str = AT_ONCE
    by: str = ""
    merge: Merge = SUM

    def score(self, model: Transformer, task: Task, questions: Int[Tensor, "row pos"]) -> Scores:
        return score_names(model, task, questions)

    itself = score

    def one_hop(self, model: Transformer, task: Task) -> OneHop:
        """Bridges are those that the model names when it is asked for them."""
        return asked_one_hop(model, task, shared_out)


@dataclass(frozen=True, slots=True)
class HopByHop:
    """Single hops are asked, and their answers put together.

    reading: of the model's logits. told: facts taken for certain; None: none.
    """

    reading: Reading
    merge: Merge
    told: FactSets | None = None

    @property
    def name(self) -> str:
        return HOP_BY_HOP

    @property
    def by(self) -> str:
        return self.merge.said + ("" if self.told is None else ", told facts taken for certain")

    def score(self, model: Transformer, task: Task, questions: Int[Tensor, "row pos"]) -> Scores:
        return hop_by_hop(self.one_hop(model, task), task.names(questions.numpy()), self.merge)

    def itself(self, model: Transformer, task: Task, questions: Int[Tensor, "row pos"]) -> Scores:
        one_hop = asked_one_hop(model, task, self.reading)
        return hop_by_hop(one_hop, task.names(questions.numpy()), self.merge)

    def one_hop(self, model: Transformer, task: Task) -> OneHop:
        return asked_one_hop(model, task, self.reading, self.told)


@dataclass(frozen=True, slots=True)
class ByBranches:
    """A question that joins branches is asked each of them; names are scored by the product.

    form: of the question. branch: what scores the names of a branch.
    """

    form: str
    branch: ScoreNames = score_names
    name: str = BY_BRANCHES
    by: str = "product"

    def score(self, model: Transformer, task: Task, questions: Int[Tensor, "row pos"]) -> Scores:
        return product_scores(model, task, self.form, questions.numpy(), branch=self.branch)

    itself = score


def ways_of_chains(reading: Reading, told: FactSets) -> tuple[ChainWay, ...]:
    """The ways to ask a chain of two hops or more; the first is taken unless another is better.

    reading: of the model's logits. told: the facts of its world.
    """
    steps = (
        HopByHop(reading, SUM),
        HopByHop(reading, BEST),
        HopByHop(reading, RATIOS),
        HopByHop(reading, SUM, told),
    )
    return AtOnce(), *steps


def ways_of_joined(shape: Shape, branch: ScoreNames) -> tuple[Way, ...]:
    """The ways to ask a question of a shape that a run is trained on; the first is taken unless
    another is better."""
    return ByBranches(shape.form, branch), AtOnce()
