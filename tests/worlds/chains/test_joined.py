"""Questions that join branches: every answer by brute force, and nothing held out is trained."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latebloom.errors import LatebloomError, WorldError
from latebloom.worlds.answers import FactSets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.own import FactsConfig, world_of_facts
from latebloom.worlds.data import load_data
from latebloom.worlds.splits import is_validation
from latebloom.worlds.tasks.queries import QueryTask, worked_out
from latebloom.worlds.tasks.shapes import SHAPES, operands

ALL = tuple(SHAPES)


def table(n: int = 24, relations: int = 3, seed: int = 0) -> list[tuple[str, str, str]]:
    rng = np.random.default_rng(seed)
    return [
        (f"n{i}", f"r{r}", f"n{o}")
        for i in range(n)
        for r in range(relations)
        for o in rng.choice(n, rng.integers(1, 5), replace=False)
    ]


@pytest.fixture(scope="module")
def world():
    config = FactsConfig(
        shapes=ALL, missing_frac=0.1, ood_frac=0.2, inverse=True, max_test=60, test_id_frac=0.1
    )
    return world_of_facts(table(), config=config, seed=3)


def by_hand(question, facts, task) -> tuple[set[int], set[tuple[int, int]]]:
    """The answers by Python's sets, fact by fact, and all pairs of a subject and a relation that
    the question goes through."""
    stack: list[set[int]] = []
    pairs = set()
    for token in question:
        if token in (task.both, task.less):
            other, one = stack.pop(), stack.pop()
            stack.append(one & other if token == task.both else one - other)
        elif token < task.entities:
            stack.append({token})
        else:
            here = stack.pop()
            pairs |= {(name, token) for name in here}
            stack.append({o for s, r, o in facts if s in here and r == token})
    (answers,) = stack
    return answers, pairs


def answers_of(question, facts, task) -> set[int]:
    return by_hand(question, facts, task)[0]


def pairs_looked_up(question, facts, task) -> set[tuple[int, int]]:
    return by_hand(question, facts, task)[1]


def told_of(world) -> set[tuple[int, ...]]:
    return set(map(tuple, world.facts.rows().tolist()))


def missing_of(world) -> set[tuple[int, ...]]:
    found = set()
    for split in ("test_links", "valid_links"):
        sets = world.answers(split)
        names = world.examples(split)[sets.question[sets.asked], :2]
        found |= {
            (*pair, o) for pair, o in zip(names.tolist(), sets.member[sets.asked], strict=True)
        }
    return {tuple(map(int, row)) for row in found}


def branches_in(question, shape) -> list[tuple[int, ...]]:
    return [tuple(question[part]) for part in shape.branches]


def shaped(world, shape, *kinds):
    """The splits of a shape, of these kinds."""
    names = [f"{kind}_{shape.name}" for kind in kinds]
    return [name for name in names if name in world.splits]


@pytest.mark.parametrize("name", ALL)
def test_every_answer_is_right_by_brute_force(world, name):
    shape, task = SHAPES[name], world.task
    told, missing = told_of(world), missing_of(world)
    inside = {
        row
        for row, ood in zip(map(tuple, world.facts.rows().tolist()), world.facts.ood, strict=True)
        if not ood
    }
    ways = {
        "train": (told, set()),
        "test": (told, set()),
        "test_missing": (told | missing, told),
        "test_ood": (told, inside),
    }
    for kind, (whole, before) in ways.items():
        for split in shaped(world, shape, kind, kind.replace("test", "valid")):
            questions, sets = world.examples(split)[:40, :-1], world.answers(split)
            assert len(questions)
            for row, question in enumerate(questions.tolist()):
                right = answers_of(question, whole, task)
                assert set(sets.of(row)) == right
                asked = sets.asked[sets.first[row] : sets.first[row + 1]]
                known = answers_of(question, before, task) if before else set()
                assert {m for m, a in zip(sets.of(row), asked, strict=True) if a} == right - known
                assert world.examples(split)[row, -1] in right - known


@pytest.mark.parametrize("name", ALL)
def test_nothing_held_out_is_trained(world, name):
    shape = SHAPES[name]
    trained = world.examples(f"train_{name}")[:, :-1]
    tests = ("test", "valid", "test_missing", "test_ood", "valid_missing", "valid_ood")
    known = set(map(tuple, shape.in_one_order(trained).tolist()))
    assert len(known) == len(trained) > 20
    couples = set()
    for other in SHAPES.values():
        for split in shaped(world, other, *tests):
            questions = world.examples(split)[:, :-1]
            if other is shape:
                assert not known & set(map(tuple, shape.in_one_order(questions).tolist()))
            if len(other.branches) == 2:
                couples |= {frozenset(branches_in(q, other)) for q in questions.tolist()}
    held = [
        split for split in (*world.tested, *world.validated) if world.examples(split).shape[1] == 4
    ]
    two_hop = {tuple(q) for split in held for q in world.examples(split)[:, :-1].tolist()}
    for question in trained.tolist():
        branches = branches_in(question, shape)
        assert not two_hop & set(branches)
        assert not couples & {frozenset(two) for two in combinations(branches, 2)}


@pytest.mark.parametrize("name", ALL)
def test_no_trained_question_goes_through_a_pair_that_is_told_alone(world, name):
    told = told_of(world)
    alone = set(map(tuple, world.facts.rows()[world.facts.ood][:, :2].tolist()))
    for question in world.examples(f"train_{name}")[:60, :-1].tolist():
        assert not alone & pairs_looked_up(question, told, world.task)


def test_what_is_taken_away_is_always_something(world):
    told = told_of(world)
    for name, shape in SHAPES.items():
        if shape.form[-1] != "l":
            continue
        one, _ = operands(shape.form)
        for question in world.examples(f"train_{name}")[:30, :-1].tolist():
            first = answers_of(question[: len(one)], told, world.task)
            assert first & answers_of(question[len(one) : -1], told, world.task)


def test_without_shapes_the_world_is_what_it_was():
    config = FactsConfig(missing_frac=0.1, ood_frac=0.2, inverse=True)
    plain = world_of_facts(table(), config=config, seed=3)
    joined = world_of_facts(
        table(),
        config=FactsConfig(missing_frac=0.1, ood_frac=0.2, inverse=True, shapes=("2i", "2in")),
        seed=3,
    )
    assert plain.task.name == "graph" and joined.task.name == "queries"
    assert joined.vocabulary.words == (*plain.vocabulary.words, "and", "not")
    for split, rows in plain.splits.items():
        assert (joined.splits[split] == rows).all(), split
    more = set(joined.splits) - set(plain.splits)
    assert {name.split("_")[-1] for name in more} == {"2i", "2in"}


def test_it_is_read_back_from_a_folder(world, tmp_path):
    world.save(tmp_path)
    again = load_data(tmp_path)
    assert isinstance(again.task, QueryTask) and again.task == world.task
    for split in world.splits:
        assert (again.answers(split).member == world.answers(split).member).all()
        held = "validation" in again.meaning(split).holds
        assert again.meaning(split).holds and held == is_validation(split)


@given(st.integers(0, 2**32 - 1), st.sampled_from(ALL))
@settings(max_examples=60, deadline=None)
def test_any_questions_over_any_facts_by_brute_force(seed, name):
    """Also those that no fact answers, and mixed with questions of other shapes of that length."""
    rng = np.random.default_rng(seed)
    rows = np.stack((rng.integers(0, 6, 25), rng.integers(6, 9, 25), rng.integers(0, 6, 25)), 1)
    rows = np.unique(rows, axis=0).astype(np.int32)
    task = QueryTask(entities=6, both=9, less=10, shapes=ALL)
    forms = [s.form for s in SHAPES.values() if s.n_tokens == SHAPES[name].n_tokens]
    drawn = {"n": lambda: rng.integers(0, 6), "p": lambda: rng.integers(6, 9)}
    joins = {"b": 9, "l": 10}
    questions = np.array(
        [
            [joins[kind] if kind in joins else drawn[kind]() for kind in forms[i % len(forms)]]
            for i in range(9)
        ]
    )
    facts = set(map(tuple, rows.tolist()))
    found = task.led_to(FactSets(Facts.of_rows(rows)), questions)
    for row, question in enumerate(questions.tolist()):
        assert set(found.of(row)) == answers_of(question, facts, task)
    alone = worked_out(forms[0], questions[:1], FactSets(Facts.of_rows(rows)))
    assert alone.of(0) == found.of(0)


def test_shapes_by_hand():
    assert {name: shape.depth for name, shape in SHAPES.items()} == {
        **{"2i": 2, "3i": 3, "pi": 3, "ip": 3, "2in": 2, "3in": 3, "pin": 3, "pni": 3, "inp": 3}
    }
    assert SHAPES["2i"].reach == SHAPES["3i"].reach == SHAPES["pi"].reach == 4
    assert SHAPES["pni"].reach == 5
    assert SHAPES["3i"].branches == (slice(0, 2), slice(2, 4), slice(5, 7))
    turned = SHAPES["3i"].in_one_order(np.array([[5, 7, 5, 6, 9, 1, 8, 9]]))
    assert turned.tolist() == [[1, 8, 5, 6, 9, 5, 7, 9]]
    kept = SHAPES["2in"].in_one_order(np.array([[5, 7, 1, 6, 9]]))
    assert kept.tolist() == [[5, 7, 1, 6, 9]]


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"shapes": ("2i", "4i")}, "names '4i', which is no shape of questions; there are 2i, 3i"),
        ({"shapes": ("2i",), "fillers": True}, "no effect on questions that join branches"),
        ({"shapes": ("2i",), "folds": 2}, "world.folds does not divide"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings_, said):
    with pytest.raises(WorldError, match=said):
        world_of_facts(table(), config=FactsConfig(**settings_), seed=0)


def test_a_table_with_numbers_joins_no_branches(tmp_path):
    rows = [*table(), *((f"n{i}", "weight", str(i * 7 % 24)) for i in range(24))]
    (tmp_path / "t.csv").write_text("\n".join(map(",".join, rows)))
    config = FactsConfig(facts=str(tmp_path / "t.csv"), numbers=("weight",), shapes=("2i",))
    with pytest.raises(WorldError, match=r"--world\.numbers none"):
        build_world(config, 0)


def test_what_is_no_question_is_told_in_a_line(world):
    ids, task = world.vocabulary.ids, world.task
    n, r, both = ids["n1"], ids["r1"], task.both

    def check(*tokens):
        task.check(tokens, world.facts, world.vocabulary)

    check(n, r, n, ids["r2"], both)
    with pytest.raises(LatebloomError, match="is trained on no such question"):
        check(n, r, r, r, both)
    with pytest.raises(LatebloomError, match="no such question; on 2i, 3i, pi"):
        check(n, n, both)
    with pytest.raises(LatebloomError, match="a chain of 4 hops is not asked here"):
        check(n, r, r, r, r)


def test_a_shape_without_a_question_to_train_on_is_refused():
    rows = [("a", "r", "b"), ("b", "r", "c"), ("c", "r", "d"), ("a", "s", "c"), ("a", "r", "c")]
    config = FactsConfig(shapes=("2i",), phi=0, ood_frac=0, largest_share=1)
    with pytest.raises(
        WorldError, match=r"names 2i, .* leave no question to train on .*leave it out"
    ):
        world_of_facts(rows, config=config, seed=0)
