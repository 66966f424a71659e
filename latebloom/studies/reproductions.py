"""The papers' claims that `latebloom reproduce` puts to the test, by name.

A `Reproduction` says what a paper claims and where, in which runs of which size the claim is looked
for, and who judges. Several may look at the same runs: these share a folder, so nothing is grown
twice.

To add one: make its two configs, small and as published, in `latebloom.recipes.published`, and give
it a row below.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.recipes import published
from latebloom.recipes.catalogue import nearest
from latebloom.studies.claims import Reproduction, alone
from latebloom.studies.climbing import CLIMBS
from latebloom.studies.judges import AtChance, Bloom, Rise
from latebloom.studies.laws import LAWS
from latebloom.worlds.splits import Split

FOUND = Path(__file__).with_name("found.json")
"""What the runs of the repository found, written by `python -m benchmarks.reproductions`."""


GROKKED = "arXiv:2405.15071"

REPRODUCTIONS: Mapping[str, Reproduction] = {
    one.name: one
    for one in (
        Reproduction(
            name="late-bloom",
            claim="Composition is learned in distribution, but only far past overfitting.",
            paper=GROKKED,
            source="figure 1 and section 3",
            published="about 50 times (phi 7.2)",
            sizes=alone(published.late_bloom, published.late_bloom_published),
            judge=Bloom(str(Split.TEST_ID), times=10),
        ),
        Reproduction(
            name="no-ood",
            claim="A plain transformer never composes facts that were not composed in training.",
            paper=GROKKED,
            source="figure 1 and section 3",
            published="0 over 2 million steps",
            sizes=alone(published.late_bloom, published.late_bloom_published),
            judge=AtChance(),
        ),
        Reproduction(
            name="comparison",
            claim="Comparison is learned out of distribution too, long after training is fitted.",
            paper=GROKKED,
            source="section 4",
            published="about 40 times, to about 1.0; .85 already when training was fitted",
            sizes=alone(published.plain_comparison, published.plain_comparison_published),
            judge=Bloom(str(Split.TEST_OOD), times=2),
        ),
        Reproduction(
            name="sharing",
            claim="With layers shared over two passes, composition is learned out of distribution.",
            paper=GROKKED,
            source="appendix on parameter sharing",
            published="from .23 at 250,000 steps to .73 at 1.5 million",
            sizes=alone(published.sharing, published.sharing_published),
            judge=Rise(),
        ),
        *LAWS,
        *CLIMBS,
    )
}
ALSO_CALLED = {"ladder": "climb"}
"""Other names of claims."""


def find_reproduction(name: str) -> Reproduction:
    """The reproduction of this name, or of another name that it has.

    Raises: LatebloomError naming the nearest.
    """
    name = ALSO_CALLED.get(name, name)
    if name not in REPRODUCTIONS:
        near = nearest(name, REPRODUCTIONS) or list(REPRODUCTIONS)
        raise LatebloomError(
            f"there is no reproduction {name!r}; nearest: {', '.join(near)}; see"
            " `latebloom reproduce`"
        )
    return REPRODUCTIONS[name]


def claims_about(reproduction: Reproduction) -> list[Reproduction]:
    """This reproduction, and the others that are judged by the same runs of its size."""
    others = (one.at(reproduction.size) for one in REPRODUCTIONS.values())
    return [
        reproduction,
        *(
            one
            for one in others
            if one.name != reproduction.name and one.runs.same_as(reproduction.runs)
        ),
    ]


@cache
def found_before(path: Path = FOUND) -> Mapping[str, Mapping[str, Any]]:
    """What was found in the runs of the repository, by `Reproduction.key`; empty before any
    was grown."""
    return json.loads(path.read_text()) if path.exists() else {}
