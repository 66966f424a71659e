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
    at_least_edges,
    compare,
    decide,
    reaches,
)


def labels_of(n_nodes, statements):
    first, second, label = np.array(statements, np.int64).reshape(-1, 3).T
    return decide(reaches(*at_least_edges(first, second, label), np.arange(n_nodes)))


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
    source, target = at_least_edges(
        np.array([7, 3]), np.array([3, 1]), np.array([GREATER, GREATER])
    )
    reached = reaches(source, target, np.array([1, 7, 9]))
    assert reached.tolist() == [[True, False, False], [True, True, False], [False, False, True]]


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
