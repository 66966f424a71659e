"""The climb and the changing ratio at the size of arXiv:2405.15071, for `--size paper`.

No paper has grown these: they are the questions of `latebloom.recipes.climbing`, asked of that
paper's model (8 layers of width 768), its training (AdamW at a constant rate) and its worlds of
40,000 facts and of 20,000 values. Logic and sums have no published size at this width, so their
worlds are those of the small climb. Nothing here was chosen by a run.
"""

from dataclasses import replace

from latebloom.recipes import climbing
from latebloom.recipes.published import (
    PLAIN,
    PUBLISHED,
    SPARSE,
    late_bloom_published,
    plain_comparison_published,
)
from latebloom.training.config import RunConfig
from latebloom.worlds.classic.table import ModularConfig

BODY = replace(PLAIN, max_positions=climbing.BODY.max_positions)
"""The model of every rung."""
USUAL = replace(
    PUBLISHED, **SPARSE, average_frac=climbing.USUAL.average_frac, until=climbing.USUAL.until
)
"""The training of every rung; measured is an average of the weights, as in the small climb."""
MANY, FEW = 18.0, 3.6
"""The highest and the lowest published ratio."""
PHASE = 100_000
"""Steps of each of the two phases: by then phi 18 is right in the paper, and phi 3.6 is at .05."""


def logic() -> RunConfig:
    """The first rung: the value of formulas."""
    config = replace(climbing.logic(), model=BODY, train=replace(USUAL, steps=100_000))
    return replace(config, recipe="climb-paper")


def arithmetic() -> RunConfig:
    """The second: sums modulo 97, 30 % of the table trained."""
    return replace(logic(), world=ModularConfig(trained_frac=0.3))


def composition() -> RunConfig:
    """The third: two-hop questions over 40,000 facts, at phi 9."""
    world = replace(late_bloom_published().world, phi=9.0)
    return replace(logic(), world=world, train=replace(USUAL, steps=2_000_000))


def comparison() -> RunConfig:
    """The fourth: which of two of 1,000 entities has more of an attribute; all steps are run."""
    published = plain_comparison_published()
    train = replace(USUAL, steps=published.train.steps, until="")
    return replace(logic(), world=published.world, feed=published.feed, train=train)


def few() -> RunConfig:
    """Composition at the lowest ratio, for one phase."""
    return replace(
        composition(),
        recipe="ratio-paper",
        world=replace(late_bloom_published().world, phi=FEW),
        train=replace(USUAL, steps=PHASE, until=""),
    )


def many() -> RunConfig:
    """Composition of the same facts at the highest ratio, for one phase."""
    return few().replace("world", phi=MANY)
