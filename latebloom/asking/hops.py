"""Going hop by hop: from names held to some degree, over all of them, to where a relation leads.

Enters: the degree to which each name stands at a bridge, and a relation. Leaves: the degree to
which each name is reached. The model is asked for one hop alone, of all bridges of all questions
together; what composes is the arithmetic here, and not the model. Degrees are kept as logarithms.

How the ways over different bridges are put together is a `Merge`:

- *best product*: a name is reached as surely as over its best bridge, by the product of both hops.
- *sum of products*: the products over all bridges are added up; of probabilities that is how many
  paths are to be expected.
- *best product of ratios*: as the first, of each degree beside the greatest of its question; it
  does not mind that a question with ten answers gives each of them a tenth.

Told facts may be *taken for certain*: then the model is asked only what the table does not tell.

Source: CQD-Beam (Arakelyan et al., arXiv:2011.03459, section 3.2), whose t-norm here is the
product; told facts taken for certain, QTO (Bai et al., arXiv:2212.09567).
Differs: over all bridges, or the likeliest `most_bridges`, where CQD keeps a beam of few.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.asking.names import Reading, name_logits
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.tasks.task import Task

Degrees = Float[Tensor, "row name"]
OfBridges = Float[Tensor, "row bridge"]
Onward = Float[Tensor, "row bridge name"]
OneHop = Callable[[Int[ndarray, "row 2"]], Degrees]
"""From (name, relation) pairs to the degree to which each name is where they lead."""

NUMBERS_OF_ONE = 250_000
"""Numbers over the bridges of one question, about: of 500 names or fewer each may be a bridge."""
LEAST_BRIDGES = 20
"""Bridges that are followed however many names there are."""
NUMBERS_AT_ONCE = 20_000_000
"""Numbers over the bridges of questions that are put together; four bytes each."""


@dataclass(frozen=True, slots=True)
class Merge:
    """How ways over several bridges make one degree.

    said: in words. weigh: the weight of each bridge for each name. over: all bridges together.
    """

    said: str
    weigh: Callable[[OfBridges, Onward], Onward]
    over: Callable[[Onward], Degrees]


def products(first: OfBridges, second: Onward) -> Onward:
    """The product of both hops."""
    return first[:, :, None] + second


def ratios(first: OfBridges, second: Onward) -> Onward:
    """The same of each degree beside the greatest of its question."""
    least = torch.finfo(first.dtype).min  # where nothing is reached at all, nothing is greatest
    greatest = first.amax(1, keepdim=True).clamp_min(least)
    return products(first - greatest, second - second.amax(2, keepdim=True).clamp_min(least))


def best(weights: Onward) -> Degrees:
    """The best bridge counts."""
    return weights.amax(1)


def total(weights: Onward) -> Degrees:
    """All bridges add up."""
    return weights.logsumexp(1)


BEST = Merge("best product", products, best)
SUM = Merge("sum of products", products, total)
RATIOS = Merge("best product of ratios", ratios, best)


def most_bridges(n_names: int) -> int:
    """How many bridges of a question are followed, where so many names may be one."""
    return min(n_names, max(LEAST_BRIDGES, NUMBERS_OF_ONE // n_names))


def asked_one_hop(
    model: Transformer, task: Task, reading: Reading, told: FactSets | None = None
) -> OneHop:
    """A model asked for one hop.

    told: facts that are taken for certain; None: none are.
    """

    def one_hop(pairs: Int[ndarray, "row 2"]) -> Degrees:
        found = reading(name_logits(model, task, torch.from_numpy(task.lay(pairs))))
        if told is not None:
            led = follow_sets(pairs, [told])[-1]
            found[torch.from_numpy(led.question), torch.from_numpy(led.member).long()] = 0.0
        return found

    return one_hop


def led_on(
    one_hop: OneHop,
    degrees: Degrees,
    relation: Int[ndarray, " row"],
    merge: Merge,
    most: int | None = None,
) -> Degrees:
    """Where a relation leads from names that are held to these degrees.

    most: bridges of a question that are followed, the likeliest; None: as `most_bridges` says.
    """
    n_names = degrees.shape[1]
    count = min(n_names, most_bridges(n_names) if most is None else most)
    width = int(relation.max(initial=0)) + 1
    found = torch.empty_like(degrees)
    # Questions with one relation ask the same of the same bridges; each is asked once.
    order = torch.from_numpy(np.argsort(relation, kind="stable"))
    relations = torch.from_numpy(relation.astype(np.int64))
    for rows in order.split(max(1, NUMBERS_AT_ONCE // (count * n_names))):
        first, bridges = degrees[rows].topk(count, dim=1)
        pairs, at = (bridges * width + relations[rows, None]).unique(return_inverse=True)
        second = one_hop(torch.stack((pairs // width, pairs % width), dim=1).numpy())
        found[rows] = merge.over(merge.weigh(first, second[at]))
    return found


def hop_by_hop(one_hop: OneHop, names: Int[ndarray, "row place"], merge: Merge) -> Degrees:
    """The degree to which each name is where `subject r_1 ... r_k` leads."""
    degrees = one_hop(names[:, :2])
    for relation in names[:, 2:].T:
        degrees = led_on(one_hop, degrees, relation, merge)
    return degrees
