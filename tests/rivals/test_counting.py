"""Guessing facts by counting: against a reference that goes fact by fact, and worked examples."""

from collections.abc import Iterable
from math import log, prod, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latebloom.rivals import counting
from latebloom.rivals.counting import CERTAIN, SHRUNK, TIE, Counting
from latebloom.worlds.atomic import Facts

NAMES, RELATIONS = 6, 3


def told(rows: Iterable[tuple[int, int, int]]) -> Facts:
    """Facts `subject relation object`, relations counted from 0."""
    whole = np.array(sorted(rows), np.int32).reshape(-1, 3)
    return Facts.of_rows(whole + np.array([0, NAMES, 0], np.int32))


def by_definition(facts: set[tuple[int, int, int]], subject: int, relation: int) -> list[float]:
    """The scores of all names, one fact at a time."""
    having = {(r, o): {s for s, r2, o2 in facts if (r2, o2) == (r, o)} for _, r, o in facts}
    rarity = {feature: log(NAMES / len(some)) for feature, some in having.items()}
    of = {
        s: {feature: rarity[feature] for feature, some in having.items() if s in some}
        for s in range(NAMES)
    }

    def length(s: int) -> float:
        return sqrt(sum(w * w for w in of[s].values()))

    def likeness(one: int, other: int) -> float:
        both = sum(w * of[other][feature] for feature, w in of[one].items() if feature in of[other])
        return both / (length(one) * length(other)) if both else 0.0

    others = {s for s, r, _ in facts if r == relation} - {subject}
    alike = {s: likeness(subject, s) for s in others}
    among = max(sum(alike.values()), 1e-3)
    pairs = {r: {(s, o) for s, r2, o in facts if r2 == r} for r in range(RELATIONS)}
    most = max(sum(r == relation and o == n for _, r, o in facts) for n in range(NAMES))
    scores = []
    for name in range(NAMES):
        share = sum(alike[s] for s in others if (s, relation, name) in facts) / among
        doubt = prod(
            1 - min(len(pairs[body] & pairs[relation]) / (len(pairs[body]) + SHRUNK), CERTAIN)
            for body in range(RELATIONS)
            if body != relation and (subject, body, name) in facts
        )
        times = sum(r == relation and o == name for _, r, o in facts)
        scores.append(1 - (1 - min(share, CERTAIN)) * doubt + TIE * times / max(1, most))
    return scores


fact = st.tuples(
    st.integers(0, NAMES - 1), st.integers(0, RELATIONS - 1), st.integers(0, NAMES - 1)
)


@settings(max_examples=60, deadline=None)
@given(st.sets(fact, min_size=1, max_size=25), st.integers(1, 40))
def test_the_arrays_say_what_the_definition_says(facts, at_once):
    every = [(s, r) for s in range(NAMES) for r in range(RELATIONS)]
    known = [(s, r) for s, r in every if any(r == r2 for _, r2, _ in facts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "AT_ONCE", at_once)
        scores = Counting(told(facts), NAMES)(np.add(known, (0, NAMES)))
    expected = [by_definition(facts, s, r) for s, r in known]
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


def test_who_shares_facts_is_asked_first():
    # 0 and 1 share two rare facts, and 1 has relation 2 to 5; 3 has it to 4 and shares nothing.
    facts = {(0, 0, 4), (1, 0, 4), (0, 1, 5), (1, 1, 5), (1, 2, 5), (3, 2, 4)}
    (scores,) = Counting(told(facts), NAMES)(np.array([[0, NAMES + 2]]))
    assert scores.argmax() == 5
    assert scores[5] == pytest.approx(CERTAIN, abs=0.01)


def test_a_relation_that_goes_with_another_is_a_rule():
    # Relation 1 holds wherever relation 0 does, but nobody shares a fact with 5.
    facts = {(0, 0, 1), (0, 1, 1), (1, 0, 2), (1, 1, 2), (5, 0, 3)}
    (scores,) = Counting(told(facts), NAMES)(np.array([[5, NAMES + 1]]))
    assert scores.argmax() == 3
    assert scores[3] == pytest.approx(2 / (3 + SHRUNK))


def test_of_a_relation_nobody_told_nothing_is_said():
    count = Counting(told({(0, 0, 1), (1, 1, 2)}), NAMES)
    assert not count(np.array([[0, NAMES + 2]])).any()
    assert count(np.empty((0, 2), int)).shape == (0, NAMES)
