"""Weights for chains of facts, each question with one answer.

Enters: a model's config and a world of chains. Leaves: a `Transformer` that answers them.

A token copies the entity that stands before it, and an MLP that remembers all facts turns this
entity and the token's own relation into the object. Two shapes do that once for every hop:

- **looped**: one layer with one memory, used in every loop; the prediction of a loop is what stands
  before the next token in the next one (`feedback ahead`).
- **plain**: layers in as many groups as there are hops. The first layer of a group copies, and the
  memories of a group hold all facts between them. So the facts stand in the model once for every
  hop, which is why it answers chains of OOD facts: no training tells an upper layer these.

Covers: questions with the subject first and nothing between the names. Does not cover: answers that
are sets (`sets`).
"""

import math
from dataclasses import replace

import numpy as np
import torch

from latebloom.construction.codes import SMALL, Stream
from latebloom.construction.memory import Codes, remember
from latebloom.construction.writing import check_usual, empty_model, fill, put
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


class Chains:
    """Weights for chains whose questions have one answer: looped, or plain."""

    def shape(self, config: ModelConfig, world: World, *, widen: bool) -> ModelConfig:
        """The config; `mlp_ratio` is raised, where it is too small, to what the facts need.

        Raises: LatebloomError naming what the world or the model lacks, and the way out.
        """
        check_layout(world)
        check_model(config, hops_of(world))
        if not widen:
            return config
        memories = config.n_layers // hops_of(world) if plain(config) else 1
        units = math.ceil(len(world.facts) / (memories if plain(config) else FACTS_A_UNIT))
        return replace(config, mlp_ratio=max(config.mlp_ratio, math.ceil(units / config.d_model)))

    def bytes_beside(self, world: World) -> int:
        return 0

    @torch.no_grad()
    def model(self, config: ModelConfig, world: World, seed: int) -> Transformer:
        """A model of this shape that answers the world's chains; the seed draws its codes.

        Raises: LatebloomError as `shape`, or if the units or columns do not suffice.
        """
        self.shape(config, world, widen=False)
        rng = np.random.default_rng(seed)
        model = empty_model(config, world)
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


def plain(config: ModelConfig) -> bool:
    """Whether a model has no loops."""
    return config.n_loops == 1


def hops_of(world: World) -> int:
    """Facts in the longest question that is trained on."""
    return world.task.hops(world.longest_trained)


def check_layout(world: World) -> None:
    """Refuses questions whose subject does not come first, or with other words than the names.

    Raises: LatebloomError naming the settings.
    """
    if getattr(world.task, "layout", Layout.usual) != Layout.usual:
        raise LatebloomError(
            "weights can be constructed for questions with the subject first and no other words"
            " than the names; set --world.order subject-first, --world.fillers false and"
            " --world.distractors 0"
        )


def check_model(config: ModelConfig, hops: int) -> None:
    """Refuses a model whose parts have no place for the construction.

    Raises: LatebloomError naming the setting and the way out.
    """
    check_usual(config)
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
        return
    check_looped(config)


def check_looped(config: ModelConfig) -> None:
    """Refuses a model with loops in which a token does not look at the one before it alone.

    Raises: LatebloomError naming the setting and the way out.
    """
    if (config.feedback, config.n_layers, config.window) != ("ahead", 1, 2):
        raise LatebloomError(
            "a looped construction needs --model.feedback ahead, --model.n-layers 1 and"
            " --model.window 2; a plain one --model.n-loops 1 and --model.feedback none"
        )
    if config.positions not in ("relative", "none"):
        raise LatebloomError(
            f"model.positions is {config.positions!r}; a looped construction needs none: set"
            " --model.positions relative"
        )


def shared(facts: Facts, n: int) -> list[Facts]:
    """The facts in `n` shares of about the same size."""
    return [
        Facts(facts.subject[rows], facts.relation[rows], facts.object[rows], facts.ood[rows])
        for rows in np.array_split(np.arange(len(facts)), n)
    ]


def copy_entity(block: Block, stream: Stream, length: float = SMALL) -> None:
    """Attention that brings the entity of the token that it sees to the copied columns, short."""
    n, d_model = stream.entity.stop - stream.entity.start, stream.d_model
    values, source = torch.arange(n), torch.arange(n) + stream.entity.start
    block.attn.qkv.weight[2 * d_model + values, source] = 1.0
    block.attn.out.weight[stream.copied.start + values, values] = length


def look_back(block: Block, stream: Stream, places: np.ndarray) -> None:
    """Queries of every position for the key of the one before it, in every head alike."""
    n = len(places)
    directions = torch.from_numpy(places / math.sqrt(stream.d_model)).float()
    d_head = stream.d_model // block.attn.n_heads
    for head in range(block.attn.n_heads):
        query, key = head * d_head, stream.d_model + head * d_head
        block.attn.qkv.weight[query : query + n - 1] = LOOK * directions[1:]
        block.attn.qkv.weight[key : key + n - 1] = LOOK * directions[:-1]
