"""Weights for comparisons: two values are looked up side by side, and then compared.

Enters: a config of a looped model whose predictions take the tokens' place (`feedback replace`),
and a world of told values. Leaves: a `Transformer` that answers `attribute e1 e2` and
`entity attribute`; the former for every pair of entities, whether a training would compare them or
not.

- *The first loop* looks up. An entity sees the attribute, an attribute the entity, by the *kind* of
  name that each one's code tells; an MLP that remembers all facts turns both into the value
  (`memory`). Its prediction takes the token's place: `attribute v1 v2`.
- *The second loop* compares. A value sees the value before it. Every value has, beside a code of
  its own, a place on a line, in the order of the values; with both places the MLP takes their
  difference, in steps of a value, and three units tell whether it is at least one step, at most
  minus one, or neither. They are silent unless there are two values, so the answer to
  `entity attribute`, which was found in the first loop, stays.

Covers: values that are told, in any number of attributes; the tokens of values ascend with them.
Does not cover: hidden values, models without loops, attention both ways.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray

from latebloom.construction.codes import FEWEST, SMALL, Stream, directions
from latebloom.construction.memory import Codes, Weights, nonlinearity, remember
from latebloom.construction.writing import check_usual, empty_model, fill, put
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.layer import Block
from latebloom.model.transformer import Transformer
from latebloom.worlds.tasks.comparison import LABELS
from latebloom.worlds.world import World

FACTS_A_UNIT = 3.0
"""Facts that a unit holds, where the MLP is made as wide as is needed."""
SURE = 3.0
"""The final norm's gain: how far the right answer's logit stands out."""
LOOK = 32.0
"""Score of a token of the kind that is looked for, above that of any other."""
KIND = 0.5
"""Length of a code's part that tells its kind."""
FARTHEST = 0.5
"""Place of the greatest value on the line; that of the least is as far on the other side."""
STEEP = 8.0
"""What a step of a value adds to what enters a unit that compares."""
LOUD = 3.0
"""Length of a label, in units of a code, where values differ by one step or not at all."""
COMPARING = 3
"""Units that compare."""
EPSILON = 1e-5
"""What a LayerNorm adds to the variance."""


class Comparisons:
    """Weights for comparisons of told values."""

    def shape(self, config: ModelConfig, world: World, *, widen: bool) -> ModelConfig:
        """The config; `mlp_ratio` is raised, where it is too small, to what the facts need.

        Raises: LatebloomError naming what the model lacks, and the way out.
        """
        check_model(config)
        Room.shared_out(config.d_model, world)
        if not widen:
            return config
        units = math.ceil(len(world.facts) / FACTS_A_UNIT) + COMPARING
        return replace(config, mlp_ratio=max(config.mlp_ratio, math.ceil(units / config.d_model)))

    def bytes_beside(self, world: World) -> int:
        return 0

    @torch.no_grad()
    def model(self, config: ModelConfig, world: World, seed: int) -> Transformer:
        """A model of this shape; the seed draws its codes.

        Raises: LatebloomError as `shape`, or if there are fewer units than attributes.
        """
        self.shape(config, world, widen=False)
        rng = np.random.default_rng(seed)
        room = Room.shared_out(config.d_model, world)
        kinds, codes = room.codes(world, rng)
        embedding = codes + KIND * kinds
        small = np.full((len(codes), 1), SMALL)
        small[[*room.values, *room.labels]] = 1.0
        model = empty_model(config, world)
        put(model.embed.weight, embedding * small)
        if model.unembed is not None:
            put(model.unembed.weight, embedding * small)
        model.get_parameter("ln_final.weight").fill_(SURE)
        block = model.layers[0]
        block.ln_1.weight.fill_(1.0)
        block.ln_2.weight.fill_(1.0)
        room.look_for_kinds(block)
        room.copy(block)
        memory = remember(
            world.facts,
            room.reading(codes, embedding),
            config.d_mlp - COMPARING,
            block.relu,
            rng,
        )
        comparing = room.compare(embedding[room.labels], block.relu)
        parts = zip(memory, comparing, (0, 0, 1), strict=True)
        fill(block, Weights(*(np.concatenate((a, b), axis) for a, b, axis in parts)))
        return model


