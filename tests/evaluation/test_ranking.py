"""Filtered ranks by hand, and the sets that a cut leaves."""

import math

import numpy as np
import pytest
import torch

from latebloom.asking.cut import Cut
from latebloom.asking.ranks import ranks_of
from latebloom.evaluation.ranking import (
    Kept,
    Ranked,
    Ranking,
    coverage_of,
    rank,
)
from latebloom.worlds.answers import AnswerSets

SCORES = torch.tensor([[5.0, 4.0, 3.0, 2.0], [1.0, 1.0, 1.0, 0.0]])
SETS = AnswerSets.of_pairs(2, np.array([0, 0, 1]), np.array([0, 3, 1]))


def test_other_answers_are_passed_over_and_ties_count_half():
    # Of question 0 names 1 and 2 are likelier than 3; 0 is an answer as well. Of question 1 names 0
    # and 2 are as likely as 1: one of them is taken for likelier.
    assert ranks_of(SCORES, SETS).tolist() == [1, 3, 2]


def test_what_is_known_is_not_ranked():
    asked = SETS.asking(np.array([False, True, True]))
    assert ranks_of(SCORES, asked).tolist() == [3, 2]


def test_ranks_in_parts_are_those_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    scores = torch.from_numpy(rng.normal(size=(50, 30)))
    sets = AnswerSets.of_pairs(50, rng.integers(0, 50, 200), rng.integers(0, 30, 200))
    whole = ranks_of(scores, sets)
    monkeypatch.setattr("latebloom.asking.ranks.COMPARED_AT_ONCE", 100)
    assert (ranks_of(scores, sets) == whole).all()


def test_a_ranking_by_hand():
    found = Ranking.of(np.array([1.0, 2, 4, 20]))
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 / 20) / 4)
    assert (found.n, found.hits1, found.hits3, found.hits10) == (4, 0.25, 0.5, 0.75)


def test_the_set_that_a_cut_leaves():
    one = rank(SCORES, SETS, Cut(1.0, 10)).kept
    # Question 0 keeps 0 and 1, of 0 and 3; question 1 keeps all four, of 1 alone.
    assert one.f1 == pytest.approx((2 / 4 + 2 / 5) / 2)
    assert one.size == pytest.approx((2 + 4) / 2)
    assert one.held == pytest.approx((1 / 2 + 1) / 2)
    assert rank(SCORES, SETS, None).kept is None
    assert rank(SCORES, SETS, Cut(math.inf, 0)).kept.held == 1


def test_coverage_is_of_missing_answers_where_there_are_some():
    ranking = Ranking(4, 1.0, 1.0, 1.0, 1.0)
    missing = Ranked(ranking, 10, Kept(f1=0.5, held=0.9, size=3.0))
    more = Ranked(ranking, 30, Kept(f1=0.5, held=0.7, size=5.0))
    known = Ranked(ranking, 60, Kept(f1=0.5, held=0.2, size=1.0))
    uncut = Ranked(ranking, 60, None)
    kinds = {("1p", "missing"): missing, ("2p", "missing"): more, ("2p", "known"): known}
    told = coverage_of(kinds)
    assert told is not None
    assert (told["of"], set(told["by_query"])) == ("missing", {"1p", "2p"})
    assert told["empirical"] == pytest.approx((10 * 0.9 + 30 * 0.7) / 40)
    assert told["mean_size"] == pytest.approx((10 * 3 + 30 * 5) / 40)
    told = coverage_of({("2p", "known"): known, ("1p", "missing"): uncut})
    assert told is not None and (told["of"], told["empirical"]) == ("known", 0.2)
    assert coverage_of({("1p", "missing"): uncut}) is None
