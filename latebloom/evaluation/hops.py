"""Chains asked hop by hop: where the answers rank that single hops, put together, give.

Enters: how a run is asked (`latebloom.asking.choosing`). Leaves: the ranks of the same held-out
questions of two hops or more as `latebloom.evaluation.ranking` ranks at once, and which way is
taken for each kind. Of the ways to put hops together it is the one that validation finds best.

*Known* answers are ranked by the model's own single hops alone, since a way that looks told facts
up is right about them by itself; *missing* ones as the way is.
"""

from collections.abc import Mapping
from typing import Any

from latebloom.asking.calibration import KNOWN, MISSING
from latebloom.asking.choosing import PARTS, Asking
from latebloom.asking.way import AT_ONCE
from latebloom.evaluation.ranking import MOST_RANKED, Ranked, by_query, ranked_kinds

ONE_HOP = "1p"
"""The kind of question that has no parts."""


def rank_hops(asking: Asking, most: int = MOST_RANKED) -> dict[str, dict[str, Any]]:
    """The ranks of the answers to chains asked hop by hop, by query and kind, for JSON; of those
    kinds of which missing answers were set aside for validation, which chooses how.

    most: questions of a split.
    """
    found: dict[tuple[str, str], Ranked] = {}
    for query in asking.held_out():
        if query.endswith("p") and query.removesuffix("p").isdigit() and query != ONE_HOP:
            way = asking.chain(int(query.removesuffix("p")), PARTS).way
            for kind, score in ((KNOWN, way.itself), (MISSING, way.score)):
                found |= ranked_kinds(asking.model, asking.world, [(query, kind)], score, most)
    return by_query(found)


def ways_taken(asking: Asking) -> dict[str, Any]:
    """The way that each held-out kind of question with parts is asked, and what validation says of
    every way, for JSON."""
    return {query: asking.of(query).as_dict() for query in asking.held_out() if query != ONE_HOP}


def as_taken(
    asking: Asking, at_once: Mapping[tuple[str, str], Ranked]
) -> dict[tuple[str, str], Ranked]:
    """How answers are found in the way that each kind of question is asked; what is asked at once
    is there already."""
    found = dict(at_once)
    for query in asking.held_out():
        way = asking.of(query).way
        if way.name != AT_ONCE:
            kinds = [(query, MISSING)]
            found |= ranked_kinds(asking.model, asking.world, kinds, way.score)
    return found
