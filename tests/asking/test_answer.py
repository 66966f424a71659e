"""Asking, with a model that is made to answer by a table."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.asking.answer import ask, was_shown
from latebloom.asking.told_facts import NewFacts, ask_both
from latebloom.asking.told_values import ask_compared
from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Pass, Transformer
from latebloom.worlds.atomic import Facts
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.tasks.chain import MOST_HOPS


class Oracle(Transformer):
    """Answers every hop rightly, so that what is shown can be checked against the facts."""

    def __init__(self, world):
        super().__init__(ModelConfig(d_model=16, n_heads=2, window=2), len(world.vocabulary))
        self.world = world

    def forward(self, tokens, at=None, *, n_loops=None, **_):
        told = self.world.task.tell(self.world.facts, tokens[0].tolist(), self.world.vocabulary)
        logits = torch.zeros(n_loops, 1, tokens.shape[1], self.d_vocab)
        for position, name in enumerate(told.path, start=1):
            logits[:, 0, position, name] = 20.0
        return Pass(logits)


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
    told = small_world.facts
    at = told.find(*(np.array([i]) for i in small_world.vocabulary.encode(["e1", "r1"])))
    rest = np.delete(told.rows(), at, axis=0)
    lacking = replace(
        small_world, facts=Facts.of_rows(rest), splits={"atomic_id": rest}, trained=("atomic_id",)
    )
    answer = ask(oracle, lacking, ["e1", "r1"])
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


class Judge(Transformer):
    """Says `>` with three quarters of the labels' probability and `=` with the rest, at the end.

    It puts half of all probability on names that are no label.
    """

    def __init__(self, world, **settings):
        super().__init__(ModelConfig(d_model=16, n_heads=2, **settings), len(world.vocabulary))
        self.loops = []

    def forward(self, tokens, at=None, *, n_loops=None, **_):
        self.loops.append(n_loops)
        probabilities = torch.full((n_loops, 1, tokens.shape[1], self.d_vocab), 1e-12)
        probabilities[:, 0, -1, [0, -2, -1]] = torch.tensor([0.5, 0.125, 0.375])
        return Pass(probabilities.log())


@pytest.fixture
def compared():
    config = ComparisonConfig(entities=12, attributes=2, values=4, ood_frac=0.25, phi=2)
    return make_comparison(config, seed=0)


def test_a_comparison_weighs_the_three_labels(compared):
    answer = ask(Judge(compared), compared, names(compared, "train_inferred"))
    assert [guess.name for guess in answer.answers] == [">", "=", "<"]
    assert [g.probability for g in answer.answers] == pytest.approx([0.75, 0.25, 0], abs=1e-6)
    assert (answer.bridges, answer.true_bridges, answer.hops) == ((), (), ())
    assert answer.shown


@pytest.mark.parametrize("split", ["train_inferred", "test_id", "test_ood"])
def test_a_comparison_tells_truth_shown_and_what_is_ood(compared, split):
    for row in range(5):
        answer = ask(Judge(compared), compared, names(compared, split, row))
        label = compared.vocabulary.words[compared.examples(split)[row, -1]]
        assert answer.truth == label
        assert answer.shown is (split == "train_inferred")
        told = sum("compared with none" in note for note in answer.notes)
        assert told == (2 if split == "test_ood" else 0)


def test_a_pair_that_no_split_asks_is_decided_by_its_values(compared):
    facts = compared.facts
    attribute = facts.relation[0]
    of_it = facts.relation == attribute
    first, second = facts.subject[of_it & ~facts.ood][0], facts.subject[of_it & facts.ood][0]
    value = dict(zip(facts.subject[of_it], facts.object[of_it], strict=True))
    expected = "<=>"[1 + (value[first] > value[second]) - (value[first] < value[second])]
    question = compared.vocabulary.decode([attribute, first, second])
    answer = ask(Judge(compared), compared, question)
    assert (answer.truth, answer.shown) == (expected, False)


def test_a_comparison_runs_the_loops_as_trained(compared):
    for settings, loops in (
        ({"n_loops": 4, "feedback": "none"}, 4),
        ({"n_loops": 2}, 2),
        ({"n_loops": 1, "feedback": "none"}, 1),
    ):
        judge = Judge(compared, **settings)
        ask(judge, compared, names(compared, "test_ood"))
        assert judge.loops == [loops]


def test_a_value_in_a_world_that_compares_can_be_asked_for(compared):
    answer = ask(Judge(compared), compared, names(compared, "atomic_id"))
    assert answer.truth == compared.vocabulary.words[compared.examples("atomic_id")[0, -1]]
    assert (answer.hops, answer.shown) == ((), True)


def test_what_is_no_comparison_is_refused_with_the_way_to_ask(compared):
    for words, named in (
        (["e0", "a0", "e1"], "'e0' is no attribute"),
        (["a0", "e1", "v0"], "'v0' is no entity"),
        (["a0", "a0", "e1"], "'a0' is no entity"),
        (["a0"], "1 names are no question"),
        (["a0", "e1", "e2", "e3"], "ATTRIBUTE ENTITY ENTITY, as in a0 e0 e1"),
    ):
        with pytest.raises(LatebloomError, match=named):
            ask(Judge(compared), compared, words)


def test_hidden_values_and_a_lack_of_labels_are_noted():
    world = make_hidden_attributes(
        HiddenAttributesConfig(
            entities=24, attributes=3, values=4, ood_frac=0.25, within_frac=0.1, across_frac=0.2
        ),
        seed=0,
    )
    judge = Judge(world)
    answer = ask(judge, world, names(world, "test_hard"))
    assert sum("its value was never told" in note for note in answer.notes) == 2
    assert answer.truth == world.vocabulary.words[world.examples("test_hard")[0, -1]]

    def astray(tokens, at=None, *, n_loops=None, **_):
        logits = torch.zeros(n_loops, 1, tokens.shape[1], judge.d_vocab)
        logits[..., 0] = 9.0
        return Pass(logits)

    judge.forward = astray
    assert ask(judge, world, names(world, "test_hard")).notes[-1] == (
        "low confidence: only 0% of the probability is on the possible answers"
    )


@pytest.mark.parametrize("top", [0, -1])
def test_asking_for_no_answer_is_refused(oracle, small_world, top):
    with pytest.raises(LatebloomError, match=f"--top is {top}"):
        ask(oracle, small_world, ["e1", "r1"], top=top)
    new = NewFacts("told", {})
    with pytest.raises(LatebloomError, match=f"--top is {top}"):
        ask_both(oracle, small_world, new, ["e1", "r1"], top=top)
    with pytest.raises(LatebloomError, match=f"--top is {top}"):
        ask_compared(oracle, small_world, new, ["r1", "e1", "e2"], top=top)


def test_a_chain_beyond_the_limit_is_refused(oracle, small_world):
    subject, relation, _ = names(small_world, "test_id")
    longest = [subject, *[relation] * MOST_HOPS]
    small_world.task.check(small_world.read(longest), small_world.facts, small_world.vocabulary)
    told = NewFacts("a file", {("mars", "moon"): "phobos"})
    for put in (ask, lambda *asked: ask_both(*asked[:2], told, asked[2])):
        with pytest.raises(LatebloomError, match=f"has {MOST_HOPS + 1} hops; at most {MOST_HOPS}"):
            put(oracle, small_world, [*longest, relation])
