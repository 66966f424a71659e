"""The hidden-attributes world: its labels against brute force, its splits, its promises."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latebloom.errors import WorldError
from latebloom.worlds.comparisons.hidden import (
    HiddenAttributesConfig,
    decide_attribute,
    make_hidden_attributes,
)
from latebloom.worlds.ordering import EQUAL, GREATER, LESS, UNDECIDED, compare
from latebloom.worlds.splits import Split

CONFIG = HiddenAttributesConfig(
    entities=24, attributes=3, values=4, ood_frac=0.25, within_frac=0.1, across_frac=0.2
)


def followed_by_every_assignment(assignments, asked, statements, value):
    """What is the same in all assignments of values that agree with the statements."""
    for a, b in statements:
        seen = compare(assignments[:, a], assignments[:, b])
        assignments = assignments[seen == compare(value[[a]], value[[b]])]
    out = np.full((len(asked), len(asked)), UNDECIDED)
    for (i, a), (j, b) in product(enumerate(asked), repeat=2):
        seen = np.unique(compare(assignments[:, a], assignments[:, b]))
        if len(seen) == 1:
            out[i, j] = seen[0]
    return out


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_labels_are_exactly_what_follows(data):
    """Three known and two hidden entities; hidden values may lie at, between and beyond the known.

    Values are tripled, so that two numbers fit between any two known values.
    """
    value = np.array(data.draw(st.lists(st.integers(0, 3), min_size=5, max_size=5)))
    hidden = np.array([False, False, False, True, True])
    entities = st.integers(0, 2)
    within = data.draw(st.lists(st.tuples(entities, entities), max_size=3))
    within = [(a, b) for a, b in within if a != b]
    cross = st.tuples(entities, st.integers(3, 4), st.booleans())
    across = [
        (b, a) if turned else (a, b) for a, b, turned in data.draw(st.lists(cross, max_size=4))
    ]
    labels = decide_attribute(
        value, hidden, np.array(within, int).reshape(-1, 2), np.array(across, int).reshape(-1, 2)
    )
    free = np.array(list(product(range(5), repeat=5)))
    asked, statements = [3, 4], within + across
    expected = followed_by_every_assignment(free, asked, statements, value)
    assert (labels.from_comparisons == expected).all()
    known = np.array(list(product(range(-2, 12), repeat=2)))
    known = np.concatenate((np.tile(3 * value[:3], (len(known), 1)), known), axis=1)
    expected = followed_by_every_assignment(known, asked, statements, value)
    assert (labels.from_everything == expected).all()


def test_hard_needs_the_values_by_hand():
    # x > a and y < b are told, and that b is no greater than a only by their values.
    value = np.array([2, 1, 3, 0])
    hidden = np.array([False, False, True, True])
    none = np.empty((0, 2), int)
    labels = decide_attribute(value, hidden, none, np.array([[2, 0], [3, 1]]))
    assert labels.from_comparisons.tolist() == [[EQUAL, UNDECIDED], [UNDECIDED, EQUAL]]
    assert labels.from_everything.tolist() == [[EQUAL, GREATER], [LESS, EQUAL]]


def test_whole_numbers_conclude_nothing():
    # x and y lie between 0 and 2: as whole numbers both would be 1, as published nothing follows.
    value = np.array([0, 2, 1, 1])
    hidden = np.array([False, False, True, True])
    across = np.array([[2, 0], [1, 2], [3, 0], [1, 3]])
    labels = decide_attribute(value, hidden, np.empty((0, 2), int), across)
    assert labels.from_everything[0, 1] == UNDECIDED


def published_labels(world, attribute):
    """Hard and easy pairs of an attribute as published: paths of >= in two graphs, by search."""
    facts = world.facts
    here = facts.relation == attribute
    known = dict(
        zip(facts.subject[here & ~facts.ood], facts.object[here & ~facts.ood], strict=True)
    )
    hidden = facts.subject[here & facts.ood].tolist()
    first_label = len(world.vocabulary) - 3

    def comparisons(split):
        rows = world.splits[split]
        return [(a, b, k - first_label) for _, a, b, k in rows[rows[:, 0] == attribute].tolist()]

    def decided(statements):
        after = {}
        for a, b, label in statements:
            if label != LESS:
                after.setdefault(a, set()).add(b)
            if label != GREATER:
                after.setdefault(b, set()).add(a)

        def reach(node):
            seen, todo = {node}, [node]
            while todo:
                new = after.get(todo.pop(), set()) - seen
                seen |= new
                todo += new
            return seen

        reached = {e: reach(e) for e in hidden}
        return {
            (a, b, 1 + (b in reached[a]) - (a in reached[b]))
            for a in hidden
            for b in hidden
            if a != b and (b in reached[a] or a in reached[b])
        }

    from_values = [
        (a, b, int(compare(np.array([known[a]]), np.array([known[b]]))[0]))
        for a in known
        for b in known
        if a != b
    ]
    easy = decided(comparisons(Split.TRAIN_INFERRED) + comparisons(Split.TRAIN_CROSS))
    return decided(comparisons(Split.TRAIN_CROSS) + from_values) - easy, easy


def test_hard_and_easy_are_as_published():
    world = make_hidden_attributes(CONFIG, seed=0)
    attributes = np.unique(world.facts.relation)
    found = {}
    for split in (Split.TEST_HARD, Split.TEST_EASY):
        rows = world.splits[split].tolist()
        found[split] = {(a, b, c, k - len(world.vocabulary) + 3) for a, b, c, k in rows}
        assert len(found[split]) == len(rows)
    published = [published_labels(world, a) for a in attributes]
    for split, which in ((Split.TEST_HARD, 0), (Split.TEST_EASY, 1)):
        expected = {
            (a, *x)
            for a, sets in zip(attributes.tolist(), published, strict=True)
            for x in sets[which]
        }
        assert found[split] == expected and expected
    n = sum(
        len(world.splits[s]) for s in (Split.TEST_HARD, Split.TEST_EASY, Split.TEST_UNDECIDABLE)
    )
    assert n == 3 * 6 * 5


def test_nothing_trained_tells_a_hidden_value():
    world = make_hidden_attributes(CONFIG, seed=0)
    assert world.trained == (Split.ATOMIC_ID, Split.TRAIN_INFERRED, Split.TRAIN_CROSS)
    hidden = {(s, r) for s, r, _ in world.splits[Split.TEST_VALUES].tolist()}
    assert len(hidden) == 3 * 6
    assert hidden.isdisjoint((s, r) for s, r, _ in world.splits[Split.ATOMIC_ID].tolist())
    for split, n_hidden in (
        (Split.TRAIN_INFERRED, 0), (Split.TEST_ID, 0), (Split.TRAIN_CROSS, 1), (Split.TEST_HARD, 2),
    ):  # fmt: skip
        for a, e1, e2, _ in world.splits[split].tolist():
            assert ((e1, a) in hidden) + ((e2, a) in hidden) == n_hidden


def test_the_shares_of_comparisons_are_as_asked():
    world = make_hidden_attributes(CONFIG, seed=0)
    pairs = 18 * 17 // 2 * 3
    held = round(0.1 * pairs)
    assert len(world.splits[Split.TRAIN_INFERRED]) == round(0.1 * 2 * (pairs - held))
    assert len(world.splits[Split.TRAIN_CROSS]) == round(0.2 * 2 * 3 * 18 * 6)
    assert len(world.splits[Split.TEST_ID]) == 2 * held
    for split in world.splits:
        rows = world.splits[split]
        assert len(np.unique(rows, axis=0)) == len(rows)


def test_no_label_has_more_than_a_third_of_the_tests():
    world = make_hidden_attributes(replace(CONFIG, max_test=9), seed=0)
    for split in (Split.TEST_HARD, Split.TEST_EASY):
        assert np.bincount(world.splits[split][:, 3]).max() <= 3
    assert len(world.splits[Split.TEST_EASY]) == 9


def test_the_same_seed_gives_the_same_bytes():
    one, two = (make_hidden_attributes(CONFIG, seed=2) for _ in range(2))
    for split in one.splits:
        assert one.splits[split].tobytes() == two.splits[split].tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": 1}, "one value compares nothing"),
        ({"entities": 2}, "at least 3"),
        ({"entities": 20, "ood_frac": 0.95}, "of 20 entities hides 19 values"),
        ({"ood_frac": 0.0}, "hides 0 values of an attribute; hide 2 or more"),
        ({"across_frac": 1.5}, "world.across_frac is 1.5"),
        ({"max_test": 2}, "world.max_test is 2"),
    ],
)
def test_a_config_that_cannot_be_is_refused(change, message):
    with pytest.raises(WorldError, match=message):
        HiddenAttributesConfig(**change)


def test_without_comparisons_there_is_nothing_to_train_on():
    with pytest.raises(WorldError, match="no comparison to train on"):
        make_hidden_attributes(replace(CONFIG, across_frac=0.0), seed=0)


def test_noise_tells_that_share_of_the_comparisons_wrongly_and_touches_nothing_else():
    config = HiddenAttributesConfig(entities=100, attributes=3)
    noisy, told = ("train_inferred", "train_cross"), {}
    for noise in (0.0, 0.05, 0.1):
        world = make_hidden_attributes(replace(config, noise=noise), seed=0)
        told[noise] = world
        assert np.array_equal(world.facts.rows(), told[0.0].facts.rows())
        for split in world.splits:
            rows, true = world.splits[split], told[0.0].splits[split]
            assert np.array_equal(rows[:, :-1], true[:, :-1])
            wrong = rows[:, -1] != true[:, -1]
            assert wrong.sum() == (round(noise * len(rows)) if split in noisy else 0)
            assert set(rows[:, -1]) == set(true[:, -1])
    for split in noisy:  # what less noise tells wrongly, more tells wrongly in the same way
        true, less, more = (told[noise].splits[split][:, -1] for noise in (0.0, 0.05, 0.1))
        assert (less == more)[less != true].all()


def test_contradictions_are_told_beside_the_truth():
    config = HiddenAttributesConfig(entities=100, attributes=3)
    whole = make_hidden_attributes(config, seed=0)
    world = make_hidden_attributes(replace(config, contradicted=0.1), seed=0)
    for split, rows in whole.splits.items():
        told = world.splits[split]
        assert np.array_equal(told[: len(rows)], rows)
        again = told[len(rows) :]
        assert len(again) == (round(0.1 * len(rows)) if split in whole.trained[1:] else 0)
        true = {tuple(row[:-1]): row[-1] for row in rows.tolist()}
        assert all(true[tuple(row[:-1])] != row[-1] for row in again.tolist())


def test_what_is_told_wrongly_is_not_contradicted_as_well():
    config = HiddenAttributesConfig(entities=100, attributes=3)
    whole = make_hidden_attributes(config, seed=0)
    world = make_hidden_attributes(replace(config, noise=0.3, contradicted=0.3), seed=0)
    for split in whole.trained[1:]:
        true = {tuple(row) for row in whole.splits[split].tolist()}
        told = world.splits[split].tolist()
        rightly = {tuple(row[:-1]) for row in told if tuple(row) in true}
        again = told[len(true) :]
        assert len(again) == round(0.3 * len(true))
        assert all(tuple(row) not in true and tuple(row[:-1]) in rightly for row in again)


def test_untold_values_are_not_trained_on_and_what_is_asked_stays():
    config = HiddenAttributesConfig(entities=100, attributes=3)
    whole = make_hidden_attributes(config, seed=0)
    world = make_hidden_attributes(replace(config, untold_frac=0.2), seed=0)
    told = {tuple(row) for row in world.splits["atomic_id"].tolist()}
    before = {tuple(row) for row in whole.splits["atomic_id"].tolist()}
    assert told < before
    assert len(before) - len(told) == round(0.2 * len(before))
    assert before - told <= {tuple(row) for row in world.splits["test_values"].tolist()}
    for split in set(whole.splits) - {"atomic_id", "test_values"}:
        assert np.array_equal(world.splits[split], whole.splits[split])


def test_a_share_of_wrong_comparisons_beyond_one_is_refused():
    with pytest.raises(WorldError, match=r"world\.noise is 1\.5; it must lie in \[0, 1\)"):
        HiddenAttributesConfig(noise=1.5)
