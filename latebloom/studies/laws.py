"""Claims that compare settings: what decides when a late bloom comes, and whether it comes at all.

A row for each; `latebloom.recipes.laws` has their configs, `latebloom.studies.comparing` the
judges.
"""

from dataclasses import replace
from typing import Any

from latebloom.recipes import laws
from latebloom.recipes.catalogue import make_recipe
from latebloom.recipes.published import late_bloom_published
from latebloom.studies.claims import Reproduction
from latebloom.studies.comparing import Behind, Gain, Middle, SameEpochs, Sooner
from latebloom.training.config import RunConfig

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


def published(name: str) -> RunConfig:
    """The paper's composition, under the name of a series."""
    return replace(late_bloom_published(), recipe=name)


LAWS = (
    Reproduction(
        name="phi",
        claim="The higher the ratio of inferred to atomic facts, the sooner held-out ones come.",
        paper=GROKKED,
        source="figure 2 and section 3",
        published="from phi 3.6 to 18 ever faster; no single figure",
        small=laws.phi,
        large=lambda: published("phi"),
        settings={f"phi {value:g}": {"world.phi": value} for value in (6.5, 7.2, 7.9)},
        judge=Sooner(),
    ),
    Reproduction(
        name="size",
        claim="At one ratio, more facts change nothing: the curves over epochs coincide.",
        paper=GROKKED,
        source="figure 2 and section 3",
        published="the curves lie on each other; no single figure",
        small=laws.size,
        large=lambda: published("size"),
        settings={f"{n} entities": {"world.entities": n} for n in (50, 100)},
        judge=SameEpochs(),
    ),
    Reproduction(
        name="weight-decay",
        claim="Weight decay is what brings the late generalisation forward.",
        paper="arXiv:2201.02177",
        source="section 3.3",
        published="the fraction of the table that is needed, more than halved; steps are not given",
        small=laws.weight_decay,
        large=lambda: replace(make_recipe("modular-power"), recipe="weight-decay"),
        settings={f"decay {value:g}": {"train.weight_decay": value} for value in (0.0, 0.3, 1.0)},
        judge=Sooner(),
    ),
    Reproduction(
        name="depth",
        claim="A deeper model needs fewer steps.",
        paper=GROKKED,
        source="appendix on model scale",
        published="larger models converge in fewer steps; no single figure",
        small=laws.depth,
        large=lambda: published("depth"),
        settings={f"{n} layers": {"model.n_layers": n} for n in (2, 4, 8)},
        judge=Sooner(times=1.5),
    ),
    Reproduction(
        name="hops",
        claim="A further hop needs far more training questions: longer chains stay behind.",
        paper="arXiv:2505.17923",
        source="the abstract",
        published="the questions needed grow exponentially with the hops",
        small=laws.hops,
        large=lambda: published("hops"),
        judge=Behind("test_hops_3"),
    ),
    Reproduction(
        name="question-depth",
        claim="Structure is found best at a middle depth: an inverted U.",
        paper="arXiv:2305.18741",
        source="section 5",
        published="best at 6 of 2 to 10 layers",
        small=laws.question_depth,
        large=lambda: replace(make_recipe("question-published"), recipe="question-depth"),
        settings={f"{n} layers": {"model.n_layers": n} for n in (2, 4, 6, 8, 10)},
        judge=Middle(),
    ),
    Reproduction(
        name="built-in",
        claim="Facts never composed in training are composed by what is built in, not by training.",
        paper="the ladder of this repository",
        source="results/ladder.md",
        published=".01 plain, .05 with shared layers, 1.00 with all that the recipe builds in",
        small=laws.built_in,
        large=laws.built_in,
        settings={"plain": PLAIN, "shared layers": SHARED, "all": {}},
        judge=Gain(),
    ),
)
"""The claims."""
