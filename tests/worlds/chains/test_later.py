"""Facts told later: what a table changes in a world, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import FactsError, LatebloomError
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.chains.files import make_table
from latebloom.worlds.chains.later import tell_later
from latebloom.worlds.chains.later_world import world_of_later
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.chains.own import FactsConfig, world_of_facts
from latebloom.worlds.splits import ATOMIC, Split

DRUGS = [
    ("imatinib", "targets", "ABL"),
    ("imatinib", "targets", "KIT"),
    ("dasatinib", "targets", "ABL"),
    ("ABL", "pathway", "growth"),
    ("KIT", "pathway", "melanin"),
    ("growth", "part of", "life"),
    ("melanin", "part of", "skin"),
]


def graph(inverse=True, **settings):
    usual = {"ood_frac": 0.0, "test_id_frac": 0.2, "largest_share": 1.0, "valid_frac": 0.0}
    config = FactsConfig(inverse=inverse, **(usual | settings))
    return world_of_facts(DRUGS, config=config)


def table(*rows):
    return make_table(rows, "more.csv")


def told(world, later):
    return world_of_later(world, later, np.random.default_rng(0)).world


def named(world):
    words = world.vocabulary.words
    return {tuple(words[i] for i in row) for row in world.facts.rows()}


def test_new_names_stand_within_their_kind_and_old_facts_stay():
    world = graph()
    rows = table(("nilotinib", "targets", "ABL"), ("nilotinib", "half-life", "long"))
    later = tell_later(world, rows, inverse=True)
    after = told(world, later)
    assert (later.added, later.corrected, later.removed) == (2, 0, 0)
    words = after.vocabulary.words
    n, m = later.entities, later.relations
    assert {"nilotinib", "long"} <= set(words[:n])
    forwards, backwards = words[n : n + m // 2], words[n + m // 2 : n + m]
    assert backwards == tuple("^" + name for name in forwards) and "half-life" in forwards
    assert named(after) == named(world) | {
        ("nilotinib", "targets", "ABL"),
        ("ABL", "^targets", "nilotinib"),
        ("nilotinib", "half-life", "long"),
        ("long", "^half-life", "nilotinib"),
    }
    assert after.task.entities == n
    old = world.vocabulary.words
    assert [words[i] for i in later.renumbered] == list(old)


def test_what_is_learned_alone_is_not_composed_in_training_and_tested_instead():
    world = graph()
    later = tell_later(world, table(("nilotinib", "targets", "KIT")), inverse=True)
    after = told(world, later)
    pairs = {tuple(row) for row in touched_pairs(later)}
    for name in after.trained:
        if name in ATOMIC:
            continue
        for row in after.named(name):
            assert not goes_through(after, row[:-1], pairs)
    held_out = after.examples(Split.TEST_LATER)
    assert len(held_out)
    sets = after.answers(Split.TEST_LATER)
    old = FactSets(replace(world.facts, **renumbered(world, later)))
    before = follow_sets(after.named(Split.TEST_LATER)[:, :-1], [old])[-1]
    assert not sets.among(before)[sets.asked].any()  # none of what is asked was true before
    now = follow_sets(after.named(Split.TEST_LATER)[:, :-1], [FactSets(after.facts)])[-1]
    assert np.array_equal(now.member, sets.member)


def renumbered(world, later):
    names = ("subject", "relation", "object")
    return {name: later.renumbered[getattr(world.facts, name)] for name in names}


def touched_pairs(later):
    rows = later.facts.rows()[later.changed]
    return rows[:, :2].tolist()


def goes_through(world, names, pairs):
    here = {int(names[0])}
    rows = world.facts.rows()
    for relation in names[1:]:
        if any((one, int(relation)) in pairs for one in here):
            return True
        here = {int(o) for s, r, o in rows if int(s) in here and r == relation}
    return False


def test_where_questions_have_one_answer_a_fact_is_corrected():
    world = make_composition(CompositionConfig(entities=12, relations=4, out_degree=4, phi=2), 0)
    subject, relation, object_ = (world.vocabulary.words[i] for i in world.facts.rows()[5])
    other = next(name for name in ("e0", "e1") if name != object_)
    later = tell_later(world, table((subject, relation, other)), inverse=False)
    assert (later.added, later.corrected, later.removed) == (0, 1, 0)
    after = told(world, later)
    assert len(after.facts) == len(world.facts)
    assert (subject, relation, other) in named(after)
    assert (subject, relation, object_) not in named(after)
    for name in after.splits:  # every question that is left is answered by the facts as they are
        right = after.task.solve(after.facts, after.examples(name)[:, :-1])
        assert np.array_equal(right, after.examples(name)[:, -1]), name
    assert len(after.examples(Split.ATOMIC_LATER)) == 1 and later.new.sum() == 1
    assert len(later.kept) == len(world.facts) - 1


def test_objects_are_replaced_where_that_is_asked_for():
    world = graph()
    later = tell_later(world, table(("imatinib", "targets", "KIT")), inverse=True, replacing=True)
    assert (later.added, later.corrected, later.removed, later.known) == (0, 0, 1, 1)
    after = named(told(world, later))
    assert ("imatinib", "targets", "ABL") not in after and (
        "ABL",
        "^targets",
        "imatinib",
    ) not in after
    assert ("imatinib", "targets", "KIT") in after and ("ABL", "^targets", "dasatinib") in after


def test_a_missing_fact_that_is_told_is_no_longer_tested():
    world = graph(missing_frac=0.15, inverse=False)
    names = world.named(Split.TEST_LINKS)
    sets = world.answers(Split.TEST_LINKS)
    words = world.vocabulary.words
    row = (*(words[i] for i in names[0, :2]), words[sets.member[sets.asked][0]])
    later = tell_later(world, table(row), inverse=False)
    after = told(world, later)
    left = after.splits.get(Split.TEST_LINKS, np.empty((0, 3), int))
    assert row[:2] not in {tuple(after.vocabulary.words[i] for i in one[:2]) for one in left}


def test_a_second_learning_keeps_what_the_first_one_told():
    world = graph()
    once = told(world, tell_later(world, table(("nilotinib", "targets", "KIT")), inverse=True))
    later = tell_later(once, table(("bosutinib", "targets", "ABL")), inverse=True)
    twice = told(once, later)
    assert named(once) < named(twice)
    rows = [tuple(twice.vocabulary.words[i] for i in row) for row in twice.trained_facts()]
    assert set(rows) == named(twice) and len(rows) == len(twice.facts)


def test_names_are_found_by_case_and_both_kinds_of_mu():
    world = world_of_facts([*DRUGS, ("x", "targets", "\N{MICRO SIGN}-opioid")])
    rows = table(("Imatinib", "Pathway", "\N{GREEK SMALL LETTER MU}-opioid"))
    later = tell_later(world, rows, inverse=False)
    assert len(later.vocabulary) == len(world.vocabulary) and later.added == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("imatinib", "targets", "ABL")], "told already; there is nothing to learn"),
        ([("imatinib", "ABL", "targets")], "'targets' is known as a relation and stands as an ent"),
        ([("targets", "imatinib", "ABL")], "'targets' is known as a relation"),
        ([("x", "imatinib", "ABL")], "'imatinib' is known as an entity and stands as a relation"),
        ([("ABL", "^targets", "x")], "one read backwards; tell the fact forwards"),
        ([("New", "targets", "new")], "told apart by letter case alone"),
        ([(f"x{i}", "targets", f"y{i}") for i in range(99)], "99 new facts, and the run was told"),
    ],
)
def test_what_cannot_be_meant_is_refused(rows, message):
    with pytest.raises(FactsError, match=message.replace("^", r"\^")):
        tell_later(graph(), table(*rows), inverse=True)


def test_two_objects_are_refused_where_there_is_room_for_one():
    world = make_composition(CompositionConfig(entities=12, relations=4, out_degree=4, phi=2), 0)
    with pytest.raises(FactsError, match="e0 r0 is both e1 and e2"):
        tell_later(world, table(("e0", "r0", "e1"), ("e0", "r0", "e2")), inverse=False)
    with pytest.raises(LatebloomError, match="--replace has no effect"):
        tell_later(world, table(("e0", "r0", "e1")), inverse=False, replacing=True)


def test_a_world_without_facts_cannot_learn():
    import latebloom

    world = latebloom.build_world(latebloom.make_recipe("modular").world, 0)
    with pytest.raises(LatebloomError, match="by runs on chains of facts"):
        tell_later(world, table(("a", "b", "c")), inverse=False)


@pytest.mark.parametrize("order", ["relation-first", "mixed"])
def test_layouts_with_fillers_are_kept(order):
    config = CompositionConfig(
        entities=12, relations=4, out_degree=4, phi=1, order=order, fillers=True
    )
    world = make_composition(config, 0)
    rows = table(("e0", "r9", "new"), ("new", "r0", "e1"))
    after = told(world, tell_later(world, rows, inverse=False))
    assert after.vocabulary.words[-2:] == ("of", "?")
    tokens = after.read(["new", "r0"] if order == "mixed" else ["r0", "new"])
    assert after.vocabulary.words[after.task.solve(after.facts, np.array([tokens]))[0]] == "e1"
    for name in after.splits:
        right = after.task.solve(after.facts, after.examples(name)[:, :-1])
        assert np.array_equal(right, after.examples(name)[:, -1]), name
