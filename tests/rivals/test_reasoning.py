"""Exact inference: what follows is found, and nothing is known that was not told."""

from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import given as given_
from hypothesis import settings
from hypothesis import strategies as st

from latebloom.rivals.memory import Memory
from latebloom.rivals.reasoning import GraphQuery, Symbolic, SymbolicOnScale
from latebloom.worlds.ordering import compare
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.comparison import HiddenValuesTask
from latebloom.worlds.tasks.task import NOTHING
from latebloom.worlds.vocabulary import Vocabulary


def answers(rival, world, split):
    rows = world.splits[split]
    replies = rival.answer(rows[:, :-1])
    return np.array([reply.answer for reply in replies]), rows[:, -1], replies


def test_chains_by_hand():
    # 0 -5-> 1, 1 -6-> 2, 2 -5-> 0
    atomic = np.array([[0, 5, 1], [1, 6, 2], [2, 5, 0]])
    chains, none = ChainTask(), np.empty((0, 0), np.int32)
    asked = np.array([[0, 5, 6], [2, 5, 5], [0, 6, 5], [1, 6, 6]])
    assert chains.solve_from(atomic, none, asked).tolist() == [2, 1, NOTHING, NOTHING]
    assert chains.solve_from(atomic[:0], none, asked).tolist() == [NOTHING] * 4


def test_every_question_of_a_told_world_is_answered(small_world, comparison_world):
    for world in (small_world, comparison_world):
        symbolic = Symbolic(Memory.of(world))
        for split in world.tested:
            given, truth, _ = answers(symbolic, world, split)
            assert (given == truth).all() and len(truth)


def test_hidden_values_are_decided_exactly_where_the_world_says(hidden_world):
    symbolic = Symbolic(Memory.of(hidden_world))
    for split in (Split.TEST_HARD, "test_easy", Split.TEST_ID):
        given, truth, _ = answers(symbolic, hidden_world, split)
        assert (given == truth).all() and len(truth)
    _, _, replies = answers(symbolic, hidden_world, "test_undecidable")
    assert replies and {reply.kind for reply in replies} == {"cannot decide"}


def test_without_the_values_the_hard_ones_stay_open(hidden_world):
    memory = Memory.of(hidden_world)
    comparisons = np.arange(len(memory.atomic), len(memory))
    for split, decided in ((Split.TEST_HARD, False), ("test_easy", True)):
        asked = hidden_world.splits[split][:, :-1]
        assert ((memory.solve(asked, comparisons) != NOTHING) == decided).all()


def test_a_graph_knows_comparisons_and_no_value(hidden_world, small_world):
    graph = GraphQuery(Memory.of(hidden_world))
    given, truth, _ = answers(graph, hidden_world, Split.TEST_EASY)
    assert (given == truth).all() and len(truth)
    _, _, replies = answers(graph, hidden_world, Split.TEST_HARD)
    assert {reply.kind for reply in replies} == {"cannot decide"}
    # Where there is no comparison the facts are the relations: a chain is a join.
    given, truth, _ = answers(GraphQuery(Memory.of(small_world)), small_world, Split.TEST_OOD)
    assert (given == truth).all() and len(truth)


VALUES, HIDDEN = 4, 3
"""Values of a scale, each told of one entity; and entities whose value is not told."""


@settings(max_examples=80, deadline=None)
@given_(st.data())
def test_on_a_scale_exactly_that_follows_which_all_values_agree_on(data):
    """Against every assignment; the comparisons are true of one of them, or of none at all."""
    n_entities = VALUES + HIDDEN
    true = data.draw(st.lists(st.integers(0, VALUES - 1), min_size=HIDDEN, max_size=HIDDEN))
    true = np.array([*range(VALUES), *true])
    entity = st.integers(0, n_entities - 1)
    pairs = data.draw(st.lists(st.tuples(entity, entity), max_size=8))
    words = [*"abcdxyz", "size", *(f"v{i}" for i in range(VALUES)), "<", "=", ">"]
    task = HiddenValuesTask(len(words) - 3)
    size = n_entities
    atomic = np.array([[i, size, size + 1 + i] for i in range(VALUES)])
    told = np.array(
        [
            [size, a, b, task.first_label + int(compare(true[[a]], true[[b]])[0])]
            for a, b in pairs
            if a != b and max(a, b) >= VALUES
        ],
        np.int32,
    ).reshape(-1, 4)
    free = np.array(list(product(range(VALUES), repeat=HIDDEN)))
    free = np.concatenate((np.tile(np.arange(VALUES), (len(free), 1)), free), axis=1)
    for _, a, b, label in told.tolist():
        free = free[compare(free[:, a], free[:, b]) == label - task.first_label]
    asked = np.array([[size, *pair] for pair in product(range(n_entities), repeat=2)])
    seen = task.first_label + compare(free[:, asked[:, 1]], free[:, asked[:, 2]])
    expected = np.where((seen == seen[0]).all(axis=0), seen[0], NOTHING)
    memory = Memory(task, Vocabulary(tuple(words)), atomic, (told,))
    given = np.array([reply.answer for reply in SymbolicOnScale(memory).answer(asked)])
    assert (given == expected).all()


def test_the_scale_decides_what_no_chain_does(hidden_world):
    scaled = SymbolicOnScale(Memory.of(hidden_world))
    for split in (Split.TEST_ID, Split.TEST_HARD, Split.TEST_EASY):
        given, truth, _ = answers(scaled, hidden_world, split)
        assert (given == truth).all()
    given, truth, replies = answers(scaled, hidden_world, Split.TEST_UNDECIDABLE)
    decided = given != NOTHING
    assert (given == truth)[decided].all() and decided.any()
    assert {reply.kind for reply in replies} == {"answered", "cannot decide"}


def test_contradicted_facts_decide_nothing(hidden_world):
    """Every comparison is told, and told the other way round as well."""
    memory = Memory.of(hidden_world)
    first = hidden_world.task.first_label
    unequal = memory.statements[memory.statements[:, 3] != first + 1]
    turned = unequal.copy()
    turned[:, 3] = 2 * first + 2 - unequal[:, 3]
    both = replace(memory, inferred=(unequal, turned))
    for split in (Split.TEST_HARD, Split.TEST_EASY):
        asked = hidden_world.splits[split][:, :-1]
        for rival in (Symbolic(both), SymbolicOnScale(both), GraphQuery(both)):
            assert {reply.kind for reply in rival.answer(asked)} == {"cannot decide"}


def test_the_memory_holds_what_was_trained_and_nothing_else(hidden_world, small_world):
    memory = Memory.of(hidden_world)
    held_out = {
        tuple(row) for split in hidden_world.tested for row in hidden_world.splits[split].tolist()
    }
    assert held_out.isdisjoint(map(tuple, memory.atomic.tolist()))
    assert held_out.isdisjoint(map(tuple, memory.statements.tolist()))
    assert len(memory) == sum(len(hidden_world.splits[name]) for name in hidden_world.trained)
    assert len(memory.texts) == len(memory.topics) == len(memory)
    assert len(Memory.of(small_world)) == 48
    whole = Memory.of(small_world, everything=True)
    assert len(whole) == sum(len(small_world.splits[name]) for name in small_world.trained)
    assert len(whole.texts) == len(whole.topics) == len(whole)
