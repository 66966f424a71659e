"""The signs of a model against plain computation, and that writing them changes nothing."""

import json
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from latebloom.evaluation.signs import ASKED, entropy_of, signs, spread
from latebloom.model.transformer import Transformer
from latebloom.studies.grow import grow


@pytest.fixture
def model(small_config, small_world):
    torch.manual_seed(0)
    return Transformer(small_config.model, len(small_world.vocabulary))


def test_losses_and_norm_by_hand(model, small_world):
    found = signs(model, small_world)
    rows = torch.from_numpy(small_world.examples("test_id")).long()
    model.eval()
    with torch.no_grad():
        logits = model(rows[:, :-1], n_loops=2).logits[-1][:, -1]
    assert found["loss"]["test_id"] == pytest.approx(float(F.cross_entropy(logits, rows[:, -1])))
    norm = math.sqrt(sum(float(w.detach().double().square().sum()) for w in model.parameters()))
    assert found["weight_norm"] == pytest.approx(norm)
    assert set(found["loss"]) == {*small_world.trained, "test_id", "test_ood"}
    assert "gradient_entropy" not in found


def test_the_scale_is_that_of_the_trained_splits_alone(model, small_world):
    model.eval()
    scales = []
    for split in small_world.trained:
        rows = torch.from_numpy(spread(small_world.examples(split))).long()
        with torch.no_grad():
            logits = model(rows[:, :-1], n_loops=min(2, rows.shape[1] - 2)).logits[-1][:, -1]
        scales.append(float(logits.std(-1).mean()))
    assert signs(model, small_world)["logit_scale"] == pytest.approx(np.mean(scales), rel=1e-5)


def test_it_leaves_the_model_as_it_was(model, small_world):
    model.train()
    before = torch.get_rng_state()
    signs(model, small_world)
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)


def test_larger_logits_have_a_larger_scale(model, small_world):
    small = signs(model, small_world)["logit_scale"]
    with torch.no_grad():
        model.ln_final.weight.mul_(3)
    assert signs(model, small_world)["logit_scale"] == pytest.approx(3 * small, rel=1e-3)


def test_how_evenly_a_gradient_spreads():
    assert entropy_of([torch.ones(4, 2), -torch.ones(8)]) == pytest.approx(1)
    assert entropy_of([torch.eye(1), torch.zeros(15)]) == pytest.approx(0)
    assert entropy_of([torch.zeros(3)]) is None


def test_rows_are_spread_evenly_over_a_split():
    rows = np.arange(1000)[:, None]
    assert spread(rows)[:, 0].tolist() == list(range(0, 1000, 1000 // ASKED))
    assert len(spread(rows[:7])) == 7


def test_every_evaluation_of_a_run_has_them(small_config, tmp_path):
    grow(small_config, tmp_path / "run", threads=1)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    for record in map(json.loads, lines):
        assert 0 < record["signs"]["gradient_entropy"] < 1
        assert record["signs"]["weight_norm"] > 0
        assert record["signs"]["loss"]["train_inferred"] > 0
