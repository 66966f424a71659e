"""Claims that compare settings: what decides when a late bloom comes, and whether it comes at all.

A row for each; `latebloom.recipes.laws` has the small configs, `latebloom.recipes.laws_published`
those of the papers, `latebloom.studies.comparing` the judges.
"""

from collections.abc import Iterable
from typing import Any

from latebloom.recipes import laws, laws_published
from latebloom.studies.claims import PAPER, SMALL, Reproduction, Runs, alone
from latebloom.studies.comparing import Behind, Gain, Middle, SameEpochs, Sooner
from latebloom.studies.foretold import Foretold

GROKKED = "arXiv:2405.15071"
PLAIN: dict[str, Any] = {
    "model.n_layers": 2,
    "model.n_loops": 1,
    "model.feedback": "none",
    "model.positions": "learned",
    "model.window": 0,
    "feed.every_loop": False,
}
"""The first rung of the ladder of what is built in: a GPT-2 of two layers."""
SHARED = PLAIN | {"model.n_layers": 1, "model.n_loops": 2}
"""One layer, run twice on one state, nothing fed back."""


Settings = dict[str, dict[str, Any]]
"""Settings by their names, each with the fields that make it."""


def over(field: str, unit: str, values: Iterable[Any]) -> Settings:
    """A setting for each value of one field, called by the unit and the value; `{}` in the unit is
    where the value stands."""
    return {unit.format(f"{value:g}"): {field: value} for value in values}


def ratios(*values: float) -> Settings:
    """Ratios of inferred to atomic facts."""
    return over("world.phi", "phi {}", values)


def entities(*numbers: int) -> Settings:
    """Sizes of the world."""
    return over("world.entities", "{} entities", numbers)


def decays(*values: float) -> Settings:
    """Weight decays."""
    return over("train.weight_decay", "decay {}", values)


def layers(*numbers: int) -> Settings:
    """Depths."""
    return over("model.n_layers", "{} layers", numbers)


def names(words: int, stock: int) -> dict[str, Any]:
    """Entities whose names have so many words out of a stock."""
    return {"world.shortest": words, "world.longest": words, "world.stock": stock}


def pulls(*values: tuple[float, float]) -> Settings:
    """Rates with their decays; the law is measured in the first."""
    return {
        f"rate {rate:g} decay {decay:g}": {"train.lr": rate, "train.weight_decay": decay}
        for rate, decay in values
    }


BUILT_IN: Settings = {"plain": PLAIN, "shared layers": SHARED, "all": {}}
"""From a GPT-2 to the recipe."""

