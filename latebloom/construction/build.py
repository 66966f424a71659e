"""A model whose weights are computed from the facts, without a training step.

Enters: a model's config and a world of chains. Leaves: a `Transformer` that answers them. All of it
is built in: what it shows is what the architecture can hold, and nothing about learning.

A token copies the entity that stands before it, and an MLP that remembers all facts turns this
entity and the token's own relation into the object. Two shapes do that once for every hop:

- **looped**: one layer with one memory, used in every loop; the prediction of a loop is what stands
  before the next token in the next one (`feedback ahead`).
- **plain**: layers in as many groups as there are hops. The first layer of a group copies, and the
  memories of a group hold all facts between them. So the facts stand in the model once for every
  hop, which is why it answers chains of OOD facts: no training tells an upper layer these.

Covers: questions with the subject first and nothing between the names. Does not cover: answers that
are sets, comparisons, attention both ways.
"""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from latebloom.construction.codes import SMALL, Stream
from latebloom.construction.memory import Codes, Weights, remember
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.layer import Block
from latebloom.model.transformer import Transformer
from latebloom.worlds.atomic import Facts
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.world import World

FACTS_A_UNIT = 5.0
"""Facts that a unit of a looped model holds, where the MLP is made as wide as is needed. (A plain
model takes a unit a fact: what it finds at a hop is handed on as it is, with no vocabulary between
that would round it to the nearest entity.)"""
SURE = 3.0
"""The final norm's gain: how far the right answer's logit stands out."""
LOOK = 32.0
"""Gain of the queries and keys by which a token finds the one before it."""


def shape_for(config: ModelConfig, world: World, *, widen: bool = True) -> ModelConfig:
    """The config of the model that can be constructed for a world.

    widen: raise `mlp_ratio`, where it is too small, to what the facts need.
    Raises: LatebloomError naming what the world or the model lacks, and the way out.
    """
    check_world(world)
    check_model(config, hops_of(world))
    if not widen:
        return config
    memories = config.n_layers // hops_of(world) if plain(config) else 1
    units = math.ceil(len(world.facts) / (memories if plain(config) else FACTS_A_UNIT))
    return replace(config, mlp_ratio=max(config.mlp_ratio, math.ceil(units / config.d_model)))


def plain(config: ModelConfig) -> bool:
    """Whether a model has no loops."""
    return config.n_loops == 1


def hops_of(world: World) -> int:
    """Facts in the longest question that is trained on."""
    return world.task.hops(world.longest_trained)


def check_world(world: World) -> None:
    """Refuses a world whose answers do not follow from a chain of facts, subject first.

    Raises: LatebloomError naming what it asks instead.
    """
    if not world.task.chained or not len(world.facts):
        raise LatebloomError(
            f"this world asks {world.asks} ({world.task.name}), and weights can be constructed for"
            " chains of facts alone, such as composition, atlas or facts"
        )
    if getattr(world.task, "layout", Layout.usual) != Layout.usual:
        raise LatebloomError(
            "weights can be constructed for questions with the subject first and no words between"
            " the names; set --world.order subject-first and --world.fillers false"
        )


def check_model(config: ModelConfig, hops: int) -> None:
    """Refuses a model whose parts have no place for the construction.

    Raises: LatebloomError naming the setting and the way out.
    """
    if config.norm != "pre" or config.both_ways or config.dropout or config.mlp_dropout:
        raise LatebloomError(
            "a construction needs model.norm pre, model.attention causal and no dropout"
        )
    if plain(config):
        if config.positions not in ("learned", "relative"):
            raise LatebloomError(
                f"model.positions is {config.positions!r}; a plain construction tells neighbours by"
                " --model.positions learned or relative"
            )
        if config.n_layers < hops:
            raise LatebloomError(
                f"model.n_layers is {config.n_layers}, and a plain model needs a layer for each of"
                f" {hops} hops: set --model.n-layers {hops}"
            )
    elif (config.feedback, config.n_layers, config.window) != ("ahead", 1, 2):
        raise LatebloomError(
            "a looped construction needs --model.feedback ahead, --model.n-layers 1 and"
            " --model.window 2; a plain one --model.n-loops 1 and --model.feedback none"
        )
    elif config.positions not in ("relative", "none"):
        raise LatebloomError(
            f"model.positions is {config.positions!r}; a looped construction needs none: set"
            " --model.positions relative"
        )


