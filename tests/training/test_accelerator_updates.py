"""Accelerators: each one's update worked out by hand, and runs with all of them resumed."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.training.accelerators import (
    DecayToStart,
    GrokfastEma,
    GrokfastMa,
    OrthogonalGradient,
    RowNormClamp,
)
from latebloom.training.config import TrainConfig
from latebloom.training.links import link_of, softmax_link, stablemax_link
from latebloom.training.lion import Lion
from latebloom.training.optimizers import make_optimizers


def weight_with(grad, value=(0.0, 0.0)):
    weight = nn.Parameter(torch.tensor(value))
    weight.grad = torch.tensor(grad)
    return weight


def grads_of(accelerator, weight, grads):
    """What becomes of one gradient after the other."""
    found = []
    for grad in grads:
        weight.grad = torch.tensor(grad)
        accelerator.step()
        found.append(weight.grad.tolist())
    return found


def test_grokfast_ema_by_hand():
    weight = weight_with([0.0, 0.0])
    accelerator = GrokfastEma([weight], weight=2.0, decay=0.75)
    # means 4, then .75 * 4 + .25 * 0 = 3, then .75 * 3 + .25 * 7 = 4; twice that is added
    found = grads_of(accelerator, weight, [[4.0, 0.0], [0.0, 0.0], [7.0, 0.0]])
    assert found == [[12.0, 0.0], [6.0, 0.0], [15.0, 0.0]]


def test_grokfast_ma_by_hand():
    weight = weight_with([0.0, 0.0])
    accelerator = GrokfastMa([weight], weight=5.0, window=2)
    # nothing at first; then 5 * (1 + 3) / 2 and 5 * (3 + 5) / 2 are added
    found = grads_of(accelerator, weight, [[1.0, 0.0], [3.0, 0.0], [5.0, 0.0]])
    assert found == [[1.0, 0.0], [13.0, 0.0], [25.0, 0.0]]


def test_the_orthogonal_gradient_by_hand():
    weight = weight_with([3.0, 4.0], value=(2.0, 0.0))
    OrthogonalGradient([weight]).step()
    assert weight.grad.tolist() == [0.0, 5.0]  # (0, 4), stretched to the length 5


def test_a_gradient_along_the_weights_is_left_out_whole():
    weight = weight_with([3.0, 0.0], value=(2.0, 0.0))
    OrthogonalGradient([weight]).step()
    assert weight.grad.tolist() == [0.0, 0.0]
    zero = weight_with([3.0, 4.0])
    OrthogonalGradient([zero]).step()
    assert zero.grad.tolist() == pytest.approx([3.0, 4.0])


def test_rows_that_are_too_long_are_cut_and_no_others():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]))
    weight.grad = torch.zeros_like(weight)
    RowNormClamp([weight], most=2.5).step()
    assert weight.detach().flatten().tolist() == pytest.approx([1.5, 2.0, 0.3, 0.4, 0.0, 0.0])


def test_decay_to_the_start_by_hand():
    weight = nn.Parameter(torch.tensor([10.0]))
    decayed = {"params": [weight], "lr": 0.1, "weight_decay": 0.5}
    optimizer = torch.optim.AdamW([decayed])
    pull = DecayToStart([decayed])
    weight.data.fill_(20.0)
    weight.grad = torch.zeros(1)
    for one in (optimizer, pull):  # 20 - .1 * .5 * (20 - 10)
        one.step()
    assert weight.item() == pytest.approx(19.5)


def test_lion_by_hand():
    weight = weight_with([1.0, -4.0], value=(10.0, 10.0))
    lion = Lion([{"params": [weight], "weight_decay": 0.5}], lr=0.1, near=0.5, far=0.75)
    lion.step()  # 10 (1 - .1 * .5) - .1 sign(.5 g); the momentum becomes .25 g
    assert weight.tolist() == pytest.approx([9.4, 9.6])
    weight.grad = torch.tensor([-0.1, 4.0])
    lion.step()  # signs of .5 (.25, -1) + .5 (-.1, 4)
    assert weight.tolist() == pytest.approx([9.4 * 0.95 - 0.1, 9.6 * 0.95 - 0.1])
    momentum = lion.state[weight]["momentum"]
    assert momentum.tolist() == pytest.approx([0.75 * 0.25 - 0.25 * 0.1, -0.75 + 1.0])


def test_the_logits_temperature_divides_them_in_the_loss_alone():
    logits = torch.tensor([[8.0, 0.0, -4.0]])
    assert link_of(TrainConfig(logit_temperature=4.0))(logits).tolist() == [[2.0, 0.0, -1.0]]
    found = link_of(TrainConfig(logit_temperature=4.0, stablemax=True))(logits)
    assert torch.equal(found, stablemax_link(logits / 4))
    assert link_of(TrainConfig()) is softmax_link


def test_stablemax_by_hand():
    logits = torch.tensor([[1.0, 0.0, -1.0]])
    # s is 2, 1 and 1/2
    found = torch.softmax(stablemax_link(logits), dim=-1)
    assert found.flatten().tolist() == pytest.approx([2 / 3.5, 1 / 3.5, 0.5 / 3.5])
    assert softmax_link(logits) is logits


def test_stablemax_still_has_a_gradient_where_softmax_has_none():
    for link, still in ((softmax_link, False), (stablemax_link, True)):
        logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
        nn.functional.cross_entropy(link(logits), torch.tensor([0])).backward()
        assert bool(logits.grad.abs().max() > 0) is still


def test_the_embedding_has_a_rate_of_its_own(small_config):
    model = Transformer(small_config.model, 20)
    adamw, _ = make_optimizers(model, TrainConfig(embed_lr=0.1, lr=0.02))
    rates = {p: group["lr"] for group in adamw.param_groups for p in group["params"]}
    assert rates[model.embed.weight] == pytest.approx(0.002)
    assert {rate for p, rate in rates.items() if p is not model.embed.weight} == {0.02}


def test_without_any_the_optimizers_are_as_they_were(small_config):
    optimizers = make_optimizers(Transformer(small_config.model, 20), TrainConfig())
    assert [type(one).__name__ for one in optimizers] == ["AdamW", "Muon"]
    assert len(optimizers[0].param_groups) == 2


ALL = {
    "grokfast_ema": {"grokfast": "ema"},
    "grokfast_ma": {"grokfast": "ma", "grokfast_window": 5},
    "orthogonal": {"orthogonal_grad": True, "stablemax": True},
    "lion": {"optimizer": "lion", "lr": 1e-3, "row_norm": 1.0, "logit_temperature": 2.0},
    "muon_all": {"optimizer": "muon-all"},
    "weights": {"row_norm": 0.1, "decay_to": "start", "embed_lr": 0.5},
}


@pytest.mark.parametrize("name", ALL)
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, small_config, small_grown, name):
    import latebloom

    config = replace(small_config, train=replace(small_config.train, **ALL[name]))
    whole = latebloom.grow(config, tmp_path / "whole", device="cpu", threads=1)
    plain = latebloom.load(small_grown)

    def stop(moment):
        if moment.step == 13:
            moment.stop()

    half = latebloom.grow(
        config, tmp_path / "half", device="cpu", threads=1, own=latebloom.Own(callbacks=(stop,))
    )
    assert half.step == 13
    (tmp_path / "half/summary.json").unlink()
    resumed = latebloom.resume(tmp_path / "half")
    assert resumed.step == whole.step
    weights = [run.model.state_dict() for run in (whole, resumed, plain)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert any(not torch.equal(weights[0][key], weights[2][key]) for key in weights[0])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"grokfast_decay": 1.0}, r"train.grokfast_decay is 1.0; it must lie in \[0, 1\)"),
        ({"row_norm": -1.0}, "train.row_norm is -1.0; it must be 0 or more"),
        ({"embed_lr": 0.0}, "train.embed_lr is 0.0; it must be above 0"),
        ({"grokfast": "slow"}, "train.grokfast is 'slow'; it must be one of none, ema, ma"),
        ({"grokfast_window": 0}, "it must be at least 1"),
    ],
)
def test_values_out_of_range(values, reason):
    with pytest.raises(LatebloomError, match=reason):
        TrainConfig(**values)


def test_settings_without_effect_are_told():
    (said,) = TrainConfig(grokfast="ma", grokfast_decay=0.9).idle()
    assert said == "train.grokfast_decay 0.9 has no effect with train.grokfast ma"
    assert not TrainConfig(grokfast="ema", grokfast_weight=5.0).idle()
