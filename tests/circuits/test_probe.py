"""A probe holds the questions that were asked for, with all that the instruments need of them."""

import numpy as np
import pytest

from latebloom.circuits.probe import ProbeError, make_probe
from latebloom.errors import WorldError
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return make_composition(CompositionConfig(entities=30, relations=6, out_degree=4, phi=1), 0)


def test_so_many_rows_as_asked_for_each_once_and_in_their_order(world: World) -> None:
    rows = world.examples(Split.TRAIN_INFERRED)
    probe = make_probe(world, Split.TRAIN_INFERRED, n=25)
    asked = np.column_stack((probe.questions, probe.answers))
    place = [np.flatnonzero((rows == one).all(1)).item() for one in asked]
    assert len(place) == 25
    assert place == sorted(place)
    assert place != list(range(25))


def test_more_than_there_are_gives_all(world: World) -> None:
    rows = world.examples(Split.TRAIN_INFERRED)
    probe = make_probe(world, Split.TRAIN_INFERRED, n=10 * len(rows))
    assert (np.column_stack((probe.questions, probe.answers)) == rows).all()
    assert all(len(donors.same) == len(rows) for donors in probe.donors.values())


def test_the_seed_draws_the_rows(world: World) -> None:
    first, again, other = (
        make_probe(world, Split.TRAIN_INFERRED, n=25, seed=seed) for seed in (1, 1, 2)
    )
    assert (first.questions == again.questions).all()
    assert (first.donors["bridge 1"].other == again.donors["bridge 1"].other).all()
    assert (first.questions != other.questions).any()


def test_donors_may_come_from_another_split(world: World) -> None:
    probe = make_probe(world, Split.TEST_OOD, n=25, pool=Split.TRAIN_INFERRED)
    pool = {tuple(row) for row in world.examples(Split.TRAIN_INFERRED)[:, :-1].tolist()}
    donors = probe.donors["bridge 1"]
    for kind in (donors.same, donors.other):
        taken = kind[kind[:, 0] >= 0]
        assert len(taken)
        assert {tuple(row) for row in taken.tolist()} <= pool


def test_operands_have_no_donors() -> None:
    world = make_comparison(ComparisonConfig(entities=20, attributes=3, values=5, phi=2), 0)
    probe = make_probe(world, Split.TRAIN_INFERRED, n=10)
    assert [step.name for step in probe.steps] == ["first value", "second value"]
    assert probe.donors == {}


def test_what_cannot_be_probed_is_refused(world: World) -> None:
    with pytest.raises(ProbeError, match="no bridge"):
        make_probe(world, Split.ATOMIC_ID)
    with pytest.raises(WorldError, match="no split 'test_hops_9'"):
        make_probe(world, "test_hops_9")
