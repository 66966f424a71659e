"""What a run knows of its own answers: the cuts of its sets, and how often its guesses were right.

Enters: a model and its world. Leaves: a `Calibration` for each kind of question, measured on the
validation questions, so that the tests stay for what is reported. Kinds are called as the field
calls them: `1p` for one hop, `2p` for two, `2i` for what two branches have in common; answers are
`known` where they follow from facts that were told, `missing` where they need one that never was,
and `ood` where they need one that was told, but that no trained question joins or composes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from latebloom.asking.cut import (
    NOMINAL,
    Cut,
    best_cut,
    conformal_cut,
    distances_of,
    looser,
    of_asked,
)
from latebloom.asking.names import ScoreNames, score_names
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import AnswerSets
from latebloom.worlds.splits import Split, as_valid, hops_split, shape_split
from latebloom.worlds.tasks.shapes import SHAPES
from latebloom.worlds.world import World

KNOWN, MISSING, OOD = "known", "missing", "ood"
TESTS: Mapping[tuple[str, str], str] = {
    ("1p", MISSING): Split.TEST_LINKS,
    ("2p", KNOWN): Split.TEST_ID,
    ("2p", MISSING): Split.TEST_MISSING,
    ("3p", KNOWN): hops_split(3),
    ("3p", MISSING): Split.TEST_MISSING_3,
    **{
        (shape, kind): split
        for shape in SHAPES
        for kind, split in (
            (KNOWN, shape_split(shape, "test")),
            (MISSING, shape_split(shape, "test_missing")),
            (OOD, shape_split(shape, "test_ood")),
        )
    },
}
"""The test split of each kind of question and answer."""
MOST = 1000
"""Questions of a split that a calibration takes."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model did on the validation questions of a kind.

    cut: of the sets that are given. right: in how many questions the first guess was an answer
    (known answers passed over), of cut.questions.
    """

    cut: Cut
    right: int


def calibrate(
    model: Transformer,
    world: World,
    kinds: Iterable[tuple[str, str]] = tuple(TESTS),
    beside_known: bool | None = None,
    in_number: bool | None = None,
    score: ScoreNames = score_names,
) -> dict[tuple[str, str], Calibration]:
    """The calibration of each of the kinds of which there are validation questions.

    beside_known: only questions that have known answers too (or, if false, none); None: all.
    in_number: only questions that end in a number (or, if false, in a name); None: all.
    score: what gives each name its score.
    """
    found = {}
    for kind in kinds:
        name = as_valid(TESTS.get(kind, ""))
        if name not in world.splits:
            continue
        scores, sets = scored(model, world, name, MOST, in_number, score)
        if beside_known is not None:
            rows = np.flatnonzero((sets.sizes > sets.n_asked) == beside_known)
            scores, sets = scores[torch.from_numpy(rows)], sets.take(rows)
        if len(sets):
            found[kind] = calibrated(scores, sets, known=kind[1] != MISSING)
    return found


def scored(
    model: Transformer,
    world: World,
    split: str,
    most: int,
    in_number: bool | None = None,
    score: ScoreNames = score_names,
) -> tuple[Float[Tensor, "row name"], AnswerSets]:
    """The scores of all names for at most so many questions of a split, and their answers.

    in_number: only questions that end in a number (or, if false, in a name); None: all.
    """
    examples = world.examples(split)
    rows = np.arange(len(examples))
    if in_number is not None:
        measured = list(world.task.numbers or ())
        rows = rows[np.isin(world.named(split)[:, -2], measured) == in_number]
    rows = rows[:: max(1, len(rows) // most)][:most]
    questions = torch.from_numpy(examples[rows, :-1])
    return score(model, world.task, questions), world.answers(split, rows)


def calibrated(
    scores: Float[Tensor, "row name"], sets: AnswerSets, *, known: bool, nominal: float = NOMINAL
) -> Calibration:
    """The calibration on some questions.

    known: whether the whole set follows from what was told. Then the cut is the one with the best
    F1, where that holds more than the nominal share; a set of guesses is cut at that share.
    """
    distances = distances_of(scores, sets)
    cut = conformal_cut(of_asked(distances, sets), sets, nominal)
    if known:
        cut = looser(cut, best_cut(distances, sets))
    return Calibration(cut, int(first_right(distances, sets).sum()))


def within(kind: Calibration | None, likely: Float[ndarray, " guess"]) -> int | None:
    """How many guesses, likeliest first, lie within the cut; None if there is none."""
    if kind is None or not np.isfinite(kind.cut.distance) or not len(likely):
        return None
    logs = np.log(np.maximum(likely, 1e-300))
    return int(kind.cut.kept(logs[0] - logs).sum())


def first_right(distances: Float[Tensor, "row name"], sets: AnswerSets) -> np.ndarray:
    """For each question whether the likeliest name that is not known already is an answer."""
    first = distances.argmin(1).numpy()
    guess = AnswerSets.of_one(first)
    answers = sets.question[sets.asked], sets.member[sets.asked]
    return guess.among(AnswerSets.of_pairs(len(sets), *answers))
