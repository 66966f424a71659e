"""Weights for chains whose questions have several answers: sets follow from sets.

Enters: a config of a looped model and a world of facts of which several may answer one (subject,
relation). Leaves: a `Transformer` that ranks the names that answer; none of it is trained.

A set is the sum of its names' codes. A relation is a *linear map* on codes, M_r, which takes the
code of a subject to the sum of its objects' codes, and so the sum of a set's codes to the sum of
all that the set leads to. The softmax over names then spreads on the answers, and the expected
embedding that a loop hands on is a set again: the bridge. Each map stands in the MLP by its
singular vectors: a unit reads one, silent unless its relation stands there, and writes its partner.
Such a unit is lifted to where the nonlinearity is straight; a unit more for each relation takes the
lift away again.

Two kinds of code:

- *random*: orthogonal ones, all names equally unlike. The maps are exact, and nothing is known of a
  fact that was not told.
- *of the facts* (the usual): names with like facts get like codes, with the likeness that
  `latebloom.rivals.counting` counts, the cosine of their facts, rare ones weighing more. With E the
  names' codes and A_r the told facts of a relation, M_r is the ridge solution on both sides,

      M_r = G A_r G^T,   G = (E^T E + RIDGE)^-1 E^T,

  so the score of (s, r, o) is that of the fact itself, and a little of the facts of those that are
  like s and like o. So a fact that was never told is guessed from others.

Source: a bilinear score of both names' codes, RESCAL (Nickel et al., ICML 2011). Differs: the codes
are those of the facts' likeness, in closed form, and not found by alternating steps.

Covers: the subject first, no words between the names. Does not cover: questions that join branches,
plain models.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray

from latebloom.construction.chains import check_layout, check_looped, copy_entity, plain
from latebloom.construction.codes import FEWEST, Stream, coherence, directions
from latebloom.construction.memory import Weights
from latebloom.construction.writing import check_usual, empty_model, fill, put
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.rivals.counting import Counting
from latebloom.worlds.atomic import Facts
from latebloom.worlds.world import World

RIDGE = 0.03
"""Chosen, as `SPREADING`, by the validation questions of UMLS and Kinships (docs/log.md)."""
SPREADING = 20.0
"""The logit of a name whose code is the whole answer: how sharp the softmax over names is."""
SURE = 300.0
"""The same with random codes, which have nothing but facts to tell apart."""
QUIET = 0.03
"""Length of a relation and of what is copied, beside a name's code: a bridge of many names is short
and must still be louder than the relation at which it stands."""
LOUD = 30.0
"""Length of an answer, on average, in units of a name's code: what is copied is not to be heard."""
LIFT = 12.0
"""What enters a unit when its relation is there and its entity says nothing."""
SWING = 4.0
"""How far an entity of length 1 moves that, at most."""
LONGEST = 1.2
"""How much longer a relation's part may be than where one name was copied, beside a short set."""
LEAST = 1e-6
"""Singular values below this share of the largest are rounding."""


