"""Made worlds and worlds of one's own facts in every layout: the same facts, otherwise asked."""

from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import WorldError
from latebloom.rivals.memory import Memory
from latebloom.rivals.reasoning import Symbolic
from latebloom.rivals.retrieval import Bm25, Retrieval
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.chains.own import FactsConfig, world_of_facts
from latebloom.worlds.data import load_data
from latebloom.worlds.published.folder import write_folder

USUAL = CompositionConfig(
    entities=12,
    relations=4,
    out_degree=4,
    ood_frac=0.2,
    phi=2,
    hops=3,
    test_hops=(4,),
    identity_bridge=True,
)
CONFIGS = [
    replace(USUAL, order=order, fillers=fillers)
    for order, fillers in (("relation-first", False), ("subject-first", True))
] + [replace(USUAL, order="relation-first", fillers=True)]
each = pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.order}-{c.fillers}")


@each
def test_the_splits_hold_the_same_chains(config):
    usual, world = make_composition(USUAL, 1), make_composition(config, 1)
    assert world.trained == usual.trained
    for split, rows in usual.splits.items():
        np.testing.assert_array_equal(world.named(split), rows)
        assert world.examples(split).dtype == rows.dtype
    np.testing.assert_array_equal(world.trained_facts(), usual.trained_facts())
    words = world.vocabulary.words
    assert words[: len(usual.vocabulary)] == usual.vocabulary.words
    assert words[len(usual.vocabulary) :] == (("of", "?") if config.fillers else ())
    row = usual.examples("test_ood")[0]
    subject, one, two = usual.vocabulary.decode(row[:-1])
    middle = (
        f"{subject} {one} {two}" if config.order == "subject-first" else f"{two} {one} {subject}"
    )
    asked = " of ".join(middle.split()) + " ?" if config.fillers else middle
    assert world.example() == asked.split()
    assert world.read(middle.split()) == world.examples("test_ood")[0, :-1].tolist()


@each
def test_a_laid_out_world_is_saved_and_read(config, tmp_path):
    world = make_composition(config, 1)
    world.save(tmp_path)
    again = load_data(tmp_path)
    assert again.task == world.task
    assert again.example() == world.example()


@each
def test_rivals_read_the_same_facts_and_answer_as_ever(config):
    usual, world = make_composition(USUAL, 1), make_composition(config, 1)
    memory = Memory.of(world, everything=True)
    assert memory.texts == Memory.of(usual, everything=True).texts[: len(memory)]
    rows = world.examples("test_ood")
    assert [one.answer for one in Symbolic(memory).answer(rows[:, :-1])] == rows[:, -1].tolist()
    atomic = Memory.of(world)
    found = Retrieval(atomic, Bm25(atomic.texts), k=8, rounds=2).answer(rows[:, :-1])
    same = Memory.of(usual)
    asked = usual.examples("test_ood")[:, :-1]
    wanted = Retrieval(same, Bm25(same.texts), k=8, rounds=2).answer(asked)
    assert [one.answer for one in found] == [one.answer for one in wanted]


def test_a_filler_that_is_a_name_already_keeps_apart():
    facts = [("of", "likes", "b"), ("b", "likes", "?"), ("?", "likes", "of")]
    world = world_of_facts(facts, config=FactsConfig(fillers=True, ood_frac=0, test_id_frac=0.4))
    assert world.vocabulary.words[-2:] == ("of (filler)", "? (filler)")
    question = world.vocabulary.decode(world.read(["of", "likes", "likes"]))
    assert question == ["of", "of (filler)", "likes", "of (filler)", "likes", "? (filler)"]


@each
def test_the_published_format_knows_one_layout(config, tmp_path):
    with pytest.raises(WorldError, match=r"make it with world\.order subject-first"):
        write_folder(make_composition(config, 1), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_mixed_world_tells_each_fact_in_both_orders_and_asks_each_question_in_one(tmp_path):
    usual = make_composition(USUAL, 1)
    world = make_composition(replace(USUAL, order="mixed", fillers=True), 1)
    layout = world.task.layout
    for split, rows in usual.splits.items():
        told = 2 if split.startswith("atomic") else 1
        np.testing.assert_array_equal(world.named(split), np.tile(rows, (told, 1)))
        turned = layout.turned(world.examples(split))
        if told == 2:
            assert turned.tolist() == [False] * len(rows) + [True] * len(rows)
        elif len(rows) > 20:
            assert 0.2 < turned.mean() < 0.8
        assert not layout.turned(world.in_one_order(split)).any()
        if rows.shape[1] > 2:
            answers = world.task.solve(world.facts, world.examples(split)[:, :-1])
            np.testing.assert_array_equal(answers, world.examples(split)[:, -1])
    np.testing.assert_array_equal(world.trained_facts(), usual.trained_facts())
    world.save(tmp_path)
    assert load_data(tmp_path).task == world.task
