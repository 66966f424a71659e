"""Two questions about runs that begin with the weights of others, each asked in one series of runs.

*Climbing*: logic first, then arithmetic, then the composition and the comparison of facts. Every
rung is grown from random weights, from the body of the rung before, and from all of its weights.
Composition is also grown from a body in disorder, which has the same spread of weights and nothing
of what they compute.

*A changing ratio*: one table of facts, at first with many inferred facts for each atomic one, later
with few, and the other way round. A higher ratio trains on the same questions and more; what is
held out is held out at every ratio.

A row for each claim; `latebloom.recipes.climbing` has the configs.
"""

from collections.abc import Callable, Iterator, Mapping

from latebloom.recipes import climbing
from latebloom.studies.carried import Between, Cheaper
from latebloom.studies.claims import Reproduction, Rung
from latebloom.studies.comparing import Gain
from latebloom.training.config import RunConfig
from latebloom.training.start import Carry
from latebloom.worlds.splits import Split

HERE = "no paper; asked in this repository"
NOT_KNOWN = "no figure is published"
LADDER = {
    "logic": climbing.logic,
    "arithmetic": climbing.arithmetic,
    "composition": climbing.composition,
    "comparison": climbing.comparison,
}
"""The rungs, the lowest first."""


def climb() -> Iterator[tuple[str, Rung]]:
    """Every rung in its ways, by names such as `composition from all`."""
    names = list(LADDER)
    for below, (name, config) in zip(["", *names], LADDER.items(), strict=False):
        yield name, Rung(config=config, panel=name)
        for carry in CARRIED if below else ():
            source = below if below == names[0] else f"{below} from {carry}"
            rung = Rung(config=config, after=source, carry=carry, panel=name)
            yield f"{name} from {carry}", rung


CARRIED: tuple[Carry, ...] = ("body", "all")
"""What is carried over from each rung to the next."""
IN_DISORDER = Rung(
    config=climbing.composition,
    after="arithmetic from body",
    carry="shuffled",
    panel="composition",
)
"""The control of the third rung."""
RUNGS = dict(climb()) | {"composition from shuffled": IN_DISORDER}
FEW, MANY = "few inferred facts", "many inferred facts"
RATIOS = {
    "few": Rung(config=climbing.few, panel=FEW),
    "many": Rung(config=climbing.many, panel=MANY),
    "few then few": Rung(config=climbing.few, after="few", panel=FEW),
    "many then few": Rung(config=climbing.few, after="many", panel=FEW),
    "few then many": Rung(config=climbing.many, after="few", panel=MANY),
}


def own_claim(
    name: str,
    claim: str,
    judge: Cheaper | Between,
    first: Callable[[], RunConfig],
    rungs: Mapping[str, Rung],
) -> Reproduction:
    """A claim of this repository about runs that start from each other.

    first: the config that stands for the series.
    """
    return Reproduction(
        name=name,
        claim=claim,
        paper=HERE,
        source="docs/climbing.md",
        published=NOT_KNOWN,
        small=first,
        large=first,
        rungs=rungs,
        needs=judge.needs,
        judge=judge,
    )


def climbing_claim(name: str, claim: str, judge: Cheaper) -> Reproduction:
    """A claim about the rungs of the climb."""
    return own_claim(name, claim, judge, climbing.logic, RUNGS)


def ratio_claim(name: str, claim: str, judge: Cheaper | Between) -> Reproduction:
    """A claim about a ratio that changes on the way."""
    return own_claim(name, claim, judge, climbing.few, RATIOS)


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
