"""Pieces of a batch: each question once, the same step, and never more logits than allowed."""

from dataclasses import replace

import pytest
import torch

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.training import pieces as module
from latebloom.training.config import RunConfig, SentenceFeedConfig, TrainConfig
from latebloom.training.feed import make_feed
from latebloom.training.loop import train_step
from latebloom.training.pieces import pieces, whole
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.made import CompositionConfig
from latebloom.worlds.sentences.dyck import DyckConfig

CPU = torch.device("cpu")
TRAIN = TrainConfig(steps=4, batch_size=15, warmup_steps=1, optimizer="adamw")
MODEL = ModelConfig(d_model=16, n_layers=1, n_heads=2, window=2)
CONFIGS = {
    "questions": RunConfig(
        world=CompositionConfig(entities=12, relations=4, out_degree=4, phi=2),
        model=MODEL,
        train=TRAIN,
    ),
    "sentences": RunConfig(
        recipe="dyck",
        world=DyckConfig(kinds=2, depth=2, train=40, test_id=10, test_ood=10, max_tokens=12),
        model=replace(MODEL, feedback="none", n_loops=1),
        feed=SentenceFeedConfig(),
        train=TRAIN,
    ),
}


@pytest.fixture(params=CONFIGS)
def trained(request):
    """A config, its model with the same weights every time, and its feed."""
    config = CONFIGS[request.param]
    data = build_world(config.world, 0, lambda _: None)
    torch.manual_seed(0)
    return config, Transformer(config.model, len(data.vocabulary)), make_feed(config, data, CPU)


def test_a_small_batch_stays_whole(trained):
    _, model, feed = trained
    batch = feed.batch(1)
    [(piece, share)] = pieces(feed, model.d_vocab, batch)
    assert piece is batch and share == 1.0


def test_pieces_are_the_batch_and_keep_to_the_limit(trained, monkeypatch):
    _, model, feed = trained
    batch = feed.batch(1)
    monkeypatch.setattr(module, "LOGITS_AT_ONCE", 4 * model.d_vocab)
    cut = pieces(feed, model.d_vocab, batch)
    sizes = [feed.size(piece) for piece, _ in cut]
    assert len(cut) > 2 and sum(sizes) == feed.size(batch)
    assert sum(share for _, share in cut) == pytest.approx(1)
    if isinstance(batch, list):  # a line of a sentence is not cut
        assert max(sizes) <= 4


def test_a_limit_below_the_vocabulary_leaves_a_question_a_piece(trained, monkeypatch):
    _, model, feed = trained
    monkeypatch.setattr(module, "LOGITS_AT_ONCE", 1)
    cut = pieces(feed, model.d_vocab, feed.batch(1))
    assert all(feed.size(piece) for piece, _ in cut)
    assert sum(share for _, share in cut) == pytest.approx(1)


def test_a_step_in_pieces_is_the_step_of_the_whole(trained, monkeypatch):
    config, model, feed = trained
    batch = feed.batch(1)
    monkeypatch.setattr(module, "LOGITS_AT_ONCE", 4 * model.d_vocab)
    cut = pieces(feed, model.d_vocab, batch)
    told = {}
    for name, way in (("whole", whole), ("pieces", lambda _: cut)):
        loss = train_step(model, [], batch, feed.loss, config.train.grad_clip, None, cut=way)
        told[name] = loss, [p.grad.clone() for p in model.parameters()]
    assert told["pieces"][0] == pytest.approx(told["whole"][0], rel=1e-5)
    for one, other in zip(told["pieces"][1], told["whole"][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)