@torch.no_grad()
def construct_model(config: ModelConfig, world: World, seed: int = 0) -> Transformer:
    """A model of this shape that answers the world's chains; the seed draws its codes.

    Raises: LatebloomError as `shape_for`, or if the units or columns do not suffice.
    """
    shape_for(config, world, widen=False)
    rng = np.random.default_rng(seed)
    model = Transformer(config, len(world.vocabulary))
    for parameter in model.parameters():
        parameter.fill_(0)
    hops, relations = hops_of(world), np.unique(world.facts.relation)
    learned = config.positions == "learned"
    stream = Stream.shared_out(
        config.d_model,
        relations=len(relations),
        positions=hops + 1 if learned else 0,
        apart=plain(config),
    )
    embedding = stream.codes(model.d_vocab, stream.entity, rng)
    embedding[relations] = stream.codes(len(relations), stream.relation, rng)
    codes = Codes(stream, embedding, parts=3 if learned else 2)
    length = np.ones((model.d_vocab, 1))
    length[relations] = SMALL
    put(model.embed.weight, embedding * length)
    if model.unembed is not None:
        put(model.unembed.weight, embedding)
    model.get_parameter("ln_final.weight").fill_(SURE)
    places = stream.codes(hops + 1 if learned else 0, stream.position, rng)
    if learned:
        put(model.positions.get_parameter("weight")[: hops + 1], SMALL * places)
    groups = np.array_split(np.arange(config.n_layers), hops if plain(config) else 1)
    for group in groups:
        first = model.layers[group[0]]
        copy_entity(first, stream)
        if learned:
            look_back(first, stream, places)
        elif plain(config):
            first.attn.get_parameter("distance_bias")[:, 1] = LOOK
        for layer, held in zip(group, shared(world.facts, len(group)), strict=True):
            block = model.layers[layer]
            block.ln_1.weight.fill_(1.0)
            block.ln_2.weight.fill_(1.0)
            if len(held):
                fill(block, remember(held, codes, config.d_mlp, block.relu, rng))
    return model


def shared(facts: Facts, n: int) -> list[Facts]:
    """The facts in `n` shares of about the same size."""
    return [
        Facts(facts.subject[rows], facts.relation[rows], facts.object[rows], facts.ood[rows])
        for rows in np.array_split(np.arange(len(facts)), n)
    ]


def put(parameter: Tensor, values: np.ndarray) -> None:
    """Values in the place of a parameter's."""
    parameter.copy_(torch.from_numpy(values))


def fill(block: Block, memory: Weights) -> None:
    """A memory in the place of a layer's MLP."""
    put(block.mlp_in.weight, memory.into)
    put(block.mlp_in.bias, memory.bias)
    put(block.mlp_out.weight, memory.out)


def copy_entity(block: Block, stream: Stream) -> None:
    """Attention that brings the entity of the token that it sees, small, to the copied columns."""
    n, d_model = stream.entity.stop - stream.entity.start, stream.d_model
    values, source = torch.arange(n), torch.arange(n) + stream.entity.start
    block.attn.qkv.weight[2 * d_model + values, source] = 1.0
    block.attn.out.weight[stream.copied.start + values, values] = SMALL


def look_back(block: Block, stream: Stream, places: np.ndarray) -> None:
    """Queries of every position for the key of the one before it, in every head alike."""
    n = len(places)
    directions = torch.from_numpy(places / math.sqrt(stream.d_model)).float()
    d_head = stream.d_model // block.attn.n_heads
    for head in range(block.attn.n_heads):
        query, key = head * d_head, stream.d_model + head * d_head
        block.attn.qkv.weight[query : query + n - 1] = LOOK * directions[1:]
        block.attn.qkv.weight[key : key + n - 1] = LOOK * directions[:-1]
