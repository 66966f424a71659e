"""The small settings in which `latebloom reproduce` looks for laws: what decides when it blooms.

Each is one config; what a claim compares are settings of it (`latebloom.studies.laws`). They are
derived from the small settings of `latebloom.recipes.published` where the law is about facts, and
from the fast recipes where it is about another world.
"""

from dataclasses import replace

from latebloom.recipes.catalogue import make_recipe
from latebloom.recipes.published import late_bloom
from latebloom.training.config import RunConfig
from latebloom.worlds.chains.names import NamesConfig
from latebloom.worlds.classic.table import ModularConfig

FACTS = ("entities", "relations", "out_degree", "phi", "ood_frac", "test_id_frac")
"""The fields of a world of facts that stay the same where entities get other names."""
BLOOMED = "valid_id>=0.98"
"""Where a run may end of which it is asked when, and not what it knows long after."""


def phi() -> RunConfig:
    """Composition over 500 facts by a small plain GPT-2, to be grown at several ratios."""
    config = late_bloom()
    return replace(config, recipe="phi", train=replace(config.train, steps=6000, until=BLOOMED))


def size() -> RunConfig:
    """The same at phi 7.9, nearly all that there is, to be grown over more and more facts."""
    config = phi()
    return replace(config, recipe="size", world=replace(config.world, phi=7.9))


def depth() -> RunConfig:
    """The same at phi 7.9, to be grown with more and more layers."""
    return replace(size(), recipe="depth")


def hops() -> RunConfig:
    """Chains of two and three hops at phi 7.9, both trained, by a small GPT-2 of four layers."""
    config = late_bloom()
    return replace(
        config,
        recipe="hops",
        world=replace(config.world, hops=3, phi=7.9),
        model=replace(config.model, n_layers=4),
        train=replace(config.train, steps=6000, until=BLOOMED),
    )


def weight_decay() -> RunConfig:
    """Sums modulo 97, 40 % of the table trained, by AdamW without any weight decay."""
    config = make_recipe("modular")
    return replace(
        config,
        recipe="weight-decay",
        world=ModularConfig(),
        train=replace(
            config.train,
            steps=1500,
            batch_size=512,
            optimizer="adamw",
            lr=2e-3,
            weight_decay=0.0,
            beta2=0.98,
            warmup_steps=10,
            eval_every=20,
            probe=300,
            checkpoint_every=1500,
            keep=1,
            until="valid_id>=0.99",
        ),
    )


def tokens() -> RunConfig:
    """The facts of `size` about entities whose names have two tokens out of a shared stock."""
    usual = size()
    shared = {name: getattr(usual.world, name) for name in FACTS}
    world = NamesConfig(**shared, order="subject-first")
    return replace(usual, recipe="tokens", world=world)


def forecast() -> RunConfig:
    """Sums modulo 97 by AdamW, nothing clipped, to be grown at several rates and decays."""
    config = weight_decay()
    train = replace(
        config.train,
        steps=2500,
        weight_decay=1.0,
        grad_clip=0.0,
        checkpoint_every=2500,
        until="valid_id>=0.95",
    )
    return replace(config, recipe="forecast", train=train)


def built_in() -> RunConfig:
    """The default recipe, to its last step."""
    config = make_recipe("composition")
    train = replace(config.train, until="", eval_every=50, checkpoint_every=400, keep=1)
    return replace(config, recipe="built-in", train=train)


def question_depth() -> RunConfig:
    """Question formation, to be grown with several numbers of layers."""
    return replace(make_recipe("question"), recipe="question-depth")


def tense_depth() -> RunConfig:
    """Tense inflection, to be grown with several numbers of layers."""
    return replace(make_recipe("tense"), recipe="tense-depth")
