"""Donors reach the same bridge from elsewhere; the control reaches another one."""

import numpy as np

from latebloom.circuits.donors import draw_donors, lead_in, same_bridge_donors
from latebloom.circuits.probe import make_probe
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.chain import ChainTask

CHAINS = ChainTask()


def test_donors_share_the_bridge_but_not_the_subject() -> None:
    pool = np.array([[0, 7, 8], [1, 7, 8], [2, 7, 8], [0, 6, 8]])
    bridge = np.array([5, 5, 9, 5])
    donor = same_bridge_donors(pool, pool, bridge, bridge, np.random.default_rng(0))
    assert donor[0] == 1
    assert donor[1] in (0, 3)
    assert donor[2] == -1
    assert donor[3] == 1


def test_the_control_is_drawn_evenly_from_the_other_bridges_that_have_an_answer() -> None:
    """Bridges 5, 9 and 3 lead to an answer, 9 to the same one as 5; bridge 4 leads nowhere."""
    ends = {0: 20, 1: 20, 2: 20, 3: 21, 4: -1}
    pool = np.array([[0, 7, 8], [1, 7, 8], [2, 7, 8], [3, 7, 8], [4, 7, 8]])
    bridge = np.array([5, 5, 9, 3, 4])
    asked = np.tile(pool[:1], (400, 1))

    def answer(rows: np.ndarray) -> np.ndarray:
        return np.array([ends[subject] for subject in rows[:, 0].tolist()])

    rngs = [np.random.default_rng(seed) for seed in (0, 1)]
    found = draw_donors(asked, pool, bridge[:1].repeat(400), bridge, (0, 1), answer, *rngs)
    assert set(found.same[:, 0].tolist()) == {1}
    subjects, count = np.unique(found.other[:, 0], return_counts=True)
    assert subjects.tolist() == [2, 3]
    assert count.min() > 150
    assert found.coincide == (found.other[:, 0] == 2).mean()


def test_whoever_has_no_donor_has_no_control_either() -> None:
    pool = np.array([[0, 7, 8], [1, 7, 8]])

    def answer(rows: np.ndarray) -> np.ndarray:
        return np.full(len(rows), 20)

    rngs = [np.random.default_rng(seed) for seed in (0, 1)]
    alone = np.array([5, 6])
    found = draw_donors(pool, pool, alone, alone, (0, 1), answer, *rngs)
    assert (found.same == -1).all()
    assert (found.other == -1).all()
    assert np.isnan(found.coincide)


def test_only_what_leads_to_the_bridge_is_the_donors() -> None:
    asked, donors = np.array([[1, 2, 3, 4]]), np.array([[5, 6, 7, 8]])
    assert lead_in(asked, donors, (0, 2)).tolist() == [[5, 2, 7, 4]]
    assert asked.tolist() == [[1, 2, 3, 4]]


def test_donors_of_a_made_world_of_three_hops() -> None:
    config = CompositionConfig(entities=30, relations=6, out_degree=4, phi=1, hops=3)
    world = make_composition(config, 0)
    probe = make_probe(world, "train_hops_3", n=80)
    pool = {tuple(row) for row in world.examples("train_hops_3")[:, :-1].tolist()}
    for hop, step in enumerate(probe.steps, start=1):
        donors, reached = probe.donors[step.name], probe.named[step.name]
        assert donors.leads == tuple(range(hop + 1))
        has = donors.same[:, 0] >= 0
        assert has.sum() > 40
        for kept, alike in ((donors.same[has], True), (donors.other[has], False)):
            assert {tuple(row) for row in kept.tolist()} <= pool
            theirs = CHAINS.found(world.facts, kept)[step.name]
            assert ((theirs == reached[has]) == alike).all()
            led = lead_in(probe.questions[has], kept, donors.leads)
            ends = CHAINS.solve(world.facts, led)
            assert (ends >= 0).all()
            if alike:
                assert (ends == probe.answers[has]).all()
                assert (kept[:, 0] != probe.questions[has, 0]).all()
            else:
                assert (ends == probe.answers[has]).mean() == donors.coincide


def test_a_control_takes_nothing_from_the_other_draws() -> None:
    """Donors and replacements are those that the seed gave before there was a control."""
    world = make_composition(CompositionConfig(entities=30, relations=6, out_degree=4, phi=1), 0)
    probe = make_probe(world, Split.TRAIN_INFERRED, n=40, seed=1)
    rng = np.random.default_rng([1, 2])
    rng.permutation(len(world.examples(Split.TRAIN_INFERRED)))
    pool = world.examples(Split.TRAIN_INFERRED)[:, :-1]
    theirs = CHAINS.found(world.facts, pool)["bridge 1"]
    drawn = same_bridge_donors(probe.questions, pool, probe.named["bridge 1"], theirs, rng)
    has = drawn >= 0
    assert (probe.donors["bridge 1"].same[has] == pool[drawn[has]]).all()
    assert (probe.donors["bridge 1"].same[~has] == -1).all()
