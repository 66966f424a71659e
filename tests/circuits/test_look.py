"""What the states of one question hold: a name, or several together."""

import pytest
import torch

from latebloom.circuits.look import look_at, members_of
from latebloom.model.transformer import Transformer
from latebloom.worlds.vocabulary import Vocabulary

WORDS = Vocabulary(("ABL", "KIT", "SRC", "EGFR"))


@pytest.mark.parametrize(
    ("shares", "members"),
    [
        ((0.97, 0.01, 0.01, 0.01), ["ABL"]),
        ((0.34, 0.33, 0.31, 0.02), ["ABL", "KIT", "SRC"]),
        ((0.6, 0.25, 0.1, 0.05), ["ABL", "KIT"]),
        ((0.015, 0.014, 0.01, 0.01), ["ABL"]),
    ],
)
def test_a_superposition_is_told_by_its_members(shares, members):
    found = members_of([0, 1, 2, 3], shares, WORDS)
    assert [one.name for one in found] == members
    assert [one.probability for one in found] == list(shares[: len(members)])


def test_every_state_holds_its_likeliest_name_at_least(small_world, small_config):
    torch.manual_seed(0)
    model = Transformer(small_config.model, len(small_world.vocabulary)).eval()
    question = small_world.example()
    for glimpse in look_at(model, small_world, question):
        assert len(glimpse.members) == len(glimpse.guesses) == len(question)
        for guess, some in zip(glimpse.guesses, glimpse.members, strict=True):
            assert some[0] == guess
            shares = [one.probability for one in some]
            assert shares == sorted(shares, reverse=True)
        table = glimpse.as_dict()
        assert table["members"][0][0] == {
            "name": glimpse.guesses[0].name,
            "probability": glimpse.guesses[0].probability,
        }
