"""One state moved: the same as tracing finds, and what a state may be replaced by."""

import numpy as np
import pytest
import torch

from latebloom.circuits.moving import Embedding, Mean, Noise, OfQuestion, Source, move_state
from latebloom.circuits.states import patch_everywhere, run_states
from latebloom.circuits.verdict import Place
from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.worlds.chains.made import CompositionConfig, make_composition

WORLD = make_composition(CompositionConfig(entities=20, relations=6, out_degree=4, phi=1), 0)


def model_of(**settings) -> Transformer:
    torch.manual_seed(1)
    config = ModelConfig(d_model=16, n_layers=2, n_heads=2, **settings)
    return Transformer(config, len(WORLD.vocabulary)).eval()


def questions(n: int) -> tuple[np.ndarray, list[list[str]]]:
    rows = WORLD.examples("train_inferred")[:n, :-1]
    return rows, [WORLD.vocabulary.decode(row) for row in rows.tolist()]


def likeliest(answers) -> int:
    return WORLD.vocabulary.ids[answers[0].name]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_loops": 1, "feedback": "none"},
        {"feedback": "none"},
        {"attention": "both", "feedback": "restart"},
    ],
    ids=["looped", "plain", "shared", "both-ways"],
)
def test_a_moved_state_answers_what_tracing_counts(settings):
    model = model_of(**settings)
    rows, names = questions(2)
    passes = [run_states(model, torch.from_numpy(rows[i : i + 1].copy())) for i in (0, 1)]
    shape = passes[0].stream.shape
    places = [
        Place(loop, layer, position)
        for loop in range(shape[0])
        for layer in range(shape[1])
        for position in range(shape[3])
        if (loop, layer) != (shape[0] - 1, shape[1] - 1) or position == shape[3] - 1
    ]
    for place in places:
        where = torch.zeros(shape[0], shape[1], shape[3], dtype=torch.bool)
        where[place] = True
        found = move_state(model, WORLD, names[0], place, OfQuestion(names[1]))
        wanted = patch_everywhere(
            model, passes[0], passes[1], where, torch.tensor([0]), rows=torch.tensor([0])
        )
        assert likeliest(found.after) == wanted.answer[place[:2]].item(), place


def test_a_state_put_in_its_own_place_changes_nothing():
    model, (_, names) = model_of(), questions(1)
    found = move_state(model, WORLD, names[0], Place(0, 1, 1), OfQuestion(names[0]))
    assert found.before == found.after
    assert all(all(row) for row in found.same)


def test_the_last_state_of_another_question_brings_its_answer():
    model, (_, names) = model_of(), questions(2)
    end = Place(1, 2, 2)
    found = move_state(model, WORLD, names[0], end, OfQuestion(names[1]))
    other = move_state(model, WORLD, names[1], end, OfQuestion(names[1]))
    assert found.after == other.before != found.before
    assert sum(not one for row in found.same for one in row) == 1
    # The same from the last place of another loop: it is named apart.
    apart = move_state(model, WORLD, names[0], end, OfQuestion(names[1], Place(0, 2, 2)))
    assert apart.after != found.after


def test_what_cannot_depend_on_the_change_is_the_same():
    """A causal model whose first loop's last boundary is changed at the second token."""
    model, (_, names) = model_of(), questions(1)
    found = move_state(model, WORLD, names[0], Place(0, 2, 1), Noise(3))
    layers = model.config.n_layers + 1
    first, second = found.same[:layers], found.same[layers:]
    assert all(all(row) for row in first[:-1]) and first[-1] == (True, False, True)
    assert all(row[0] for row in second)
    assert not second[0][1]


def test_noise_is_as_long_as_what_it_replaces_and_a_mean_is_of_nobody():
    model, rows = model_of(), questions(1)[0]
    here = run_states(model, torch.from_numpy(rows.copy()))
    place = Place(0, 1, 1)
    replaced = here.stream[0, 1, 0, 1]
    noise = Noise(3).state(model, WORLD, here, place)
    assert torch.isclose(noise.norm(), replaced.norm())
    assert torch.equal(noise, Noise(3).state(model, WORLD, here, place))
    assert not torch.equal(noise, Noise(4).state(model, WORLD, here, place))
    end = Place(1, 2, 2)
    after = [move_state(model, WORLD, one, end, Mean()).after for one in questions(3)[1]]
    assert after[0] == after[1] == after[2], "at the very end nothing else tells the answer"
    name = WORLD.vocabulary.words[5]
    embedding = Embedding(name).state(model, WORLD, here, place)
    assert torch.equal(embedding, model.embed.weight[5])
    assert all(isinstance(one, Source) for one in (Noise(), Mean(), Embedding(name)))


@pytest.mark.parametrize(
    ("place", "by", "said"),
    [
        (Place(2, 0, 0), Noise(), "there is no loop 3; there are 1 to 2"),
        (Place(0, 3, 0), Noise(), "there is no layer 3; there are 0 to 2"),
        (Place(0, 0, 3), Noise(), "there is no position 3; there are 0 to 2"),
        (Place(-1, 0, 0), Noise(), "there is no loop 0"),
        (Place(0, 0, 2), OfQuestion(questions(1)[1][0], Place(0, 9, 0)), "there is no layer 9"),
        (Place(0, 0, 0), OfQuestion(["e1", "e2"]), "e2"),
    ],
)
def test_what_is_not_there_is_said(place, by, said):
    with pytest.raises(LatebloomError, match=said):
        move_state(model_of(), WORLD, questions(1)[1][0], place, by)


def test_an_unknown_name_is_asked_back():
    with pytest.raises(UnknownNameError):
        move_state(model_of(), WORLD, questions(1)[1][0], Place(0, 0, 0), Embedding("nobody"))
