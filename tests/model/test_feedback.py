"""What a loop hands on: by hand, for every kind of feedback."""

import pytest
import torch

from latebloom.model.config import ModelConfig
from latebloom.model.feedback import FEEDBACKS, loops_needed
from latebloom.model.transformer import Transformer

START, STATE, FED = (torch.full((1, 3, 2), value) for value in (1.0, 10.0, 100.0))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("none", [10, 10, 10]),
        ("added", [110, 110, 110]),
        ("restart", [101, 101, 101]),
        ("replace", [1, 100, 100]),
        ("ahead", [101, 101, 101]),
    ],
)
def test_the_next_loops_input(name, wanted):
    mixed = FEEDBACKS[name].next_input(START, STATE, FED, 1)
    assert mixed[0, :, 0].tolist() == wanted


def test_a_gate_weighs_the_normed_prediction():
    gated = FEEDBACKS["gated"]
    fed = gated.weighed(torch.tensor([[[3.0, 4.0]]]), torch.tensor(2.0))
    root = (25 / 2) ** 0.5
    torch.testing.assert_close(fed, torch.tensor([[[6.0, 8.0]]]) / root)


@pytest.mark.parametrize("name", [name for name in FEEDBACKS if name != "none"])
def test_nothing_is_fed_back_where_nobody_would_see_it(name):
    one = FEEDBACKS[name]
    first = 1 if one.looped else 0
    assert one.feeds(4) == range(first, 3 if name == "ahead" else 4)
    assert one.feeds(2, first_pos=2) == range(1 if name == "ahead" else 2)


def test_what_is_fed_back_is_kept_when_asked_for():
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_loops=3), 9).eval()
    tokens, last = torch.tensor([[1, 2, 3, 4]]), torch.tensor([3])
    assert model(tokens, last).fed_back == ()
    kept = model(tokens, last, every_loop=False, keep_fed_back=True)
    whole = model(tokens).logits
    assert kept.logits.shape == (1, 1, 9)
    assert [fed.shape for fed in kept.fed_back] == [(1, 2, 9)] * 2
    for loop, fed in enumerate(kept.fed_back):
        torch.testing.assert_close(fed, whole[loop, :, 1:3])


def test_loops_follow_the_number_of_hops():
    looped = ModelConfig(n_loops=3)
    assert [loops_needed(looped, n, n - 1) for n in (1, 2, 3, 8)] == [1, 1, 2, 7]
    restart = ModelConfig(n_loops=3, feedback="restart")
    assert [loops_needed(restart, n, n - 1) for n in (1, 2, 3, 8)] == [3, 3, 3, 7]
    shared = ModelConfig(n_loops=2, feedback="none")
    assert [loops_needed(shared, n, n - 1) for n in (2, 8)] == [2, 2]
    # Fillers are no hops: `h of r1 of r2 ?` has six tokens and two.
    assert [loops_needed(looped, 6, 2), loops_needed(restart, 10, 4)] == [3, 4]


def test_in_training_no_loop_is_run_that_changes_nothing():
    assert [FEEDBACKS["ahead"].loops_trained(3, n) for n in (2, 3, 8)] == [1, 2, 3]
    assert FEEDBACKS["restart"].loops_trained(3, 2) == 3
