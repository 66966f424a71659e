"""Sentences in the laboratory: its JavaScript reads them as Python does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lab_node import in_node, laboratory_of, rounded

from latebloom.model.config import ModelConfig
from latebloom.reports.packed_lines import LONGEST, describe_corpus, last_of, places_to_ask
from latebloom.trees.scores import predicted_tree
from latebloom.worlds.sentences.brackets import openers
from latebloom.worlds.sentences.dyck import DyckConfig, make_dyck
from latebloom.worlds.sentences.tasks import SentenceTask
from latebloom.worlds.splits import Split

LINES = {"train": 400, "test_id": 40, "test_ood": 40}
SMALL = {"d_model": 16, "n_layers": 2, "n_heads": 2, "n_loops": 1, "feedback": "none"}


@pytest.fixture(scope="module")
def model(corpus):
    return rounded(ModelConfig(**SMALL, positions="rotary"), len(corpus.vocabulary))


def some(corpus, split: str, n: int, longest: int = 40) -> list[list[str]]:
    """Whole lines of a split, as words, without the start token."""
    lines = corpus.lines(split)
    rows = np.flatnonzero(lines.lengths <= longest)[:n].tolist()
    assert rows
    return [corpus.text(split, row).split() for row in rows]


@pytest.mark.parametrize("positions", ["none", "rotary", "learned", "sinusoidal", "relative"])
def test_logits_after_every_word_are_those_of_python(corpus, positions):
    shape = SMALL | {"norm": "post" if positions == "sinusoidal" else "pre"}
    shape |= {"max_positions": 513} if positions in ("learned", "sinusoidal") else {}
    model = rounded(ModelConfig(**shape, positions=positions), len(corpus.vocabulary))
    asked = some(corpus, "test_ood", 8)
    found = in_node(laboratory_of(corpus, model), [["logits", words] for words in asked])
    for words, logits in zip(asked, found, strict=True):
        with torch.no_grad():
            wanted = model(torch.tensor([corpus.encode(" ".join(words)).tolist()])).logits[-1, 0]
        np.testing.assert_allclose(logits, wanted.numpy(), atol=1e-3)


def test_what_is_asked_is_the_judged_word_and_what_competes(corpus, model):
    data = describe_corpus(corpus, model)
    held = {split["name"] for split in data["splits"]}
    assert held >= {"train", "test_id", "test_ood"}
    lines = corpus.lines("test_ood")
    judged = corpus.task.judged_places(lines, corpus.vocabulary)
    asked, known = [], []
    for row in np.flatnonzero(lines.lengths <= LONGEST).tolist():
        place = int(lines.target[row]) or int(np.flatnonzero(judged[row]).max(initial=0))
        words = corpus.vocabulary.decode(lines.tokens[row, 1 : lines.lengths[row]].tolist())
        if place:
            asked.append(words[: place - 1])
            known.append((words[place - 1], place))
    found = in_node(laboratory_of(corpus, model), [["truth", words] for words in asked])
    words = corpus.vocabulary.words
    assert len(found) > 10
    for truth, (right, _) in zip(found, known, strict=True):
        assert words[truth["answer"]] == right
        assert truth["answer"] in truth["among"]
        assert [split["name"] for split in truth["splits"]] == ["test_ood"]
        assert truth["shown"] is False
        rules = dict(truth["rules"])
        assert all(token in truth["among"] for token in rules.values())
    if corpus.task.name == "question":
        rivals = [dict(truth["rules"])["first_auxiliary"] for truth in found]
        assert all(one != truth["answer"] for one, truth in zip(rivals, found, strict=True))
        assert all(truth["found"] for truth in found)


def test_every_judged_word_of_a_line_can_be_asked_for(corpus, model):
    """The page knows the judged places that Python does, and what is right at each of them."""
    laboratory = laboratory_of(corpus, model)
    lines = corpus.lines("test_ood")
    judged = corpus.task.judged_places(lines, corpus.vocabulary)
    rows = np.flatnonzero(lines.lengths <= LONGEST)
    asked = [
        (row, place)
        for row in rows.tolist()
        for place in ([lines.target[row]] if lines.target[row] else np.flatnonzero(judged[row]))
    ]
    words = corpus.vocabulary.words
    found = in_node(
        laboratory,
        [
            ["truth", corpus.vocabulary.decode(lines.tokens[row, 1:place].tolist())]
            for row, place in asked
        ],
    )
    for (row, place), truth in zip(asked, found, strict=True):
        assert words[truth["answer"]] == words[lines.tokens[row, place]]
        assert truth["answer"] in truth["among"]
        assert "test_ood" in [split["name"] for split in truth["splits"]]
        assert place in truth["line"]["askedAt"]
        assert truth["line"]["place"] == max(truth["line"]["askedAt"])
    if corpus.task.name == "dyck":
        assert len(asked) > len({row for row, _ in asked}) > 5
    else:
        assert all(truth["line"]["askedAt"] == [truth["line"]["place"]] for truth in found)


def test_of_lines_that_are_judged_at_every_word_any_is_asked_for():
    """One's own sentences are."""
    few = {"train": 40, "test_id": 8, "test_ood": 8}
    own = replace(make_dyck(DyckConfig(**few, kinds=3, depth=4), seed=1), task=SentenceTask())
    model = rounded(ModelConfig(**SMALL, positions="none"), len(own.vocabulary))
    row = int(np.flatnonzero(own.lines("test_ood").lengths <= LONGEST)[0])
    words = own.text("test_ood", row).split()
    told = in_node(laboratory_of(own, model), [["truth", words[:n]] for n in range(1, len(words))])
    for n, truth in enumerate(told, 1):
        assert truth["line"]["askedAt"] == list(range(1, len(truth["line"]["tokens"])))
        assert truth["tells"]
        if n > len(words) // 2:
            assert own.vocabulary.words[truth["answer"]] == words[n]


