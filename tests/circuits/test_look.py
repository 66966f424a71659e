"""What the states of one question hold: a name, or several together."""

import pytest
import torch

from latebloom.circuits.look import BEST, look_at, members_of
from latebloom.model.attention import FEW_KEYS, Watched
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
        for some, best in zip(glimpse.members, glimpse.best, strict=True):
            assert len(best) == BEST
            n = min(len(some), BEST)
            assert best[:n] == some[:n], "what it holds together comes first"
            assert sum(one.probability for one in best) <= 1


def test_every_state_tells_what_it_looked_at(small_world, small_config):
    torch.manual_seed(0)
    model = Transformer(small_config.model, len(small_world.vocabulary)).eval()
    assert small_config.model.window == 2
    for glimpse in look_at(model, small_world, small_world.example()):
        if glimpse.layer == 0:
            assert set(glimpse.looks) == {()}
            continue
        for position, looks in enumerate(glimpse.looks):
            shares = [share for _, share in looks]
            assert shares == sorted(shares, reverse=True)
            assert sum(shares) == pytest.approx(1, abs=1e-5), "few tokens, all of them told"
            assert {key for key, _ in looks} <= {max(0, position - 1), position}


@pytest.mark.parametrize("n", [FEW_KEYS - 1, FEW_KEYS + 3])
def test_what_was_looked_at_is_what_the_layer_took(small_config, n):
    """The values weighted by the pattern are what the layer's attention gave, by either kernel."""
    torch.manual_seed(0)
    given = []

    class Noted(Watched):
        def __call__(self, heads):
            given.append(super().__call__(heads))
            return given[-1]

    model = Transformer(small_config.model, 20).eval()
    attend = Noted()
    with torch.no_grad():
        state, places = model.embedded(torch.randint(20, (2, n))), model.places(0, n)
        model.layers[0](state, attend, model.positions, places)
    assert torch.allclose(attend.pattern @ attend.known.values, given[0], atol=1e-6)
