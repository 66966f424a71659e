"""Bradley and Terry's model: every entity has a strength, and the stronger wins more often.

Enters: a memory of values and comparisons. Leaves: an answer to every comparison. For each
attribute the strengths are fitted to all comparisons at once; a wrong one has little weight beside
many right ones. An entity whose value is told has the strength of that value: so the values are
items like the hidden entities, and each of them has beaten every lower one once besides. A hidden
entity's value is the one whose strength is nearest to its own.

"Equal" counts as half a win for each. Without noise the greatest value always wins, and the
strengths would grow without end: so every two items have `ALPHA` of a draw besides. Of .001, .01
and .1 the least was best on the hard questions of two worlds without noise, and as good as any
with it.

Source: R. A. Bradley and M. E. Terry, Biometrika 39 (1952); fitted by I-LSR (L. Maystre and
M. Grossglauser, NeurIPS 2015) of the package choix.
Covers: tasks whose questions are comparisons. Does not cover: chains of facts; errors that are as
likely between the greatest and the least as between neighbours, which the model does not expect.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from latebloom.files import import_extra
from latebloom.rivals.memory import Memory
from latebloom.rivals.scale import Scale, ValueGuess
from latebloom.worlds.ordering import GREATER
from latebloom.worlds.tasks.task import NOTHING

ALPHA = 0.001
MOST_STEPS = 10_000
"""Steps of I-LSR at most; tens are usual."""


class BradleyTerry(ValueGuess):
    """The rival that fits a strength to each value and each hidden entity."""

    name = "Bradley-Terry"

    def __init__(self, memory: Memory) -> None:
        """Fits every attribute.

        Raises: MissingExtraError without the package choix.
        """
        choix = import_extra("choix", "pairs", "the Bradley-Terry model")
        scale = Scale(memory)
        n_attributes = len(scale.attributes)
        n_values = scale.top - scale.bottom + 1
        compared = np.unique(scale.one[scale.value[scale.one] == NOTHING])
        twice = np.full(len(scale.value), scale.bottom + scale.top, np.int64)
        for attribute in range(n_attributes):
            hidden = compared[compared % n_attributes == attribute]
            strength = choix.ilsr_pairwise_dense(
                wins(scale, attribute, hidden), alpha=ALPHA, max_iter=MOST_STEPS
            )
            away = np.abs(strength[n_values:, None] - strength[:n_values])
            twice[hidden] = 2 * (scale.bottom + away.argmin(axis=1))
        super().__init__(scale, twice)


def wins(
    scale: Scale, attribute: int, hidden: Int[ndarray, " hidden"]
) -> Float[ndarray, "item item"]:
    """How often each item of one attribute was the greater: the values, then the hidden pairs."""
    n_values = scale.top - scale.bottom + 1
    item = scale.value - scale.bottom
    item[hidden] = n_values + np.arange(len(hidden))
    about = scale.one % len(scale.attributes) == attribute
    one, other, label = scale.one[about], scale.other[about], scale.label[about]
    out = np.zeros((n_values + len(hidden),) * 2)
    np.add.at(out, (item[one], item[other]), label / GREATER)
    out[:n_values, :n_values] += np.tri(n_values, k=-1)
    np.fill_diagonal(out, 0)  # two entities of one value say nothing of it
    return out
