"""Layouts by hand: where the names stand, and what a task makes of each."""

import numpy as np
import pytest

from latebloom.errors import LatebloomError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.tasks.saved import task_of
from latebloom.worlds.vocabulary import Vocabulary

A, B, C, R, S, OF, END = range(7)
WORDS = Vocabulary(("A", "B", "C", "r", "s", "of", "?"))
FACTS = Facts(
    *np.array([[A, R, B], [B, S, C], [C, R, A]], np.int32).T, np.array([False, True, False])
)
NAMES = np.array([[A, R, S], [B, S, R]])
LAYOUTS = {
    "h r1 r2": (Layout.usual, [[A, R, S], [B, S, R]], (0, 1, 2)),
    "r2 r1 h": (Layout("relation-first"), [[S, R, A], [R, S, B]], (2, 1, 0)),
    "h of r1 of r2 ?": (
        Layout(of=OF, end=END),
        [[A, OF, R, OF, S, END], [B, OF, S, OF, R, END]],
        (0, 2, 4),
    ),
    "r2 of r1 of h ?": (
        Layout("relation-first", OF, END),
        [[S, OF, R, OF, A, END], [R, OF, S, OF, B, END]],
        (4, 2, 0),
    ),
}
each = pytest.mark.parametrize(("layout", "asked", "at"), LAYOUTS.values(), ids=LAYOUTS)


@each
def test_names_are_laid_out_and_found_again(layout, asked, at):
    assert layout.lay(NAMES).tolist() == asked
    assert layout.positions(len(asked[0])) == at
    assert layout.names(np.array(asked)).tolist() == NAMES.tolist()
    for n_names in (1, 2, 5):
        names = np.arange(3 * n_names).reshape(3, n_names) + 10
        tokens = layout.lay(names)
        assert tokens.shape[1] == layout.n_tokens(n_names)
        assert layout.n_names(tokens.shape[1]) == n_names
        assert (layout.names(tokens) == names).all()


@each
def test_fillers_may_be_left_out(layout, asked, at):
    whole = asked[0]
    bare = [token for token in whole if token not in (OF, END)]
    for written in (whole, bare, whole[:-1] if whole[-1] == END else whole):
        assert layout.written(written) == whole


@each
def test_a_layout_comes_back_from_a_run_folder(layout, asked, at):
    task = ChainTask(layout)
    assert task_of({"name": "composition", **task.fields()}, WORDS) == task


def test_the_usual_layout_is_written_as_it_was():
    assert ChainTask().fields() == {}
    assert task_of("composition", WORDS) == ChainTask(Layout.usual)


@each
def test_what_is_true_does_not_hang_on_the_layout(layout, asked, at):
    task, questions = ChainTask(layout), np.array(asked)
    n_tokens = questions.shape[1]
    assert task.solve(FACTS, questions).tolist() == [C, A]
    assert {k: v.tolist() for k, v in task.found(FACTS, questions).items()} == {"bridge 1": [B, C]}
    assert task.needed(FACTS, questions).tolist() == [[0, 1], [1, 2]]
    assert task.hops(n_tokens) == 2
    assert task.tell(FACTS, asked[0], WORDS).hops == ("id", "ood")
    none = np.empty((0, 0), np.int32)
    assert task.missing(FACTS.rows()[:1], none, asked[0]) == [(B, S)]
    assert task.missing(FACTS.rows()[1:], none, asked[0]) == [(A, R)]
    alone = task.last_hop(FACTS, questions)
    assert alone.tolist() == task.lay(np.array([[B, S], [C, R]])).tolist()
    assert task.question_in_words(asked[0], WORDS.words) == "What is the s of the r of A?"
    assert (task.kind_of_question(n_tokens), task.length_in_words(n_tokens)) == (
        "two-hop",
        "2 hops",
    )