def check_model(config: ModelConfig) -> None:
    """Refuses a model whose parts have no place for the construction.

    Raises: LatebloomError naming the setting and the way out.
    """
    check_usual(config)
    if config.feedback != "replace" or config.n_layers != 1 or config.positions != "relative":
        raise LatebloomError(
            "comparisons are constructed for --model.n-loops 2 --model.feedback replace"
            " --model.n-layers 1 --model.positions relative, as in the recipe comparison"
        )
    if 0 < config.window < 3:
        raise LatebloomError(
            f"model.window is {config.window}; the second entity must see the attribute: set"
            " --model.window 3 or more, or 0"
        )
    if config.d_model < 3 * config.n_heads:
        raise LatebloomError(
            f"model.n_heads is {config.n_heads}, too many for a width of {config.d_model}; each"
            " takes 3 columns at least: set a smaller --model.n-heads"
        )


@dataclass(frozen=True, slots=True)
class Room:
    """Which columns of the stream are whose, and which tokens are what.

    entity, attribute: codes of these. value: codes of values and labels, without their place.
    line: the place of a value, two columns. kind: what a token is, four. seen: the place and the
    kind of the value that attention brought, three. values, labels: their tokens, in order.
    attributes: theirs.
    """

    d_model: int
    entity: slice
    attribute: slice
    value: slice
    line: slice
    kind: slice
    seen: slice
    values: Int[ndarray, " value"]
    labels: Int[ndarray, " label"]
    attributes: Int[ndarray, " attribute"]

    @classmethod
    def shared_out(cls, d_model: int, world: World) -> "Room":
        """An eighth for the attributes and a quarter for the values (fewer if they are few), what
        kinds and places need, the rest for entities.

        Raises: LatebloomError if that leaves an entity too few.
        """
        attributes = np.unique(world.facts.relation)
        values = np.unique(world.facts.object)
        labels = np.array(world.task.labels(len(LABELS)))
        n_attribute = min(max(d_model // 8, FEWEST), len(attributes) + 1)
        n_value = min(max(d_model // 4, FEWEST), len(values) + len(labels) + 1)
        widths = (n_attribute, n_value, 2, 4, 3)
        n_entity = d_model - sum(widths)
        if n_entity < max(FEWEST, n_value):
            raise LatebloomError(
                f"model.d_model is {d_model}, which leaves {max(0, n_entity)} columns for the"
                f" entities; at least {max(FEWEST, n_value)} are needed: set a larger"
                " --model.d-model"
            )
        ends = np.cumsum([0, n_entity, *widths]).tolist()
        columns = [slice(a, b) for a, b in pairwise(ends)]
        return cls(d_model, *columns, values=values, labels=labels, attributes=attributes)

    @property
    def full(self) -> float:
        """Length of a code that stands alone."""
        return math.sqrt(self.d_model)

    @property
    def places(self) -> Float[ndarray, " value"]:
        """Where each value stands on the line."""
        return np.linspace(-FARTHEST, FARTHEST, len(self.values))

    def axes(self, columns: slice) -> Float[ndarray, "axis d_model"]:
        """Orthogonal directions of length 1 and mean 0 in some columns, one fewer than these."""
        n = columns.stop - columns.start
        found = np.zeros((n - 1, self.d_model))
        found[:, columns] = np.linalg.qr(np.eye(n)[:, : n - 1] - 1 / n)[0].T
        return found

    def codes(
        self, world: World, rng: np.random.Generator
    ) -> tuple[Float[ndarray, "token d_model"], Float[ndarray, "token d_model"]]:
        """Of each token the direction of its kind, and the rest of its code: with `KIND` of the
        first it has length sqrt(d_model). Labels are of no kind."""
        n = len(world.vocabulary)
        rest = math.sqrt(1 - KIND**2)
        of_entity, of_attribute, of_value = self.full * self.axes(self.kind)
        kinds, codes = np.tile(of_entity, (n, 1)), np.zeros((n, self.d_model))
        kinds[self.attributes], kinds[self.values], kinds[self.labels] = of_attribute, of_value, 0
        codes[:, self.entity] = rest * self.full * directions(n, self.width(self.entity), rng)
        ending = np.concatenate((self.values, self.labels))
        codes[self.attributes] = codes[ending] = 0
        codes[self.attributes, self.attribute] = (
            rest * self.full * directions(len(self.attributes), self.width(self.attribute), rng)
        )
        drawn = self.full * directions(len(ending), self.width(self.value), rng)
        codes[self.labels, self.value] = drawn[len(self.values) :]
        own = np.sqrt(rest**2 - self.places**2)[:, None]
        codes[self.values, self.value] = own * drawn[: len(self.values)]
        codes[self.values] += self.full * self.places[:, None] * self.axes(self.line)
        return kinds, codes

    def width(self, columns: slice) -> int:
        return columns.stop - columns.start

    def reading(
        self, codes: Float[ndarray, "token d_model"], embedding: Float[ndarray, "token d_model"]
    ) -> Codes:
        """The codes by which the memory reads and writes: entity and attribute stand in the stream
        without the kind of that which was copied."""
        rest = 1 - KIND**2
        stream = Stream(
            self.d_model,
            self.entity,
            self.attribute,
            self.entity,
            slice(self.d_model, self.d_model),
            slice(self.value.start, self.kind.stop),
        )
        read = embedding.copy()
        for columns in (self.entity, self.attribute):
            read[:, columns] = codes[:, columns] / math.sqrt(rest)
        return Codes(stream, read, parts=(1 + rest) / rest)

    def look_for_kinds(self, block: Block) -> None:
        """Entities look for an attribute, attributes for an entity, values for another value."""
        kinds = torch.from_numpy(self.axes(self.kind)).float()
        d_head = self.d_model // block.attn.n_heads
        gain = math.sqrt(LOOK * math.sqrt(d_head)) / (KIND * self.full)
        for head in range(block.attn.n_heads):
            query = head * d_head
            key = self.d_model + query
            block.attn.qkv.weight[query : query + 3] = gain * kinds
            block.attn.qkv.weight[key : key + 3] = gain * kinds[[1, 0, 2]]
        block.attn.get_parameter("distance_bias")[:, 0] = -2 * LOOK

    def copy(self, block: Block) -> None:
        """Attention that brings the code of what is seen, small: of entities and attributes to
        where these stand; of values to where entities do, their place and kind to columns of their
        own, all of it of one length whatever the value."""
        wide = np.zeros((self.d_model, self.d_model))
        for columns in (self.entity, self.attribute):
            at = np.arange(columns.start, columns.stop)
            wide[at, at] = SMALL
        n = self.width(self.value)
        at = np.arange(n)
        wide[self.entity.start + at, self.value.start + at] = SMALL
        place, kind = self.axes(self.seen)
        wide += SMALL * np.outer(place, self.axes(self.line)[0])
        wide += SMALL * np.outer(kind, self.axes(self.kind)[2])
        put(block.attn.out.weight, wide)
        block.attn.qkv.weight[2 * self.d_model :] = torch.eye(self.d_model)

    def compare(self, labels: Float[ndarray, "label d_model"], relu: bool) -> Weights:
        """Three units: the value seen is greater, it is less, there are two values at all."""
        # Two values share the stream, the one that is seen small: the LayerNorm's divisor.
        norm = math.sqrt(1 + SMALL**2 + EPSILON) / self.full
        seen_place, seen_kind = norm / SMALL * self.axes(self.seen)
        own_place, own_kind = norm * self.axes(self.line)[0], norm * self.axes(self.kind)[2]
        step = 2 * FARTHEST / max(1, len(self.values) - 1)
        difference = STEEP / step * (seen_place - own_place)
        gate = STEEP * (len(self.values) + 2)
        there = gate * (seen_kind + own_kind) / KIND
        half = STEEP / 2
        into = np.stack((there + difference, there - difference, there))
        bias = np.array([-half, -half, half]) - 2 * gate
        less, equal, greater = labels * LOUD / nonlinearity(np.array(half), relu)
        return Weights(into, bias, np.stack((greater - equal, less - equal, equal), axis=1))
