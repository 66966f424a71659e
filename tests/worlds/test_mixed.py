"""The mixed world: chains and comparisons over one set of facts."""

from dataclasses import replace

import numpy as np
import pytest

import latebloom
from latebloom.errors import LatebloomError, WorldError
from latebloom.recipes.catalogue import make_recipe
from latebloom.worlds.build import build_world
from latebloom.worlds.mixed import MixedConfig, make_mixed
from latebloom.worlds.splits import ATOMIC, Split
from latebloom.worlds.world import World

SMALL = MixedConfig(entities=30, relations=5, attributes=4, values=6, phi=3.0, compared=4.0)
ORDERS = ("relation-first", "subject-first", "mixed")


@pytest.fixture(scope="module", params=ORDERS)
def world(request):
    return make_mixed(replace(SMALL, order=request.param), 3)


def test_every_answer_follows_from_the_facts(world):
    for name, rows in world.splits.items():
        assert len(rows)
        assert (world.task.solve(world.facts, rows[:, :-1]) == rows[:, -1]).all(), name


def test_names_and_layout_are_inverse(world):
    for split, rows in world.splits.items():
        names = world.task.names(rows[:, :-1])
        if split not in ATOMIC or not world.task.layout.mixed:  # those are told in both orders
            assert (world.task.lay(names) == rows[:, :-1]).all()
        typed = names_as_asked(world, names[0], rows[0])
        assert world.task.written(typed) == rows[0, :-1].tolist()


def names_as_asked(world, names, row):
    """Without the words in between, in the order of the row."""
    relation_first = row[0] >= world.task.entities
    if len(names) == 3 and names[0] >= world.task.entities:  # a comparison: attribute e1 e2
        return names.tolist() if relation_first else [*names[1:].tolist(), int(names[0])]
    return (names[::-1] if relation_first else names).tolist()


def test_what_is_held_out_is_trained_nowhere(world):
    def questions(split):
        return {tuple(row) for row in world.task.names(world.splits[split][:, :-1]).tolist()}

    trained = set().union(*(questions(split) for split in world.trained))
    assert not any(questions(split) & trained for split in world.tested)


def test_mixed_orders_hold_both_of_every_kind():
    world = make_mixed(replace(SMALL, order="mixed"), 0)
    for split, rows in world.splits.items():
        share = (rows[:, 0] >= world.task.entities).mean()
        assert len(rows) < 50 or 0.3 < share < 0.7, split


def test_ood_facts_are_neither_composed_nor_compared(world):
    for split, ood in (
        (Split.TRAIN_INFERRED, False),
        (Split.TRAIN_COMPARED, False),
        (Split.TEST_COMPARED_ID, False),
        (Split.TEST_OOD, True),
        (Split.TEST_COMPARED_OOD, True),
    ):
        at = world.task.needed(world.facts, world.splits[split][:, :-1])
        assert (at >= 0).all()
        assert (world.facts.ood[at] == ood).all(), split


def test_both_orders_of_a_pair_are_held_out_together(world):
    names = world.task.names(world.splits[Split.TEST_COMPARED_ID][:, :-1])
    trained = world.task.names(world.splits[Split.TRAIN_COMPARED][:, :-1])
    turned = {tuple(row) for row in names[:, [0, 2, 1]].tolist()}
    assert not turned & {tuple(row) for row in trained.tolist()}


def test_chains_may_end_in_a_value_and_never_pass_one(world):
    names = world.task.names(world.splits[Split.TRAIN_INFERRED][:, :-1])
    first_attribute = SMALL.entities + SMALL.relations
    assert (names[:, 1] < first_attribute).all()
    assert (names[:, 2] >= first_attribute).any()


def test_the_same_seed_gives_the_same_world():
    one, other = (make_mixed(SMALL, 5) for _ in range(2))
    assert one.splits.keys() == other.splits.keys()
    assert all((one.splits[name] == other.splits[name]).all() for name in one.splits)
    assert any((one.splits[n] != make_mixed(SMALL, 6).splits[n]).any() for n in ("atomic_id",))


def test_a_saved_world_is_the_same_again(world, tmp_path):
    world.save(tmp_path)
    again = World.load(tmp_path)
    assert again.task == world.task
    assert again.vocabulary == world.vocabulary
    assert all((again.splits[name] == world.splits[name]).all() for name in world.splits)


def test_the_phase_is_that_of_the_slower_kind(world):
    chains = {"test_id": 1.0, "test_ood": 1.0}
    assert world.task.phase(chains, 0.99) == "memorising"
    assert world.task.phase(chains | {"test_compared_id": 1.0}, 0.99) == "generalising"
    assert world.task.phase(chains | dict.fromkeys(world.tested, 1.0), 0.99) == "systematic"


@pytest.mark.parametrize(
    "change",
    [{"fillers": False}, {"values": 1}, {"entities": 2}, {"relations": 0}, {"compared": 1e6}],
)
def test_what_makes_no_world_is_refused(change):
    with pytest.raises(WorldError):
        make_mixed(replace(SMALL, **change), 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = make_recipe("mixed").replace("train", steps=3, eval_every=3, checkpoint_every=3)
    config = replace(config, world=SMALL).replace("model", d_model=16, n_heads=2)
    return latebloom.grow(config, tmp_path_factory.mktemp("mixed") / "run")


def test_both_kinds_are_asked_as_people_write_them(run):
    compared = run.ask("a1", "e3", "e4")
    assert {guess.name for guess in compared.answers} == {"<", "=", ">"}
    facts = build_world(SMALL, 0).facts  # the run's own world has seed 0
    label = run.world.task.solve(facts, np.array([run.world.read(["a1", "e3", "e4"])]))[0]
    assert compared.truth == run.world.vocabulary.words[label]
    assert not compared.bridges
    chain = run.ask("what", "is", "the", "a2", "of", "the", "r1", "of", "e3", "?")
    assert chain.bridges


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("r1 e3 e4", "'r1' is no attribute (a0, a1, a2, a3)"),
        ("e3 e4 e5", "this run is asked RELATION of RELATION of SUBJECT ?"),
        ("e3 r1", "this run is asked the other way round: r1 of e3 ?"),
        ("a1 e3 e99", "unknown name 'e99'"),
    ],
)
def test_what_is_no_question_is_told_how_to_ask(run, question, said):
    with pytest.raises(LatebloomError) as told:
        run.ask(*question.split())
    assert said in str(told.value)


def test_both_kinds_can_be_traced(run):
    for n_tokens, names in ((5, ["first value", "second value"]), (6, ["bridge 1"])):
        steps = run.world.task.steps(n_tokens)
        assert [step.name for step in steps] == names
        assert not run.world.task.untraceable(n_tokens)
