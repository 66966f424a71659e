"""What follows from comparisons, against every assignment of values that agrees with them."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latebloom.worlds.ordering import (
    EQUAL,
    GREATER,
    LESS,
    UNDECIDED,
    compare,
    decide,
)


def labels_of(n_nodes, statements):
    first, second, label = np.array(statements, np.int64).reshape(-1, 3).T
    return decide(first, second, label, np.arange(n_nodes))


def labels_by_brute_force(n_nodes, statements):
    """A pair's label is known if it is the same in every order of the nodes that agrees."""
    values = np.array(list(product(range(n_nodes), repeat=n_nodes)))
    for first, second, label in statements:
        values = values[compare(values[:, first], values[:, second]) == label]
    out = np.full((n_nodes, n_nodes), UNDECIDED)
    for i, j in product(range(n_nodes), repeat=2):
        seen = np.unique(compare(values[:, i], values[:, j]))
        if len(seen) == 1:
            out[i, j] = seen[0]
    return out


def test_compare_has_three_labels():
    assert compare(np.array([1, 2, 3]), np.array([2, 2, 2])).tolist() == [LESS, EQUAL, GREATER]


def test_a_chain_is_followed_to_its_end():
    # 0 > 1 = 2, 3 < 2; nothing is said of 4
    label = labels_of(5, [(0, 1, GREATER), (1, 2, EQUAL), (3, 2, LESS)])
    assert label[0].tolist() == [EQUAL, GREATER, GREATER, GREATER, UNDECIDED]
    assert label[1, 2] == label[2, 1] == EQUAL
    assert label[3].tolist() == [LESS, LESS, LESS, EQUAL, UNDECIDED]
    assert label[4, :4].tolist() == [UNDECIDED] * 4


def test_two_that_are_both_greater_than_a_third_stay_undecided():
    label = labels_of(3, [(0, 2, GREATER), (1, 2, GREATER)])
    assert label[0, 1] == label[1, 0] == UNDECIDED


def test_without_statements_nothing_is_known():
    assert labels_of(3, []).tolist() == np.where(np.eye(3), EQUAL, UNDECIDED).tolist()


@pytest.mark.parametrize("n_nodes", [63, 64, 65, 200])
def test_long_chains_and_many_nodes(n_nodes):
    order = np.random.default_rng(0).permutation(n_nodes)
    statements = [(a, b, LESS) for a, b in pairwise(order)]
    place = np.argsort(order)
    assert (labels_of(n_nodes, statements) == compare(place[:, None], place[None, :])).all()


def test_asked_nodes_may_be_few_and_in_any_order():
    first, second = np.array([[7, 3], [3, 1]])
    label = decide(first, second, np.array([GREATER, GREATER]), np.array([1, 7, 9]))
    assert label.tolist() == [
        [EQUAL, LESS, UNDECIDED],
        [GREATER, EQUAL, UNDECIDED],
        [UNDECIDED, UNDECIDED, EQUAL],
    ]


@pytest.mark.parametrize(
    "statements",
    [
        [(1, 2, GREATER), (1, 2, LESS)],
        [(1, 2, GREATER), (2, 3, GREATER), (3, 1, GREATER)],
        [(1, 2, EQUAL), (2, 3, EQUAL), (1, 3, LESS)],
    ],
)
def test_contradictions_decide_nothing_and_spoil_nothing_else(statements):
    around = [(0, 1, GREATER), (2, 4, GREATER), (4, 5, EQUAL)]
    label = labels_of(6, [*statements, *around])
    among = sorted({node for *nodes, _ in statements for node in nodes})
    assert (label[np.ix_(among, among)] == UNDECIDED).all()
    assert label[0].tolist() == [
        EQUAL,
        GREATER,
        GREATER,
        GREATER if 3 in among else UNDECIDED,
        GREATER,
        GREATER,
    ]
    assert label[4, 5] == EQUAL and label[4, 1] == label[4, 2] == LESS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=5, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8),
)
def test_closure_is_exactly_what_follows(values, pairs):
    values = np.array(values)
    statements = [(a, b, int(compare(values[[a]], values[[b]])[0])) for a, b in pairs if a != b]
    expected = labels_by_brute_force(5, statements)
    assert (labels_of(5, statements) == expected).all()
