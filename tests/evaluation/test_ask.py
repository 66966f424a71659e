"""Asking, with a model that is made to answer by a table."""

import pytest
import torch

from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.evaluation.ask import ask, follow, was_shown
from latebloom.model.transformer import ModelConfig, Transformer


class Oracle(Transformer):
    """Answers every hop rightly, so that what is shown can be checked against the facts."""

    def __init__(self, world):
        super().__init__(ModelConfig(d_model=16, n_heads=2, window=2), len(world.vocabulary))
        self.world = world

    def forward(self, tokens, at=None, *, n_loops=None, **_):
        path, _ = follow(self.world, tokens[0].tolist())
        logits = torch.zeros(n_loops, 1, tokens.shape[1], self.d_vocab)
        for position, name in enumerate(path, start=1):
            logits[:, 0, position, name] = 20.0
        return logits


@pytest.fixture
def oracle(small_world):
    return Oracle(small_world)


def names(world, split, row=0):
    return world.vocabulary.decode(world.examples(split)[row, :-1])


def test_a_two_hop_answer_tells_the_bridge_and_the_kind_of_each_hop(oracle, small_world):
    for split, hops, shown in (
        ("train_inferred", ("id", "id"), True),
        ("test_id", ("id", "id"), False),
        ("test_oi", ("ood", "id"), False),
        ("test_io", ("id", "ood"), False),
        ("test_ood", ("ood", "ood"), False),
    ):
        answer = ask(oracle, small_world, names(small_world, split))
        expected = small_world.vocabulary.words[small_world.examples(split)[0, -1]]
        assert answer.hops == hops
        assert answer.shown is shown
        assert answer.truth == answer.answers[0].name == expected
        assert answer.bridges[0].name == answer.true_bridges[0]
        assert answer.bridges[0].probability > 0.99
        assert answer.notes == ()


def test_an_atomic_question_has_no_bridge(oracle, small_world):
    answer = ask(oracle, small_world, names(small_world, "atomic_ood"))
    assert answer.bridges == ()
    assert answer.hops == ("ood",)
    assert answer.shown


def test_more_hops_than_trained_are_noted(oracle, small_world):
    answer = ask(oracle, small_world, ["e0", "r0", "r1", "r2"])
    assert len(answer.bridges) == 2
    assert any("3 hops; training had 2" in note for note in answer.notes)


def test_what_the_facts_do_not_tell_is_noted(oracle, small_world):
    answer = ask(oracle, small_world, ["r0", "r1"])
    assert answer.truth is None
    assert answer.hops == ("unknown",)
    assert any("no answer" in note for note in answer.notes)


def test_an_unknown_name_brings_the_nearest(oracle, small_world):
    with pytest.raises(UnknownNameError, match="nearest: e1"):
        ask(oracle, small_world, ["e1x", "r0"])


def test_letter_case_is_forgiven(oracle, small_world):
    assert ask(oracle, small_world, ["E1", "R0"]).question == ("e1", "r0")


def test_a_lone_name_is_no_question(oracle, small_world):
    with pytest.raises(LatebloomError, match="one relation or more"):
        ask(oracle, small_world, ["e1"])


def test_top_is_cut_to_the_vocabulary(oracle, small_world):
    assert len(ask(oracle, small_world, ["e1", "r0"], top=999).answers) == len(
        small_world.vocabulary
    )


def test_shown_looks_at_training_alone(small_world):
    assert was_shown(small_world, small_world.examples("train_inferred")[3, :-1].tolist())
    assert not was_shown(small_world, small_world.examples("test_id")[3, :-1].tolist())
