"""Attention both ways: who sees whom, what distances mean, and what is refused."""

import pytest
import torch

from latebloom.errors import LatebloomError
from latebloom.evaluation.decoding import decode
from latebloom.model.attention import FullPass
from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import HfModelError, config_to_hf
from latebloom.model.transformer import Transformer
from latebloom.recipes.sentences import question

WORDS = 11


def both_ways(**settings) -> Transformer:
    torch.manual_seed(0)
    shape = {"d_model": 16, "n_layers": 1, "n_heads": 2, "n_loops": 1, "feedback": "none"}
    told = shape | {"attention": "both", "positions": "rotary"} | settings
    model = Transformer(ModelConfig(**told), WORDS).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.4)
    return model.eval()


def reach(model: Transformer, width: int = 6) -> list[list[int]]:
    """For each position of a question the positions whose token its prediction depends on."""
    tokens = torch.arange(width)[None] % WORDS
    with torch.no_grad():
        before = model(tokens).logits[-1, 0]
        seen = [[] for _ in range(width)]
        for position in range(width):
            other = tokens.clone()
            other[0, position] = (other[0, position] + 5) % WORDS
            moved = (model(other).logits[-1, 0] - before).abs().amax(-1) > 1e-9
            for query in torch.nonzero(moved)[:, 0].tolist():
                seen[query].append(position)
    return seen


@pytest.mark.parametrize("positions", ["learned", "rotary", "relative", "sinusoidal"])
def test_every_token_sees_every_other(positions):
    assert reach(both_ways(positions=positions)) == [list(range(6))] * 6


def test_a_window_reaches_as_far_both_ways():
    near = [[0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5]]
    assert reach(both_ways(window=2)) == near


@torch.no_grad()
def test_relative_positions_tell_ahead_from_behind():
    """One head of one layer by its formula, the bias of each signed distance read off the table."""
    model = both_ways(positions="relative", max_distance=2, n_heads=1)
    attention, x = model.layers[0].attn, torch.randn(1, 4, 16, dtype=torch.float64)
    table = attention.get_parameter("distance_bias")
    assert table.shape == (1, 5)
    q, k, v = attention.qkv(x)[0].split(16, dim=-1)
    scores = q @ k.T / 16**0.5
    for i in range(4):
        for j in range(4):
            scores[i, j] += table[0, max(-2, min(2, i - j)) + 2]
    wanted = attention.out(scores.softmax(-1) @ v)
    seen = {}
    block = model.layers[0]
    block.ln_1 = torch.nn.Identity()
    keep = lambda name, state: seen.setdefault(name, state)  # noqa: E731
    block(x, FullPass(), model.positions, model.places(0, 4), tap=keep)
    torch.testing.assert_close(seen["attn_out"][0], wanted)


@torch.no_grad()
def test_a_question_turned_round_is_read_alike_where_distances_are():
    """With biases that do not tell ahead from behind, the reversed question is the same one."""
    model = both_ways(positions="relative", n_loops=2, feedback="added")
    table = model.layers[0].attn.get_parameter("distance_bias")
    table.copy_((table + table.flip(-1)) / 2)
    tokens = torch.tensor([[3, 1, 4, 1, 5]])
    torch.testing.assert_close(model(tokens.flip(1)).logits, model(tokens).logits.flip(2))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"feedback": "ahead", "n_loops": 2}, "'ahead'.*model.feedback restart"),
        ({"positions": "none"}, "'none'.*order of the tokens"),
        ({"attention": "backwards"}, "model.attention is 'backwards'"),
    ],
)
def test_what_cannot_be_is_refused(settings, said):
    with pytest.raises(LatebloomError, match=said):
        both_ways(**settings)


def test_sentences_are_read_causally():
    with pytest.raises(LatebloomError, match=r"model\.attention is 'both'; a sentence is read"):
        question().replace("model", attention="both", positions="rotary")
    with pytest.raises(LatebloomError, match="word by word"):
        decode(both_ways(), torch.tensor([[1, 2]]), 2)


def test_it_is_no_gpt_2():
    with pytest.raises(HfModelError, match=r"model\.attention is 'both'"):
        config_to_hf(both_ways(positions="learned").config, WORDS)
