"""A model whose weights are computed from the facts, without a training step: where to begin.

Enters: a model's config and a world. Leaves: a `Transformer` that answers the world's questions.
All of it is built in: what it shows is what the architecture can hold, and nothing about learning.

How weights are written depends on how an answer follows from the facts, which the world's task
says (`Task.derives`, `Task.several`). Each way is a `Construction`: `chains` (one answer a
question), `sets` (several), `comparisons`.

Covers: questions over told facts. Does not cover: values that nobody told, sentences, rules without
facts, attention both ways.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from latebloom.construction.chains import Chains
from latebloom.construction.comparisons import Comparisons
from latebloom.construction.sets import Sets
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.world import World


@runtime_checkable
class Construction(Protocol):
    """One way to write weights."""

    def shape(self, config: ModelConfig, world: World, *, widen: bool) -> ModelConfig:
        """The config of the model that can be constructed: as it is, or made as wide as needed.

        Raises: LatebloomError naming what the world or the model lacks, and the way out.
        """
        ...

    def model(self, config: ModelConfig, world: World, seed: int) -> Transformer:
        """The model. Raises: LatebloomError as `shape`."""
        ...

    def bytes_beside(self, world: World) -> int:
        """Memory that the computation takes beside the weights, estimated."""
        ...


CONSTRUCTIONS: Mapping[tuple[str, bool], Construction] = {
    ("chain", False): Chains(),
    ("chain", True): Sets(),
    ("order", False): Comparisons(),
}
"""By how the answer follows from the facts, and whether a question may have several."""


def construction_for(world: World, *, random_codes: bool = False) -> Construction:
    """How the weights for a world are written.

    random_codes: the names of a world with sets get random codes, and none that know its facts.
    Raises: LatebloomError if its answers do not follow from told facts, naming what it asks.
    """
    task = world.task
    found = CONSTRUCTIONS.get((task.derives, task.several))
    lacks = task.rests_on_inferred or task.spelled is not None or task.joins or task.numbers
    if found is None or lacks or not len(world.facts):
        raise LatebloomError(
            f"this world asks {world.asks} ({task.name}), and weights can be constructed for chains"
            " of facts (composition, atlas, facts, graph) and for comparisons of told values"
            " (comparison, elements, numeric-table) alone"
        )
    if not random_codes:
        return found
    if not task.several:
        raise LatebloomError(
            "--random-codes has no effect where a question has one answer: names get random codes"
            " there in any case; leave it out"
        )
    return Sets(random=True)


def shape_for(config: ModelConfig, world: World, *, widen: bool = True) -> ModelConfig:
    """The config of the model that can be constructed for a world.

    widen: make it, where it is too narrow, as wide as the facts need.
    Raises: LatebloomError naming what the world or the model lacks, and the way out.
    """
    return construction_for(world).shape(config, world, widen=widen)


def construct_model(config: ModelConfig, world: World, seed: int = 0) -> Transformer:
    """A model of this shape that answers the world's questions; the seed draws its codes.

    Raises: LatebloomError as `shape_for`, or if the units or columns do not suffice.
    """
    return construction_for(world).model(config, world, seed)
