"""Questions of which pictures are recorded: names of several tokens, sets, facts before them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.asking.answer import ask
from latebloom.circuits.states import run_states
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.reports.recorded_look import Recordable
from latebloom.reports.recorded_questions import questions_of
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.chains.names import NamesConfig, make_names
from latebloom.worlds.chains.own import FactsConfig

SMALL = ModelConfig(d_model=16, n_layers=2, n_heads=2)


def model_of(world) -> Transformer:
    torch.manual_seed(0)
    return Transformer(SMALL, len(world.vocabulary)).eval()


@pytest.fixture(scope="module")
def spelled():
    return make_names(NamesConfig(entities=30, relations=5, out_degree=5, stock=9, phi=2), 3)


def test_a_word_is_right_only_where_it_is_asked_for(spelled):
    model, vocabulary = model_of(spelled), spelled.vocabulary
    for question in questions_of(spelled):
        *asked, answer = spelled.examples(question.split)[0].tolist()
        words = vocabulary.decode(spelled.task.spelled.words[answer])
        on_the_way = [
            vocabulary.decode(spelled.task.spelled.words[token])
            for token in spelled.task.found(spelled.facts, np.array([asked])).values()
            for token in token.tolist()
        ]
        for _, cells in question.look(model).rows:
            assert [one.role for one in cells[:-2]] == [""] * (len(asked) - 2)
            for i, cell in enumerate(cells[-2:]):
                bridge = "bridge" if any(cell.name == one[i] for one in on_the_way) else ""
                assert cell.role == ("answer" if cell.name == words[i] else bridge)


def test_a_model_that_says_the_right_words_is_marked_right(spelled):
    """Its unembedding is written by hand: each word of the answer lies where its state points."""
    question = questions_of(spelled)[0]
    torch.manual_seed(0)
    config = replace(SMALL, tied=False, n_loops=1, feedback="none")
    model = Transformer(config, len(spelled.vocabulary)).eval()
    *_, answer = spelled.examples(question.split)[0].tolist()
    with torch.no_grad():
        states = run_states(model, torch.tensor([question.question]))
        last = model.ln_final(states.stream[-1, -1, 0, -2:])
        model.unembed.weight[list(spelled.task.spelled.words[answer])] = 1e5 * last
    look = question.look(model)
    assert [one.role for one in look.rows[-1][1][-2:]] == ["answer", "answer"]
    assert look.says[0].role == "answer" and look.says[0].probability > 0.99


def test_whole_names_are_answered(spelled):
    model = model_of(spelled)
    for question in questions_of(spelled):
        wanted = ask(model, spelled, question.tokens).answers
        says = question.look(model).says
        assert [one.name for one in says] == [
            one.name for i, one in enumerate(wanted) if not i or one.probability >= 0.001
        ]
        assert " " in says[0].name
        assert "several words" in question.wording.reading


@pytest.fixture(scope="module", params=[(), ("2i",)], ids=["chains", "joined"])
def many(request, tmp_path_factory):
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("many") / "many.csv"
    rows = [
        f"n{i},r{r},n{o}"
        for i in range(30)
        for r in range(3)
        for o in rng.choice(30, rng.integers(1, 4), replace=False)
    ]
    path.write_text("\n".join(rows))
    config = FactsConfig(
        facts=str(path), missing_frac=0.3, valid_frac=0.5, ood_frac=0.2, shapes=request.param
    )
    return build_world(config, 5)


def test_what_is_asked_for_is_told_apart_from_what_is_known(many):
    by_split = {one.split: one for one in questions_of(many)}
    assert "test_missing" in by_split
    for split, question in by_split.items():
        sets, told = many.answers(split, slice(1)), dict(question.told)
        asked = sets.member[sets.asked].tolist()
        known = sets.member[~sets.asked].tolist()
        assert set(told["Right"]) == set(many.vocabulary.decode(asked))
        assert set(told.get("Right too, and known without what is asked for", [])) == set(
            many.vocabulary.decode(known)
        )


def test_every_right_answer_and_every_bridge_is_marked(many):
    model = model_of(many)
    for question in questions_of(many):
        told = dict(question.told)
        bridges = set(told.pop("Found on the way", ()))
        right = {name for names in told.values() for name in names}
        look = question.look(model)
        for cell in [*look.says, *(cell for _, row in look.rows for cell in row)]:
            bridge = "bridge" if cell.name in bridges else ""
            assert cell.role == ("answer" if cell.name in right else bridge)


def test_all_bridges_of_a_chain_are_on_the_way(many):
    rows, several = many.facts.rows().tolist(), 0
    for subject, first, second in many.splits["test_id"][:20, :-1].tolist():
        there = {o for s, r, o in rows if (s, r) == (subject, first)}
        assert many.task.on_the_way(many.facts, [subject, first, second]) == there
        several += len(there) > 1
    assert several


def test_facts_stand_before_a_question_in_its_picture():
    config = CompositionConfig(
        entities=30, relations=5, out_degree=5, phi=2, fillers=True, distractors=3
    )
    world = make_composition(config, 3)
    for question in questions_of(world):
        assert question.tokens.count(".") == 3
        rows = question.look(model_of(world)).rows
        assert all(len(cells) == len(question.tokens) for _, cells in rows)


def test_a_question_that_was_trained_with_other_answers_is_not_called_unseen(small_world):
    test, train = small_world.splits["test_id"], small_world.splits["train_inferred"]
    splits = {**small_world.splits, "train_inferred": np.concatenate((train, test[:1]))}
    (before,) = (one for one in questions_of(small_world) if one.split == "test_id")
    assert before.shown == "Training never showed this question."
    world = replace(small_world, splits=splits)
    (after,) = (one for one in questions_of(world) if one.split == "test_id")
    assert after.shown.startswith("Training showed this question, but not the answers")


def test_a_question_is_recordable(small_world):
    assert isinstance(questions_of(small_world)[0], Recordable)
