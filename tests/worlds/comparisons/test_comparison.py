"""The comparison world: by hand, its splits, its promises."""

from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import LatebloomError, WorldError
from latebloom.worlds.comparisons.made import (
    MISSING,
    ComparisonConfig,
    PairConfig,
    ValueTable,
    make_comparison,
    mark_entities,
    vocabulary_of,
    world_of_table,
)
from latebloom.worlds.splits import Split

CONFIG = ComparisonConfig(entities=30, attributes=3, values=5, ood_frac=0.2, phi=4)


def pairs_of(world, split):
    """(attribute, {e1, e2}) of every comparison in a split."""
    return {(a, frozenset((b, c))) for a, b, c, _ in world.splits[split].tolist()}


def test_three_entities_by_hand():
    table = ValueTable(("x", "y", "z"), ("size",), ("s", "m"), np.array([[0], [1], [1]], np.int32))
    config = PairConfig(phi=2, ood_frac=0, test_id_frac=0)
    world = world_of_table(table, config, np.random.default_rng(0))
    told = {" ".join(world.vocabulary.decode(row)) for row in world.splits["train_inferred"]}
    assert told == {
        "size x y <", "size y x >", "size x z <", "size z x >", "size y z =", "size z y =",
    }  # fmt: skip
    atomic = [world.vocabulary.decode(row) for row in world.splits["atomic_id"]]
    assert atomic == [["x", "size", "s"], ["y", "size", "m"], ["z", "size", "m"]]
    assert world.vocabulary.words == ("x", "y", "z", "size", "s", "m", "<", "=", ">")
    assert set(world.splits) == set(world.trained) == {"atomic_id", "train_inferred"}


def test_every_label_is_what_the_values_say():
    world = make_comparison(CONFIG, seed=0)
    value = {(s, r): o for s, r, o in zip(*fact_columns(world), strict=True)}
    first_label = len(world.vocabulary) - 3
    for split in (Split.TRAIN_INFERRED, Split.TEST_ID, Split.TEST_OOD):
        for attribute, e1, e2, label in world.splits[split].tolist():
            a, b = value[e1, attribute], value[e2, attribute]
            assert label - first_label == (a > b) - (a < b) + 1


def fact_columns(world):
    return (getattr(world.facts, name).tolist() for name in ("subject", "relation", "object"))


def test_ood_entities_are_compared_only_with_each_other_and_only_in_the_test():
    world = make_comparison(CONFIG, seed=0)
    ood = {(s, r) for s, r, _ in world.splits[Split.ATOMIC_OOD].tolist()}
    assert len(ood) == 3 * 6
    for split, inside in ((Split.TRAIN_INFERRED, 0), (Split.TEST_ID, 0), (Split.TEST_OOD, 2)):
        for a, e1, e2, _ in world.splits[split].tolist():
            assert ((e1, a) in ood) + ((e2, a) in ood) == inside
    assert len(world.splits[Split.TEST_OOD]) == 3 * 6 * 5


def test_held_out_pairs_are_held_out_in_both_orders():
    world = make_comparison(CONFIG, seed=0)
    assert pairs_of(world, Split.TRAIN_INFERRED).isdisjoint(pairs_of(world, Split.TEST_ID))
    # A tenth of the 3 * C(24, 2) pairs, each in both orders.
    assert len(world.splits[Split.TEST_ID]) == 2 * round(0.1 * 3 * 24 * 23 / 2)


def test_sizes_are_as_asked():
    world = make_comparison(CONFIG, seed=0)
    assert world.phi == CONFIG.phi
    assert len(np.unique(world.splits[Split.TRAIN_INFERRED], axis=0)) == 4 * 72
    everything = make_comparison(
        ComparisonConfig(entities=10, attributes=1, ood_frac=0.2, phi=np.inf), seed=0
    )
    asked = pairs_of(everything, "train_inferred") | pairs_of(everything, "test_id")
    assert len(asked) == 8 * 7 // 2


def test_the_same_seed_gives_the_same_bytes():
    one, two, other = (make_comparison(CONFIG, seed) for seed in (5, 5, 6))
    for split in one.splits:
        assert one.splits[split].tobytes() == two.splits[split].tobytes()
    assert one.splits["atomic_id"].tobytes() != other.splits["atomic_id"].tobytes()


def test_missing_values_are_never_told_and_never_asked():
    rng = np.random.default_rng(0)
    value = rng.integers(0, 5, (20, 2)).astype(np.int32)
    value[:8, 1] = MISSING
    names = [tuple(f"{k}{i}" for i in range(n)) for k, n in (("e", 20), ("a", 2), ("v", 5))]
    config = PairConfig(phi=np.inf, ood_frac=0.2)
    world = world_of_table(ValueTable(*names, value), config, rng)
    for split in world.splits:
        for row in world.splits[split].tolist():
            asked = [row[0]] if len(row) == 3 else row[1:3]
            if 21 in row[:2]:
                assert min(asked) >= 8, (split, row)


def test_marked_entities_are_a_share_of_those_present():
    present = np.ones((10, 2), bool)
    present[:6, 1] = False
    mask = mark_entities(present, 0.5, np.random.default_rng(0))
    assert mask.sum(axis=0).tolist() == [5, 2]
    assert not (mask & ~present).any()


def test_names_that_clash_get_their_role():
    table = ValueTable(("a", "<"), ("a",), ("a", "b"), np.zeros((2, 1), np.int32))
    assert vocabulary_of(table).words == (
        "a", "<", "a (attribute)", "a (value)", "b", "< (label)", "=", ">",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entities": 2}, "world.entities is 2; comparing takes at least 3"),
        ({"attributes": 0}, "world.attributes is 0"),
        ({"values": 1}, "world.values is 1: an attribute with one value"),
        ({"phi": -1.0}, "world.phi is -1"),
        ({"ood_frac": 1.0}, "world.ood_frac is 1.0; it must lie"),
        ({"test_id_frac": -0.1}, "world.test_id_frac is -0.1"),
        ({"max_test": 0}, "world.max_test is 0"),
    ],
)
def test_a_config_that_cannot_be_is_refused(change, message):
    with pytest.raises(WorldError, match=message):
        ComparisonConfig(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phi": 100.0}, r"world.phi is 100.0, but there are only 20.\d+ comparisons"),
        ({"entities": 10, "ood_frac": 0.1}, "leaves no attribute with two OOD entities"),
        ({"entities": 3, "ood_frac": 0.9}, "no pair of ID entities"),
    ],
)
def test_more_than_the_entities_give_is_refused(change, message):
    with pytest.raises(WorldError, match=message):
        make_comparison(replace(CONFIG, **({"phi": 0.1} | change)), seed=0)


def test_a_fact_is_asked_by_its_entity_and_then_its_attribute():
    world = make_comparison(CONFIG, 0)
    attribute = int(world.facts.relation[0])
    world.task.check([0, attribute], world.facts, world.vocabulary)
    with pytest.raises(LatebloomError, match=r"is no attribute \(.*\); .* ENTITY ATTRIBUTE, as in"):
        world.task.check([attribute, 0], world.facts, world.vocabulary)
