"""Position schemes: the package's by hand, and one of a user's own through everything."""

import numpy as np
import pytest
import torch

from latebloom.circuits.states import run_states
from latebloom.circuits.tracing import patch_grid
from latebloom.errors import CorpusError, LatebloomError
from latebloom.evaluation.decoding import decode
from latebloom.model.config import POSITIONS, ModelConfig
from latebloom.model.positions import Positions, check_length, make_positions
from latebloom.model.taps import Site, Taps, replace_at
from latebloom.model.transformer import Parts, Transformer
from latebloom.training.config import RunConfig
from latebloom.trees.attention_entropy import attention_entropy
from latebloom.trees.projection import span_scores

WORDS = 11


class Alibi(Positions):
    """A slope for each head times the distance, off every score (arXiv:2108.12409)."""

    def bias(self, distance, attention):
        n = attention.n_heads
        slopes = 2.0 ** (-8.0 / n * torch.arange(1, n + 1, device=distance.device))
        return -slopes.view(-1, *[1] * distance.ndim) * distance


def own_model(scheme: Positions | None = None, **settings) -> Transformer:
    torch.manual_seed(0)
    shape = {"d_model": 16, "n_layers": 2, "n_heads": 4, "n_loops": 1, "feedback": "none"}
    config = ModelConfig(**(shape | {"positions": "own:alibi"} | settings))
    model = Transformer(config, WORDS, parts=Parts(positions=scheme or Alibi())).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.4)
    return model.eval()


