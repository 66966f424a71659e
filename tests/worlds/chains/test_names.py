"""Entities whose names have several tokens out of a shared stock."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import latebloom
from latebloom.asking.answer import of_whole_names
from latebloom.errors import LatebloomError, WorldError
from latebloom.evaluation.accuracy import predict
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Pass, Transformer
from latebloom.recipes.catalogue import make_recipe
from latebloom.training.objective import Spelled, Supervision
from latebloom.worlds.chains.names import NamesConfig, make_names
from latebloom.worlds.tasks.spelling import NO_ENTITY, Spelling
from latebloom.worlds.world import World

SMALL = NamesConfig(entities=30, relations=5, out_degree=5, stock=9, phi=2.0)
SHAPES = [
    {"order": "relation-first"},
    {"order": "subject-first"},
    {"shortest": 2, "longest": 4},
    {"shortest": 1, "longest": 3, "order": "subject-first", "stock": 70},
]


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def world(request):
    return make_names(replace(SMALL, **request.param), 3)


def test_every_answer_follows_from_the_facts(world):
    for name, rows in world.splits.items():
        assert len(rows)
        assert (world.task.solve(world.facts, rows[:, :-1]) == rows[:, -1]).all(), name


def test_names_and_layout_are_inverse(world):
    for rows in world.splits.values():
        names = world.task.names(rows[:, :-1])
        assert (names[:, 0] < SMALL.entities).all()
        assert (world.task.lay(names) == rows[:, :-1]).all()


def test_no_word_tells_an_entity(world):
    """Each word stands in several names, and all words of names come from the stock."""
    table = world.task.spelled.table
    assert len(np.unique(table, axis=0)) == len(table) == SMALL.entities
    words = [set(row) - {world.task.spelled.blank} for row in table.tolist()]
    if len(set.union(*words)) < 10:
        assert all(sum(word in one for one in words) > 1 for word in set.union(*words))


def test_questions_are_written_as_people_write_them(world):
    row = world.splits["test_id"][0, :-1]
    asked = row.tolist()
    entity, *relations = world.task.names(row[None])[0].tolist()
    words = [w for w in world.task.spelled.words[entity] if w != world.task.spelled.blank]
    turned = world.task.layout.order == "relation-first"
    for name in ([entity], words):
        typed = [*reversed(relations), *name] if turned else [*name, *relations]
        assert world.task.written(typed) == asked
    assert world.task.written(asked) == asked


def test_an_answer_is_said_word_by_word_at_the_last_places(world):
    words, n_tokens = world.task.spelled.words, world.splits["test_id"].shape[1] - 1
    n_places = len(words[0])
    said = world.task.said_at([3, 4], n_tokens)
    assert said[:-n_places] == (frozenset(),) * (n_tokens - n_places)
    for i, one in enumerate(said[-n_places:]):
        assert one == {words[3][i], words[4][i]}


def test_a_saved_world_is_the_same_again(world, tmp_path):
    world.save(tmp_path)
    again = World.load(tmp_path)
    assert again.task == world.task
    assert (again.task.spelled.table == world.task.spelled.table).all()


def test_what_is_nobodys_name_is_no_entity():
    spelling = Spelling(((5, 6), (6, 5), (7, 9)), blank=9)
    read = spelling.read(np.array([[6, 5], [5, 5], [7, 9], [9, 7]]))
    assert read.tolist() == [1, NO_ENTITY, 2, NO_ENTITY]
    assert spelling.read(np.empty((0, 2), int)).tolist() == []


def test_each_place_is_asked_for_the_word_that_the_end_implies():
    asked = Spelled(torch.tensor([[3, 4], [5, 6]])).at_places(5)
    assert asked.tolist() == [[4, 3, 4, 3, 4], [6, 5, 6, 5, 6]]


def test_the_loss_is_the_cross_entropy_of_the_words():
    logits = torch.randn(2, 3, 2, 11, generator=torch.Generator().manual_seed(0))
    words = torch.tensor([[1, 2], [3, 4], [5, 6]])
    by_hand = -sum(
        logits[loop, row, place].log_softmax(-1)[words[row, place]]
        for loop in range(2)
        for row in range(3)
        for place in range(2)
    )
    how = Supervision(every_loop=False, label_smoothing=0.0)
    torch.testing.assert_close(Spelled(words).summed(logits, how), by_hand)


def test_a_whole_name_has_the_product_of_its_words():
    spelling = Spelling(((2, 3), (3, 2)))
    probabilities = torch.tensor([[0.9, 0, 0, 0.1], [0, 0, 0.7, 0.3], [0, 0, 0.4, 0.6]])
    found = of_whole_names(probabilities, spelling)
    torch.testing.assert_close(found, torch.tensor([0.7 * 0.6, 0.3 * 0.4, 0, 0]))


def test_a_name_is_right_only_with_all_of_its_words(monkeypatch):
    model = Transformer(ModelConfig(d_model=8, n_layers=1, n_heads=2), 12)

    def says(rows, n_loops, every_loop):
        logits = torch.zeros(1, len(rows), rows.shape[1], 12)
        logits[0, 0, -2, 5] = logits[0, 0, -1, 6] = 1.0  # the name of entity 0
        logits[0, 1, -2, 5] = logits[0, 1, -1, 5] = 1.0  # nobody's
        return Pass(logits)

    monkeypatch.setattr(model, "forward", says)
    spelling = Spelling(((5, 6), (6, 5)))
    found = predict(model, torch.zeros(2, 6, dtype=torch.long), 1, spelling)
    assert found.tolist() == [0, NO_ENTITY]


@pytest.mark.parametrize(
    "change",
    [{"fillers": False}, {"shortest": 3}, {"stock": 1}, {"entities": 40}, {"shortest": 0}],
)
def test_what_makes_no_world_is_refused(change):
    with pytest.raises(WorldError):
        make_names(replace(SMALL, **change), 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = make_recipe("reader-names").replace("train", steps=3, eval_every=3, checkpoint_every=3)
    config = replace(config, world=SMALL).replace("model", d_model=16, n_heads=2)
    return latebloom.grow(config, tmp_path_factory.mktemp("names") / "run")


def test_a_run_is_asked_in_words(run):
    names = run.world.vocabulary.words[: SMALL.entities]
    answer = run.ask("what", "is", "the", "r1", "of", "the", "r3", "of", *names[4].split(), "?")
    assert {guess.name for guess in answer.answers} <= set(names)
    assert answer.truth in names
    assert answer.names == (names[4], "r3", "r1")
    assert run.ask("r1", "r3", names[4]).answers == answer.answers


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("r1 of w0 w0", "'w0 w0' is no entity's name"),
        ("r1 of w0 w1 w2", "a name of at most 2 words"),
        ("w99 of w0 w1", "unknown name 'w99'"),
        ("w0 w1", "a name of at most 2 words and one relation or more"),
    ],
)
def test_what_is_no_question_is_told_how_to_ask(run, question, said):
    with pytest.raises(LatebloomError) as told:
        run.ask(*question.split())
    assert said in str(told.value)


def test_what_cannot_be_done_with_spelled_names_says_so(run, latebloom):
    code, _, err = latebloom("trace", str(run.folder.path))
    assert code == 2
    assert "several tokens" in err
    code, _, err = latebloom("report", str(run.folder.path))
    assert code == 0
    assert "several tokens" in (run.folder.path / "report.html").read_text()
