"""The members of a bridge: their shares, and which answers go with one of them."""

import numpy as np
import pytest
import torch
from taught import taught_by_heart

from latebloom.circuits.members import Mixtures
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer

TABLE = """imatinib,targets,ABL
imatinib,targets,KIT
dasatinib,targets,ABL
dasatinib,targets,SRC
gefitinib,targets,EGFR
ABL,pathway,growth
KIT,pathway,melanin
SRC,pathway,adhesion
EGFR,pathway,growth
growth,part-of,life
adhesion,part-of,life"""


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    return taught_by_heart(TABLE, tmp_path_factory.mktemp("table"))


QUESTION = ["imatinib", "targets", "pathway"]


def test_all_members_stand_at_the_bridge(taught):
    (mixture,) = Mixtures(*taught, QUESTION).all()
    assert mixture.place == "targets" and mixture.told == 2
    assert {one.name for one in mixture.members if one.share > 0.2} == {"ABL", "KIT"}
    assert mixture.covered > 0.9


def test_the_answer_through_a_member_goes_with_it_and_the_others_stay(taught):
    gone = Mixtures(*taught, QUESTION).without("KIT")
    by_name = {one.name: one for one in gone.answers}
    assert by_name["melanin"].through == "the member" and by_name["growth"].through == "others"
    after, control = gone.kept("the member")
    assert after < 0.3 and control > 2 * after
    after, _ = gone.kept("others")
    assert after > 0.9


def test_no_change_without_a_change(taught):
    looked = Mixtures(*taught, QUESTION)
    before = looked.answers(0, None)
    assert np.allclose(looked.answers(0, 0, 0.0), before, atol=1e-6)
    tokens = torch.tensor([looked.tokens])
    n = taught[1].task.entities
    whole = taught[0](tokens, n_loops=looked.loops).logits[-1, 0, -1, :n].softmax(-1)
    assert np.allclose(before, whole.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("question", "name", "said"),
    [
        (QUESTION, "life", r"'life' has a share .* no member; there are bridge 1: "),
        (["imatinib", "targets"], "ABL", "has no bridge"),
        (QUESTION, "KITT", "unknown name 'KITT'"),
    ],
)
def test_what_cannot_be_taken_out_is_said(taught, question, name, said):
    with pytest.raises(LatebloomError, match=said):
        Mixtures(*taught, question).without(name)


def test_a_model_that_feeds_nothing_back_has_no_mixture(taught):
    plain = Transformer(
        ModelConfig(d_model=16, n_heads=2, n_loops=1, feedback="none"), len(taught[1].vocabulary)
    )
    with pytest.raises(LatebloomError, match="feedback ahead"):
        Mixtures(plain, taught[1], QUESTION)