def questions(n: int = 5, width: int = 4) -> torch.Tensor:
    return torch.randint(WORDS, (n, width), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_alibi_from_outside_is_the_attention_of_its_formula():
    """One layer of two heads, whose slopes are 1/16 and 1/256, head by head and query by query."""
    model, tokens = own_model(n_layers=1, n_heads=2), questions(1)
    block, x = model.layers[0], model.embed(tokens)[0]
    q, k, v = (part.view(4, 2, 8) for part in block.attn.qkv(block.ln_1(x)).split(16, dim=-1))
    mixed = torch.zeros(4, 2, 8, dtype=torch.float64)
    for head, slope in enumerate((1 / 16, 1 / 256)):
        for i in range(4):
            scores = [
                float(q[i, head] @ k[j, head]) / 8**0.5 - slope * (i - j) for j in range(i + 1)
            ]
            shares = np.exp(scores) / np.exp(scores).sum()
            mixed[i, head] = sum(share * v[j, head] for j, share in enumerate(shares.tolist()))
    x = x + block.attn.out(mixed.flatten(1))
    x = x + block.through_mlp(block.ln_2(x)[None])[0]
    torch.testing.assert_close(model(tokens).logits[0, 0], model.logits(x), rtol=1e-6, atol=1e-6)


@torch.no_grad()
def test_every_instrument_asks_a_scheme_of_ones_own():
    """Decoding, states, patches, trees and entropy against plain passes of the same model."""
    model, tokens = own_model(), questions(width=5)
    grown = tokens
    for _ in range(3):
        best = model(grown).logits[-1, :, -1].argmax(-1, keepdim=True)
        grown = torch.cat((grown, best), dim=1)
    assert torch.equal(decode(model, tokens, 3), grown[:, 5:])

    other = tokens.clone()
    other[:, 1] = (other[:, 1] + 3) % WORDS
    base = run_states(model, tokens)
    source = run_states(model, other, base=base, first=1)
    grid = patch_grid(model, base, source, tokens[:, 0], changed=(1,))
    write = replace_at(torch.full((5,), 1), source.stream[0, 1, :, 1])
    at = torch.full((5,), 4)
    patched = model(tokens, at, taps=Taps(writes={Site(0, 1, "resid_pre"): write})).logits[-1]
    wanted = patched.log_softmax(-1).gather(1, tokens[:, :1]).squeeze(1)
    torch.testing.assert_close(grid.log_prob[0, 1, 1], wanted)

    model = model.float()
    last = Site(0, 1, "resid_post")
    scores = span_scores(model, tokens[:1].numpy(), np.array([4]))
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    inside = torch.tensor([True, False, True, True, False])
    sums = []
    for visible in (causal, causal & inside | torch.eye(5, dtype=torch.bool)):
        taps = Taps(reads=[last])
        model(tokens[:1], visible=visible, taps=taps)
        sums.append(model.ln_final(taps.states[last])[0, 2:4].sum(0))
    assert scores[0, 1, 2] == pytest.approx(float(torch.cosine_similarity(*sums, dim=0)), abs=1e-5)

    steep = own_model(Steep()).float()
    entropy = attention_entropy(steep, tokens.numpy(), np.full(5, 5))
    np.testing.assert_allclose(entropy, 0.0, atol=1e-6)  # each token sees but itself


class Steep(Positions):
    """Every step back costs more than any score is worth."""

    def bias(self, distance, attention):
        return (-1e4 * distance.clamp(min=0)).expand(attention.n_heads, *distance.shape)


class Lagged(Positions):
    """Reads three positions: a trained vector for each, and a trained number in every layer."""

    limit = 3

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Parameter(torch.full((3, 16), 7.0))

    def embed(self, x, positions):
        return x + self.table[positions]

    def bias(self, distance, attention):
        lag = attention.get_parameter("lag")
        return (lag * distance).expand(attention.n_heads, *distance.shape)

    def layer_parameters(self, n_heads):
        return {"lag": torch.nn.Parameter(torch.full((1, 1), 3.0))}


def test_weights_of_an_own_scheme_are_the_models_and_stay_as_they_came():
    config = ModelConfig(d_model=16, n_layers=2, n_heads=2, positions="own:lagged")
    model = Transformer(config, WORDS, parts=Parts(positions=Lagged()))
    weights = model.state_dict()
    assert (weights["pos_embed.table"] == 7).all()
    assert (weights["blocks.0.attn.lag"] == 3).all()
    model(questions(width=3)).logits.sum().backward()
    assert model.layers[1].attn.get_parameter("lag").grad is not None
    with pytest.raises(LatebloomError, match="the model reads 3"):
        model(questions(width=4))


def test_an_own_scheme_has_to_be_handed_in_and_to_be_named():
    named = ModelConfig(positions="own:alibi")
    with pytest.raises(LatebloomError, match=r"parts=Parts\(positions=\.\.\.\)"):
        Transformer(named, WORDS)
    with pytest.raises(LatebloomError, match="name it 'own:alibi'"):
        Transformer(ModelConfig(), WORDS, parts=Parts(positions=Alibi()))
    with pytest.raises(LatebloomError, match="'alibi'; it must be one of learned, rotary"):
        ModelConfig(positions="alibi")
    config = RunConfig(model=named)
    assert RunConfig.from_toml(config.to_toml()) == config


@pytest.mark.parametrize("name", POSITIONS)
def test_config_and_scheme_know_the_same_limit(name):
    config = ModelConfig(positions=name)
    assert make_positions(config).limit == config.limit
    assert (config.limit is None) == (name not in ("learned", "sinusoidal"))


def test_what_is_longer_than_the_model_reads_is_named():
    check_length(None, [10**9], str, "")
    check_length(4, [4, 0, 3], str, "")
    with pytest.raises(CorpusError) as caught:
        check_length(4, np.array([4, 5, 9]), lambda row: f"line {row + 1}", "cut it", CorpusError)
    assert str(caught.value) == (
        "line 2 has 5 tokens, but the model reads 4 (model.max_positions); cut it"
    )


def test_a_continuation_that_would_be_too_long_is_refused():
    torch.manual_seed(0)
    shape = {"d_model": 16, "n_loops": 1, "feedback": "none"}
    model = Transformer(ModelConfig(positions="learned", max_positions=5, **shape), WORDS)
    assert decode(model, questions(width=3), 3).shape == (5, 3)  # the third one is not read
    with pytest.raises(LatebloomError, match="continuation has 6 tokens"):
        decode(model, questions(width=3), 4)
