"""The loss, worked by hand."""

import math

import pytest
import torch

from latebloom.training.batches import Batch
from latebloom.training.objective import answer_loss


def one_batch() -> tuple[torch.Tensor, Batch]:
    """Two loops, an atomic and a composed question, two words; chances are written as logs."""
    chances = [[[0.5, 0.5], [0.9, 0.1]], [[0.25, 0.75], [0.2, 0.8]]]
    batch = Batch(
        tokens=torch.zeros(2, 3, dtype=torch.int32),
        at=torch.tensor([1, 2]),
        answers=torch.tensor([0, 1]),
        atomic=torch.tensor([True, False]),
    )
    return torch.tensor(chances).log(), batch


def test_loss_by_hand():
    logits, batch = one_batch()
    last = -(math.log(0.25) + math.log(0.8)) / 2
    early = -math.log(0.5) / 2
    options = dict(label_smoothing=0.0)
    assert answer_loss(logits, batch, every_loop=False, **options).item() == pytest.approx(last)
    both = answer_loss(logits, batch, every_loop=True, **options).item()
    assert both == pytest.approx(last + early)


def test_the_bridge_of_a_composed_question_is_never_supervised():
    logits, batch = one_batch()
    logits.requires_grad_(True)
    answer_loss(logits, batch, every_loop=True, label_smoothing=0.0).backward()
    assert logits.grad is not None
    assert (logits.grad[0, 1] == 0).all()
    assert (logits.grad[0, 0] != 0).all()
