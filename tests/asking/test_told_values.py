"""Comparing remembered with told values, in a small comparer that is grown in seconds."""

import numpy as np
import pytest
import torch

from latebloom.asking.answer import ask
from latebloom.asking.told_facts import NewFacts
from latebloom.asking.told_values import ask_compared
from latebloom.errors import FactsError, LatebloomError, UnknownNameError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.training.config import ComparisonFeedConfig, TrainConfig
from latebloom.training.questions import QuestionFeed
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.comparisons.own import NumericTableConfig, make_numeric_table
from latebloom.worlds.comparisons.scale import Place, recover_scale

COMPARER = {"d_model": 32, "n_layers": 1, "feedback": "replace", "max_distance": 1}
ROWS = "river,length,flow\nRhine,1233,2900\nElbe,1094,860\nOder,840,\nWeser,451,327\nMain,527,na\n"


@pytest.fixture(scope="module")
def world():
    return make_comparison(
        ComparisonConfig(entities=12, attributes=2, values=4, ood_frac=0, phi=8), seed=0
    )


@pytest.fixture(scope="module")
def grown(world):
    torch.manual_seed(0)
    model = Transformer(ModelConfig(**COMPARER), len(world.vocabulary))
    config = TrainConfig(steps=150, batch_size=128)
    helped = ComparisonFeedConfig(values_first=True, both_orders=True)
    feed = QuestionFeed(world, helped, config, 0, torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(1, config.steps + 1):
        optimizer.zero_grad()
        feed.loss(model, feed.batch(step)).backward()
        optimizer.step()
    return model.eval()


@pytest.fixture
def rivers(tmp_path):
    path = tmp_path / "rivers.csv"
    path.write_text(ROWS)
    return NumericTableConfig(facts=str(path), ood_frac=0, test_id_frac=0)


def told(*facts):
    return NewFacts("new.csv", {(s, r): o for s, r, o in facts})


def value(world, entity, attribute):
    ids = world.vocabulary.ids
    row = world.facts.find(np.array([ids[entity]]), np.array([ids[attribute]]))
    return world.vocabulary.words[world.facts.object[row][0]]


def test_a_told_value_is_compared_with_every_remembered_one(grown, world):
    right = []
    for number in range(0, 12, 2):
        for told_value in range(4):
            new = told(("NEW", "a0", f"v{told_value}"))
            known = int(value(world, f"e{number}", "a0")[1:])
            for names, pair in (
                (("NEW", f"e{number}"), (told_value, known)),
                ((f"e{number}", "NEW"), (known, told_value)),
            ):
                answer = ask_compared(grown, world, new, ["a0", *names])
                assert answer.truth == "<=>"[1 + (pair[0] > pair[1]) - (pair[0] < pair[1])]
                right.append(answer.answers[0].name == answer.truth)
    assert np.mean(right) >= 0.9


def test_telling_what_the_model_is_sure_of_changes_nothing(grown, world):
    before = ask(grown, world, ["a0", "e3", "e7"])
    new = told(("e3", "a0", value(world, "e3", "a0")), ("e7", "a0", value(world, "e7", "a0")))
    answer = ask_compared(grown, world, new, ["a0", "e3", "e7"])
    assert answer.truth == before.truth
    for was, now in zip(before.answers, answer.answers, strict=True):
        assert now.name == was.name
        assert now.probability == pytest.approx(was.probability, abs=0.02)
    assert not any("training had" in note for note in answer.notes)


def test_where_nothing_new_is_asked_the_answer_is_the_models_own(grown, world):
    own = ask(grown, world, ["a1", "e3", "e7"])
    answer = ask_compared(grown, world, told(("NEW", "a0", "v2")), ["a1", "e3", "e7"])
    assert answer.answers == own.answers
    assert (answer.truth, answer.shown) == (own.truth, own.shown)
    assert [note.partition(" (")[0] for note in answer.notes] == [
        "a1 of e3: from the model",
        "a1 of e7: from the model",
    ]


def test_two_told_values_depend_on_no_recall(grown, world):
    for first in range(4):
        for second in range(4):
            new = told(("X", "a1", f"v{first}"), ("Y", "a1", f"v{second}"))
            answer = ask_compared(grown, world, new, ["a1", "X", "Y"])
            label = "<=>"[1 + (first > second) - (first < second)]
            assert answer.answers[0].name == label == answer.truth
    assert answer.notes == ("a1 of X: from new.csv (v3)", "a1 of Y: from new.csv (v3)")


def test_a_told_value_is_believed_over_a_trained_one(grown, world):
    had = value(world, "e5", "a0")
    other = "v0" if had != "v0" else "v3"
    answer = ask_compared(grown, world, told(("e5", "a0", other)), ["a0", "e5", "e6"])
    assert answer.notes[0] == f"a0 of e5: from new.csv ({other}); training had {had}"
    assert not answer.shown


@pytest.mark.parametrize("settings", [{"feedback": "restart"}, {"feedback": "none", "n_loops": 1}])
def test_other_families_are_refused_by_name(world, settings):
    model = Transformer(ModelConfig(**(COMPARER | settings)), len(world.vocabulary))
    feedback = settings["feedback"]
    refused = (
        f"needs model.feedback replace, and this run has {feedback}.*latebloom grok comparison"
    )
    with pytest.raises(LatebloomError, match=refused):
        ask_compared(model, world, told(("NEW", "a0", "v1")), ["a0", "NEW", "e1"])


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("a0 NEW e1", "NEW a0 is 'tall', which is no value of this run; give one of v0, v1"),
        ("a1 NEW e1", r"no token for 'NEW', and new\.csv does not tell NEW a1; add that fact"),
        ("tall e1 e2", "no token for 'tall'; it compares by attributes"),
        ("e3 e1 e2", "'e3' is no attribute"),
        ("a0 e1", "2 names are no question"),
    ],
)
def test_what_cannot_be_compared_is_one_line(grown, world, question, message):
    with pytest.raises(LatebloomError, match=message):
        ask_compared(grown, world, told(("NEW", "a0", "tall")), question.split())


