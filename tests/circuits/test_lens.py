"""Ranks by hand, and the lens against the logits."""

import pytest
import torch

from latebloom.circuits.lens import logit_lens, ranks
from latebloom.circuits.states import run_states
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer


def test_ranks_by_hand() -> None:
    logits = torch.tensor([[3.0, 1.0, 3.0, 2.0]])
    found = [int(ranks(logits, torch.tensor([[token]]))) for token in range(4)]
    assert found == [0, 3, 1, 2]  # of the two with 3.0 the lower id leads


def test_of_several_tokens_the_best_is_ranked() -> None:
    logits = torch.tensor([[3.0, 1.0, 3.0, 2.0]])
    assert int(ranks(logits, torch.tensor([[1, 3]]))) == 2
    assert int(ranks(logits, torch.tensor([[2, 1, 0]]))) == 0


def test_ranks_among_some_tokens() -> None:
    logits = torch.tensor([[3.0, 1.0, 3.0, 2.0]])
    among = torch.tensor([1, 2, 3])
    assert int(ranks(logits, torch.tensor([[2]]), among)) == 0
    assert int(ranks(logits, torch.tensor([[1]]), among)) == 2


def test_ranks_equal_a_stable_sort() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randint(0, 5, (40, 30), generator=generator).float()
    tokens = torch.randint(0, 30, (40, 1), generator=generator)
    order = logits.sort(dim=-1, descending=True, stable=True).indices
    wanted = (order == tokens).int().argmax(-1)
    assert torch.equal(ranks(logits, tokens), wanted)


@pytest.mark.parametrize("feedback", ["none", "ahead"])
def test_the_lens_at_the_end_is_the_logits(feedback) -> None:
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_loops=2, feedback=feedback), 11).eval()
    questions = torch.randint(0, 11, (7, 3))
    named = {"answer": questions[:, 0], "pair": questions[:, :2]}
    lens = logit_lens(model, run_states(model, questions), named)
    with torch.no_grad():
        logits = model(questions).logits[-1, :, -1]
    share = logits.softmax(-1)
    assert torch.equal(lens.rank["answer"][-1, -1, -1], ranks(logits, questions[:, :1]))
    assert torch.allclose(
        lens.probability["answer"][-1, -1, -1], share.gather(1, questions[:, :1])[:, 0], atol=1e-6
    )
    assert torch.allclose(
        lens.probability["pair"][-1, -1, -1], share.gather(1, questions[:, :2]).sum(-1), atol=1e-6
    )
    mean = (1 / (1 + lens.rank["answer"][-1, -1, -1])).mean()
    assert torch.allclose(lens.reciprocal_rank("answer")[-1, -1, -1], mean)
