"""Muon against torch's own, its mathematical property, and the learning rate's course."""

import pytest
import torch

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.training.config import TrainConfig
from latebloom.training.optimizers import Muon, lr_scale, make_optimizers, orthogonalise


@pytest.mark.parametrize("shape", [(24, 8), (8, 24), (12, 12)])
def test_muon_takes_the_steps_of_torchs_muon(shape):
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(shape, generator=generator)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    pair = [
        Muon([ours], lr=0.1, weight_decay=0.2),
        torch.optim.Muon([theirs], lr=0.1, weight_decay=0.2),
    ]
    for _ in range(4):
        gradient = torch.randn(shape, generator=generator)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        for optimizer in pair:
            optimizer.step()
    moved = (theirs - start).norm()
    assert (ours - theirs).norm() < 0.02 * moved  # bfloat16 keeps 8 bits


def test_orthogonalise_brings_singular_values_near_one():
    matrices = torch.randn(5, 16, 40, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrices, (3.4445, -4.7750, 2.0315), 5))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_muon_leaves_a_parameter_without_gradient_alone():
    used, unused = torch.nn.Parameter(torch.ones(4, 4)), torch.nn.Parameter(torch.ones(4, 4))
    used.grad = torch.eye(4)
    Muon([used, unused], lr=0.1).step()
    assert torch.equal(unused, torch.ones(4, 4))
    assert not torch.equal(used, torch.ones(4, 4))


def test_muon_takes_embeddings_too_where_it_is_told_to():
    model = Transformer(ModelConfig(d_model=16, n_heads=2), 30)

    def taken(name):
        _, muon = make_optimizers(model, TrainConfig(optimizer=name))
        return {id(p) for group in muon.param_groups for p in group["params"]}

    named = {n: p for n, p in model.named_parameters() if p.ndim == 2 and "distance" not in n}
    matrices = {id(p) for p in named.values()}
    outside = {id(p) for name, p in named.items() if "blocks." not in name}
    assert id(model.embed.weight) in outside
    assert taken("muon-all") == matrices
    assert taken("muon") == matrices - outside


@pytest.mark.parametrize("optimizer", ["muon", "muon-all", "adamw", "lion"])
def test_every_parameter_has_one_group_and_decay_spares_biases(optimizer):
    model = Transformer(ModelConfig(d_model=16, n_heads=2), 30)
    optimizers = make_optimizers(model, TrainConfig(optimizer=optimizer))
    groups = [g for o in optimizers for g in o.param_groups]
    grouped = [id(p) for g in groups for p in g["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())
    free = {id(p) for g in groups if g["weight_decay"] == 0 for p in g["params"]}
    for name, parameter in model.named_parameters():
        small = name.endswith(("bias", "distance_bias")) or "ln_" in name
        assert (id(parameter) in free) == small, name


@pytest.mark.parametrize(
    ("schedule", "middle", "end"),
    [("constant", 1.0, 1.0), ("linear", 0.5, 1 / 81), ("cosine", 0.5, 0.0003760)],
)
def test_the_learning_rates_course(schedule, middle, end):
    config = TrainConfig(steps=100, warmup_steps=20, schedule=schedule)
    assert lr_scale(10, config) == 0.5
    assert lr_scale(20, config) == 1.0
    assert lr_scale(60, config) == pytest.approx(middle, abs=0.02)
    assert lr_scale(100, config) == pytest.approx(end, rel=0.01)
