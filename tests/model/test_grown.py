"""A model with room for more names."""

import pytest
import torch

from latebloom.model.config import ModelConfig
from latebloom.model.grown import grown
from latebloom.model.transformer import Transformer


@pytest.mark.parametrize("tied", [True, False])
def test_old_names_answer_as_before_and_new_ones_begin_like_their_kind(tied):
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_layers=1, n_heads=2, tied=tied), 8).eval()
    renumbered = torch.tensor([0, 1, 2, 3, 4, 7, 8, 9])
    larger = grown(model, renumbered, [range(7), range(7, 11)], 11, seed=0)
    question = torch.tensor([[0, 6], [3, 7]])
    old = model(question).logits
    new = larger(renumbered[question]).logits
    assert new.shape[-1] == 11
    first_loop = new[0][..., renumbered]  # later loops are fed what new names say as well
    torch.testing.assert_close(first_loop, old[0], rtol=0, atol=1e-5)
    fresh = larger.embed.weight[[5, 6, 10]]
    assert fresh.isfinite().all() and (fresh.norm(dim=1) > 0).all()
    assert not torch.equal(fresh[0], fresh[1])
