"""Progress measures against hand computation and plain loops."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from latebloom.circuits.measures import (
    Groups,
    bridge_geometry,
    gradient_entropy,
    group_by_bridge,
    weight_norms,
)
from latebloom.circuits.states import run_states
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


@pytest.fixture
def model() -> Transformer:
    torch.manual_seed(0)
    return Transformer(ModelConfig(d_model=16, n_layers=1), 9).eval()


def test_weight_norms_add_up_to_the_whole(model: Transformer) -> None:
    norms = weight_norms(model)
    total = math.sqrt(sum(float(w.detach().square().sum()) for w in model.parameters()))
    assert norms["all"] == pytest.approx(total, rel=1e-6)
    parts = [value for name, value in norms.items() if name != "all"]
    assert math.sqrt(sum(value**2 for value in parts)) == pytest.approx(total, rel=1e-6)
    assert norms["embed"] == pytest.approx(float(model.embed.weight.detach().norm()), rel=1e-6)
    assert set(norms) == {"embed", "attention", "mlp", "norm", "all"}


def test_gradient_entropy_equals_its_formula(model: Transformer) -> None:
    rows = np.array([[0, 6, 1], [2, 7, 3]], dtype=np.int64)
    table = torch.from_numpy(rows)
    loss = F.cross_entropy(model(table[:, :2]).logits[-1, :, -1], table[:, 2])
    loss.backward()
    gradient = np.concatenate(
        [w.grad.flatten().numpy() for w in model.parameters() if w.grad is not None]
    )
    share = gradient.astype(float) ** 2 / (gradient.astype(float) ** 2).sum()
    positive = share[share > 0]
    wanted = -(positive * np.log(positive)).sum() / np.log(len(share))
    assert gradient_entropy(model, rows) == pytest.approx(wanted, rel=1e-3)


def test_geometry_equals_loops_over_pairs(model: Transformer) -> None:
    rng = np.random.default_rng(0)
    inside = Groups(rng.integers(0, 9, (9, 3)), np.array([1, 1, 1, 4, 4, 5, 5, 5, 5]))
    outside = Groups(rng.integers(0, 9, (4, 3)), np.array([5, 1, 8, 5]))
    found = bridge_geometry(model, inside, outside, n_loops=2)
    states = run_states(model, torch.from_numpy(inside.questions), n_loops=2)
    other = run_states(model, torch.from_numpy(outside.questions), n_loops=2)
    for loop, boundary in itertools.product(range(2), range(2)):
        raw = states.stream[loop, boundary, :, 1].double().numpy()
        mean = raw.mean(0)
        h = raw - mean
        far = other.stream[loop, boundary, :, 1].double().numpy() - mean
        groups = {b: h[inside.bridge == b] for b in (1, 4, 5)}
        pairs = [cosine(x, y) for g in groups.values() for x, y in itertools.combinations(g, 2)]
        near = {b: cosine(far[outside.bridge == b].mean(0), groups[b].mean(0)) for b in (1, 5)}
        within = np.mean([np.sum((x - g.mean(0)) ** 2) for g in groups.values() for x in g])
        between = np.mean([np.sum(g.mean(0) ** 2) for g in groups.values()])
        embedding = model.embed.weight.detach().double().numpy()
        own = [cosine(x, embedding[b]) for x, b in zip(raw, inside.bridge, strict=True)]
        at = (loop, boundary)
        assert found["cohesion"][at] == pytest.approx(np.mean(pairs), abs=1e-5)
        assert found["alignment"][at] == pytest.approx(np.mean(list(near.values())), abs=1e-5)
        assert found["class_ratio"][at] == pytest.approx(between / within, rel=1e-4)
        assert found["to_embedding"][at] == pytest.approx(np.mean(own), abs=1e-5)


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_groups_hold_questions_of_their_bridge(chain_world: World) -> None:
    groups = group_by_bridge(chain_world, Split.TRAIN_INFERRED, n_bridges=3, per_bridge=2)
    facts = chain_world.facts
    at = facts.find(groups.questions[:, 0], groups.questions[:, 1])
    assert (facts.object[at] == groups.bridge).all()
    _, count = np.unique(groups.bridge, return_counts=True)
    assert count.tolist() == [2, 2, 2]


def test_a_bridge_state_that_is_only_the_bridge_is_cohesive(
    chain_world: World, bridge_model: Transformer
) -> None:
    groups = group_by_bridge(chain_world, Split.TRAIN_INFERRED)
    found = bridge_geometry(bridge_model, groups, None, n_loops=1)
    assert found["class_ratio"][0, 1] > 2 * found["class_ratio"][0, 0]
