"""What the papers grew in which `latebloom reproduce NAME --size paper` looks for laws.

Each is one config, as in `latebloom.recipes.laws`; what a claim compares are settings of it
(`latebloom.studies.laws`). A run takes a GPU for hours or days, so what is seen of it is sparse:
that changes nothing in the training.

Source: arXiv:2405.15071, figure 2 and appendices (composition); arXiv:2201.02177, appendix A.1
(decay); arXiv:2305.18741, section 3 (sentences).
Differs: `hops` has the facts and the model of arXiv:2405.15071 with chains of three, since the
world of arXiv:2505.17923 is not known here; `depth` keeps its width; `tokens` has stocks of words
whose sizes are ours; and which sums arXiv:2605.18845 grew is not known here: `forecast` has those
of arXiv:2301.05217. `built_in` is no paper's: it is the recipe of this repository on the paper's
world.
"""

from dataclasses import replace

from latebloom.recipes.catalogue import make_recipe
from latebloom.recipes.laws import BLOOMED, FACTS
from latebloom.recipes.published import late_bloom_published
from latebloom.training.config import RunConfig
from latebloom.worlds.chains.names import NamesConfig


def phi() -> RunConfig:
    """Composition over 40,000 facts by a plain GPT-2, to be grown at the six published ratios."""
    config = late_bloom_published()
    return replace(config, recipe="phi-paper", train=replace(config.train, until=BLOOMED))


def size() -> RunConfig:
    """The same at phi 9, to be grown over 40,000 facts and more."""
    config = phi()
    return replace(config, recipe="size-paper", world=replace(config.world, phi=9.0))


def depth() -> RunConfig:
    """The same at phi 9, to be grown with 8, 24 and 36 layers."""
    return replace(size(), recipe="depth-paper")


def hops() -> RunConfig:
    """Chains of two and three hops over 40,000 facts, both trained."""
    config = phi()
    return replace(config, recipe="hops-paper", world=replace(config.world, hops=3))


def weight_decay() -> RunConfig:
    """Division modulo 97, half of the table trained, for 100,000 steps."""
    config = make_recipe("modular-power")
    return replace(
        config,
        recipe="weight-decay-paper",
        train=replace(config.train, checkpoint_every=10_000, keep=1, until="valid_id>=0.99"),
    )


def tokens() -> RunConfig:
    """The facts of `size` about entities whose names have two tokens out of a shared stock."""
    usual = size()
    shared = {name: getattr(usual.world, name) for name in FACTS}
    world = NamesConfig(**shared, stock=100, order="subject-first")
    return replace(usual, recipe="tokens-paper", world=world)


def forecast() -> RunConfig:
    """Sums modulo 113 on full batches, to be grown at several rates and decays."""
    config = make_recipe("modular-nanda")
    train = replace(config.train, checkpoint_every=10_000, keep=1, until="valid_id>=0.95")
    return replace(config, recipe="forecast-paper", train=train)


def built_in() -> RunConfig:
    """The recipe of this repository for 40,000 facts, to its last step."""
    config = make_recipe("composition-paper")
    train = replace(config.train, until="", checkpoint_every=1600, keep=1)
    return replace(config, recipe="built-in-paper", train=train)


def question_depth() -> RunConfig:
    """Question formation, to be grown with several numbers of layers."""
    return replace(make_recipe("question-published"), recipe="question-depth-paper")


def tense_depth() -> RunConfig:
    """Tense inflection, to be grown with several numbers of layers."""
    return replace(make_recipe("tense-published"), recipe="tense-depth-paper")
