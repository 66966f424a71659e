"""The published decoder (post-norm, sinusoidal, ReLU, untied) against torch's own layers."""

import math

import pytest
import torch
from torch import nn

from latebloom.model.config import ModelConfig
from latebloom.model.positions import sinusoids
from latebloom.model.transformer import Transformer

WORDS, WIDTH, HEADS, LAYERS = 13, 16, 4, 3


@pytest.fixture
def ours() -> Transformer:
    torch.manual_seed(0)
    config = ModelConfig(
        d_model=WIDTH,
        n_layers=LAYERS,
        n_heads=HEADS,
        n_loops=1,
        feedback="none",
        positions="sinusoidal",
        norm="post",
        activation="relu",
        tied=False,
    )
    model = Transformer(config, WORDS).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.4)
    return model.eval()


def torch_encoder(ours: Transformer) -> nn.TransformerEncoder:
    """torch's encoder with our weights."""
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="relu", batch_first=True, norm_first=False
    )
    encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False).double().eval()
    for theirs, block in zip(encoder.layers, ours.blocks, strict=True):
        weights = {
            "self_attn.in_proj_weight": block.attn.qkv.weight,
            "self_attn.in_proj_bias": block.attn.qkv.bias,
        }
        pairs = {
            "self_attn.out_proj": block.attn.out,
            "linear1": block.mlp_in,
            "linear2": block.mlp_out,
            "norm1": block.ln_1,
            "norm2": block.ln_2,
        }
        for name, module in pairs.items():
            weights |= {f"{name}.weight": module.weight, f"{name}.bias": module.bias}
        theirs.load_state_dict(weights)
    return encoder


def test_logits_and_gradients_equal_torchs_encoder(ours):
    tokens = torch.randint(0, WORDS, (5, 9), generator=torch.Generator().manual_seed(1))
    embedded = ours.embed(tokens) * math.sqrt(WIDTH) + sinusoids(torch.arange(9), WIDTH).double()
    mask = nn.Transformer.generate_square_subsequent_mask(9, dtype=torch.float64)
    states = torch_encoder(ours)(embedded, mask=mask, is_causal=True)
    expected = states @ ours.unembed.weight.T
    logits = ours(tokens).logits[0]
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    (mine,) = torch.autograd.grad(logits.square().mean(), [ours.embed.weight])
    (theirs,) = torch.autograd.grad(expected.square().mean(), [ours.embed.weight])
    torch.testing.assert_close(mine, theirs, rtol=1e-8, atol=1e-9)


def test_sinusoids_by_hand():
    table = sinusoids(torch.arange(4), 6)
    assert table.shape == (4, 6)
    assert table[0].tolist() == [0, 1, 0, 1, 0, 1]
    assert table[3, 2].item() == pytest.approx(math.sin(3 / 10_000 ** (2 / 6)), abs=1e-6)
    assert table[3, 5].item() == pytest.approx(math.cos(3 / 10_000 ** (4 / 6)), abs=1e-6)
