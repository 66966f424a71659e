"""Another run's laboratory, read from a file: what comes through, and what is refused."""

import copy
import json
import random
import re

import pytest
from lab_node import in_node, laboratory_of, rounded

from latebloom.model.config import ModelConfig
from latebloom.reports.laboratory import Laboratory
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.sentences.dyck import DyckConfig, make_dyck
from latebloom.worlds.sentences.question import QuestionConfig, make_question

LOOPED = {"d_model": 16, "n_layers": 1, "n_heads": 2}
SHAPES = [
    {},
    {"n_loops": 1, "feedback": "none", "positions": "learned", "norm": "post"},
    {"n_loops": 3, "feedback": "gated", "positions": "relative", "attention": "both"},
    {"feedback": "replace", "positions": "rotary", "tied": False},
    {"n_loops": 2, "feedback": "none", "positions": "sinusoidal", "n_layers": 2},
]
JUNK = [
    *(None, True, -1, 0, 1, 3, 0.5, 10**9, 2**53, "", "constructor", "__proto__", "<b>"),
    *([], {}, [[]], {"width": 2, "base64": "////"}, {"width": 2, "base64": "("}),
]
"""What a file may hold where something else should stand."""


@pytest.fixture
def laboratory(small_world) -> Laboratory:
    return laboratory_of(small_world, rounded(ModelConfig(**LOOPED), len(small_world.vocabulary)))


def report_of(data: object, weights: list[str]) -> str:
    """The parts of a report that are read."""
    told = json.dumps(data).replace("<", "\\u003c")
    packed = "".join(
        f'<script type="text/plain" id="weights-{i}">{text}</script>'
        for i, text in enumerate(weights)
    )
    return (
        '<html><head><meta name="generator" content="latebloom"></head>'
        f'<script type="application/json" id="lab-data">{told}</script>{packed}</html>'
    )


def carried(laboratory: Laboratory, texts: list[str], question: list[str] | None = None) -> list:
    return in_node(laboratory, [["carried", text, question] for text in texts])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape.values())))
def test_a_report_and_a_saved_laboratory_answer_as_the_run_does(small_world, shape):
    model = rounded(ModelConfig(**LOOPED | shape), len(small_world.vocabulary))
    own = laboratory_of(small_world, model)
    question = small_world.vocabulary.decode(small_world.examples("train_inferred")[0, :-1])
    wanted, saved = in_node(own, [["ask", question], ["written"]])
    titled = {**own.data, "title": "this one, seed 3"}
    found = carried(own, [saved, report_of(titled, list(own.weights))], question)
    assert [one["answer"] for one in found] == [wanted, wanted]
    assert [one["title"] for one in found] == ["the file", "this one, seed 3"]


def test_comparisons_come_through(small_world):
    config = ComparisonConfig(
        entities=12, attributes=3, values=5, ood_frac=0.2, phi=2, test_id_frac=0.1
    )
    world = make_comparison(config, seed=3)
    own = laboratory_of(world, rounded(ModelConfig(**LOOPED), len(world.vocabulary)))
    (found,) = carried(own, [report_of(own.data, list(own.weights))], world.example())
    assert [one["name"] for one in found["answer"]["answers"]] == [
        one["name"] for one in in_node(own, [["ask", world.example()]])[0]["answers"]
    ]


def test_what_is_no_laboratory_is_refused_in_a_sentence(laboratory):
    data, weights = laboratory.data, list(laboratory.weights)
    texts = {
        "": "it is no report of latebloom",
        "\0\1PNG": "it is no report of latebloom",
        "{": "the file is not JSON",
        "{}": "it is JSON, but no laboratory that this page saved",
        '{"format": "latebloom laboratory"}': "the laboratory is not an object",
        '<meta name="generator" content="latebloom">': (
            "it is a report, but the model is not inside it (the report itself says why)"
        ),
        report_of(data, []): "weights is not a list of 1 to 1 entries",
        report_of(data, [weights[0][:-8]]): "weights[0] is not",
        report_of(data, ["(" + weights[0][1:]]): "weights[0] is not",
        report_of(data, ["/3//" + weights[0][4:]]): "weights is not a list of finite numbers",
        report_of([], weights): "the laboratory is not an object",
        report_of(None, weights): "the laboratory is not an object",
        "<html>" * 1000: "it is no report of latebloom",
    }
    for (text, said), found in zip(texts.items(), carried(laboratory, list(texts)), strict=True):
        assert found["by"] == "BadFile", text[:80]
        assert found["refused"].startswith(said), text[:80]


def places_in(value: object, path: tuple = ()) -> list[tuple]:
    """Every place of a nested value."""
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = list(enumerate(value))[:3]
    else:
        return [path]
    return [path, *(place for key, entry in inside for place in places_in(entry, (*path, key)))]


@pytest.fixture(params=["facts", "sentences", "brackets"])
def askable(request, small_world) -> tuple[Laboratory, list[str]]:
    """A laboratory, and a question that it can be asked."""
    few = {"train": 20, "test_id": 5, "test_ood": 5}
    sentences = {"n_loops": 1, "feedback": "none"}
    if request.param == "facts":
        own, shape = small_world, {}
        question = own.vocabulary.decode(own.examples("train_inferred")[0, :-1])
    elif request.param == "sentences":
        own, shape = make_question(QuestionConfig(**few, test_apart=5), seed=1), sentences
        question = own.text("test_ood", 0).split()[:3]
    else:
        own, shape = make_dyck(DyckConfig(**few, kinds=2, depth=3), seed=1), sentences
        question = own.text("test_ood", 0).split()[:3]
    return laboratory_of(own, rounded(ModelConfig(**LOOPED | shape), len(own.vocabulary))), question


def test_whatever_stands_at_any_place_it_is_refused_or_computes(askable):
    """Each place of the data holds something else once; nothing but a sentence comes of it, or a
    laboratory that answers with probabilities."""
    rng = random.Random(0)
    laboratory, question = askable
    texts = []
    for place in places_in(laboratory.data)[1:]:
        for junk in rng.sample(JUNK, 6):
            data = copy.deepcopy(laboratory.data)
            holder = data
            for key in place[:-1]:
                holder = holder[key]
            holder[place[-1]] = junk
            texts.append(report_of(data, list(laboratory.weights)))
    found = carried(laboratory, texts, question)
    refused = [one for one in found if "refused" in one]
    assert len(texts) > 500
    assert len(refused) > len(texts) / 2
    for one in refused:
        unaskable = one["by"] == "Error" and re.search("name|word", one["refused"])
        assert one["by"] == "BadFile" or unaskable, one
    for one in found:
        for guess in (one.get("answer") or {"answers": []})["answers"]:
            assert 0 <= guess["probability"] <= 1
