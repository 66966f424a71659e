"""The loss, by hand and by what the model makes of it."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.training.objective import (
    SET_LOSSES,
    Compared,
    Group,
    One,
    Several,
    Spelled,
    Supervision,
    batch_loss,
)


def smoothed(share: float, **settings: bool) -> Supervision:
    return Supervision(every_loop=True, label_smoothing=share, **settings)


def make(feedback: str, n_loops: int = 2, fillers: int = 0) -> tuple[Transformer, list[Group]]:
    """fillers: tokens of an atomic fact besides its two names."""
    torch.manual_seed(0)
    model = Transformer(
        ModelConfig(d_model=16, n_heads=2, n_loops=n_loops, feedback=feedback), 20
    ).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    atomic = Group(torch.randint(0, 20, (5, 2 + fillers)), torch.randint(0, 20, (5,)), atomic=True)
    composed = Group(torch.randint(0, 20, (3, 3)), torch.randint(0, 20, (3,)), atomic=False)
    return model, [atomic, composed]


def by_hand(model: Transformer, batch: list[Group], every_loop: bool) -> torch.Tensor:
    """Every loop of every question run in full, and the answers' -log p summed one by one."""
    total = torch.zeros((), dtype=torch.float64)
    for group in batch:
        chances = model(group.tokens, n_loops=model.config.n_loops).logits[:, :, -1].log_softmax(-1)
        for loop in range(len(chances)):
            counts = loop == len(chances) - 1 or (every_loop and group.atomic)
            for row, answer in enumerate(group.answers.tolist()):
                total = total - counts * chances[loop, row, answer]
    return total / sum(len(group.answers) for group in batch)


@pytest.mark.parametrize("every_loop", [True, False])
@pytest.mark.parametrize(
    ("feedback", "n_loops", "fillers"),
    [("ahead", 2, 0), ("ahead", 3, 0), ("ahead", 5, 2), ("restart", 2, 0), ("replace", 2, 0)],
)
def test_loss_equals_the_sum_over_all_loops(feedback, n_loops, fillers, every_loop):
    model, batch = make(feedback, n_loops, fillers)
    loss = batch_loss(model, batch, Supervision(every_loop=every_loop, label_smoothing=0.0))
    assert loss.item() == pytest.approx(by_hand(model, batch, every_loop).item(), rel=1e-6)


def test_one_question_by_hand():
    model, _ = make("none", 1)
    group = Group(torch.tensor([[4, 7]]), torch.tensor([9]), atomic=True)
    logits = model(group.tokens).logits[0, 0, -1]
    expected = logits.exp().sum().log() - logits[9]
    loss = batch_loss(model, [group], smoothed(0.0))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)


def test_label_smoothing_spreads_the_target():
    model, _ = make("none", 1)
    group = Group(torch.tensor([[4, 7]]), torch.tensor([9]), atomic=True)
    log_p = F.log_softmax(model(group.tokens).logits[0, 0, -1], dim=-1)
    expected = -(0.8 * log_p[9] + 0.2 * log_p.mean())
    loss = batch_loss(model, [group], smoothed(0.2))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)


def test_nobody_tells_the_model_a_bridge():
    """Gradient reaches the first loop of a composed question only through the last."""
    model, batch = make("ahead")
    loss = batch_loss(model, batch[1:], smoothed(0.0))
    final = model(batch[1].tokens, torch.tensor([2, 2, 2])).logits[-1]
    expected = F.cross_entropy(final, batch[1].answers)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)


def test_values_are_asked_for_after_the_first_loop_and_the_label_after_the_last():
    model, _ = make("restart")
    tokens, values = (
        torch.tensor([[9, 1, 2], [9, 2, 3]]),
        torch.tensor([[-100, 5, 6], [-100, 6, -100]]),
    )
    labels = torch.tensor([17, 18])
    group = Group(tokens, labels, atomic=False, asked=Compared(labels, values))
    chances = model(tokens).logits.log_softmax(-1)
    expected = -(chances[1, 0, 2, 17] + chances[1, 1, 2, 18])
    expected = expected - chances[0, 0, 1, 5] - chances[0, 0, 2, 6] - chances[0, 1, 1, 6]
    loss = batch_loss(model, [group], smoothed(0.0))
    assert loss.item() == pytest.approx(expected.item() / 2, rel=1e-6)


def test_a_plain_model_is_asked_for_no_values():
    model, _ = make("none", 1)
    tokens, values = torch.tensor([[9, 1, 2]]), torch.tensor([[-100, 5, 6]])
    label = torch.tensor([17])
    plain = Group(tokens, label, atomic=False)
    asked = Group(tokens, label, atomic=False, asked=Compared(label, values))
    one, two = (batch_loss(model, [g], smoothed(0.0)) for g in (plain, asked))
    assert one.item() == two.item()


