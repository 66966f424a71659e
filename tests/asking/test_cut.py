"""The cut of a list of answers: by hand, and that it holds what it promises."""

import math

import numpy as np
import torch

from latebloom.asking.cut import best_cut, conformal_cut, distances_of, looser, of_asked
from latebloom.worlds.answers import AnswerSets


def test_distances_pass_over_what_is_known():
    sets = AnswerSets.of_pairs(2, np.array([0, 0, 1]), np.array([0, 2, 1]))
    sets = sets.asking(np.array([False, True, True]))
    scores = torch.tensor([[5.0, 1.0, 3.0], [2.0, 0.0, 1.0]])
    distances = distances_of(scores, sets)
    assert distances[0].tolist() == [math.inf, 2.0, 0.0]
    assert of_asked(distances, sets).tolist() == [0.0, 2.0]


def test_a_conformal_cut_by_hand():
    # Nine questions with one answer each: nine tenths of ten are nine, so the farthest is taken.
    sets = AnswerSets.of_one(np.arange(9))
    distances = np.array([3.0, 0, 1, 0, 2, 0, 0, 0, 0.5])
    assert conformal_cut(distances, sets, 0.9).distance == 3
    assert conformal_cut(distances, sets, 0.5).distance == 0
    assert conformal_cut(distances, sets, 0.7).distance == 1
    assert conformal_cut(distances[:8], sets.take(np.arange(8)), 0.9).distance == math.inf


def test_each_question_weighs_the_same_in_a_cut():
    sets = AnswerSets.of_pairs(4, np.array([0, 1, 2, 3, 3, 3, 3]), np.arange(7))
    distances = np.array([0.0, 0, 0, 1, 2, 3, 4])
    # 5 x .7 = 3.5, rounded up 4 of 4: the last answer. 5 x .6 = 3 of 4: the first three.
    assert conformal_cut(distances, sets, 0.7).distance == 4
    assert conformal_cut(distances, sets, 0.6).distance == 0


def test_new_questions_are_held_as_often_as_promised():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(300):
        drawn = rng.exponential(size=100)
        cut = conformal_cut(drawn[:50], AnswerSets.of_one(np.arange(50)))
        held.append(cut.kept(drawn[50:]).mean())
    assert 0.9 <= np.mean(held) <= 0.935


def test_the_best_cut_parts_answers_from_the_rest():
    sets = AnswerSets.of_pairs(2, np.array([0, 0, 1]), np.array([0, 1, 2]))
    distances = torch.tensor([[0.0, 0.2, 4.0], [3.0, 5.0, 0.0]])
    cut = best_cut(distances, sets)
    assert cut.kept(distances.numpy()).tolist() == [[True, True, False], [False, False, True]]
    far = conformal_cut(np.array([9.0] * 9), AnswerSets.of_one(np.arange(9)))
    assert looser(cut, far) is far and looser(far, cut) is far
