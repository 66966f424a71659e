"""The laboratory: what is packed, and that its JavaScript computes what Python's model does."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from lab_node import in_node, laboratory_of, rounded

from latebloom.asking.answer import ask
from latebloom.circuits.look import look_at
from latebloom.circuits.states import go_from, patch_everywhere, run_states
from latebloom.model.config import ModelConfig
from latebloom.reports import laboratory as rooms
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.tasks.chain import ChainTask

OLD_RUNS = Path(__file__).parents[1] / "old_runs"


def pairs(found: list) -> list[tuple]:
    return list(zip(found[::2], found[1::2], strict=True))


# The same model in JavaScript.

SHAPES = [
    {"n_loops": 1, "feedback": "none", "positions": "learned", "n_layers": 2},
    {"n_loops": 1, "feedback": "none", "positions": "rotary", "norm": "post", "activation": "relu"},
    {"n_loops": 2, "feedback": "none", "positions": "sinusoidal", "n_layers": 2},
    {"n_loops": 2, "feedback": "added", "positions": "none"},
    {"n_loops": 3, "feedback": "gated", "positions": "relative", "temperature": 2.0},
    {"n_loops": 2, "feedback": "restart", "positions": "relative", "attention": "both"},
    {"n_loops": 2, "feedback": "restart", "positions": "rotary", "attention": "both", "window": 2},
    {"n_loops": 2, "feedback": "replace", "positions": "learned", "tied": False},
    {"n_loops": 2, "feedback": "ahead", "positions": "relative", "window": 2},
    {"n_loops": 3, "feedback": "ahead", "positions": "rotary", "n_layers": 2, "norm": "post"},
    {"n_loops": 2, "feedback": "none", "positions": "sinusoidal", "attention": "both"},
]
"""Every scheme, feedback, norm, activation and rule of attention at least once."""


def config_of(shape: dict) -> ModelConfig:
    return ModelConfig(**{"d_model": 16, "n_layers": 1, "n_heads": 2} | shape)


def questions_of(world, n: int) -> list[list[str]]:
    """Some questions of every length, as names."""
    rows = [world.examples(split)[:, :-1].tolist() for split in ("atomic_id", "train_inferred")]
    return [world.vocabulary.decode(row) for some in rows for row in some[:n]]


def test_every_choice_of_a_model_is_among_the_shapes():
    for field, least in (("positions", 5), ("feedback", 6), ("norm", 1), ("attention", 1)):
        values = {shape[field] for shape in SHAPES if field in shape}
        assert len(values) >= least, field


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape.values())))
def test_logits_answers_bridges_and_states_are_those_of_python(small_world, shape):
    model = rounded(config_of(shape), len(small_world.vocabulary))
    asked = questions_of(small_world, 10)
    calls = [[method, question] for question in asked for method in ("logits", "ask", "look")]
    found = in_node(laboratory_of(small_world, model), calls)
    for i, question in enumerate(asked):
        logits, answer, states = found[3 * i : 3 * i + 3]
        tokens = torch.tensor([small_world.read(question)])
        loops = rooms.loops_needed(model.config, tokens.shape[1], tokens.shape[1] - 1)
        with torch.no_grad():
            expected = model(tokens, n_loops=loops).logits[-1, 0]
        assert (torch.tensor(logits) - expected).abs().max() < 1e-3
        assert expected.std() > 0.05, "the logits differ enough for this to mean something"
        wanted = ask(model, small_world, question).as_dict()
        for kind in ("answers", "bridges"):
            assert [g["name"] for g in answer[kind]] == [g["name"] for g in wanted[kind]]
            assert [g["probability"] for g in answer[kind]] == pytest.approx(
                [g["probability"] for g in wanted[kind]], abs=1e-4
            )
        for state, glimpse in zip(states, look_at(model, small_world, question), strict=True):
            assert (state["loop"], state["layer"]) == (glimpse.loop, glimpse.layer)
            assert [g[0]["name"] for g in state["guesses"]] == [g.name for g in glimpse.guesses]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape.values())))
def test_patches_are_those_of_causal_tracing(small_world, shape):
    model = rounded(config_of(shape), len(small_world.vocabulary))
    rows = small_world.examples("train_inferred")[:, :-1]
    to, source = rows[0], rows[-1]
    loops = rooms.loops_needed(model.config, 3, 2)
    base, other = (
        run_states(model, torch.tensor(q[None]).long(), n_loops=loops) for q in (to, source)
    )
    places = [
        place
        for place in itertools.product(range(loops), range(model.config.n_layers + 1), range(3))
        if place[:2] != (loops - 1, model.config.n_layers) or place[2] == 2
    ]
    words = small_world.vocabulary.decode
    calls = [
        [
            "patch",
            {"from": words(source), "to": words(to), "loop": i + 1, "layer": b, "position": p},
        ]
        for i, b, p in places
    ]
    found = in_node(laboratory_of(small_world, model), calls)
    for (loop, boundary, position), result in zip(places, found, strict=True):
        where = torch.zeros(loops, model.config.n_layers + 1, 3, dtype=torch.bool)
        where[loop, boundary, position] = True
        best = small_world.vocabulary.id(result["answers"][0]["name"])
        wanted = patch_everywhere(
            model, base, other, where, torch.tensor([best]), rows=torch.tensor([0])
        )
        assert wanted.answer[loop, boundary, 0] == best
        assert np.log(result["answers"][0]["probability"]) == pytest.approx(
            float(wanted.log_prob[loop, boundary, 0]), abs=1e-3
        )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape.values())))
def test_outside_the_cone_nothing_changes_and_inside_it_does(small_world, shape):
    model = rounded(config_of(shape), len(small_world.vocabulary), large=3.0)
    rows = torch.tensor(small_world.examples("train_inferred")[:20, :-1]).long()
    loops = rooms.loops_needed(model.config, 3, 2)
    with torch.no_grad():
        start = model.embedded(rows)
    changed = start.clone()
    changed[:, 1] = torch.randn_like(changed[:, 1])
    before, after = (go_from(model, x, n_loops=loops).stream for x in (start, changed))
    moved = (after - before).abs().amax(-1).amax(2)
    put = {"loop": 0, "boundary": 0, "position": 1}
    [cone] = in_node(laboratory_of(small_world, model), [["cone", 3, loops, [put]]])
    assert cone == (moved > 1e-6).tolist()


def test_comparisons_answer_with_shares_of_their_labels():
    world = make_comparison(
        ComparisonConfig(
            entities=12, attributes=3, values=5, ood_frac=0.2, phi=2, test_id_frac=0.1
        ),
        seed=3,
    )
    model = rounded(config_of({"feedback": "replace"}), len(world.vocabulary))
    asked = questions_of(world, 10)
    calls = [[method, question] for question in asked for method in ("ask", "truth")]
    found = in_node(laboratory_of(world, model), calls)
    for question, (answer, truth) in zip(asked, pairs(found), strict=True):
        wanted = ask(model, world, question)
        assert answer["bridges"] == []
        assert [g["name"] for g in answer["answers"]] == [g.name for g in wanted.answers]
        assert [g["probability"] for g in answer["answers"]] == pytest.approx(
            [g.probability for g in wanted.answers], abs=1e-4
        )
        assert world.vocabulary.words[truth["answer"]] == wanted.truth
        assert truth["shown"] is wanted.shown


# What is true.


def test_truths_are_those_of_the_facts(small_world):
    model = rounded(config_of(SHAPES[0]), len(small_world.vocabulary))
    rows = [r for split in small_world.splits for r in small_world.examples(split)[:5].tolist()]
    words = small_world.vocabulary.words
    calls = [["truth", [words[t] for t in row[:-1]]] for row in rows]
    for row, truth in zip(rows, in_node(laboratory_of(small_world, model), calls), strict=True):
        wanted = ask(model, small_world, [words[t] for t in row[:-1]])
        assert truth["answer"] == row[-1]
        assert [words[t] for t in truth["found"]] == list(wanted.true_bridges)
        assert ["ood" if f["ood"] else "id" for f in truth["path"]] == list(wanted.hops)
        assert truth["shown"] is wanted.shown


def test_what_is_no_question_is_said(small_world):
    model = rounded(config_of(SHAPES[0]), len(small_world.vocabulary))
    calls = [
        ["ask", ["e1", "nobody"]],
        ["ask", ["e1"]],
        ["ask", ["e1", "r1"], {"step": 8}],
        ["patch", {"from": ["e1", "r1"], "to": ["e2", "r1"], "loop": 2, "layer": 0, "position": 0}],
    ]
    errors = [one["error"] for one in in_node(laboratory_of(small_world, model), calls)]
    assert errors[0] == 'unknown name "nobody"'
    assert errors[1] == "1 names are no question; there are questions of 2, 3"
    assert errors[2] == "no checkpoint of step 8; there are 7"
    assert errors[3] == "there is no loop 1"


@pytest.mark.parametrize("order", ["subject-first", "relation-first", "mixed"])
@pytest.mark.parametrize("fillers", [False, True])
def test_names_stand_where_the_layout_puts_them(small_world, order, fillers):
    from latebloom.worlds.tasks.layout import Layout
    from latebloom.worlds.vocabulary import Vocabulary

    words = small_world.vocabulary.words
    layout = Layout(
        order,
        *((len(words), len(words) + 1) if fillers else ()),
        **({"relations": (12, 16)} if order == "mixed" else {}),
    )
    task = ChainTask(layout)
    splits = {
        name: np.concatenate((task.lay(rows[:, :-1]), rows[:, -1:]), axis=1).astype(np.int32)
        for name, rows in small_world.splits.items()
    }
    vocabulary = Vocabulary((*words, "of", "?") if fillers else words)
    world = dataclasses.replace(small_world, task=task, splits=splits, vocabulary=vocabulary)
    model = rounded(
        config_of({"n_loops": 1, "feedback": "none", "positions": "rotary", "attention": "both"}),
        len(vocabulary),
    )
    rows = world.examples("train_inferred")[:10]
    asked = [vocabulary.decode(row[:-1]) for row in rows]
    calls = [[method, question] for question in asked for method in ("truth", "ask")]
    for row, question, (truth, answer) in zip(
        rows, asked, pairs(in_node(laboratory_of(world, model), calls)), strict=True
    ):
        wanted = ask(model, world, question)
        assert truth["answer"] == row[-1]
        assert truth["shown"] is True
        assert [g["name"] for g in answer["answers"]] == [g.name for g in wanted.answers]
        assert [g["name"] for g in answer["bridges"]] == [g.name for g in wanted.bridges]


@pytest.mark.parametrize("order", ["subject-first", "relation-first", "mixed"])
def test_chains_and_comparisons_of_one_world_have_shapes_of_their_own(order):
    from latebloom.worlds.build import build_world
    from latebloom.worlds.mixed import MixedConfig

    config = MixedConfig(entities=20, relations=4, attributes=2, values=5, phi=1, order=order)
    world = build_world(config, 0, print)
    model = rounded(
        config_of({"n_loops": 1, "feedback": "none", "positions": "rotary", "attention": "both"}),
        len(world.vocabulary),
    )
    kinds = {"atomic_id": "1-hop", "train_inferred": "two-hop", "test_compared_id": "comparison"}
    for split, kind in kinds.items():
        rows = world.examples(split)[:20, :-1]
        shape = rooms.shape_of(world, model, rows.shape[1], {})
        assert shape["kind"] == kind
        by_order = np.stack([rows[:, order] for order in shape["orders"]])
        assert (by_order == world.task.names(rows)).all(axis=2).any(axis=0).all()


def test_what_cannot_be_seen_is_shown_as_its_code(small_world):
    laboratory = laboratory_of(small_world, rounded(config_of(SHAPES[0]), 16))
    names = {
        "e1": "e1",
        "two words": "two words",
        "\u200b\u200d": "‹200B›‹200D›",
        "\u202eesrever\u202c": "‹202E›esrever‹202C›",
        "\u0007\u001b[2J": "‹0007›‹001B›[2J",
        " e1": "‹0020›e1",
        "\u00a0": "‹00A0›",
        "": "(empty)",
        "שלום": "שלום",
        "<b>": "<b>",
        "x" * 10_000: "x" * 28 + "…",
        "𝒳" * 29: "𝒳" * 28 + "…",
        "𝒳" * 28: "𝒳" * 28,
    }
    shown = in_node(laboratory, [["visible", name] for name in names])
    assert dict(zip(names, shown, strict=True)) == names