@dataclass(frozen=True, slots=True)
class Sets:
    """Weights for sets. random: codes that know nothing of the facts."""

    random: bool = False

    def shape(self, config: ModelConfig, world: World, *, widen: bool) -> ModelConfig:
        """The config; `d_model` is raised to a column for every name and relation, and `mlp_ratio`
        to a unit for every direction of a relation's map.

        Raises: LatebloomError naming what the world or the model lacks, and the way out.
        """
        check_layout(world)
        check_usual(config)
        if plain(config):
            raise LatebloomError(
                "sets of answers are constructed for looped models alone: set --model.n-loops 2"
                " --model.feedback ahead --model.n-layers 1 --model.window 2"
            )
        check_looped(config)
        if not widen:
            return config
        step = 2 * config.n_heads
        relations = len(np.unique(world.facts.relation))
        columns = names_of(world) + relations + 2
        d_model = max(config.d_model, step * math.ceil(columns / step))
        units = units_needed(world.facts)
        return replace(
            config, d_model=d_model, mlp_ratio=max(config.mlp_ratio, math.ceil(units / d_model))
        )

    def bytes_beside(self, world: World) -> int:
        """The likeness of all pairs of names, its vectors, and a map with its vectors."""
        return 8 * 8 * names_of(world) ** 2

    @torch.no_grad()
    def model(self, config: ModelConfig, world: World, seed: int) -> Transformer:
        """A model of this shape; the seed draws the codes, and of those of the facts their axes.

        Raises: LatebloomError as `shape`, or if the units or columns do not suffice.
        """
        self.shape(config, world, widen=False)
        rng = np.random.default_rng(seed)
        facts, d_model = world.facts, config.d_model
        relations = np.unique(facts.relation)
        stream = columns_for(d_model, names_of(world), len(relations))
        n_columns = stream.entity.stop
        if self.random:
            codes, ridge = directions(names_of(world), n_columns, rng), LEAST
        else:
            codes, ridge = codes_of_facts(facts, names_of(world), n_columns, rng), RIDGE
        of_relations = stream.codes(len(relations), stream.relation, rng)

        model = empty_model(config, world)
        embedding = np.zeros((model.d_vocab, d_model))
        embedding[: len(codes), stream.entity] = codes * math.sqrt(d_model)
        embedding[relations] = QUIET * of_relations
        put(model.embed.weight, embedding)
        if model.unembed is not None:
            put(model.unembed.weight, embedding)
        gain = (SURE if self.random else SPREADING) / d_model
        model.get_parameter("ln_final.weight").fill_(gain)
        block = model.layers[0]
        block.ln_1.weight.fill_(1.0)
        block.ln_2.weight.fill_(1.0)
        copy_entity(block, stream, QUIET)
        maps = maps_of(facts, relations, codes, ridge)
        fill(block, linear_memory(maps, of_relations, codes, stream, config.d_mlp))
        return model


def names_of(world: World) -> int:
    """How many names may be answers; they are the first of the vocabulary."""
    return world.task.n_competing(len(world.vocabulary))


def columns_for(d_model: int, names: int, relations: int) -> Stream:
    """A column for each relation and all others for names, if that is enough for both; else as it
    is shared out elsewhere."""
    entity = d_model - relations - 1
    if entity <= names:
        return Stream.shared_out(d_model, relations=relations)
    entities, rest = slice(0, entity), slice(entity, d_model)
    assert entity >= FEWEST or names < FEWEST
    return Stream(d_model, entities, rest, entities, slice(d_model, d_model), answer=entities)


