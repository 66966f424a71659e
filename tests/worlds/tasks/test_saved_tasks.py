"""Tasks in a run folder: written, read back, of one's own, and of format 1."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from latebloom.errors import LatebloomError, RunFolderError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison
from latebloom.worlds.data import describe, load_data
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tasks import QuestionTask, sentence_task_of
from latebloom.worlds.splits import SplitMeaning
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.comparison import ComparisonTask, HiddenValuesTask
from latebloom.worlds.tasks.saved import task_of
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

WORDS = Vocabulary(("A", "B", "size", "v0", "<", "=", ">"))


@dataclass(frozen=True)
class Sums(Task):
    """Sums of two digits below a modulus: a task of one's own."""

    modulus: int = 5
    name: ClassVar[str] = "sums"

    def fields(self):
        return {"modulus": self.modulus}

    def places(self, n_tokens):
        return tuple(f"summand {i}" for i in range(1, n_tokens + 1))

    def solve(self, facts, questions):
        return questions.sum(axis=1) % self.modulus


def sums_world() -> World:
    rows = np.array([(a, b, (a + b) % 5) for a in range(5) for b in range(5)], np.int32)
    splits = {"train_inferred": rows[:20], "test_id": rows[20:]}
    return World(Sums(), Vocabulary(tuple("01234")), Facts.none(), splits, ("train_inferred",))


def written(folder):
    return json.loads((folder / "vocabulary.json").read_text())


def made_worlds():
    hidden = HiddenAttributesConfig(
        entities=24, attributes=3, values=4, ood_frac=0.25, within_frac=0.1, across_frac=0.2
    )
    pairs = ComparisonConfig(entities=12, attributes=2, values=4, ood_frac=0.25, phi=2)
    return [make_comparison(pairs, 0), make_hidden_attributes(hidden, 0)]


@pytest.mark.parametrize("world", made_worlds(), ids=lambda world: world.task.name)
def test_a_world_comes_back_with_its_task(world, tmp_path):
    world.save(tmp_path)
    again = load_data(tmp_path)
    assert type(again.task) is type(world.task)
    assert again.task == world.task
    assert again.trained == world.trained
    for split, rows in world.splits.items():
        np.testing.assert_array_equal(again.splits[split], rows)
    table = written(tmp_path)
    assert table["reads"] == "questions"
    assert table["task"] == {
        "name": world.task.name,
        "first_label": len(world.vocabulary) - 3,
    }


def test_the_file_says_what_every_split_holds(small_world, tmp_path):
    small_world.save(tmp_path)
    table = written(tmp_path)
    assert table["task"] == {"name": "composition"}
    assert list(table["splits"]) == list(small_world.splits)
    assert table["splits"]["test_ood"] == {
        "holds": "new questions over facts that training never composes",
        "ood": True,
        "judged": True,
    }
    told = describe(tmp_path)
    assert told.reads == "questions"
    assert told.meanings == {s: small_world.meaning(s) for s in small_world.splits}
    assert told.phases == (("systematic", "test_ood"), ("generalising", "test_id"))


def test_format_1_has_a_bare_name_and_a_list_of_splits(tmp_path):
    world = made_worlds()[1]
    world.save(tmp_path)
    table = written(tmp_path)
    old = {name: table[name] for name in ("trained", "words")}
    old |= {"task": "hidden-attributes", "splits": list(table["splits"])}
    (tmp_path / "vocabulary.json").write_text(json.dumps(old))
    again = load_data(tmp_path)
    assert type(again.task) is HiddenValuesTask
    assert again.task == world.task
    assert describe(tmp_path).meanings["test_hard"] == world.meaning("test_hard")
    assert describe(tmp_path).phases[0] == ("systematic", "test_hard")


def test_format_1_of_sentences(tmp_path):
    corpus = make_question(QuestionConfig(train=30, test_id=10, test_ood=10), 0)
    corpus.save(tmp_path)
    table = written(tmp_path)
    assert (table["reads"], table["task"]) == ("sentences", {"name": "question"})
    old = table | {"task": "question", "splits": list(table["splits"])}
    del old["reads"], old["phases"]
    (tmp_path / "vocabulary.json").write_text(json.dumps(old))
    again = load_data(tmp_path)
    assert type(again.task) is QuestionTask
    assert again.text("train", 3) == corpus.text("train", 3)
    assert describe(tmp_path).reads == "sentences"
    assert describe(tmp_path).meanings["test_ood"].holds.startswith("questions whose")


def test_bare_names_by_hand():
    assert task_of("composition", WORDS) == ChainTask()
    assert task_of("comparison", WORDS) == ComparisonTask(4)
    assert task_of({"name": "comparison", "first_label": 2}, WORDS) == ComparisonTask(2)
    assert isinstance(task_of("hidden-attributes", WORDS), HiddenValuesTask)


def test_an_unknown_task_is_refused_with_the_way_out(tmp_path):
    world = sums_world()
    world.save(tmp_path)
    with pytest.raises(RunFolderError, match=r"'sums'.*latebloom\.load\(RUN, own=.*Own\(task="):
        load_data(tmp_path)
    with pytest.raises(RunFolderError, match=r"'odes'.*latebloom\.load\(RUN, own="):
        sentence_task_of("odes")


def test_a_task_of_ones_own_is_handed_in(tmp_path):
    world = sums_world()
    world.save(tmp_path)
    assert written(tmp_path)["task"] == {"name": "sums", "modulus": 5}
    again = load_data(tmp_path, [Sums()])
    assert again.task == Sums()
    rows = again.examples("test_id")
    assert (again.task.solve(again.facts, rows[:, :-1]) == rows[:, -1]).all()
    # Nothing else of a folder names code, and describing it needs none.
    assert describe(tmp_path).meanings["test_id"].judged


def test_what_a_task_of_ones_own_gets_for_nothing():
    world, words = sums_world(), ("0", "1", "2", "3", "4")
    task = world.task
    assert task.tell(world.facts, [3, 4], world.vocabulary).answer == 2
    assert task.steps(2) == () and task.found(world.facts, np.array([[3, 4]])) == {}
    assert task.labels(2) == ()
    assert task.meaning("test_ood") == ChainTask().meaning("test_ood")
    assert task.meaning("mine") == SplitMeaning()
    assert task.question_in_words([3, 4], words) == "What is 3 4?"
    assert task.fact_in_words([3, 4, 2], words) == "The answer to 3 4 is 2."
    none = np.empty((0, 3), np.int32)
    assert task.solve_from(none, none, np.array([[3, 4]])).tolist() == [2]
    assert task.missing(none, none, [3, 4]) == []
    with pytest.raises(LatebloomError, match=r"'sums' does not say .* define `candidates`"):
        task.check([3, 4], world.facts, world.vocabulary)
