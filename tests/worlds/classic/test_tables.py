"""Tables of operations, checked entry by entry against plain Python."""

import itertools

import numpy as np
import pytest

from latebloom.errors import LatebloomError, WorldError
from latebloom.worlds.build import build_world
from latebloom.worlds.classic.table import ModularConfig, PermutationsConfig
from latebloom.worlds.splits import Split, is_test
from latebloom.worlds.tasks.modular import ModularTask
from latebloom.worlds.tasks.permutations import PermutationsTask
from latebloom.worlds.world import World


@pytest.mark.parametrize("p", [7, 13])
@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        ("+", lambda a, b, p: (a + b) % p),
        ("-", lambda a, b, p: (a - b) % p),
        ("*", lambda a, b, p: a * b % p),
        ("/", lambda a, b, p: a * pow(b, -1, p) % p),
        ("a^2+ab+b^2", lambda a, b, p: (a**2 + a * b + b**2) % p),
    ],
)
def test_every_entry_of_a_modular_table(p, operation, rule):
    first = int(operation == "/")
    expected = [[a, b, p, rule(a, b, p)] for a in range(p) for b in range(first, p)]
    assert ModularTask(p, operation).table().tolist() == expected


@pytest.mark.parametrize("n", [3, 4])
def test_every_entry_of_a_table_of_permutations(n):
    task = PermutationsTask(n)
    words = task.vocabulary_words()
    every = list(itertools.permutations(range(1, n + 1)))
    assert words == (*("".join(map(str, one)) for one in every), "=")
    for a, b, _, answer in task.table().tolist():
        made = tuple(every[a][every[b][i] - 1] for i in range(n))
        assert every[answer] == made


def test_s5_is_a_group_that_does_not_commute():
    task = PermutationsTask(5)
    table = task.table()[:, 3].reshape(120, 120)
    assert (np.sort(table, axis=1) == np.arange(120)).all()
    assert (table[0] == np.arange(120)).all()
    assert (table != table.T).any()


@pytest.mark.parametrize(
    ("config", "total"),
    [
        (ModularConfig(p=11, trained_frac=0.5), 121),
        (ModularConfig(p=11, operation="/", trained_frac=0.3), 110),
        (PermutationsConfig(n=3), 36),
    ],
)
def test_the_splits_make_up_the_table_and_share_nothing(config, total):
    world = build_world(config, 3)
    rows = np.concatenate(list(world.splits.values()))
    assert len(rows) == len(np.unique(rows, axis=0)) == total
    assert len(world.splits[Split.TRAIN_INFERRED]) == round(config.trained_frac * total)
    held_out = sum(len(part) for name, part in world.splits.items() if is_test(name))
    assert len(world.splits["valid_id"]) == round(0.2 * (held_out + len(world.splits["valid_id"])))
    assert world.trained == (Split.TRAIN_INFERRED,)


def test_a_seed_decides_which_part_is_trained():
    one, same, other = (build_world(ModularConfig(p=11), seed) for seed in (1, 1, 2))
    assert (one.splits["test_id"] == same.splits["test_id"]).all()
    assert (one.splits["test_id"] != other.splits["test_id"]).any()


@pytest.mark.parametrize("asked", ["3 + 5", "3+5=", "3 5", "3 + 5 = ?"])
def test_a_sum_is_asked_as_people_write_it(asked):
    world = build_world(ModularConfig(p=97), 0)
    tokens = world.read(asked.split(" "))
    assert tokens == [3, 5, 97]
    assert world.read([asked]) == tokens
    assert world.task.tell(world.facts, tokens, world.vocabulary).answer == 8


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("3 * 5", "trained on \\+ modulo 97, not on '\\*'"),
        ("3 + 97", "97 is out of range; the numbers are 0 to 96"),
        ("three", "is no question of this run"),
    ],
)
def test_what_is_no_question_is_refused_with_an_example(asked, reason):
    with pytest.raises(LatebloomError, match=reason):
        build_world(ModularConfig(), 0).read([asked])


def test_nothing_is_divided_by_zero():
    world = build_world(ModularConfig(operation="/"), 0)
    with pytest.raises(LatebloomError, match="'0' cannot stand as the second operand"):
        world.task.check(world.read(["3/0"]), world.facts, world.vocabulary)


def test_permutations_are_asked_in_words():
    world = build_world(PermutationsConfig(), 0)
    tokens = world.read(["21345 after 23451"])
    answer = world.task.tell(world.facts, tokens, world.vocabulary).answer
    assert world.vocabulary.words[answer] == "13452"  # 1 goes to 2, and 2 to 1


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"p": 96, "operation": "/"}, "not prime"),
        ({"p": 2}, r"must lie in \[3"),
        ({"trained_frac": 1.0}, "between 0 and 1"),
    ],
)
def test_settings_that_make_no_table(values, reason):
    with pytest.raises(WorldError, match=reason):
        ModularConfig(**values)


@pytest.mark.parametrize("config", [ModularConfig(p=11, operation="/"), PermutationsConfig(n=3)])
def test_a_saved_world_is_read_back(tmp_path, config):
    world = build_world(config, 0)
    world.save(tmp_path)
    read = World.load(tmp_path)
    assert read.task == world.task
    assert read.vocabulary == world.vocabulary