def test_a_page_from_before_there_was_a_choice_asks_for_one_word(corpus, model):
    laboratory, lines = laboratory_of(corpus, model), corpus.lines("test_ood")
    judged = corpus.task.judged_places(lines, corpus.vocabulary)
    place = last_of(places_to_ask(judged, lines)) * (lines.lengths <= LONGEST)
    row = int(np.flatnonzero(place)[0])
    asked = corpus.vocabulary.decode(lines.tokens[row, 1 : place[row]].tolist())
    (now,) = in_node(laboratory, [["truth", asked]])
    for split in laboratory.data["splits"]:
        del split["n_asked"], split["asked_at"]
    (before,) = in_node(laboratory, [["truth", asked]])
    assert before["line"]["askedAt"] == [before["line"]["place"]] == [place[row]]
    assert before["answer"] == now["answer"] == lines.tokens[row, place[row]]


def test_the_next_word_and_the_trees_are_those_of_python(corpus, model):
    lines = corpus.lines("train")
    rows = np.flatnonzero((lines.words >= 3) & (lines.words <= 14))[:12]
    sentences = [
        corpus.vocabulary.decode(lines.tokens[row, 1 : lines.words[row] + 1].tolist())
        for row in rows
    ]
    calls = [[method, words] for words in sentences for method in ("tree", "ask")]
    found = in_node(laboratory_of(corpus, model), calls)
    for words, tree, answer in zip(sentences, found[::2], found[1::2], strict=True):
        ids = corpus.encode(" ".join(words))
        assert [tuple(span) for span in tree["spans"]] == predicted_tree(model, ids)
        with torch.no_grad():
            shares = model(torch.tensor([ids.tolist()])).logits[-1, 0, -1].softmax(-1)
        top = shares.topk(5)
        assert [one["name"] for one in answer["answers"]] == corpus.vocabulary.decode(
            top.indices.tolist()
        )
        np.testing.assert_allclose(
            [one["probability"] for one in answer["answers"]], top.values, atol=1e-5
        )
        assert answer["bridges"] == []


def test_gold_trees_come_through(corpus, model):
    laboratory = laboratory_of(corpus, model)
    lines = corpus.lines(Split.TEST_ID)
    judged = corpus.task.judged_places(lines, corpus.vocabulary)
    rows = [row for row in range(len(lines)) if 0 < lines.lengths[row] <= LONGEST][:20]
    asked = {}
    for row in rows:
        place = int(lines.target[row]) or int(np.flatnonzero(judged[row]).max(initial=0))
        if place:
            asked[row] = corpus.vocabulary.decode(lines.tokens[row, 1:place].tolist())
    found = in_node(laboratory, [["truth", words] for words in asked.values()])
    told = [(row, truth["line"]) for row, truth in zip(asked, found, strict=True) if truth["line"]]
    assert len(told) > 3
    for row, line in told:
        if line["tokens"] == lines.tokens[row, : lines.lengths[row]].tolist():
            assert line["gold"]["words"] == lines.words[row]
            assert [tuple(span) for span in line["gold"]["spans"]] == lines.tree(row)


def test_a_closing_bracket_follows_at_every_place():
    corpus = make_dyck(DyckConfig(**LINES, kinds=3, depth=4), seed=2)
    model = rounded(ModelConfig(**SMALL, positions="none"), len(corpus.vocabulary))
    (line,) = some(corpus, "test_ood", 1)
    steps = np.array([[1 if word.startswith("(") else -1 for word in line]], np.int8)
    opener = openers(steps)[0]
    beginnings = [line[:n] for n in range(len(line))]
    found = in_node(laboratory_of(corpus, model), [["truth", words] for words in beginnings])
    for n, truth in enumerate(found):
        if opener[n] >= 0:
            assert corpus.vocabulary.words[truth["answer"]] == line[n]


def test_what_cannot_be_read_is_refused_in_a_sentence(corpus, model):
    long = [corpus.vocabulary.words[1]] * LONGEST
    calls = [["ask", ["nobody"]], ["ask", ["<s>"]], ["ask", long], ["ask", []], ["ask", long[1:]]]
    unknown, start, many, none, most = in_node(laboratory_of(corpus, model), calls)
    assert unknown["error"] == 'unknown word "nobody"'
    assert "leave it out" in start["error"]
    assert "too many" in many["error"]
    assert len(none["answers"]) == len(most["answers"]) == 5
