"""Validation: a share of every test split, set aside for what is decided during a training.

Enters: a world or a corpus whose test splits are whole, and a share. Leaves: the same with
`valid_id` beside `test_id`, `valid_ood` beside `test_ood`, and so on. Stop rules and whoever
chooses between settings read the validation splits; the tests are left for what is reported. And
the way back, for formats that know tests only.

What is trained on is the same to the byte, and a test and its validation split are together the
test as it was drawn, in its order: no row stands in both. They may share facts, and of the two
orders of a comparison one may stand here and one there; what is trained on knows neither.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.answers import AnswerSets
from latebloom.worlds.data import Data
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import Lines, joined
from latebloom.worlds.splits import as_test, as_valid, is_test, is_validation
from latebloom.worlds.streams import Draw

Held = TypeVar("Held", bound=Data)

FEWEST = 5
"""Questions of a test split from which on some are set aside."""


def with_validation(data: Held, share: float, seed: int) -> Held:
    """The data with a share of each test split set aside; of data that has such splits, as it is.

    share: in [0, 1). Of a test split with fewer than `FEWEST` questions nothing is set aside, and
    of every other at least one question stays; of sentences only those count that are judged.
    """
    if not share or data.validated:
        return data
    drawn = {name: draw_rows(data, name, share, seed) for name in data.tested if is_test(name)}
    chosen = {name: (name, others(rows, len(data.splits[name]))) for name, rows in drawn.items()}
    chosen |= {as_valid(name): (name, rows) for name, rows in drawn.items() if len(rows)}
    parts = {new: taken(data.splits[old], rows) for new, (old, rows) in chosen.items()}
    divided = replace(data, splits={**data.splits, **parts})
    sets = sets_of(data)
    taken_sets = {new: sets[old].take(rows) for new, (old, rows) in chosen.items() if old in sets}
    return replace(divided, sets={**sets, **taken_sets}) if sets else divided


def undivided(data: Held) -> Held:
    """The data with the questions of every validation split at the end of its test split again."""
    splits = {name: part for name, part in data.splits.items() if not is_validation(name)}
    for name in data.validated:
        test, part = as_test(name), data.splits[name]
        splits[test] = both(splits[test], part) if test in splits else part
    whole = replace(data, splits=splits)
    sets = {name: one for name, one in sets_of(data).items() if not is_validation(name)}
    for name, part in sets_of(data).items():
        if is_validation(name):
            test = as_test(name)
            sets[test] = AnswerSets.joined(sets[test], part) if test in sets else part
    return replace(whole, sets=sets) if sets else whole


def sets_of(data: Data) -> Mapping[str, AnswerSets]:
    """The sets of answers that are kept beside the splits; none for sentences."""
    return {} if isinstance(data, Corpus) else data.sets


def taken(part: Any, rows: Int[ndarray, " row"]) -> Any:
    """Some rows of a split, whichever kind it is."""
    return part.take(rows) if isinstance(part, Lines) else part[rows]


def both(one: Any, other: Any) -> Any:
    """Two parts of a split as one."""
    return joined([one, other]) if isinstance(one, Lines) else np.concatenate((one, other))


def draw_rows(data: Data, split: str, share: float, seed: int) -> Int[ndarray, " row"]:
    """The rows of a test split that are set aside, ascending.

    Each split is drawn from as if it were alone: what others hold changes nothing.
    """
    rows = judged_rows(data, split)
    if len(rows) < FEWEST:
        return rows[:0]
    rng = np.random.default_rng([seed, Draw.VALIDATION])
    wanted = min(round(share * len(rows)), len(rows) - 1)
    return np.sort(rng.permutation(rows)[:wanted])


def others(rows: Int[ndarray, " row"], total: int) -> Int[ndarray, " other"]:
    """The rows of a split of `total` that are not among these, ascending."""
    return np.setdiff1d(np.arange(total), rows)


def judged_rows(data: Data, split: str) -> Int[ndarray, " row"]:
    """The rows that accuracy counts: of sentences those that their task judges, else all."""
    if isinstance(data, Corpus):
        return data.task.judged_lines(data.splits[split], data.vocabulary)
    return np.arange(len(data.splits[split]))
