"""Questions to a run on names and numbers: sets, values in their unit, comparisons, selections."""

import numpy as np
import pytest
import torch

from latebloom.asking.answer import Answer
from latebloom.asking.selection import Selection
from latebloom.asking.set_answer import SetAnswer
from latebloom.asking.set_words import lines_of
from latebloom.asking.table import ask_table
from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.evaluation.accuracy import score_splits
from latebloom.model.transformer import Transformer
from latebloom.recipes.catalogue import make_recipe
from latebloom.training.questions import QuestionFeed
from latebloom.worlds.chains.own import FactsConfig, world_of_facts
from latebloom.worlds.splits import Split

HOURS = {"a": 18, "b": 4, "c": 17, "d": 40, "f": 9, "g": 24, "h": 4}
ROWS = [
    *[(drug, "targets", f"t{i % 3}") for i, drug in enumerate("abcdefgh")],
    ("a", "targets", "t2"),
    *[(drug, "half-life (h)", str(hours)) for drug, hours in HOURS.items()],
    *[(drug, "mass", f"{i}.25") for i, drug in enumerate("abcdefgh", start=1)],
]


@pytest.fixture(scope="module")
def world():
    config = FactsConfig(numbers=("auto",), inverse=True, ood_frac=0, test_id_frac=0)
    return world_of_facts(ROWS, config=config, seed=0)


@pytest.fixture(scope="module")
def knowing(world):
    """A model that knows all that it was told."""
    torch.manual_seed(0)
    config = make_recipe("table").replace("model", d_model=64, n_heads=4)
    config = config.replace("train", steps=250, batch_size=128)
    model = Transformer(config.model, len(world.vocabulary))
    feed = QuestionFeed(world, config.feed, config.train, 0, torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(1, config.train.steps + 1):
        optimizer.zero_grad()
        feed.loss(model, feed.batch(step)).backward()
        optimizer.step()
    return model.eval()


def test_one_model_knows_facts_chains_and_comparisons(knowing, world):
    scores = score_splits(knowing, world)
    assert {Split.ATOMIC_ID, Split.TRAIN_INFERRED, Split.TRAIN_COMPARED} == set(scores)
    assert all(one.accuracy >= 0.97 for one in scores.values()), scores


def test_a_value_comes_back_in_its_unit(knowing, world):
    found = ask_table(knowing, world, ["a", "half-life"])
    assert isinstance(found, SetAnswer) and found.status == "told"
    assert [one.name for one in found.known] == ["18 h"] and not found.guesses
    told = found.as_dict()["known"][0]
    assert (told["number"], told["unit"]) == (18, "h")
    (mass,) = ask_table(knowing, world, ["b", "mass"]).known
    assert (mass.name, mass.number, mass.unit) == ("2.25", 2.25, "")


def test_a_missing_value_is_said_and_nothing_is_guessed(knowing, world):
    found = ask_table(knowing, world, ["e", "half-life"])
    assert found.status == "never told" and not found.supported and not found.answers
    assert any("no half-life (h) of e" in line for line in lines_of(found))


def test_a_chain_ends_in_numbers_through_names(knowing, world):
    found = ask_table(knowing, world, ["t1", "^targets", "half-life"], 2)
    assert found.status == "follows"
    assert {one.name for one in found.known} == {"4 h"}  # of b and h; e has none
    assert {bridge.name for bridge in found.known[0].bridges} == {"b", "h"}
    assert all(one.name.endswith(" h") for one in found.guesses) and len(found.guesses) <= 2
    values = {f"rank {i}" for i in range(1, 9)}
    for one in (*found.known, *found.guesses):
        assert values.isdisjoint(bridge.name for bridge in one.bridges)


def test_names_are_never_answered_by_numbers(knowing, world):
    found = ask_table(knowing, world, ["a", "targets"], 40)
    assert {one.name for one in found.known} == {"t0", "t2"}
    assert not any(one.name.startswith("rank") for one in found.guesses)


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (["half-life", "a", "b"], ">"),
        (["b", "half-life", "a"], "<"),
        (["b", "h", "half-life (h)"], "="),
    ],
)
def test_comparisons_with_both_numbers(knowing, world, words, label):
    found = ask_table(knowing, world, words)
    assert isinstance(found, Answer) and found.truth == label == found.answers[0].name
    first, second = (word for word in words if "half" not in word)
    said = f"the table says: {first} {HOURS[first]} h, {second} {HOURS[second]} h"
    assert said in found.notes and found.supported


def test_a_comparison_without_a_number_is_never_told(knowing, world):
    found = ask_table(knowing, world, ["half-life", "a", "e"])
    assert found.status == "never told" and found.truth is None
    assert any("no half-life (h) of e" in note for note in found.notes)


def test_selections_name_what_has_no_number(knowing, world):
    found = ask_table(knowing, world, ["half-life", "above", "17"])
    assert isinstance(found, Selection) and found.untold == ("e",) and found.unit == "h"
    assert [one.name for one in found.told] == ["d", "g", "a"] and found.named == 3
    bottom = ask_table(knowing, world, ["mass", "bottom", "2"])
    assert [(one.name, one.number) for one in bottom.told] == [("a", 1.25), ("b", 2.25)]
    with pytest.raises(LatebloomError, match="told in h"):
        ask_table(knowing, world, ["half-life", "above", "17", "min"])


def test_a_misspelt_relation_is_asked_back(knowing, world):
    with pytest.raises(UnknownNameError, match="half-life"):
        ask_table(knowing, world, ["a", "half-lif"])


def test_every_name_of_a_set_is_within_the_vocabulary(world):
    """Values are the last of the names that may be answers, labels come after all relations."""
    task, words = world.task, world.vocabulary.words
    first, last = task.value_tokens
    assert [words[i] for i in range(first, last + 1)] == [f"rank {i}" for i in range(1, 9)]
    assert words[-4:] == ("<", "=", ">", "?") and np.all(world.facts.object <= last)