def units_needed(facts: Facts) -> int:
    """Units for all maps: each has at most as many directions as subjects, or as objects."""
    relation, of = np.unique(facts.relation, return_inverse=True)
    width = int(max(facts.subject.max(), facts.object.max())) + 1

    def different(names: Int[ndarray, " fact"]) -> Int[ndarray, " relation"]:
        pairs = np.unique(of.astype(np.int64) * width + names)
        return np.bincount(pairs // width, minlength=len(relation))

    return int((1 + np.minimum(different(facts.subject), different(facts.object))).sum())


def codes_of_facts(
    facts: Facts, names: int, columns: int, rng: np.random.Generator
) -> Float[ndarray, "name column"]:
    """Codes of length 1 and mean 0 whose products are the likeness of the names' facts, as far as
    there are columns; a name without facts gets a random one."""
    alike = Counting(facts, names).alike
    values, vectors = np.linalg.eigh((alike @ alike.T).toarray().astype(float))
    kept = min(names, columns - 1)
    codes = vectors[:, -kept:] * np.sqrt(np.maximum(values[-kept:], 0))
    length = np.linalg.norm(codes, axis=1, keepdims=True)
    alone = length[:, 0] < LEAST
    codes[alone] = rng.standard_normal((int(alone.sum()), kept))
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    # Axes of mean 0, so that a LayerNorm leaves what they span as it is.
    drawn = rng.standard_normal((columns, kept))
    axes = np.linalg.qr(drawn - drawn.mean(0))[0]
    return codes @ axes.T


def maps_of(
    facts: Facts,
    relations: Int[ndarray, " relation"],
    codes: Float[ndarray, "name column"],
    ridge: float,
) -> list[tuple[ndarray, ndarray, ndarray]]:
    """The singular vectors and values of each relation's map: what it reads `[column, rank]`, the
    values `[rank]`, what it writes `[rank, column]`."""
    gram = codes.T @ codes
    gram[np.diag_indices_from(gram)] += ridge
    solve = np.linalg.solve(gram, codes.T)
    found: list[tuple[ndarray, ndarray, ndarray]] = []
    for relation in relations:  # each a small dense problem of its own
        of = facts.relation == relation
        reads, values, writes = np.linalg.svd(
            solve[:, facts.subject[of]] @ solve[:, facts.object[of]].T, full_matrices=False
        )
        rank = int((values > LEAST * values[0]).sum())
        most = min(len(np.unique(facts.subject[of])), len(np.unique(facts.object[of])))
        rank = min(rank, most)
        found.append((reads[:, :rank], values[:rank], writes[:rank]))
    return found


def linear_memory(
    maps: list[tuple[ndarray, ndarray, ndarray]],
    of_relations: Float[ndarray, "relation d_model"],
    codes: Float[ndarray, "name column"],
    stream: Stream,
    n_units: int,
) -> Weights:
    """The weights of an MLP that applies a relation's map to the entity that stands with it.

    Where the units do not suffice, the directions of the largest singular values stay.
    Raises: LatebloomError if there is no unit for each relation besides that which lifts.
    """
    if n_units < 2 * len(maps):
        raise LatebloomError(
            f"the MLP has {n_units} units, fewer than two for each of {len(maps)} relations; set a"
            " larger --model.mlp-ratio"
        )
    names = of_relations[:, stream.relation] / math.sqrt(stream.d_model)
    gate = (2 * LIFT + SWING) / max(1 - LONGEST * coherence(names), 0.05)
    every = np.sort(np.concatenate([values for _, values, _ in maps]))[::-1]
    spare = n_units - len(maps)
    least = every[spare - 1] if spare < len(every) else 0.0
    # Two parts of one length share a stream of length sqrt(d_model): this undoes it.
    reading = math.sqrt(2 / stream.d_model)
    into, bias = np.zeros((n_units, stream.d_model)), np.zeros(n_units)
    out = np.zeros((stream.d_model, n_units))
    loud = LOUD * math.sqrt(stream.d_model) / mean_length(maps, codes) / SWING
    at = 0
    for name, (reads, values, writes) in zip(names, maps, strict=True):
        rank = int((values >= least).sum())
        rank = min(rank, n_units - at - 1)
        units = slice(at, at + rank + 1)
        into[units, stream.relation] = gate * reading * name
        bias[units] = LIFT - gate
        into[at : at + rank, stream.copied] = SWING * reading * reads[:, :rank].T
        written = loud * values[:rank, None] * writes[:rank]
        out[stream.entity, at : at + rank] = written.T
        out[stream.entity, at + rank] = -written.sum(0)
        at += rank + 1
    return Weights(into, bias, out)


def mean_length(
    maps: list[tuple[ndarray, ndarray, ndarray]], codes: Float[ndarray, "name column"]
) -> float:
    """How long a map's answer to a name is: the root of the mean square over names and relations,
    those it says nothing about left out of the count of none."""
    squares = np.concatenate([((codes @ reads * values) ** 2).sum(1) for reads, values, _ in maps])
    return math.sqrt(float(squares[squares > LEAST * squares.max()].mean()))
