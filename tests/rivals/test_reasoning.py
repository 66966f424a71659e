"""Exact inference: the ceiling is reached, and nothing is known that was not told."""

import numpy as np

from latebloom.rivals.memory import Memory
from latebloom.rivals.reasoning import Symbolic
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.task import NOTHING


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
