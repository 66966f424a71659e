"""The one layer: what is handed in, and that pieces of a pass make up the whole."""

import pytest
import torch
from torch import nn

from latebloom.model.attention import Continued, FullPass
from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import HfModelError, weights_to_hf
from latebloom.model.transformer import Parts, Transformer
from latebloom.training.config import TrainConfig
from latebloom.training.optimizers import make_optimizers

SHAPE = {"d_model": 16, "n_layers": 2, "n_heads": 2}


class Gated(nn.Module):
    """A gated linear unit, with a weight that is no matrix."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.up = nn.Linear(config.d_model, 2 * config.d_mlp)
        self.down = nn.Linear(config.d_mlp, config.d_model)
        self.stack = nn.Parameter(torch.ones(1, 1, config.d_mlp))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(self.stack * nn.functional.glu(self.up(x)))


def test_an_own_mlp_stands_in_every_layer():
    torch.manual_seed(0)
    shape = SHAPE | {"n_layers": 1, "n_loops": 1, "feedback": "none", "positions": "none"}
    model = Transformer(ModelConfig(**shape), 9, parts=Parts(mlp=Gated)).eval()
    assert not any("mlp_in" in name for name in model.state_dict())
    block = model.layers[0]
    assert block.mlp.up.bias.abs().sum() > 0  # its first weights are its own
    with torch.no_grad():  # one token sees itself: attention is its value
        x = model.embed(torch.tensor([[4]]))
        x = x + block.attn.out(block.attn.qkv(block.ln_1(x))[..., 32:])
        x = x + block.mlp(block.ln_2(x))
        torch.testing.assert_close(model(torch.tensor([[4]])).logits[0], model.logits(x))
    with pytest.raises(HfModelError, match="MLP of its own"):
        weights_to_hf(model)


def test_an_own_mlp_learns_under_muon():
    model = Transformer(ModelConfig(**SHAPE), 9, parts=Parts(mlp=Gated))
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimizers = make_optimizers(model, TrainConfig())
    model(torch.tensor([[1, 2, 3]])).logits.square().sum().backward()
    for optimizer in optimizers:
        optimizer.step()
    moved = {name for name, weight in model.named_parameters() if (weight != before[name]).any()}
    assert {f"blocks.1.mlp.{name}" for name in ("up.weight", "down.weight", "stack")} <= moved


@pytest.mark.parametrize("positions", ["rotary", "relative", "none"])
@pytest.mark.parametrize("norm", ["pre", "post"])
@torch.no_grad()
def test_a_layer_in_two_pieces_is_the_layer(positions, norm):
    """With few keys (a broadcast product) and with many (torch's kernel); windowed."""
    torch.manual_seed(0)
    config = ModelConfig(**SHAPE, positions=positions, norm=norm, window=3)
    model = Transformer(config, 9).double().eval()
    block, x = model.layers[0], torch.randn(3, 7, 16, dtype=torch.float64)
    own = torch.randn(3, 7, 16, dtype=torch.float64)
    for width, stays in ((4, None), (7, None), (4, own), (7, own)):
        places, stays = model.places(0, width), None if stays is None else stays[:, :width]
        whole = block(x[:, :width], FullPass(), model.positions, places, own=stays)
        front, back = slice(2), slice(2, width)
        known, pieces = None, []
        for piece in (front, back):
            attend = Continued(known)
            part = None if stays is None else stays[:, piece]
            pieces.append(
                block(x[:, :width][:, piece], attend, model.positions, places[piece], own=part)
            )
            known = attend.known
        torch.testing.assert_close(torch.cat(pieces, dim=1), whole)
        last = block(
            x[:, :width][:, back],
            Continued(known.rows(torch.arange(3), 2)),
            model.positions,
            places[back],
            own=part,
            at=slice(-1, None),
        )
        torch.testing.assert_close(last, whole[:, -1:])


def test_units_of_the_mlp_are_dropped_in_training_alone():
    torch.manual_seed(0)
    config = ModelConfig(d_model=16, n_heads=2, n_layers=1, mlp_dropout=0.5)
    block = Transformer(config, 5).layers[0]
    x = torch.randn(4, 3, 16)
    block.eval()
    assert torch.equal(block.through_mlp(x), block.through_mlp(x))
    block.train()
    with torch.no_grad():
        drawn = torch.stack([block.through_mlp(x) for _ in range(4000)])
    assert not torch.equal(drawn[0], drawn[1])
    block.eval()
    assert torch.allclose(
        drawn.mean(0), block.through_mlp(x), atol=5 * float(drawn.std(0).max()) / 4000**0.5
    )
