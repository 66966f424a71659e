"""Numbers for rows: equal for equal rows and for no others, however large the numbers are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latebloom.worlds.chains.keys import are_among, row_keys


@pytest.mark.parametrize("largest", [1, 2**20, 2**31 - 1])
@pytest.mark.parametrize("width", range(1, 8))
def test_keys_are_equal_where_rows_are(width, largest):
    """Rows of two numbers only, so that many differ in one column, and some in none."""
    rng = np.random.default_rng([width, largest])
    table = rng.choice(np.array([0, largest], np.int32), (40, width))
    same = (table[:, None] == table).all(axis=2)
    keys = row_keys(table)
    assert np.array_equal(keys[:, None] == keys, same)
    assert width == 7 or same.sum() > len(table)  # some rows come twice


@pytest.mark.parametrize(("width", "largest"), [(2, 2**31 - 1), (3, 2**21 - 1), (4, 2**16)])
def test_keys_at_the_edge_of_64_bits(width, largest):
    """With digits below 2^31, 2^21 and 2^16 + 1 the numbers have 62, 63 and more than 64 bits."""
    row = np.full((1, width), largest, np.int64)
    other = row.copy()
    other[0, 0] = 0
    keys = row_keys(np.concatenate((row, other, row)))
    assert keys[0] == keys[2] != keys[1]
    assert (keys >= 0).all()


def test_no_rows_have_no_keys():
    assert row_keys(np.empty((0, 3), np.int32)).shape == (0,)


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_some_keys_are_among_others(keys, some):
    found = are_among(np.array(keys, np.int64), np.array(some, np.int64))
    assert found.tolist() == [key in some for key in keys]
