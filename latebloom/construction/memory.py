"""A memory of facts in the weights of an MLP: from a key (entity, relation) to a value.

Enters: facts, and the codes of their names. Leaves: the weights of an MLP that adds the object's
code to a stream in which a relation and an entity stand, both equally long. The two ways:

- **A unit a fact**, where there are as many units: the unit of (s, r) is loud where both are there,
  and silent everywhere else. Its output weights are the object's code. Exact.
- **Units of a relation**, where there are fewer: each unit is silent unless its relation is there,
  and then a random function of the entity. The output weights of a relation's units are those of
  the logistic regression from its facts' units to their objects, which is convex: it begins at the
  ridge solution and takes Newton steps with a bound on the curvature in place of the curvature, so
  that one factorisation serves all. No unit and no code is learned, and no gradient goes through
  the model.

Sources: key-value memories, Geva et al. (arXiv:2012.14913); capacity of such memories, Nichani et
al. (arXiv:2412.06538); the bound, Boehning (Annals of the Inst. of Statistical Mathematics, 1992).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from latebloom.construction.codes import Stream, coherence
from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts

LOUD = 3.0
"""Length of an answer in the stream, in units of an entity's code."""
ON, OFF = 4.0, -8.0
"""What enters a unit's nonlinearity when it is to be loud; and at most when it is to be silent."""
SPREAD = 1.0
"""Deviation of what the entity adds to a random unit."""
PASSES = 60
"""Newton steps at most; a relation whose facts are all right by a margin stops."""
SHARP = 12.0
"""How loud the regression begins: the logit of a code at its own direction."""
ENOUGH = 0.5
"""Probability of the right object from which on a fact counts as kept: it outweighs all others."""
STEP = 2.0
"""Length of a Newton step: with two objects left the curvature along a unit code is at most 1/2."""