@each
def test_each_place_is_named_and_a_bridge_stands_at_its_relation(layout, asked, at):
    task, n_tokens = ChainTask(layout), len(asked[0])
    places = task.places(n_tokens)
    assert [places[i] for i in at] == ["subject", "relation 1", "relation 2"]
    assert {places[i] for i in range(n_tokens) if i not in at} <= {"of", "?"}
    (step,) = task.steps(n_tokens)
    assert (step.position, step.corruption) == (at[1], "subject")
    assert set(step.led_by) == {at[0], at[1]}
    candidates = task.candidates(FACTS, n_tokens)
    assert candidates[at[0]].tolist() == [A, B, C]
    assert candidates[at[2]].tolist() == [R, S]
    assert all(not len(candidates[i]) for i in range(n_tokens) if i not in at)


@each
def test_a_wrong_question_is_refused_and_told_how_to_ask(layout, asked, at):
    task = ChainTask(layout)
    task.check(asked[0], FACTS, WORDS)
    for names, said in (([R, S, S], "'r' is a relation and cannot"), ([A, B, S], "'B' is no rel")):
        wrong = task.lay(np.array([names]))[0].tolist()
        with pytest.raises(LatebloomError, match=said) as caught:
            task.check(wrong, FACTS, WORDS)
        way = " ".join(layout.spread("SUBJECT", ["RELATION", "RELATION"]))
        assert (way in str(caught.value)) == (layout != Layout.usual)
    alone = task.lay(np.array([[A]]))[0].tolist()
    with pytest.raises(LatebloomError, match="a subject and one relation or more"):
        task.check(alone, FACTS, WORDS)


MIXED = Layout("mixed", OF, END, relations=(R, OF))


def test_mixed_layouts_hold_both_orders_and_tell_them_apart():
    subject_first = [[A, OF, R, OF, S, END], [B, OF, S, OF, R, END]]
    relation_first = [[S, OF, R, OF, A, END], [R, OF, S, OF, B, END]]
    both = np.array(subject_first + relation_first)
    assert MIXED.lay_both(NAMES).tolist() == both.tolist()
    assert MIXED.turned(both).tolist() == [False, False, True, True]
    assert MIXED.names(both).tolist() == [*NAMES.tolist(), *NAMES.tolist()]
    assert MIXED.in_one_order(both).tolist() == subject_first * 2
    assert MIXED.positions(6) == (0, 2, 4)


def test_of_mixed_questions_each_has_one_order_whenever_it_is_asked():
    names = np.array([[A, R, S], [B, R, S], [C, R, S], [A, S, R]])
    laid = MIXED.lay(names)
    assert MIXED.turned(laid).tolist() == [(sum(row) % 2 == 1) for row in names.tolist()]
    assert MIXED.names(laid).tolist() == names.tolist()


def test_a_mixed_question_is_asked_in_the_order_in_which_it_was_written():
    assert MIXED.written([A, R, S]) == [A, OF, R, OF, S, END]
    assert MIXED.written([S, R, A]) == [S, OF, R, OF, A, END]


def test_a_mixed_layout_comes_back_from_a_run_folder():
    task = ChainTask(MIXED)
    assert task_of({"name": "composition", **task.fields()}, WORDS) == task
    assert task.solve(FACTS, MIXED.lay_both(NAMES)).tolist() == [C, A, C, A]


def test_words_that_say_nothing_are_left_out_unless_they_are_names():
    layout, names = Layout("relation-first", OF, END), ("A", "B", "r", "s", "of", "?", "Who")
    asked = ["What", "is", "the", "s", "of", "the", "r", "of", "A?"]
    assert layout.spoken(asked, names) == ["s", "of", "r", "of", "A"]
    assert layout.spoken(["the", "Who", "r?"], (*names, "r?")) == ["Who", "r?"]
    assert Layout.usual.spoken(asked, names) == asked


def test_names_in_the_other_order_bring_the_question_that_they_would_be():
    task = ChainTask(Layout("relation-first", OF, END))
    with pytest.raises(LatebloomError, match=r"the other way round: s of r of A \?$"):
        task.check([A, OF, R, OF, S, END], FACTS, WORDS)
    with pytest.raises(LatebloomError, match=r"is asked RELATION of RELATION of SUBJECT \?$"):
        task.check([S, OF, A, OF, R, END], FACTS, WORDS)
    with pytest.raises(LatebloomError, match=r"the other way round: A r s$"):
        ChainTask().check([S, R, A], FACTS, WORDS)
