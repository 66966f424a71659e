"""A stack of runs: equal to the runs alone, and what cannot be stacked."""

from dataclasses import replace

import pytest
import torch

from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.training.feed import make_feed
from latebloom.training.loop import train_step
from latebloom.training.optimizers import lr_scale, make_optimizers, ready_to_schedule, set_lr
from latebloom.training.stacked import Stack, train_stacked
from latebloom.worlds.build import build_world


def alone(config, data, steps):
    """What the loop does, without its folder: losses and the model."""
    torch.manual_seed(config.seed)
    model = Transformer(config.model, len(data.vocabulary))
    optimizers = ready_to_schedule(make_optimizers(model, config.train))
    feed = make_feed(config, data, torch.device("cpu"))
    losses = []
    for step in range(1, steps + 1):
        set_lr(optimizers, lr_scale(step, config.train))
        batch = feed.batch(step)
        clip = config.train.grad_clip
        losses.append(train_step(model, optimizers, batch, feed.loss, clip, None))
    return losses, model


@pytest.fixture
def stackable(small_config):
    """Four runs: two seeds, other rates, another decay and smoothing."""

    def make(optimizer):
        base = small_config.replace("model", dropout=0.0)
        base = base.replace("train", steps=100, optimizer=optimizer, lr=5e-3, grad_clip=1.0)
        configs = [base.with_seed(0), base.with_seed(1)]
        rates = {"lr": 1e-2} | ({"muon_lr": 0.01} if optimizer == "muon" else {})
        others = (rates, {"weight_decay": 0.5, "label_smoothing": 0.1})
        configs += [base.with_seed(3).replace("train", **changed) for changed in others]
        return configs, [build_world(c.world, c.world_seed, print) for c in configs]

    return make


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_stack_equals_separate_runs(stackable, optimizer):
    configs, datas = stackable(optimizer)
    models, losses = train_stacked(configs, datas, 100)
    for number, (config, data) in enumerate(zip(configs, datas, strict=True)):
        told, model = alone(config, data, 100)
        assert losses[:, number].tolist() == pytest.approx(told, abs=1e-4)
        stacked = dict(models[number].named_parameters())
        for name, parameter in model.named_parameters():
            assert torch.allclose(stacked[name], parameter, atol=1e-3), name
    assert len({round(float(loss), 6) for loss in losses[-1]}) == len(configs)


def test_what_cannot_be_stacked_is_said(stackable):
    configs, datas = stackable("adamw")
    other = configs[1].replace("model", d_model=32)
    for changed, said in (
        (other, "may differ in their seeds"),
        (configs[0].replace("train", steps=50), "may differ in their seeds"),
    ):
        with pytest.raises(LatebloomError, match=said):
            Stack([configs[0], changed], datas[:2])
    dropped = [config.replace("model", dropout=0.1) for config in configs[:2]]
    with pytest.raises(LatebloomError, match="without dropout"):
        Stack(dropped, datas[:2])
    faster = [config.replace("train", row_norm=1.0) for config in configs[:2]]
    with pytest.raises(LatebloomError, match="without accelerators"):
        Stack(faster, datas[:2])
    lion = [config.replace("train", optimizer="lion") for config in configs[:2]]
    with pytest.raises(LatebloomError, match="adamw or muon, not with lion"):
        Stack(lion, datas[:2])
    mixed = [replace(c, feed=replace(c.feed, atomic_frac=0.0)) for c in configs[:3]]
    with pytest.raises(LatebloomError, match="differ in shape"):
        train_stacked(mixed, datas[:3], 20)
