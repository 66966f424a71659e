"""Two questions at once, `a inhibits and b ^treats`: what answers both, and where it ranks.

Enters: a model and its world. Leaves: the ranks of the answers to such questions (`2i`, as the
field calls them). No run is trained on them: a name's score is the product of what the model gives
it in each branch, as `latebloom ask` takes it. So these figures say what one-hop answers are worth
when they are joined, and not what a model composes by itself. A run that is trained on questions
which join branches is ranked on those that it held out, and the product on the same beside it.

A question is drawn by its answer: a fact, and a second fact that leads to the same name. *Missing*
answers need a fact that was never told in one branch or both; known ones are passed over.

Source: of the questions and their names, BetaE (arXiv:2010.11465); of the product, CQD
(arXiv:2011.03459).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray

from latebloom.asking.calibration import MISSING, TESTS
from latebloom.asking.choosing import Asking
from latebloom.asking.names import score_names
from latebloom.asking.ranks import ranks_of
from latebloom.asking.way import ByBranches
from latebloom.evaluation.hops import as_taken, rank_hops, ways_taken
from latebloom.evaluation.ranking import Ranking, by_query, coverage_of, ranked_kinds
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import AnswerSets, FactSets, follow_sets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.data import Data, as_world
from latebloom.worlds.splits import Split, as_valid
from latebloom.worlds.tasks.shapes import SHAPES
from latebloom.worlds.world import World

MOST = 2000
"""Questions that are drawn at most."""
SEED = 20
"""Of the drawing; every model of a world is put the same questions."""
LARGEST = 0.5
"""Questions that more than this share of all names answers say nothing, and are left out."""


@dataclass(frozen=True, slots=True)
class Intersections:
    """Questions of two branches of one hop.

    branches: the subject and the relation of each. sets: the answers to both, asked for the missing
    ones.
    """

    branches: tuple[Int[ndarray, "question 2"], Int[ndarray, "question 2"]]
    sets: AnswerSets


def missing_facts_of(world: World) -> tuple[Facts, Facts]:
    """The facts that the tests ask for alone, and these with all others that the world knows."""
    rows = [world.facts.rows()]
    for split in (as_valid(Split.TEST_LINKS), Split.TEST_LINKS):
        if split in world.splits:
            sets = world.answers(split)
            names = world.named(split)[:, :2][sets.question[sets.asked]]
            rows.append(np.concatenate((names, sets.member[sets.asked][:, None]), axis=1))
    whole = np.unique(np.concatenate(rows), axis=0).astype(np.int32)
    return Facts.of_rows(rows[-1].astype(np.int32)), Facts.of_rows(whole)


def draw_intersections(world: World, most: int = MOST) -> Intersections | None:
    """The questions; None where no missing answer is asked for, or none stands at two ends."""
    if Split.TEST_LINKS not in world.splits:
        return None
    new, whole = missing_facts_of(world)
    rng = np.random.default_rng(SEED)
    facts = whole.rows()[np.argsort(whole.object, kind="stable")]
    rows = new.rows()[rng.integers(0, len(new), most)]
    start = np.searchsorted(facts[:, 2], rows[:, 2], side="left")
    count = np.searchsorted(facts[:, 2], rows[:, 2], side="right") - start
    other = facts[start + rng.integers(0, np.maximum(count, 1))]
    apart = (other[:, :2] != rows[:, :2]).any(axis=1)
    both = np.unique(np.concatenate((rows[apart, :2], other[apart, :2]), axis=1), axis=0)
    branches = both[:, :2], both[:, 2:]
    sets = joint(branches, FactSets(whole))
    sets = sets.asking(~sets.among(joint(branches, FactSets(world.facts))))
    n_names = world.task.n_competing(len(world.vocabulary))
    good = np.flatnonzero((sets.n_asked > 0) & (sets.sizes <= max(1, int(LARGEST * n_names))))
    if not len(good):
        return None
    return Intersections((branches[0][good], branches[1][good]), sets.take(good))


def joint(
    branches: tuple[Int[ndarray, "question 2"], Int[ndarray, "question 2"]], graph: FactSets
) -> AnswerSets:
    """What facts give to both branches of each question."""
    one, other = (follow_sets(names, [graph])[-1] for names in branches)
    both = one.among(other)
    return AnswerSets.of_pairs(len(one), one.question[both], one.member[both])


def rank_intersections(model: Transformer, world: World) -> Ranking | None:
    """The ranks of the missing answers; None where there are no such questions."""
    drawn = draw_intersections(world)
    if drawn is None:
        return None
    scores = sum(
        score_names(model, world.task, torch.from_numpy(world.task.lay(names)))
        for names in drawn.branches
    )
    assert isinstance(scores, torch.Tensor)
    return Ranking.of(ranks_of(scores, drawn.sets))


def rank_products(asking: Asking, most: int = MOST) -> dict[str, dict[str, Ranking]]:
    """The ranks of the answers to the held-out questions that join branches, by shape and kind,
    where a name's score is the product of what it gets in each branch.

    most: questions of a split, the first of them.
    """
    world = asking.world
    found: dict[str, dict[str, Ranking]] = {}
    for (query, kind), split in TESTS.items():
        if query in SHAPES and split in world.splits:
            sets = world.answers(split, slice(most))
            questions = torch.from_numpy(world.examples(split)[:most, :-1])
            way = ByBranches(SHAPES[query].form, asking.branch)
            scores = way.score(asking.model, world.task, questions)
            found.setdefault(query, {})[kind] = Ranking.of(ranks_of(scores, sets))
    return found


def rank_all(model: Transformer, data: Data, asking: Asking | None = None) -> dict[str, Any]:
    """What `rank_splits` tells, and what asking in parts comes to; nothing where answers are one.

    ranking: of questions asked at once; with the intersections of one hop as `2i`, where none are
    trained. hop_by_hop: the same questions of several hops, asked so. product: where a world joins
    branches, the same questions by the product of their branches. asked: which way each kind is
    asked, as validation says. coverage: of the sets that are given in that way.

    asking: how the model is asked; None: as its questions of validation say.
    """
    if not data.task.several:
        return {}
    world = as_world(data, "this run")
    asking = Asking(model, world) if asking is None else asking
    ranked = ranked_kinds(model, world, TESTS)
    told: dict[str, Any] = {
        "ranking": by_query(ranked),
        "hop_by_hop": rank_hops(asking),
        "asked": ways_taken(asking),
        "coverage": coverage_of(as_taken(asking, ranked)),
    }
    products = rank_products(asking)
    if products:
        return told | {"product": {q: in_table(kinds) for q, kinds in products.items()}}
    joined = rank_intersections(model, world)
    if joined is not None:
        told["ranking"]["2i"] = in_table({MISSING: joined})
    return told


def in_table(kinds: Mapping[str, Ranking]) -> dict[str, Any]:
    """Rankings by kind, for JSON; no set is cut from a product."""
    return {kind: asdict(one) | {"set_f1": None} for kind, one in kinds.items()}
