"""The rungs of a climb, from logic up to facts, and the settings of a ratio that changes.

All rungs have one model, a plain transformer of two layers, and one way of training, so that the
weights of one fit the next and a step costs alike. The data are taken as they lie. The rate stays
constant after the warm-up, since a falling one would make the steps depend on how many there are;
what is measured is therefore an average of the weights over the last tenth of the steps.

Settings were chosen on seed 0, for runs of ten to thirty seconds of one core.
"""

from dataclasses import replace

from latebloom.model.config import ModelConfig
from latebloom.training.config import (
    ComparisonFeedConfig,
    QuestionFeedConfig,
    RunConfig,
    TrainConfig,
)
from latebloom.worlds.chains.made import CompositionConfig
from latebloom.worlds.classic.logic import LogicConfig
from latebloom.worlds.classic.table import ModularConfig
from latebloom.worlds.comparisons.made import ComparisonConfig

BODY = ModelConfig(
    d_model=64, n_layers=2, n_loops=1, feedback="none", positions="learned", max_positions=16
)
"""The model of every rung."""
AS_IT_LIES = QuestionFeedConfig(atomic_frac=0.0, every_loop=False)
USUAL = TrainConfig(
    batch_size=256,
    weight_decay=0.3,
    schedule="constant",
    average_frac=0.1,
    eval_every=20,
    probe=200,
    checkpoint_every=2000,
    keep=1,
    until="valid_id>=0.97",
)
"""The training of every rung; Muon at the usual rates."""
FACTS = CompositionConfig(
    entities=50, relations=10, out_degree=10, phi=7.0, ood_frac=0.1, test_id_frac=0.1
)
"""500 facts, composed."""
MANY, FEW = 7.0, 3.0
"""Ratios of inferred to atomic facts: one at which held-out questions come within `PHASE` steps,
and one at which they do not come in twice as many."""
PHASE = 600
"""Steps of each of the two phases in which the ratio is the same."""


def logic() -> RunConfig:
    """The first rung: the value of formulas of two gates over three variables."""
    world = LogicConfig(
        variables=3, gates=("and", "or", "xor"), test_depths=(), held_out_pairs=1, trained=10_000
    )
    return RunConfig(
        recipe="climb",
        world=world,
        model=BODY,
        feed=AS_IT_LIES,
        train=replace(USUAL, steps=900),
    )


def arithmetic() -> RunConfig:
    """The second: sums modulo 97, 30 % of the table trained."""
    train = replace(USUAL, steps=800)
    return replace(logic(), world=ModularConfig(trained_frac=0.3), train=train)


def composition() -> RunConfig:
    """The third: two-hop questions over 500 facts."""
    return replace(logic(), world=FACTS, train=replace(USUAL, steps=1200))


def comparison() -> RunConfig:
    """The fourth: which of two of 100 entities has more of an attribute; all steps are run."""
    return replace(
        logic(),
        world=ComparisonConfig(entities=100, attributes=5, values=10, phi=14.0),
        feed=ComparisonFeedConfig(atomic_frac=0.0, every_loop=False),
        train=replace(USUAL, steps=300, until=""),
    )


def few() -> RunConfig:
    """Composition at the low ratio, for one phase."""
    return replace(
        composition(),
        recipe="ratio",
        world=replace(FACTS, phi=FEW),
        train=replace(USUAL, steps=PHASE, until=""),
    )


def many() -> RunConfig:
    """Composition of the same facts at the high ratio, for one phase."""
    return few().replace("world", phi=MANY)