def both_ways(feedback: str, n_loops: int) -> tuple[Transformer, Group]:
    torch.manual_seed(1)
    config = ModelConfig(
        d_model=16,
        n_heads=2,
        n_loops=n_loops,
        feedback=feedback,
        positions="rotary",
        attention="both",
    )
    model = Transformer(config, 20).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    return model, Group(torch.randint(0, 20, (5, 4)), torch.randint(0, 20, (5,)), atomic=True)


@pytest.mark.parametrize("n_loops", [2, 3])
@pytest.mark.parametrize("feedback", ["replace", "restart", "added"])
def test_a_fact_is_asked_for_at_every_place(feedback, n_loops):
    model, group = both_ways(feedback, n_loops)
    # Every loop run alone, with as many loops before it as it has.
    chances = [
        model(group.tokens, n_loops=n, every_loop=False).logits[-1].log_softmax(-1)
        for n in range(1, n_loops + 1)
    ]
    expected = sum(
        -one[row, :, answer].mean()
        for one in chances
        for row, answer in enumerate(group.answers.tolist())
    )
    loss = batch_loss(
        model, [group], Supervision(every_loop=True, label_smoothing=0.0, every_place=True)
    )
    assert loss.item() == pytest.approx(expected.item() / 5, rel=1e-6)


def test_a_composed_question_is_asked_for_at_its_end_alone():
    model, group = both_ways("replace", 2)
    composed = Group(group.tokens, group.answers, atomic=False)
    one, other = (
        batch_loss(
            model, [composed], Supervision(every_loop=True, label_smoothing=0.0, every_place=place)
        )
        for place in (True, False)
    )
    assert one.item() == other.item()


def test_a_set_of_one_costs_what_one_answer_does():
    torch.manual_seed(0)
    logits, answers = torch.randn(2, 5, 7), torch.tensor([0, 3, 6, 2, 2])
    ones = Several(torch.arange(5), answers, torch.ones(5), n_names=7)
    for smoothing in (0.0, 0.1):
        one, many = (target.summed(logits, smoothed(smoothing)) for target in (One(answers), ones))
        assert torch.allclose(one, many, atol=1e-5)
    places = torch.randn(2, 5, 3, 7)
    assert torch.allclose(
        One(answers).summed(places, smoothed(0.1)), ones.summed(places, smoothed(0.1)), atol=1e-4
    )


def test_the_target_of_a_set_is_uniform_over_it_and_smoothing_keeps_to_names():
    logits = torch.randn(1, 1, 4)
    rows, members = torch.tensor([0, 0]), torch.tensor([1, 2])
    target = Several(rows, members, torch.tensor([0.5, 0.5]), n_names=3)
    told = logits[0, 0].log_softmax(-1)
    by_hand = -(0.9 * (told[1] + told[2]) / 2 + 0.1 * told[:3].mean())
    assert torch.allclose(target.summed(logits, smoothed(0.1)), by_hand)


def test_name_by_name_each_token_is_told_whether_it_is_an_answer():
    logits = torch.tensor([[[2.0, -1.0, 0.5, -3.0]]])
    rows, members = torch.tensor([0, 0]), torch.tensor([1, 2])
    target = Several(rows, members, torch.tensor([0.5, 0.5]), n_names=3)
    how = replace(smoothed(0.3), of_sets=SET_LOSSES["binary"])
    p = logits[0, 0].sigmoid()
    wanted = torch.tensor([0.1, 0.8, 0.8, 0.0])  # the last is no name
    by_hand = -(wanted * p.log() + (1 - wanted) * (1 - p).log()).mean()
    assert torch.allclose(target.summed(logits, how), by_hand)
    twice = logits[:, :, None].expand(2, 1, 3, 4)
    assert torch.allclose(target.summed(twice, how), 6 * by_hand)


def test_what_is_taken_of_a_group_costs_what_it_did_in_the_whole():
    """Of every kind of answer: the losses of two parts are the loss of the whole."""
    model, (atomic, composed) = make("restart")
    rows = torch.tensor([0, 0, 1, 2, 2, 2])
    shares = torch.tensor([0.5, 0.5, 1.0, 1 / 3, 1 / 3, 1 / 3])
    sets = Several(rows, torch.tensor([4, 5, 6, 7, 8, 9]), shares, n_names=12)
    values = torch.tensor([[-100, 5, 6], [-100, 6, 7], [-100, 7, 5]])
    for asked in (
        None,
        sets,
        Spelled(torch.tensor([[1, 2], [3, 4], [5, 6]])),
        Compared(composed.answers, values),
    ):
        group = Group(composed.tokens, composed.answers, atomic=False, asked=asked)
        parts = [group.take(torch.tensor(some)) for some in ([2, 0], [1])]
        whole = batch_loss(model, [atomic, group], smoothed(0.1))
        divided = batch_loss(model, [atomic, *parts], smoothed(0.1))
        assert divided.item() == pytest.approx(whole.item(), rel=1e-6), type(asked)
