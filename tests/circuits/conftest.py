"""A small world and two models set by hand: one reasons through a bridge, one memorises. And one
that was trained until it knew its questions by heart."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

N_ENTITIES, N_RELATIONS = 6, 3
N = N_ENTITIES + N_RELATIONS
TOKEN, BEFORE, FOUND, HANDED = (slice(i * N, (i + 1) * N) for i in range(4))
"""The stream's parts: own token, token before, what was looked up, what the one before has."""
ON = 10.0


@pytest.fixture
def chain_world() -> World:
    """Six entities with three facts each; every ninth two-hop chain is held out."""
    rng = np.random.default_rng(3)
    facts = Facts(
        subject=np.repeat(np.arange(N_ENTITIES), N_RELATIONS).astype(np.int32),
        relation=np.tile(np.arange(N_ENTITIES, N), N_ENTITIES).astype(np.int32),
        object=rng.integers(0, N_ENTITIES, N_ENTITIES * N_RELATIONS).astype(np.int32),
        ood=np.zeros(N_ENTITIES * N_RELATIONS, dtype=bool),
    )
    first, second = (
        np.repeat(np.arange(len(facts)), N_RELATIONS),
        np.tile(np.arange(N_RELATIONS), len(facts)),
    )
    second = facts.object[first] * N_RELATIONS + second
    rows = np.stack(
        (
            facts.subject[first],
            facts.relation[first],
            facts.relation[second],
            facts.object[second],
        ),
        axis=1,
    ).astype(np.int32)
    held_out = np.arange(len(rows)) % 9 == 4
    atomic = np.stack((facts.subject, facts.relation, facts.object), axis=1)
    words = [f"e{i}" for i in range(N_ENTITIES)] + [f"r{i}" for i in range(N_RELATIONS)]
    return World(
        task=ChainTask(),
        vocabulary=Vocabulary(tuple(words)),
        facts=facts,
        splits={
            Split.ATOMIC_ID: atomic,
            Split.TRAIN_INFERRED: rows[~held_out],
            Split.TEST_ID: rows[held_out],
        },
        trained=(Split.ATOMIC_ID, Split.TRAIN_INFERRED),
    )


def looks_back(model: Transformer, layer: int, source: slice, target: slice, gain: float) -> None:
    """Attention copies a part of the token before into a part of the own stream."""
    attn = model.blocks[layer].attn
    attn.distance_bias[:, 1] = 50.0
    copy = torch.eye(N)
    attn.qkv.weight[2 * 4 * N :][target, source] = copy
    attn.out.weight[target, target] = gain * copy


def looks_up(
    model: Transformer, layer: int, keys: list[list[int]], found: Tensor, least: float
) -> None:
    """Neuron i is on where all of its inputs keys[i] are, and then writes its token."""
    block = model.blocks[layer]
    for i, inputs in enumerate(keys):
        block.mlp_in.weight[i, inputs] = 1.0
        block.mlp_in.bias[i] = -least
        block.mlp_out.weight[FOUND.start + int(found[i]), i] = 2 * ON


def blank_model() -> Transformer:
    config = ModelConfig(
        d_model=4 * N,
        n_layers=2,
        n_loops=1,
        n_heads=1,
        mlp_ratio=2,
        feedback="none",
        positions="relative",
        activation="relu",
        tied=False,
    )
    model = Transformer(config, N).eval()
    for name, weight in model.named_parameters():
        weight.fill_(1.0 if name.endswith(("ln_1.weight", "ln_2.weight")) else 0.0)
    model.ln_final.weight.fill_(1.0)
    model.embed.weight[:, TOKEN] = ON * torch.eye(N)
    model.unembed.weight[:, FOUND] = 5 * torch.eye(N)
    return model


@pytest.fixture
def bridge_model(chain_world: World) -> Transformer:
    """Layer 1 looks the bridge up where relation 1 stands, layer 2 the answer at relation 2."""
    facts = chain_world.facts
    found = torch.from_numpy(facts.object)
    with torch.no_grad():
        model = blank_model()
        looks_back(model, 0, TOKEN, BEFORE, 2.0)
        pairs = list(zip(facts.subject.tolist(), facts.relation.tolist(), strict=True))
        first = [[BEFORE.start + s, TOKEN.start + r] for s, r in pairs]
        looks_up(model, 0, first, found, 6.0)
        looks_back(model, 1, FOUND, HANDED, 4.0)
        second = [[HANDED.start + s, TOKEN.start + r] for s, r in pairs]
        looks_up(model, 1, second, found, 5.0)
    return model


@pytest.fixture
def memoriser(chain_world: World) -> Transformer:
    """Right answers from the three tokens at once, without any bridge."""
    rows = chain_world.examples(Split.TRAIN_INFERRED)
    with torch.no_grad():
        model = blank_model()
        looks_back(model, 0, TOKEN, BEFORE, 2.0)
        looks_back(model, 1, BEFORE, HANDED, 3.0)
        keys = [[HANDED.start + s, BEFORE.start + r, TOKEN.start + q] for s, r, q, _ in rows]
        looks_up(model, 1, keys, torch.from_numpy(rows[:, 3]), 8.0)
    return model


@pytest.fixture(scope="session")
def by_heart() -> tuple[World, Transformer]:
    """A small plain GPT-2 after 60 steps of plain AdamW, and what it was trained on: far too little
    for a rule, and soon known by heart."""
    config = CompositionConfig(entities=60, relations=20, out_degree=5, phi=1, test_id_frac=0.3)
    world = make_composition(config, 0)
    torch.manual_seed(0)
    shape = ModelConfig(
        d_model=64, n_layers=2, n_loops=1, n_heads=2, feedback="none", positions="learned"
    )
    model = Transformer(shape, len(world.vocabulary))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    parts = [torch.from_numpy(world.examples(split)).long() for split in world.trained]
    for _ in range(60):
        losses = []
        for rows in parts:
            at = torch.full((len(rows),), rows.shape[1] - 2)
            logits = model(rows[:, :-1], at, n_loops=1, every_loop=False).logits[-1]
            losses.append(F.cross_entropy(logits, rows[:, -1]))
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        optimizer.step()
    return world, model.eval()
