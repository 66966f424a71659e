"""What every construction does: an empty model, values put in their places, a usual shape.

Enters: configs, parameters, arrays. Leaves: parameters that hold the arrays.
"""

import numpy as np
import torch
from torch import Tensor

from latebloom.construction.memory import Weights
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.layer import Block
from latebloom.model.transformer import Transformer
from latebloom.worlds.world import World


def check_usual(config: ModelConfig) -> None:
    """Refuses a model in which no construction has a place.

    Raises: LatebloomError naming the settings. Dropout is let be: it does nothing but in training.
    """
    if config.norm != "pre" or config.both_ways:
        raise LatebloomError("a construction needs model.norm pre and model.attention causal")


def empty_model(config: ModelConfig, world: World) -> Transformer:
    """A model whose weights are all 0."""
    model = Transformer(config, len(world.vocabulary))
    for parameter in model.parameters():
        parameter.fill_(0)
    return model


def put(parameter: Tensor, values: np.ndarray) -> None:
    """Values in the place of a parameter's."""
    parameter.copy_(torch.from_numpy(values))


def fill(block: Block, memory: Weights) -> None:
    """A memory in the place of a layer's MLP."""
    put(block.mlp_in.weight, memory.into)
    put(block.mlp_in.bias, memory.bias)
    put(block.mlp_out.weight, memory.out)
