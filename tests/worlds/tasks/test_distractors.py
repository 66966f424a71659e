"""Facts before a question: true, nothing to do with it, and the same whenever it is asked."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.asking.answer import ask
from latebloom.asking.told_facts import NewFacts, ask_both
from latebloom.circuits.probe import make_probe
from latebloom.construction.chains import check_layout
from latebloom.errors import LatebloomError, WorldError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.reports.laboratory import describe_world
from latebloom.training.config import QuestionFeedConfig, TrainConfig
from latebloom.training.questions import QuestionFeed
from latebloom.worlds.atomic import Facts
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.later_tokens import Kinds
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.chains.names import NamesConfig
from latebloom.worlds.chains.own import FactsConfig, world_of_facts
from latebloom.worlds.data import load_data
from latebloom.worlds.mixed import MixedConfig
from latebloom.worlds.published.folder import write_folder
from latebloom.worlds.tasks.before import draw_distractors
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.tasks.saved import task_of
from latebloom.worlds.vocabulary import Vocabulary

A, B, C, R, S, OF, END, STOP = range(8)
WORDS = Vocabulary(("A", "B", "C", "r", "s", "of", "?", "."))
FACTS = Facts(
    *np.array([[A, R, B], [B, S, C], [C, R, A], [A, S, A], [B, R, B]], np.int32).T,
    np.zeros(5, bool),
)
ONE = Layout("relation-first", OF, END, facts=1, stop=STOP, salt=3)
SMALL = CompositionConfig(
    entities=12,
    relations=4,
    out_degree=4,
    ood_frac=0.2,
    phi=2,
    hops=3,
    test_hops=(4,),
    identity_bridge=True,
    fillers=True,
)
ORDERS = ("subject-first", "relation-first", "mixed")


def told_before(world, rows):
    """The facts before each row, as (subject, relation, object)."""
    width = world.task.layout.begins
    told = rows[:, :width].reshape(len(rows), -1, 4)
    assert (told[:, :, 3] == world.task.layout.stop).all()
    return told[:, :, :3]


# A layout.


def test_a_question_stands_behind_its_facts():
    asked = ONE.lay(np.array([[A, R, S]]))
    assert asked.tolist() == [[STOP] * 4 + [S, OF, R, OF, A, END]]
    assert (ONE.n_names(10), ONE.n_tokens(3), ONE.positions(10)) == (3, 10, (8, 6, 4))
    assert ONE.names(asked).tolist() == [[A, R, S]]
    assert ONE.itself(asked).tolist() == [[S, OF, R, OF, A, END]]
    told = np.array([[C, R, A, STOP, 9, 9]])
    assert ONE.behind(told, asked)[0].tolist() == [C, R, A, STOP, S, OF, R, OF, A, END]
    assert ChainTask(ONE).places(8) == (
        *("told subject", "told relation", "told object", "."),
        *("relation 1", "of", "subject", "?"),
    )


def test_a_question_is_written_with_its_facts_or_without():
    whole = [C, R, A, STOP, S, OF, R, OF, A, END]
    assert ONE.written([S, R, A]) == [STOP] * 4 + whole[4:]
    assert ONE.written([C, R, A, STOP, S, R, A]) == ONE.written(whole) == whole
    spoken = ONE.spoken(
        ["C", "r", "A.", "what", "is", "the", "s", "of", "the", "r", "of", "A?"], WORDS.ids
    )
    assert spoken == ["C", "r", "A", ".", "s", "of", "r", "of", "A"]
    assert Layout.usual.spoken(["A."], WORDS.ids) == ["A."]


def test_mixed_orders_are_told_apart_behind_the_facts():
    mixed = replace(ONE, order="mixed", relations=(R, OF))
    facts = [R, R, R, STOP]
    both = np.array([[*facts, A, OF, R, OF, S, END], [*facts, S, OF, R, OF, A, END]])
    assert mixed.turned(both).tolist() == [False, True]
    assert mixed.names(both).tolist() == [[A, R, S]] * 2
    assert mixed.in_one_order(both).tolist() == [both[0].tolist()] * 2


def test_a_layout_with_facts_comes_back_from_a_run_folder():
    task = ChainTask(ONE)
    assert task_of({"name": "composition", **task.fields()}, WORDS) == task


# Which facts.


def test_by_hand_two_facts_are_left():
    """`s of r of A` rests on A r B and B s C; C r A, A s A and B r B are left."""
    task = ChainTask(ONE)
    asked = task.preceded(FACTS, task.lay(np.array([[A, R, S]])))
    assert tuple(asked[0, :3].tolist()) in {(C, R, A), (A, S, A), (B, R, B)}
    assert asked[0, 3:].tolist() == [STOP, S, OF, R, OF, A, END]
    # `r of A` is answered by B: A r B is the question itself, and B r B has its answer.
    three = ChainTask(replace(ONE, facts=3))
    asked = three.preceded(FACTS, three.lay(np.array([[A, R]])))
    told = {tuple(one) for one in asked[0, :12].reshape(3, 4)[:, :3].tolist()}
    assert told == {(B, S, C), (C, R, A), (A, S, A)}


def test_as_many_as_there_are_stand_and_one_more_is_refused():
    needed, answers = np.array([[0, 1], [3, 3]]), np.array([C, A])
    asked = np.array([[A, R, S], [A, S, S]])
    drawn = draw_distractors(FACTS, asked, needed, answers, 3, 0)
    assert sorted(drawn[0].tolist()) == [2, 3, 4]  # not 0 and 1, which are needed
    assert sorted(drawn[1].tolist()) == [0, 1, 4]  # not 2 and 3, which have the answer
    with pytest.raises(
        WorldError, match=r"distractors is 4, but of these 5 facts only 3 have noth"
    ):
        draw_distractors(FACTS, asked, needed, answers, 4, 0)


def test_all_that_may_stand_come_equally_often():
    asked, needed, answers = np.array([[A, R, S]]), np.array([[0, 1]]), np.array([C])
    drawn = [draw_distractors(FACTS, asked, needed, answers, 2, salt)[0] for salt in range(3000)]
    share = np.bincount(np.concatenate(drawn), minlength=5) / 3000
    assert share[:2].tolist() == [0, 0]
    np.testing.assert_allclose(share[2:], 2 / 3, atol=0.03)


def test_they_hang_on_the_question_alone():
    world = make_composition(SMALL, 1)
    rows = world.named("train_inferred")
    needed = world.task.needed(world.facts, world.examples("train_inferred")[:, :-1])
    questions, answers = rows[:, :-1], rows[:, -1]
    drawn = draw_distractors(world.facts, questions, needed, answers, 3, 5)
    some = np.random.default_rng(0).permutation(len(rows))[:20]
    again = draw_distractors(world.facts, questions[some], needed[some], answers[some], 3, 5)
    np.testing.assert_array_equal(drawn[some], again)
    other = draw_distractors(world.facts, questions, needed, answers, 3, 6)
    assert (drawn != other).mean() > 0.9


# A world.


@pytest.mark.parametrize("order", ORDERS)
def test_the_facts_before_a_question_are_true_and_not_its_own(order):
    config = replace(SMALL, order=order)
    usual, world = make_composition(config, 1), make_composition(replace(config, distractors=2), 1)
    assert world.trained == usual.trained
    assert world.vocabulary.words == (*usual.vocabulary.words, ".")
    facts = {tuple(row) for row in usual.facts.rows().tolist()}
    for split, rows in usual.splits.items():
        preceded = world.examples(split)
        np.testing.assert_array_equal(preceded[:, 8:], rows)
        assert preceded.dtype == rows.dtype
        needed = np.empty((len(rows), 0), np.int64)
        if world.named(split).shape[1] > 2:
            needed = world.task.needed(world.facts, preceded[:, :-1])
        for told, own, answer in zip(
            told_before(world, preceded).tolist(), needed, rows[:, -1], strict=True
        ):
            before = {tuple(one) for one in told}
            assert len(before) == 2
            assert before <= facts
            assert not before & {tuple(row) for row in world.facts.rows()[own].tolist()}
            assert answer not in {object_ for *_, object_ in before}


def test_a_question_has_the_same_facts_in_whichever_split_it_stands():
    """Other settings divide the questions otherwise; what stands before each stays."""
    known, moved = {}, 0
    for test_id_frac in (0.1, 0.5):
        config = replace(SMALL, phi=1, distractors=2, test_id_frac=test_id_frac)
        world = build_world(config, 1)
        for split, rows in world.splits.items():
            for row in rows.tolist():
                told, asked = row[:8], tuple(row[8:])
                before, other_split = known.setdefault(asked, (told, split))
                assert before == told
                moved += split != other_split
    assert moved > 30


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_facts():
    config = replace(SMALL, distractors=1)
    one, same, other = (make_composition(config, seed) for seed in (1, 1, 2))
    for split, rows in one.splits.items():
        assert rows.tobytes() == same.examples(split).tobytes()
    assert one.task.layout.salt != other.task.layout.salt


def test_without_distractors_nothing_changes():
    layout = make_composition(SMALL, 1).task.layout
    assert set(layout.fields()) == {"order", "of", "end"}


@pytest.mark.parametrize("fillers", [False, True])
def test_such_a_world_is_saved_and_asked(tmp_path, fillers):
    world = make_composition(replace(SMALL, distractors=1, fillers=fillers), 1)
    world.save(tmp_path)
    again = load_data(tmp_path)
    assert again.task == world.task
    row = again.examples("test_ood")[0, :-1].tolist()
    subject, *relations = again.vocabulary.decode(again.named("test_ood")[0, :-1].tolist())
    assert again.read([subject, *relations]) == row
    fact = again.vocabulary.decode(again.facts.rows()[0].tolist())
    told = again.read([*fact, ".", subject, *relations])
    assert told == [*again.facts.rows()[0].tolist(), again.task.layout.stop, *row[4:]]
    assert (
        again.task.solve(again.facts, np.array([told, row])).tolist()
        == [again.examples("test_ood")[0, -1]] * 2
    )


def test_a_question_was_shown_whatever_stands_before_it():
    world = make_composition(replace(SMALL, distractors=1), 1)
    model = Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary))
    asked = world.vocabulary.decode(world.named("train_inferred")[0, :-1].tolist())
    fact = world.vocabulary.decode(world.facts.rows()[7].tolist())
    told = ask(model, world, [*fact, ".", *asked])
    assert told.shown
    assert told.question[:4] == (*fact, ".")
    assert ask(model, world, asked).shown
    assert not ask(model, world, [asked[0], *asked[:0:-1], *asked[1:]]).shown


def test_facts_told_after_training_are_asked_behind_facts_too():
    world = make_composition(replace(SMALL, distractors=1), 1)
    model = Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary))
    new = NewFacts("new.csv", {("e1", "r1"): "e2"})
    answer = ask_both(model, world, new, ["e1", "r1", "r2"])
    assert answer.question == ("e1", "of", "r1", "of", "r2", "?")
    assert answer.bridges[0].name == "e2"


def test_own_facts_have_them_too():
    rows = [(f"n{i}", f"r{j}", f"n{(i * 7 + j) % 9}") for i in range(9) for j in range(3)]
    config = FactsConfig(ood_frac=0, test_id_frac=0.2, distractors=2)
    world = world_of_facts(rows, config=config)
    assert world.examples("test_id").shape[1] == 8 + 3 + 1
    assert told_before(world, world.examples("test_id")[:, :-1]).shape[1:] == (2, 3)


def test_instruments_find_the_bridge_behind_the_facts():
    world = make_composition(replace(SMALL, distractors=1), 1)
    task, facts = world.task, world.facts
    probe = make_probe(world, "train_inferred", n=40)
    (step,) = probe.steps
    assert (step.position, step.led_by) == (6, (4, 6))
    assert (task.solve(facts, probe.alone) == probe.answers).all()
    np.testing.assert_array_equal(probe.alone[:, :4], probe.questions[:, :4])
    assert {one.name for one in probe.corruptions} == {"subject", "relation 1", "relation 2"}


def test_in_training_a_question_stands_behind_other_facts_each_time():
    world = make_composition(replace(SMALL, distractors=2), 1)
    config = TrainConfig(batch_size=64)
    one, same = (
        QuestionFeed(world, QuestionFeedConfig(), config, 4, torch.device("cpu")) for _ in range(2)
    )
    facts = {tuple(row) for row in world.facts.rows().tolist()}
    seen: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
    for step in range(1, 40):
        for group, again in zip(one.batch(step), same.batch(step), strict=True):
            assert group.tokens.tolist() == again.tokens.tolist()
            tokens = group.tokens.numpy()
            assert {tuple(fact) for fact in told_before(world, tokens).reshape(-1, 3).tolist()} <= (
                facts
            )
            if world.task.hops(tokens.shape[1]):
                assert (world.task.solve(world.facts, tokens) == group.answers.numpy()).all()
            for row in tokens.tolist():
                seen.setdefault(tuple(row[8:]), set()).add(tuple(row[:8]))
    often = [len(told) for told in seen.values()]
    assert max(often) > 20
    trained = {tuple(row[8:-1]) for name in world.trained for row in world.splits[name].tolist()}
    assert set(seen) <= trained


# What is refused.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("e1 . r1 e1", r"'e1 \.' is not 2 times `SUBJECT RELATION OBJECT \.` and a question"),
        ("e1 r1 e2 . e1 r1 r2", "'e1 r1 e2 .' is not 2 times"),
        ("e1 r1 r2 . e3 r1 e2 . e1 r1 r2", "'e1 r1 r2 . e3 r1 e2 .' is not 2 times"),
        ("r1 e1 r2", "with nothing before it or 2 times `SUBJECT RELATION OBJECT .`"),
        ("e1", "a subject and one relation or more"),
    ],
)
def test_what_is_no_question_is_refused(words, said):
    world = make_composition(replace(SMALL, distractors=2), 1)
    with pytest.raises(LatebloomError, match=said):
        world.task.check(world.read(words.split()), world.facts, world.vocabulary)


def test_other_instruments_say_that_they_know_none(tmp_path):
    world = make_composition(replace(SMALL, distractors=1, fillers=False), 1)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_model=16, n_layers=1), len(world.vocabulary))
    with pytest.raises(LatebloomError, match="facts stand before its questions"):
        describe_world(world, model)
    with pytest.raises(LatebloomError, match="facts stand before this run's questions"):
        Kinds.of(world)
    with pytest.raises(LatebloomError, match=r"world\.distractors 0"):
        check_layout(world)
    with pytest.raises(WorldError, match=r"world\.distractors 0"):
        write_folder(world, tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("composition --world.distractors -1", "world.distractors is -1; it must be 0 or more"),
        ("composition --world.distractors 2000", "is 2000, but of these 2,000 facts only 1,9"),
        ("reader-names --world.distractors 1", "no facts stand before questions about names"),
        ("mixed --world.distractors 1", "no facts stand before questions of a mixed world"),
        ("modular --world.distractors 1", "--world.distractors"),
        ("composition --world.distractors two", "world.distractors"),
    ],
)
def test_the_command_refuses_in_one_line(options, said, tmp_path, latebloom):
    code, _, error = latebloom("grok", *options.split(), "--out", str(tmp_path / "run"))
    assert code == 2
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("make", [NamesConfig, MixedConfig])
def test_worlds_that_know_none_say_so(make):
    with pytest.raises(WorldError, match=r"world\.distractors is 1; no facts stand before"):
        make(distractors=1)


def test_questions_with_several_answers_have_none():
    rows = [("a", "r", "b"), ("a", "r", "c"), ("b", "r", "a"), ("c", "r", "b")]
    config = FactsConfig(distractors=1, many_valued="keep")
    with pytest.raises(WorldError, match="no facts stand before questions with several answers"):
        world_of_facts(rows, config=config)


def test_as_many_as_no_memory_holds_are_refused_before_anything_is_laid_out():
    config = replace(SMALL, distractors=10**9)
    with pytest.raises(WorldError, match="the world has 48 facts; set it lower"):
        make_composition(config, seed=0)
