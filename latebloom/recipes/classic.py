"""Recipes of the worlds in which grokking was found: sums, permutations, parities, formulas.

`modular-power` and `modular-nanda` have the settings that were published; the others are small and
fast. All are plain transformers on the data as they lie: no loops, nothing supervised on the way.
docs/classic.md explains each world, and says what differs from the papers.

Source: Power et al. 2022, arXiv:2201.02177, appendix A.1; Nanda et al. 2023, arXiv:2301.05217,
section 3.
"""

from dataclasses import replace

from latebloom.model.config import ModelConfig
from latebloom.training.config import QuestionFeedConfig, RunConfig, TrainConfig
from latebloom.worlds.classic.logic import LogicConfig
from latebloom.worlds.classic.parity import ParityConfig
from latebloom.worlds.classic.table import ModularConfig, PermutationsConfig

PLAIN = ModelConfig(
    n_layers=1, n_loops=1, feedback="none", positions="learned", activation="relu", tied=False
)
"""One layer of width 128 with four heads, as in Nanda et al., who leave LayerNorm out."""
AS_IT_LIES = QuestionFeedConfig(atomic_frac=0.0, every_loop=False)
PUBLISHED = TrainConfig(
    steps=40_000,
    batch_size=3831,
    optimizer="adamw",
    lr=1e-3,
    weight_decay=1.0,
    beta2=0.98,
    warmup_steps=10,
    schedule="constant",
    grad_clip=0.0,
    precision="float32",
    eval_every=100,
    checkpoint_every=500,
    until="",
)
"""AdamW 1e-3 with decay 1, what both papers have."""
LEARNED = "valid_id>=0.99"


def modular() -> RunConfig:
    """Sums modulo 97 by Muon: held-out sums take two to three times the steps of trained ones."""
    return RunConfig(
        recipe="modular",
        world=ModularConfig(trained_frac=0.3),
        model=replace(PLAIN, d_model=64),
        feed=AS_IT_LIES,
        train=TrainConfig(
            steps=2000,
            batch_size=1024,
            lr=5e-3,
            weight_decay=0.3,
            schedule="constant",
            eval_every=10,
            checkpoint_every=100,
            until=LEARNED,
        ),
    )


def modular_power() -> RunConfig:
    """Division modulo 97 with the settings of Power et al. 2022: 2 layers, AdamW 1e-3, decay 1."""
    return RunConfig(
        recipe="modular-power",
        world=ModularConfig(operation="/", trained_frac=0.5),
        model=replace(PLAIN, n_layers=2),
        feed=AS_IT_LIES,
        train=replace(PUBLISHED, steps=100_000, batch_size=512),
    )


def modular_nanda() -> RunConfig:
    """Sums modulo 113 with the settings of Nanda et al. 2023: 1 layer, full batch, decay 1."""
    return RunConfig(
        recipe="modular-nanda",
        world=ModularConfig(p=113, trained_frac=0.3),
        model=PLAIN,
        feed=AS_IT_LIES,
        train=PUBLISHED,
    )


def permutations() -> RunConfig:
    """The group S5: which permutation two others make, half of the table trained."""
    return RunConfig(
        recipe="permutations",
        world=PermutationsConfig(),
        model=replace(PLAIN, n_layers=2),
        feed=AS_IT_LIES,
        train=replace(modular().train, steps=3000, eval_every=25),
    )


def parity() -> RunConfig:
    """The parity of 3 of 20 bits, and nobody says which three."""
    return RunConfig(
        recipe="parity",
        world=ParityConfig(),
        model=replace(PLAIN, n_layers=2, d_model=64),
        feed=AS_IT_LIES,
        train=replace(modular().train, steps=2000, batch_size=500),
    )


def logic() -> RunConfig:
    """The value of propositional formulas; held out: deeper ones, and new gates inside gates."""
    return RunConfig(
        recipe="logic",
        world=LogicConfig(),
        model=replace(PLAIN, d_model=64, n_layers=3, attention="both"),
        feed=AS_IT_LIES,
        train=replace(modular().train, steps=2000, batch_size=256, eval_every=50, until=""),
    )