def test_a_name_in_neither_memory_is_unknown(grown, world):
    with pytest.raises(UnknownNameError, match="unknown name 'NEWER'; nearest: NEW"):
        ask_compared(grown, world, told(("NEW", "a0", "v1")), ["a0", "NEWER", "e1"])


def test_a_number_is_placed_among_the_ranks_by_hand(rivers):
    world = make_numeric_table(rivers, seed=0)
    scale, ids = recover_scale(rivers, world), world.vocabulary.ids
    one, two, three, four, five = (ids[f"rank {i}"] for i in range(1, 6))
    length, flow = ids["length"], ids["flow"]
    assert scale.place(length, 840.0) == Place(three, three, 2 * three, 840.0)
    assert scale.place(length, 500.0) == Place(one, two, 2 * one + 1, 500.0)
    assert scale.place(length, 3.0) == Place(one, one, 2 * one - 1, 3.0)
    assert scale.place(length, 9e9) == Place(five, five, 2 * five + 1, 9e9)
    assert scale.place(flow, 9e9) == Place(three, four, 2 * three + 1, 9e9)


def test_a_number_is_placed_in_the_bin_of_the_next_one(rivers):
    bins = NumericTableConfig(facts=rivers.facts, scale="bins", bins=2, ood_frac=0, test_id_frac=0)
    world = make_numeric_table(bins, seed=0)
    scale, ids = recover_scale(bins, world), world.vocabulary.ids
    numbers = [3.0, 451.0, 840.0, 841.0, 1233.0, 9e9]
    words = [world.vocabulary.words[scale.place(ids["length"], n).below] for n in numbers]
    assert words == ["bin 1", "bin 1", "bin 1", "bin 2", "bin 2", "bin 2"]


def test_numbers_told_decide_the_truth_and_are_noted(rivers):
    world = make_numeric_table(rivers, seed=0)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(**COMPARER), len(world.vocabulary)).eval()
    new = told(("Spree", "length", "400"), ("Ruhr", "length", "600"), ("Lahn", "length", "601"))

    def asked(*names):
        return ask_compared(model, world, new, ["length", *names], numbers=rivers)

    assert [asked("Spree", name).truth for name in ("Weser", "Ruhr")] == ["<", "<"]
    assert [asked("Ruhr", name).truth for name in ("Main", "Oder")] == [">", "<"]
    assert asked("Lahn", "Ruhr").truth == ">"
    assert "no known value lies between the two: to the model they are equal" in (
        asked("Lahn", "Ruhr").notes
    )
    assert asked("Ruhr", "Main").notes[0] == (
        "length of Ruhr: from new.csv (600, between rank 2 and rank 3)"
    )
    assert asked("Spree", "Main").notes[0].endswith("(400, beneath rank 1)")
    with pytest.raises(LatebloomError, match="is no value of this run; give one of rank 1"):
        ask_compared(model, world, new, ["length", "Ruhr", "Main"])


def test_a_table_that_changed_since_places_no_number(rivers, tmp_path):
    world = make_numeric_table(rivers, seed=0)
    (tmp_path / "rivers.csv").write_text(ROWS.replace("1233", "100"))
    with pytest.raises(FactsError, match=r"no longer gives the facts.*by name: rank 1 to rank 5"):
        recover_scale(rivers, world)
