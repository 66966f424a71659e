"""Accuracy and its interval."""

import math

import numpy as np
import pytest
import torch

from latebloom.evaluation.accuracy import (
    Score,
    correct_rows,
    predict,
    score_splits,
)
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer


@pytest.fixture
def model(small_world):
    torch.manual_seed(0)
    return Transformer(ModelConfig(d_model=16, n_heads=2, window=2), len(small_world.vocabulary))


def test_no_questions_say_nothing():
    assert Score(0, 0).ci95 == (0.0, 1.0)
    assert math.isnan(Score(0, 0).accuracy)


def test_predictions_are_the_largest_logit(model, small_world):
    rows = torch.from_numpy(small_world.examples("train_inferred"))[:, :-1]
    one_by_one = [model(row[None], n_loops=2).logits[-1, 0, -1].argmax().item() for row in rows]
    assert predict(model, rows, 2).tolist() == one_by_one


@pytest.mark.parametrize(("limit", "most"), [("TOKENS_AT_ONCE", 7), ("LOGITS_AT_ONCE", 7 * 16)])
def test_large_splits_go_in_pieces_and_come_back_whole(
    model, small_world, monkeypatch, limit, most
):
    assert len(small_world.vocabulary) == 16
    rows = torch.from_numpy(small_world.examples("train_inferred"))[:, :-1]
    whole = predict(model, rows, 2)
    sizes = []
    model.embed.register_forward_hook(lambda _, given, __: sizes.append(given[0].numel()))
    monkeypatch.setattr(f"latebloom.evaluation.accuracy.{limit}", most)
    assert torch.equal(predict(model, rows, 2), whole)
    assert max(sizes) <= 7 and sum(sizes) == rows.numel()


def test_right_answers_are_counted(model, small_world):
    rows = small_world.examples("test_id").copy()
    rows[:, -1] = predict(model, torch.from_numpy(rows[:, :-1]), 2).numpy()
    rows[::2, -1] = (rows[::2, -1] + 1) % len(small_world.vocabulary)
    right = correct_rows(model, rows, 2)
    assert right.tolist() == [i % 2 == 1 for i in range(len(rows))]


def test_a_probe_is_spread_over_the_split(model, small_world):
    scores = score_splits(model, small_world, probe=5)
    for name, score in scores.items():
        assert score.n == min(5, len(small_world.examples(name)))
    assert list(scores) == list(small_world.splits)


def test_measuring_leaves_the_model_in_training(model, small_world):
    model.train()
    score_splits(model, small_world)
    assert model.training
    assert all(p.grad is None for p in model.parameters())


def test_empty_questions_give_no_answers(model):
    assert predict(model, torch.empty((0, 3), dtype=torch.int32), 2).shape == (0,)
    assert correct_rows(model, np.empty((0, 4), np.int32), 2).shape == (0,)
