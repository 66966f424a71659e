"""Formulas, held against plain Python that goes through every assignment."""

import itertools

import numpy as np
import pytest

from latebloom.errors import LatebloomError, WorldError
from latebloom.worlds.build import build_world
from latebloom.worlds.classic.logic import LogicConfig
from latebloom.worlds.tasks.logic import LogicTask
from latebloom.worlds.world import World

BY_HAND = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "xor": lambda a, b: a != b,
    "implies": lambda a, b: not a or b,
    "nand": lambda a, b: not (a and b),
    "nor": lambda a, b: not (a or b),
    "iff": lambda a, b: a == b,
}


def value(words, true):
    """Reads one formula off a list of words, and says whether it holds."""
    word = words.pop(0)
    if word in BY_HAND:
        a, b = value(words, true), value(words, true)
        return BY_HAND[word](a, b)
    return true[word.strip("~")] != word.startswith("~")


def follows(question, variables):
    """Whether the conclusion holds wherever all the premises do."""
    premises, conclusion = " ".join(question).split(" |= ")
    for values in itertools.product((False, True), repeat=variables):
        true = dict(zip("pqrstu", values, strict=False))
        words, held = premises.split(), []
        while words:
            held.append(value(words, true))
        if all(held) and not value(conclusion.split(), true):
            return False
    return True


def depth_of(words):
    word = words.pop(0)
    return 1 + max(depth_of(words), depth_of(words)) if word in BY_HAND else 0


def pairs_of(words):
    """The gate of a formula and all pairs of a gate with one right inside it."""
    gate = words.pop(0)
    if gate not in BY_HAND:
        return None, set()
    found = set()
    for _ in range(2):
        inner, pairs = pairs_of(words)
        found |= pairs | ({(gate, inner)} if inner else set())
    return gate, found


@pytest.mark.parametrize("variables", [1, 3, 6])
@pytest.mark.parametrize("question", ["value", "entailment"])
def test_every_answer_is_what_enumeration_says(question, variables):
    gates = tuple(BY_HAND)
    config = LogicConfig(
        question=question, variables=variables, gates=gates, trained=60, tested=40, valid_frac=0
    )
    world = build_world(config, 2)
    for split, rows in world.splits.items():
        for row in rows.tolist():
            *asked, answer = world.vocabulary.decode(row)
            assert answer == ("yes" if follows(asked, variables) else "no"), (split, asked)


def test_what_is_held_out_is_held_out():
    world = build_world(LogicConfig(trained=3000, tested=200, valid_frac=0), 4)

    def formulas(split):
        for row in world.examples(split).tolist():
            yield world.vocabulary.decode(row[world.task.before : -1])

    trained = set().union(
        *(pairs_of(words)[1] for split in world.trained for words in formulas(split))
    )
    assert len(trained) == 4 * 4 - 2
    for gate in world.task.gates:  # each is trained inside and around others
        assert any(gate == outer for outer, _ in trained)
        assert any(gate == inner for _, inner in trained)
    assert all(pairs_of(words)[1] - trained for words in formulas("test_ood"))
    assert all(pairs_of(words)[1] <= trained for words in formulas("test_id"))
    depths = {split: {depth_of(words) for words in formulas(split)} for split in world.splits}
    assert depths == {
        "train_depth_1": {1},
        "train_inferred": {2},
        "test_id": {2},
        "test_ood": {2},
        "test_depth_3": {3},
    }


def test_no_question_stands_in_two_splits_and_answers_are_balanced():
    world = build_world(LogicConfig(question="entailment", trained=2000, tested=500), 1)
    of_depth_2 = [rows for rows in world.splits.values() if rows.shape[1] == 15]
    every = np.concatenate(of_depth_2)
    assert len(of_depth_2) == 5
    assert len(np.unique(every, axis=0)) == len(every)
    assert abs((every[:, -1] == world.task.yes).mean() - 0.5) < 0.05


def test_asked_in_words(tmp_path):
    world = build_world(LogicConfig(trained=50, tested=20), 0)
    tokens = world.read(["p, ~q, r, s |= and p or ~q r"])
    world.task.check(world.read(["p ~q r s |= and p r"]), world.facts, world.vocabulary)
    with pytest.raises(LatebloomError, match="10 words are no question"):
        world.task.check(tokens, world.facts, world.vocabulary)
    with pytest.raises(LatebloomError, match="'p' cannot stand as the gate at 6"):
        world.task.check(world.read(["p q r s |= p p r"]), world.facts, world.vocabulary)
    world.save(tmp_path)
    assert World.load(tmp_path).task == world.task


def test_a_literal_is_true_where_its_variable_is():
    task = LogicTask(variables=2, premises=2)
    tables = task.tables(np.arange(4)[:, None])
    assert [int(table) & 0b1111 for table in tables] == [0b1010, 0b0101, 0b1100, 0b0011]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"gates": ("and", "maybe")}, "no gate 'maybe'"),
        ({"variables": 7}, r"must lie in \[1, 6\]"),
        ({"test_depths": (2,)}, "must lie above world.depth"),
        ({"held_out_pairs": 4}, r"it must lie in \[0, 3\]"),
    ],
)
def test_settings_that_make_no_world(values, reason):
    with pytest.raises(WorldError, match=reason):
        LogicConfig(**values)
