"""Facts and questions in words, by hand."""

import numpy as np

from latebloom.rivals.memory import Memory
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.comparison import ComparisonTask
from latebloom.worlds.vocabulary import Vocabulary


def test_chains_read_from_the_last_relation_back():
    words = ("JFK", "USA", "Washington", "country", "capital")
    task = ChainTask()
    assert task.fact_in_words([0, 3, 1], words) == "The country of JFK is USA."
    fact = "The capital of the country of JFK is Washington."
    assert task.fact_in_words([0, 3, 4, 2], words) == fact
    asked = "What is the capital of the country of JFK?"
    assert task.question_in_words([0, 3, 4], words) == asked
    assert task.answers_in_words() == {}
    assert task.remark == ""


def test_comparisons_say_which_is_greater():
    words = ("Fe", "Cu", "mass", "v0", "<", "=", ">")
    task = ComparisonTask.of(Vocabulary(words))
    assert task.first_label == 4
    assert task.fact_in_words([0, 2, 3], words) == "The mass of Fe is v0."
    assert [task.fact_in_words([2, 0, 1, label], words) for label in (4, 5, 6)] == [
        f"The mass of Fe is {how} the mass of Cu."
        for how in ("less than", "equal to", "greater than")
    ]
    assert task.question_in_words([2, 0, 1], words) == (
        "Is the mass of Fe less than, equal to or greater than the mass of Cu?"
    )
    assert task.question_in_words([0, 2], words) == "What is the mass of Fe?"
    assert task.answers_in_words() == {"less than": 4, "equal to": 5, "greater than": 6}


def test_kinds_and_lengths_as_people_count_them():
    chains, comparisons = ChainTask(), ComparisonTask(4)
    assert [chains.kind_of_question(n) for n in (2, 3, 4)] == ["1-hop", "two-hop", "3-hop"]
    assert chains.length_in_words(4) == "3 hops"
    assert comparisons.kind_of_question(3) == "comparison"
    assert comparisons.length_in_words(3) == "3 tokens"


def test_a_memory_holds_its_facts_in_these_words():
    vocabulary = Vocabulary(("Fe", "Cu", "mass", "v0", "<", "=", ">"))
    atomic, compared = np.array([[0, 2, 3]], np.int32), np.array([[2, 0, 1, 4]], np.int32)
    memory = Memory(ComparisonTask.of(vocabulary), vocabulary, atomic, (compared,))
    assert memory.texts == [
        "The mass of Fe is v0.",
        "The mass of Fe is less than the mass of Cu.",
    ]
    assert memory.topics.tolist() == [2, 2]
    assert memory.question([2, 1, 0]).startswith("Is the mass of Cu less than")
