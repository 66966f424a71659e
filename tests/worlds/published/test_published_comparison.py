"""Comparison and hidden attributes in the published format: item by item, and there and back."""

import json
from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import FactsError
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.published.comparisons import compared_token, compared_word
from latebloom.worlds.published.folder import read_dataset, write_dataset
from latebloom.worlds.splits import Split
from latebloom.worlds.vocabulary import Vocabulary

SIZES = {"entities": 14, "attributes": 2, "values": 4, "ood_frac": 0.3}


def small_comparison():
    return make_comparison(ComparisonConfig(**SIZES, phi=3), seed=1)


def small_hidden():
    config = HiddenAttributesConfig(**SIZES, within_frac=0.2, across_frac=0.3)
    return make_hidden_attributes(config, seed=1)


def load(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


@pytest.mark.parametrize("make", [small_comparison, small_hidden])
def test_there_and_back_is_the_same_world(make, tmp_path):
    world = make()
    write_dataset(world, tmp_path / "d")
    again = read_dataset(tmp_path / "d")
    assert again.task == world.task
    assert again.vocabulary == world.vocabulary
    assert again.trained == world.trained
    assert set(again.splits) == set(world.splits)
    for split, rows in world.splits.items():
        assert np.array_equal(again.splits[split], rows), split
    for name in ("subject", "relation", "object", "ood"):
        assert np.array_equal(getattr(again.facts, name), getattr(world.facts, name)), name


def test_comparison_items_are_as_published(tmp_path):
    world = small_comparison()
    write_dataset(world, tmp_path / "d")
    train, test = load(tmp_path / "d", "train"), load(tmp_path / "d", "test")
    entity, attribute, value = world.vocabulary.decode(world.splits["atomic_id"][0])
    question = f"<e_{entity[1:]}><attr_{attribute[1:]}>"
    assert train[0] == {
        "input_text": question,
        "target_text": f"{question}<{value[1:]}></a>",
        "type": "id_atomic",
    }
    attribute, first, second, label = world.splits[Split.TEST_OOD][0]
    a, e1, e2 = (world.vocabulary.words[i][1:] for i in (attribute, first, second))
    k = "<=>".index(world.vocabulary.words[label])
    question = f"<attr_{a}><q><e_{e1}><mask><e_{e2}>"
    item = {
        "input_text": question,
        "target_text": f"{question}<attr_{a}_{k}></a>",
        "type": "test_inferred_ood",
    }
    assert item in test and item in load(tmp_path / "d", "valid")
    assert {i["type"] for i in train} == {"id_atomic", "ood_atomic", "train_inferred"}


def test_the_vocabulary_is_as_published(tmp_path):
    config = ComparisonConfig(entities=4, attributes=2, values=3, ood_frac=0.5, phi=0.5)
    write_dataset(make_comparison(config, 0), tmp_path / "d")
    assert load(tmp_path / "d", "vocab") == [
        *(f"<e_{i}>" for i in range(4)), "<attr_0>", "<attr_1>", "<0>", "<1>", "<2>",
        "<mask>", "<sep>", "<a>", "</a>", "<q>", "</q>",
        *(f"<attr_{a}_{k}>" for a in range(2) for k in range(3)),
    ]  # fmt: skip


def test_hidden_items_close_the_question_and_open_the_answer(tmp_path):
    write_dataset(small_hidden(), tmp_path / "d")
    train = load(tmp_path / "d", "train")
    kinds = {item["type"]: item["target_text"] for item in train}
    assert set(kinds) == {"id_atomic", "train_inferred_topleft", "train_inferred_cross"}
    assert kinds["id_atomic"].endswith("></a>") and kinds["id_atomic"].startswith("<q><e_")
    assert "<mask></q><a><" in kinds["id_atomic"]
    assert "</q><a><attr_" in kinds["train_inferred_cross"]
    assert "ood_atomic" in {item["type"] for item in load(tmp_path / "d", "test")}


def test_names_of_ones_own_survive(tmp_path):
    world = small_comparison()
    words = list(world.vocabulary.words)
    words[:6] = ["5", "attr_3", "Fe", "a <b> %c", "</a>", "e_1"]
    world = replace(world, vocabulary=Vocabulary(tuple(words)))
    write_dataset(world, tmp_path / "d")
    assert read_dataset(tmp_path / "d").vocabulary == world.vocabulary


@pytest.mark.parametrize(
    ("word", "token"), [("e3", "<e_3>"), ("a3", "<attr_3>"), ("v3", "<3>"), ("3", "<%33>")]
)
def test_tokens_of_words(word, token):
    assert compared_token(word) == token
    assert compared_word(token) == word


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "nonsense"}, "item 1: unknown type 'nonsense'"),
        ({"type": "test_inferred_ood"}, "must not be trained on"),
        ({"input_text": 3}, "needs input_text"),
        ({"target_text": "<e_0></a>"}, "is not input_text, an answer"),
        ({"input_text": "<e_0>", "target_text": "<e_0><1></a>"}, "neither an atomic fact"),
        ({"input_text": "<e_0><attr_9>", "target_text": "<e_0><attr_9><1></a>"}, "<attr_9> is not"),
        (
            {
                "input_text": "<attr_0><q><e_0><mask><e_1>",
                "target_text": "<attr_0><q><e_0><mask><e_1><attr_1_0></a>",
                "type": "train_inferred",
            },
            "<attr_1_0> is not one of <attr_0>",
        ),
    ],
)
def test_a_spoilt_item_is_named(tmp_path, change, message):
    write_dataset(small_comparison(), tmp_path / "d")
    train = load(tmp_path / "d", "train")
    train[0] |= change
    (tmp_path / "d" / "train.json").write_text(json.dumps(train))
    with pytest.raises(FactsError, match=message):
        read_dataset(tmp_path / "d")


@pytest.mark.parametrize("odd", [0.5, None, ["<e_1>"], "", "e_1", "<e_1"])
def test_an_item_of_the_vocabulary_that_is_no_token_is_named(odd, tmp_path):
    write_dataset(small_comparison(), tmp_path / "d")
    tokens = load(tmp_path / "d", "vocab")
    (tmp_path / "d" / "vocab.json").write_text(json.dumps([*tokens, odd]))
    with pytest.raises(FactsError, match=f"item {len(tokens) + 1}: .* is no token"):
        read_dataset(tmp_path / "d")
