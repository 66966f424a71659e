"""Two questions about runs that begin with the weights of others, each asked in one series of runs.

*Climbing*: logic first, then arithmetic, then the composition and the comparison of facts. Every
rung is grown from random weights, from the body of the rung before, and from all of its weights.
Composition is also grown from a body in disorder, which has the same spread of weights and nothing
of what they compute.

*A changing ratio*: one table of facts, at first with many inferred facts for each atomic one, later
with few, and the other way round. A higher ratio trains on the same questions and more; what is
held out is held out at every ratio.

A row for each claim; `latebloom.recipes.climbing` has the small configs, and
`latebloom.recipes.climbing_published` those of a paper's size.
"""

from collections.abc import Callable, Iterator, Mapping

from latebloom.recipes import climbing, climbing_published
from latebloom.studies.carried import Between, Cheaper
from latebloom.studies.claims import PAPER, SMALL, Reproduction, Rung, Runs
from latebloom.studies.comparing import Gain
from latebloom.training.config import RunConfig
from latebloom.training.start import Carry
from latebloom.worlds.splits import Split

HERE = "no paper; asked in this repository"
NOT_KNOWN = "no figure is published"
CARRIED: tuple[Carry, ...] = ("body", "all")
"""What is carried over from each rung to the next."""
Config = Callable[[], RunConfig]


def climb(ladder: Mapping[str, Config]) -> Iterator[tuple[str, Rung]]:
    """Every rung in its ways, by names such as `composition from all`; the control comes last.

    ladder: the rungs, the lowest first.
    """
    names = list(ladder)
    for below, (name, config) in zip(["", *names], ladder.items(), strict=False):
        yield name, Rung(config=config, panel=name)
        for carry in CARRIED if below else ():
            source = below if below == names[0] else f"{below} from {carry}"
            rung = Rung(config=config, after=source, carry=carry, panel=name)
            yield f"{name} from {carry}", rung
    below = names[names.index(COMPOSITION) - 1]
    yield (
        f"{COMPOSITION} from shuffled",
        Rung(
            config=ladder[COMPOSITION],
            after=f"{below} from body",
            carry="shuffled",
            panel=COMPOSITION,
        ),
    )


COMPOSITION = "composition"
"""The rung that is also grown from a body in disorder."""
FEW, MANY = "few inferred facts", "many inferred facts"


def changing_ratio(few: Config, many: Config) -> dict[str, Rung]:
    """Both ratios alone, and either after the other."""
    return {
        "few": Rung(config=few, panel=FEW),
        "many": Rung(config=many, panel=MANY),
        "few then few": Rung(config=few, after="few", panel=FEW),
        "many then few": Rung(config=few, after="many", panel=FEW),
        "few then many": Rung(config=many, after="few", panel=MANY),
    }


CLIMBED = {
    size: Runs(
        config=made.logic,
        rungs=dict(
            climb(
                {
                    "logic": made.logic,
                    "arithmetic": made.arithmetic,
                    COMPOSITION: made.composition,
                    "comparison": made.comparison,
                }
            )
        ),
    )
    for size, made in ((SMALL, climbing), (PAPER, climbing_published))
}
"""The runs of the climb."""
RATIOS = {
    size: Runs(config=made.few, rungs=changing_ratio(made.few, made.many))
    for size, made in ((SMALL, climbing), (PAPER, climbing_published))
}
"""The runs of the changing ratio."""


def own_claim(
    name: str, claim: str, judge: Cheaper | Between, sizes: Mapping[str, Runs]
) -> Reproduction:
    """A claim of this repository about runs that start from each other."""
    return Reproduction(
        name=name,
        claim=claim,
        paper=HERE,
        source="docs/climbing.md",
        published=NOT_KNOWN,
        sizes=sizes,
        needs=judge.needs,
        judge=judge,
    )


def climbing_claim(name: str, claim: str, judge: Cheaper) -> Reproduction:
    """A claim about the rungs of the climb."""
    return own_claim(name, claim, judge, CLIMBED)


def ratio_claim(name: str, claim: str, judge: Cheaper | Between) -> Reproduction:
    """A claim about a ratio that changes on the way."""
    return own_claim(name, claim, judge, RATIOS)


CLIMBS = (
    climbing_claim(
        "climb",
        "A body that has learned logic, then arithmetic, composes facts sooner than a new one.",
        Cheaper("composition", "composition from body"),
    ),
    climbing_claim(
        "climb-arithmetic",
        "A body that has learned logic adds sooner than a new one.",
        Cheaper("arithmetic", "arithmetic from body"),
    ),
    climbing_claim(
        "climb-comparison",
        "A body that has climbed to composition compares facts sooner than a new one.",
        Cheaper("comparison", "comparison from body"),
    ),
    climbing_claim(
        "climb-embeddings",
        "With the embeddings carried over, and not the body alone, it is sooner still.",
        Cheaper("composition from body", "composition from all"),
    ),
    climbing_claim(
        "climb-order",
        "It is what the body computes that helps, and not the spread of its weights.",
        Cheaper("composition from shuffled", "composition from body"),
    ),
    climbing_claim(
        "climb-total",
        "The climb pays for itself: it costs less than composition from random weights.",
        Cheaper("composition", "composition from body", before=("logic", "arithmetic from body")),
    ),
    ratio_claim(
        "ratio-falls",
        "Many inferred facts at first let a table bloom whose own ratio is too low for it.",
        Between(Gain(str(Split.TEST_ID)), "few then few", "many then few"),
    ),
    ratio_claim(
        "ratio-rises",
        "A table that begins with few inferred facts blooms the sooner when many come.",
        Cheaper("many", "few then many"),
    ),
)
"""The claims."""
