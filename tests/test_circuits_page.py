"""The page of grown runs' circuits: how two curves agree is told with care."""

import numpy as np

from benchmarks.circuits import FEWEST, agreement


def test_agreement_is_the_rank_correlation_and_the_mean_distance():
    one = np.array([0.0, 0.1, 0.2, 0.9])
    assert agreement(one, one, interval=False) == "1.00, 0.00"
    assert agreement(one, one**2, interval=False).startswith("1.00, ")
    assert agreement(one, one[::-1].copy(), interval=False) == "-1.00, 0.50"
    told = agreement(np.arange(9.0), np.arange(9.0) + 0.25, interval=True)
    assert told == "1.00 (1.00 to 1.00), 0.25"


def test_what_cannot_be_told_is_a_dash():
    some = np.linspace(0, 1, FEWEST)
    assert agreement(some[1:], some[1:], interval=False) == "–"
    assert agreement(some, np.full(FEWEST, np.nan), interval=False) == "–"
    assert agreement(some, np.ones(FEWEST), interval=False) == "–"
