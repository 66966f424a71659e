"""Ranking: where a model puts each right answer among all names.

Enters: a model, and questions with sets of answers. Leaves: the *filtered* rank of every answer
that is asked for: one more than the number of names that the model takes for likelier, other right
answers of the same question left out; a name that is exactly as likely counts half. From the ranks
come MRR, the mean of 1 / rank, and Hits@k, the share of ranks up to k; and from the probabilities
the F1 of the set that a `Cut` leaves.

Source: arXiv:1301.3485 (ranking), arXiv:1412.6575 (filtered); arXiv:2002.06914 (ties).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.asking.calibration import (
    KNOWN,
    MISSING,
    TESTS,
    calibrate,
    first_right,
    scored,
)
from latebloom.asking.cut import NOMINAL, Cut, distances_of
from latebloom.asking.names import ScoreNames, score_names
from latebloom.asking.ranks import ranks_of
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import AnswerSets
from latebloom.worlds.chains.counts import count_sets
from latebloom.worlds.data import Data, as_world
from latebloom.worlds.splits import Split, as_valid
from latebloom.worlds.world import World

LINKS = (Split.TEST_LINKS, as_valid(Split.TEST_LINKS))
"""Where facts are asked for alone that were never told."""
SHARE = 0.5
"""The share of all names from which on answers count as nearly all."""
HITS = (1, 3, 10)
"""The k of Hits@k."""

MOST_RANKED = 10_000
"""Questions of a split that are ranked at most."""
ROWS_AT_ONCE = 2000
"""Questions whose names are scored together."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranks of answers, taken together. n: answers."""

    n: int
    mrr: float
    hits1: float
    hits3: float
    hits10: float

    @classmethod
    def of(cls, ranks: Float[ndarray, " answer"]) -> "Ranking":
        """Of at least one rank."""
        hits = (float((ranks <= k).mean()) for k in HITS)
        return cls(len(ranks), float((1 / ranks).mean()), *hits)


@dataclass(frozen=True, slots=True)
class Kept:
    """The sets that a cut leaves of some questions, each question weighing the same.

    f1: the mean over questions. held: the share of the answers that are asked for. size: names.
    """

    f1: float
    held: float
    size: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """How the answers of one kind of question are found.

    questions: how many. kept: the sets; None where nothing was set aside to choose a cut by.
    """

    ranking: Ranking
    questions: int
    kept: Kept | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; what the sets hold stands elsewhere, under `coverage`."""
        return asdict(self.ranking) | {"set_f1": self.kept.f1 if self.kept else None}


def rank(scores: Float[Tensor, "question name"], sets: AnswerSets, cut: Cut | None) -> Ranked:
    """The ranks of the answers that are asked for, and the sets that a cut leaves."""
    ranking = Ranking.of(ranks_of(scores, sets))
    if cut is None:
        return Ranked(ranking, len(sets), None)
    kept = distances_of(scores, sets) <= cut.distance
    rows, names = sets.question[sets.asked], sets.member[sets.asked]
    inside = kept[torch.from_numpy(rows), torch.from_numpy(names).long()].numpy()
    hits = np.bincount(rows, inside, minlength=len(sets))
    sizes = kept.sum(1).numpy()
    f1, held = 2 * hits / (sizes + sets.n_asked), hits / sets.n_asked
    found = Kept(float(f1.mean()), float(held.mean()), float(sizes.mean()))
    return Ranked(ranking, len(sets), found)


def rank_splits(model: Transformer, data: Data, *, most: int = MOST_RANKED) -> dict[str, Any]:
    """What a summary tells of a world whose questions have several answers: `ranking` and
    `coverage`; of any other nothing. Questions are asked at once.

    most: questions of a split that are ranked.
    """
    if not data.task.several:
        return {}
    ranked = ranked_kinds(model, as_world(data, "this run"), TESTS, score_names, most)
    return {"ranking": by_query(ranked), "coverage": coverage_of(ranked)}


def ranked_kinds(
    model: Transformer,
    world: World,
    kinds: Iterable[tuple[str, str]],
    score: ScoreNames = score_names,
    most: int = MOST_RANKED,
) -> dict[tuple[str, str], Ranked]:
    """How the answers of some kinds of question are found, of those that there are, and what the
    sets hold whose cuts the questions of validation give."""
    ranked = {}
    for kind in kinds:
        if (split := TESTS[kind]) in world.splits:
            known = calibrate(model, world, [kind], score=score)
            cut = known[kind].cut if kind in known else None
            ranked[kind] = rank(*scored(model, world, split, most, score=score), cut)
    return ranked


def by_query(ranked: Mapping[tuple[str, str], Ranked]) -> dict[str, dict[str, Any]]:
    """Rankings for JSON, by query and then by kind of answer."""
    ranking: dict[str, dict[str, Any]] = {}
    for (query, kind), one in ranked.items():
        ranking.setdefault(query, {})[kind] = one.as_dict()
    return ranking


def held(data: Data) -> dict[str, Any]:
    """What a summary tells of the facts of such a world, as `table`; of any other nothing.

    told, told_alone: facts, and those that no trained question goes through. never_told: facts
    that are asked for alone and were not told. pairs, questions: how many have so many answers;
    of too many questions None. left_out: questions that nearly all names answer.
    """
    if not data.task.several:
        return {}
    world = as_world(data, "this run")
    n_names = world.task.n_competing(len(world.vocabulary))
    counts = count_sets(world.facts, n_names, SHARE)
    links = [world.answers(name) for name in LINKS if name in world.splits]

    def named(numbers: tuple[int, ...] | None) -> dict[str, int] | None:
        return None if numbers is None else dict(zip(counts.names, numbers, strict=True))

    table = {
        "told": len(world.facts),
        "told_alone": int(world.facts.ood.sum()),
        "never_told": sum(int(sets.asked.sum()) for sets in links),
        "pairs": named(counts.pairs),
        "questions": named(counts.questions),
        "left_out": counts.nearly_all,
    }
    return {"table": table}


def coverage_of(ranked: Mapping[tuple[str, str], Ranked]) -> dict[str, Any] | None:
    """What the sets hold of the answers that were never told, each question weighing the same; of
    those that follow where none was held out. None where nothing was set aside to cut them by."""
    cut = {kind: (one.kept, one.questions) for kind, one in ranked.items() if one.kept}
    missing = {kind: one for kind, one in cut.items() if kind[1] == MISSING}
    told = missing or {kind: one for kind, one in cut.items() if kind[1] == KNOWN}
    if not told:
        return None
    weights = [n for _, n in told.values()]
    return {
        "nominal": NOMINAL,
        "empirical": float(np.average([kept.held for kept, _ in told.values()], weights=weights)),
        "mean_size": float(np.average([kept.size for kept, _ in told.values()], weights=weights)),
        "of": MISSING if missing else KNOWN,
        "by_query": {
            query: {"empirical": kept.held, "mean_size": kept.size, "questions": n}
            for (query, _), (kept, n) in told.items()
        },
    }


def right_rows(
    model: Transformer, world: World, split: str, rows: Int[ndarray, " row"]
) -> Bool[ndarray, " row"]:
    """Which questions of a split get an answer that is asked for as the likeliest name, their
    other right answers passed over."""
    right = []
    for part in np.array_split(rows, max(1, len(rows) // ROWS_AT_ONCE)):
        sets = world.answers(split, part)
        questions = torch.from_numpy(world.examples(split)[part, :-1])
        distances = distances_of(score_names(model, world.task, questions), sets)
        right.append(first_right(distances, sets))
    return np.concatenate(right)