class Weights(NamedTuple):
    """An MLP: `bring(into @ state + bias)`, with `out` from units to the stream."""

    into: Float[ndarray, "unit d_model"]
    bias: Float[ndarray, " unit"]
    out: Float[ndarray, "d_model unit"]


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes by which a memory reads and writes.

    embedding: of every token, `[token, d_model]`, all of length sqrt(d_model).
    parts: how many codes of one length stand in the stream that it reads, the position included;
        with a fraction for what is shorter.
    """

    stream: Stream
    embedding: Float[ndarray, "token d_model"]
    parts: float

    def keys(self, tokens: Int[ndarray, " row"], columns: slice) -> Float[ndarray, "row width"]:
        """Unit vectors of these tokens in their columns."""
        return self.embedding[tokens][:, columns] / np.sqrt(self.stream.d_model)

    @property
    def reading(self) -> float:
        """What undoes the LayerNorm, which shares the length sqrt(d_model) among the parts."""
        return float(np.sqrt(self.parts / self.stream.d_model))


def remember(
    facts: Facts, codes: Codes, n_units: int, relu: bool, rng: np.random.Generator
) -> Weights:
    """The weights of a memory of all these facts.

    n_units: units that there are; what is left over stays 0.
    Raises: LatebloomError if there are fewer units than relations.
    """
    if len(facts) <= n_units:
        return a_unit_a_fact(facts, codes, n_units, relu)
    return units_of_relations(facts, codes, n_units, relu, rng)


def nonlinearity(x: ndarray, relu: bool) -> ndarray:
    """What the model applies: relu, or GELU in its tanh form."""
    if relu:
        return np.maximum(x, 0)
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def a_unit_a_fact(facts: Facts, codes: Codes, n_units: int, relu: bool) -> Weights:
    """One unit for each fact: it adds the matches of entity and relation and wants both."""
    stream, d_model = codes.stream, codes.stream.d_model
    subject = codes.keys(facts.subject, stream.entity)
    relation = codes.keys(facts.relation, stream.relation)
    # Both match: 2. The nearest miss: one of them matches, and the other is like the right one.
    subjects, relations = np.unique(facts.subject), np.unique(facts.relation)
    like = max(
        coherence(codes.keys(subjects, stream.entity)),
        coherence(codes.keys(relations, stream.relation)),
    )
    gain = (ON - OFF) / (1 - like)
    into, bias = np.zeros((n_units, d_model)), np.zeros(n_units)
    n = len(facts)
    into[:n, stream.copied] = gain * codes.reading * subject
    into[:n, stream.relation] = gain * codes.reading * relation
    bias[:n] = ON - 2 * gain
    out = np.zeros((d_model, n_units))
    out[:, :n] = LOUD * codes.embedding[facts.object].T / nonlinearity(np.array(ON), relu)
    return Weights(into, bias, out)


def units_of_relations(
    facts: Facts, codes: Codes, n_units: int, relu: bool, rng: np.random.Generator
) -> Weights:
    """Random units, shared out among the relations by their facts; output weights by regression."""
    stream, d_model = codes.stream, codes.stream.d_model
    relations, of_relation, n_facts = np.unique(
        facts.relation, return_inverse=True, return_counts=True
    )
    shares = units_for(n_facts, n_units)
    units = np.repeat(np.arange(len(relations)), shares)
    names = codes.keys(relations, stream.relation)
    gate = (ON - OFF + 4 * SPREAD) / (1 - coherence(names))
    looks = rng.standard_normal((len(units), stream.entity.stop - stream.entity.start))
    thresholds = rng.standard_normal(len(units))

    into, bias = np.zeros((n_units, d_model)), np.zeros(n_units)
    into[: len(units), stream.copied] = SPREAD * codes.reading * looks
    into[: len(units), stream.relation] = gate * codes.reading * names[units]
    bias[: len(units)] = thresholds - gate
    out = np.zeros((d_model, n_units))
    objects, value_of = np.unique(facts.object, return_inverse=True)
    values = codes.keys(objects, stream.answer).astype(np.float32)
    order = np.argsort(of_relation, kind="stable")
    last_fact, last_unit = np.cumsum(n_facts), np.cumsum(shares)
    for one in range(len(relations)):  # each a small dense problem of its own
        rows = order[last_fact[one] - n_facts[one] : last_fact[one]]
        block = slice(last_unit[one] - shares[one], last_unit[one])
        entities = codes.keys(facts.subject[rows], stream.entity)
        hidden = nonlinearity(SPREAD * entities @ looks[block].T + thresholds[block], relu)
        fitted = regress(hidden, value_of[rows], values)
        out[stream.answer, block] = LOUD * np.sqrt(d_model) * fitted.T
    return Weights(into, bias, out)


def units_for(n_facts: Int[ndarray, " relation"], n_units: int) -> Int[ndarray, " relation"]:
    """How many units each relation gets: one, and of the rest its share by its facts.

    Raises: LatebloomError if there are fewer units than relations.
    """
    spare = n_units - len(n_facts)
    if spare < 0:
        raise LatebloomError(
            f"the MLP has {n_units} units, fewer than the {len(n_facts)} relations; set a larger"
            " --model.mlp-ratio"
        )
    ends = np.floor(spare * np.cumsum(n_facts) / n_facts.sum()).astype(int)
    return 1 + np.diff(ends, prepend=0)


def regress(
    hidden: Float[ndarray, "fact unit"],
    value: Int[ndarray, " fact"],
    values: Float[ndarray, "object width"],
) -> Float[ndarray, "unit width"]:
    """Weights from units to codes by which each fact's own object has the largest product.

    value: the row of `values`, unit vectors, that each fact is to give.
    Returns them so scaled that the mean output has length 1.
    """
    gram = hidden.T @ hidden
    gram[np.diag_indices_from(gram)] += 1e-4 * gram.trace() / len(gram)
    solve = np.linalg.solve(gram, hidden.T).astype(np.float32)
    hidden = hidden.astype(np.float32)
    wanted = values[value]

    weights = SHARP * (solve @ wanted) * len(hidden) / max(1, min(hidden.shape))
    before, rows = weights, np.arange(len(hidden))
    for step in range(1, PASSES + 1):
        ahead = weights + (step - 1) / (step + 2) * (weights - before)  # Nesterov
        logits = hidden @ ahead @ values.T
        logits -= logits.max(1, keepdims=True)
        odds = np.exp(logits)
        odds /= odds.sum(1, keepdims=True)
        if odds[rows, value].min() > ENOUGH:
            weights = ahead
            break
        before, weights = weights, ahead + STEP * (solve @ (wanted - odds @ values))
    return weights / np.linalg.norm(hidden @ weights, axis=1).mean()