LAWS = (
    Reproduction(
        name="phi",
        claim="The higher the ratio of inferred to atomic facts, the sooner held-out ones come.",
        paper=GROKKED,
        source="figure 2 and section 3",
        published="from phi 3.6 to 18 ever faster; no single figure",
        sizes={
            SMALL: Runs(config=laws.phi, settings=ratios(6.5, 7.2, 7.9)),
            PAPER: Runs(config=laws_published.phi, settings=ratios(3.6, 5.4, 7.2, 9.0, 12.6, 18.0)),
        },
        judge=Sooner(),
    ),
    Reproduction(
        name="size",
        claim="At one ratio, more facts change nothing: the curves over epochs coincide.",
        paper=GROKKED,
        source="figure 2 and section 3",
        published="the curves lie on each other; no single figure",
        sizes={
            SMALL: Runs(config=laws.size, settings=entities(50, 100)),
            PAPER: Runs(config=laws_published.size, settings=entities(2000, 5000, 10_000)),
        },
        judge=SameEpochs(),
    ),
    Reproduction(
        name="weight-decay",
        claim="Weight decay is what brings the late generalisation forward.",
        paper="arXiv:2201.02177",
        source="section 3.3",
        published="the fraction of the table that is needed, more than halved; steps are not given",
        sizes={
            SMALL: Runs(config=laws.weight_decay, settings=decays(0.0, 0.3, 1.0)),
            PAPER: Runs(config=laws_published.weight_decay, settings=decays(0.0, 1.0)),
        },
        judge=Sooner(),
    ),
    Reproduction(
        name="depth",
        claim="A deeper model needs fewer steps.",
        paper=GROKKED,
        source="appendix on model scale",
        published="larger models converge in fewer steps; no single figure",
        sizes={
            SMALL: Runs(config=laws.depth, settings=layers(2, 4, 8)),
            PAPER: Runs(config=laws_published.depth, settings=layers(8, 24, 36)),
        },
        judge=Sooner(times=1.5),
    ),
    Reproduction(
        name="tokens",
        claim="Where names have several tokens that entities share, held-out questions come later.",
        paper=GROKKED,
        source="appendix on tokenization",
        published="the more entities share a token, the later; no single figure",
        sizes={
            SMALL: Runs(
                config=laws.tokens,
                settings={"two tokens": names(2, 20), "one token": names(1, 100)},
            ),
            PAPER: Runs(
                config=laws_published.tokens,
                settings={
                    "two tokens of 100": names(2, 100),
                    "two tokens of 1000": names(2, 1000),
                    "one token": names(1, 4000),
                },
            ),
        },
        judge=Sooner(times=1.5),
    ),
    Reproduction(
        name="hops",
        claim="A further hop needs far more training questions: longer chains stay behind.",
        paper="arXiv:2505.17923",
        source="the abstract",
        published="the questions needed grow exponentially with the hops",
        sizes=alone(laws.hops, laws_published.hops),
        judge=Behind("test_hops_3"),
    ),
    Reproduction(
        name="question-depth",
        claim="Structure is found best at a middle depth: an inverted U.",
        paper="arXiv:2305.18741",
        source="section 5",
        published="best at 6 of 2 to 10 layers",
        sizes={
            SMALL: Runs(config=laws.question_depth, settings=layers(2, 4, 6, 8, 10)),
            PAPER: Runs(config=laws_published.question_depth, settings=layers(2, 4, 6, 8, 10)),
        },
        judge=Middle(),
    ),
    Reproduction(
        name="tense-depth",
        claim="For tense, too, structure is found best at a middle depth: an inverted U.",
        paper="arXiv:2305.18741",
        source="section 5",
        published="best at 4 of 2 to 10 layers",
        sizes={
            SMALL: Runs(config=laws.tense_depth, settings=layers(2, 4, 6, 8, 10)),
            PAPER: Runs(config=laws_published.tense_depth, settings=layers(2, 4, 6, 8, 10)),
        },
        judge=Middle(),
    ),
    Reproduction(
        name="forecast",
        claim="How long generalising lags behind follows from the weights, the rate and the decay.",
        paper="arXiv:2605.18845",
        source="the law of the delay",
        published="a mean error of 17.7 % on 26 unseen runs, whose delays span 41 times",
        sizes={
            SMALL: Runs(
                config=laws.forecast,
                settings=pulls(
                    *((2e-3, 1.0), (2e-3, 0.5), (2e-3, 2.0)),
                    *((4e-3, 0.5), (4e-3, 1.0), (4e-3, 2.0)),
                ),
            ),
            PAPER: Runs(
                config=laws_published.forecast,
                settings=pulls(
                    *((1e-3, 1.0), (1e-3, 0.5), (1e-3, 2.0)),
                    *((5e-4, 0.5), (5e-4, 1.0), (5e-4, 2.0)),
                    *((2e-3, 0.5), (2e-3, 1.0), (2e-3, 2.0)),
                ),
            ),
        },
        judge=Foretold(),
    ),
    Reproduction(
        name="built-in",
        claim="Facts never composed in training are composed by what is built in, not by training.",
        paper="the ladder of this repository",
        source="results/ladder.md",
        published=".01 plain, .05 with shared layers, 1.00 with all that the recipe builds in",
        sizes={
            SMALL: Runs(config=laws.built_in, settings=BUILT_IN),
            PAPER: Runs(config=laws_published.built_in, settings=BUILT_IN),
        },
        judge=Gain(),
    ),
)
"""The claims."""
