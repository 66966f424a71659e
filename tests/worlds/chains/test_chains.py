"""Chains and splits: three entities on paper, and what holds in every world."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains import draw as chains_module
from latebloom.worlds.chains.draw import (
    ChainConfig,
    FactGraph,
    contains,
    fold_of,
    make_splits,
    mark_ood,
)
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World

A, B, C, R, S = range(5)


def three_entities() -> Facts:
    """Six facts, two of them OOD: (a, r) -> b and (b, s) -> a."""
    table = np.array(
        [(A, R, B), (B, R, C), (C, R, A), (A, S, C), (B, S, A), (C, S, B)], dtype=np.int32
    )
    ood = np.array([True, False, False, False, True, False])
    return Facts(table[:, 0], table[:, 1], table[:, 2], ood)


# Worked out on paper: the twelve two-hop questions by which hop is OOD.
ID_QUESTIONS = {
    (B, R, R, A), (B, R, S, B), (C, R, S, C), (A, S, R, A), (A, S, S, B), (C, S, R, C),
}  # fmt: skip
OI_QUESTIONS = {(A, R, R, C), (B, S, S, C)}
IO_QUESTIONS = {(C, R, R, B), (C, S, S, A)}
OOD_QUESTIONS = {(A, R, S, A), (B, S, R, B)}


def as_set(rows: np.ndarray) -> set[tuple[int, ...]]:
    assert len({tuple(row) for row in rows.tolist()}) == len(rows), "a row stands twice"
    return {tuple(row) for row in rows.tolist()}


def test_three_entities_by_hand():
    config = ChainConfig(phi=1, test_id_frac=1 / 3)
    splits, trained = make_splits(three_entities(), config, np.random.default_rng(0))
    assert trained == ("atomic_id", "atomic_ood", "train_inferred")
    assert as_set(splits["atomic_id"]) == {(B, R, C), (C, R, A), (A, S, C), (C, S, B)}
    assert as_set(splits["atomic_ood"]) == {(A, R, B), (B, S, A)}
    assert as_set(splits["test_oi"]) == OI_QUESTIONS
    assert as_set(splits["test_io"]) == IO_QUESTIONS
    assert as_set(splits["test_ood"]) == OOD_QUESTIONS
    train, test = as_set(splits["train_inferred"]), as_set(splits["test_id"])
    assert (len(train), len(test)) == (4, 2)  # phi 1 of four ID facts; a third of six
    assert train | test == ID_QUESTIONS


def test_phi_inf_trains_on_all_that_is_not_held_out():
    config = ChainConfig(phi=math.inf, test_id_frac=0)
    splits, _ = make_splits(three_entities(), config, np.random.default_rng(0))
    assert as_set(splits["train_inferred"]) == ID_QUESTIONS
    assert "test_id" not in splits


def test_phi_beyond_what_the_facts_hold_is_refused():
    config = ChainConfig(phi=2, test_id_frac=0)
    with pytest.raises(WorldError, match=r"world\.phi is 2.* at most 1\.50 inferred.* inf"):
        make_splits(three_entities(), config, np.random.default_rng(0))


def test_augmentation_takes_only_chains_with_one_ood_hop_in_place():
    for augment, wanted in (
        ("first", OI_QUESTIONS),
        ("second", IO_QUESTIONS),
        ("both", OI_QUESTIONS | IO_QUESTIONS),
    ):
        config = ChainConfig(phi=1, augment=augment, augment_frac=1)
        splits, trained = make_splits(three_entities(), config, np.random.default_rng(0))
        assert as_set(splits["train_augmented"]) == wanted
        assert "train_augmented" in trained
        assert ("test_oi" in splits) == (augment == "second")
        assert ("test_io" in splits) == (augment == "first")


def test_identity_bridge_has_every_bridge_once():
    config = ChainConfig(phi=1, identity_bridge=True)
    splits, trained = make_splits(three_entities(), config, np.random.default_rng(0))
    assert as_set(splits["train_identity"]) == {(A, A), (B, B), (C, C)}
    assert "train_identity" in trained


def test_walks_are_distinct_chains_and_find_all_of_a_small_graph():
    facts = three_entities()
    walks = FactGraph(facts).walks(3, 100, np.random.default_rng(0))
    assert (facts.object[walks[:, :-1]] == facts.subject[walks[:, 1:]]).all()
    assert len(as_set(walks)) == 6 * 2 * 2  # each of six facts is followed by two, twice


def test_walks_go_on_where_one_fact_alone_follows():
    ring = np.arange(3, dtype=np.int32)
    facts = Facts(ring, ring * 0 + 3, (ring + 1) % 3, np.zeros(3, bool))
    walks = FactGraph(facts).walks(3, 100, np.random.default_rng(0))
    assert as_set(walks) == {(0, 1, 2), (1, 2, 0), (2, 0, 1)}


def test_walks_of_facts_that_lead_nowhere():
    column = np.zeros(1, np.int32)
    facts = Facts(column, column + 2, column + 1, np.zeros(1, bool))
    assert FactGraph(facts).walks(2, 5, np.random.default_rng(0)).shape == (0, 2)


def test_facts_that_do_not_chain_are_refused():
    subject = np.array([0, 1], np.int32)
    facts = Facts(subject, subject + 4, subject + 2, np.zeros(2, bool))
    with pytest.raises(WorldError, match="no two-hop question"):
        make_splits(facts, ChainConfig(phi=math.inf), np.random.default_rng(0))


def test_folds_are_the_same_in_every_version():
    """A run holds its fold by number, so the mixing must never change."""
    rows = np.array([[0, 1, 2], [3, 4, 5], [7, 0, 7], [2, 1, 0], [100_000, 3, 9]], np.int32)
    assert fold_of(rows, 1_000_000).tolist() == [822980, 102844, 258802, 884971, 822295]


def test_as_many_pairs_as_the_limit_are_made(monkeypatch):
    whole, _ = make_splits(three_entities(), ChainConfig(phi=1), np.random.default_rng(0))
    monkeypatch.setattr(chains_module, "MAX_PAIRS", 12)
    splits, _ = make_splits(three_entities(), ChainConfig(phi=1), np.random.default_rng(0))
    assert {name: len(rows) for name, rows in splits.items()} == {
        name: len(rows) for name, rows in whole.items()
    }


def test_more_pairs_than_can_be_enumerated_are_refused(monkeypatch):
    monkeypatch.setattr(chains_module, "MAX_PAIRS", 11)
    with pytest.raises(WorldError, match="12 two-hop questions, and 11 are the limit"):
        make_splits(three_entities(), ChainConfig(phi=1), np.random.default_rng(0))


def test_mark_ood_marks_the_share_asked_for():
    assert mark_ood(40, 0.1, np.random.default_rng(0)).sum() == 4
    assert mark_ood(40, 0, np.random.default_rng(0)).sum() == 0
    with pytest.raises(WorldError, match=r"world\.ood_frac 0\.1 of 3 facts makes 0 OOD facts"):
        mark_ood(3, 0.1, np.random.default_rng(0))
    with pytest.raises(WorldError, match="makes 3 OOD facts"):
        mark_ood(3, 0.9, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phi", -1),
        ("phi", math.nan),
        ("ood_frac", 1),
        ("ood_frac", -0.1),
        ("test_id_frac", 1.5),
        ("augment_frac", -1),
        ("hops", 1),
        ("max_test", 0),
        ("test_hops", (2,)),
    ],
)
def test_a_config_out_of_range_names_field_and_value(field, value):
    with pytest.raises(WorldError, match=f"world.{field} is") as refusal:
        ChainConfig(**{field: value})
    assert str(value) in str(refusal.value)


FIELDS = st.fixed_dictionaries(
    {
        "entities": st.integers(2, 10),
        "relations": st.integers(1, 4),
        "ood_frac": st.sampled_from([0, 0.1, 0.3, 0.5]),
        "phi": st.sampled_from([0, 0.5, 1, math.inf]),
        "test_id_frac": st.sampled_from([0, 0.1, 0.5]),
        "max_test": st.sampled_from([3, 1000]),
        "hops": st.integers(2, 3),
        "test_hops": st.sampled_from([(), (3,), (4,)]),
        "augment": st.sampled_from(["none", "first", "second", "both"]),
        "identity_bridge": st.booleans(),
    }
)


def hops_of(world: World, row: tuple[int, ...]) -> list[bool]:
    """Whether each hop of a question is OOD, by following it fact by fact; checks the answer."""
    facts = world.facts
    answers = {
        (s, r): (o, ood)
        for s, r, o, ood in zip(
            facts.subject.tolist(),
            facts.relation.tolist(),
            facts.object.tolist(),
            facts.ood.tolist(),
            strict=True,
        )
    }
    here, hops = row[0], []
    for relation in row[1:-1]:
        here, ood = answers[here, relation]
        hops.append(ood)
    assert here == row[-1]
    return hops


@settings(max_examples=100, deadline=None, database=None)
@given(fields=FIELDS, idle=st.integers(0, 2), seed=st.integers(0, 3))
def test_invariants_of_every_world(fields, idle, seed):
    config = CompositionConfig(out_degree=max(fields["relations"] - idle, 1), **fields)
    try:
        world = make_composition(config, seed)
    except WorldError as error:
        assert any(name in str(error) for name in ("world.phi", "world.ood_frac", "two-hop"))
        assume(False)
        return
    rows = {split: as_set(world.examples(split)) for split in world.splits}
    facts = world.facts
    told = np.stack((facts.subject, facts.relation, facts.object), axis=1)

    # Every atomic fact is trained on, once, in the split that its mark says.
    assert rows["atomic_id"] == as_set(told[~facts.ood])
    assert rows["atomic_ood"] == as_set(told[facts.ood])
    assert int(facts.ood.sum()) == round(config.ood_frac * len(facts))

    # No test item is in training.
    shown = set().union(*(rows[split] for split in world.trained))
    assert set(world.tested) == set(world.splits) - set(world.trained)
    for split in world.tested:
        assert not rows[split] & shown
        assert 0 < len(rows[split]) <= config.max_test

    # Every answer is true, and every hop is as OOD as its split says.
    kinds = {
        Split.TEST_ID: [False, False],
        Split.TEST_OI: [True, False],
        Split.TEST_IO: [False, True],
        Split.TEST_OOD: [True, True],
    }
    for split in world.splits:
        for row in rows[split]:
            hops = hops_of(world, row)
            if split.startswith("train_augmented"):
                assert sum(hops) == 1
            elif split.startswith("train_"):
                assert not any(hops)
            elif split in kinds:
                assert hops == kinds[Split(split)]
            elif split.startswith("test_hops_"):
                assert set(hops) == {split.endswith("_ood")}

    # phi as asked, to one item; inf leaves no ID chain out.
    n_id = len(rows["atomic_id"])
    if math.isfinite(config.phi):
        assert len(rows["train_inferred"]) == round(config.phi * n_id)
    else:
        ood = facts.ood
        first, second = FactGraph(facts).pairs()
        n_pairs = int((~ood[first] & ~ood[second]).sum())
        assert len(rows["train_inferred"]) + len(rows.get("test_id", ())) == n_pairs
    assert world.phi == pytest.approx(len(rows["train_inferred"]) / n_id)


def parts_of(world: World, row: tuple[int, ...]) -> set[tuple[int, ...]]:
    """Every shorter question along a question, each with its answer; followed fact by fact."""
    facts = world.facts
    answers = dict(
        zip(
            zip(facts.subject.tolist(), facts.relation.tolist(), strict=True),
            facts.object.tolist(),
            strict=True,
        )
    )
    relations = row[1:-1]
    reached = [row[0]]
    for relation in relations:
        reached.append(answers[reached[-1], relation])
    n = len(relations)
    return {
        (reached[i], *relations[i:j], reached[j])
        for i in range(n)
        for j in range(i + 2, n + 1)
        if j - i < n
    }


@settings(max_examples=40, deadline=None, database=None)
@given(
    hops=st.integers(3, 4),
    phi=st.sampled_from([0.5, 1, math.inf]),
    test_id_frac=st.sampled_from([0, 0.1, 0.4]),
    max_test=st.sampled_from([20, 1000]),
    seed=st.integers(0, 4),
)
def test_no_trained_chain_contains_one_that_an_id_test_asks(
    hops, phi, test_id_frac, max_test, seed
):
    config = CompositionConfig(
        entities=12,
        relations=4,
        out_degree=4,
        ood_frac=0.2,
        phi=phi,
        hops=hops,
        test_hops=(5,),
        test_id_frac=test_id_frac,
        max_test=max_test,
    )
    try:
        world = make_composition(config, seed)
    except WorldError as error:
        assert "contain no held-out chain" in str(error)
        assume(False)
        return
    rows = {split: as_set(world.examples(split)) for split in world.splits}
    asked = rows.get("test_id", set())
    for k in range(3, hops + 1):
        trained = rows.get(f"train_hops_{k}", set())
        assert trained or math.isinf(phi)
        for row in trained:
            assert not parts_of(world, row) & asked
        asked = asked | rows.get(f"test_hops_{k}", set())
        assert not trained & asked
    if math.isfinite(phi):
        n_id = len(rows["atomic_id"])
        assert all(len(rows[f"train_hops_{k}"]) == round(phi * n_id) for k in range(3, hops + 1))


def test_longer_tests_are_drawn_from_all_chains_whatever_they_contain():
    """What was dropped from training is not heaped up in the test, nor kept out of it."""
    config = CompositionConfig(hops=3, test_id_frac=0.3, phi=2, ood_frac=0.1)
    world = make_composition(config, 0)
    held_out = as_set(world.examples("test_id"))
    with_one = [
        bool(parts_of(world, row) & held_out) for row in as_set(world.examples("test_hops_3"))
    ]
    # At most 3,000 of some 32,000 pairs are held out: a chain has one in 1 - (1 - .09)^2.
    share = len(held_out) / (len(world.facts) * 0.9 * 18)
    assert np.mean(with_one) == pytest.approx(1 - (1 - share) ** 2, abs=0.02)


def test_contained_chains_by_hand():
    chains = np.array([[0, 1, 2], [1, 2, 3], [2, 3, 0], [0, 2, 1]])
    pairs = np.array([[1, 2], [3, 1]])
    assert contains(chains, [pairs]).tolist() == [True, True, False, False]
    assert contains(chains, [pairs, np.array([[0, 2, 1]])]).tolist() == [True, True, False, True]
    assert contains(chains, []).tolist() == [False] * 4
    assert contains(chains[:0], [pairs]).tolist() == []
