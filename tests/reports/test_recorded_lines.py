"""Lines of which pictures are recorded: what a model puts next, and the trees projected from it."""

import base64
from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.reports import recorded_lines
from latebloom.reports.recorded_lines import lines_of
from latebloom.reports.recorded_look import LONGEST_NAME, Recordable
from latebloom.trees.scores import brackets, predicted_tree
from latebloom.worlds.sentences.treebank import SentencesConfig, make_sentences

SMALL = ModelConfig(d_model=16, n_layers=2, n_heads=2, n_loops=1, feedback="none")


def model_of(corpus, config: ModelConfig = SMALL) -> Transformer:
    torch.manual_seed(0)
    return Transformer(config, len(corpus.vocabulary)).eval()


def test_held_out_lines_come_first_and_one_was_trained(corpus):
    lines = lines_of(corpus)
    judged = [name for name in corpus.tested if corpus.meaning(name).judged]
    assert [one.split for one in lines] == [*judged[::-1], "train", *judged[::-1]]
    assert [one.shown for one in lines] == [
        f"Training {'showed' if one.split == 'train' else 'never showed'} this line."
        for one in lines
    ]
    assert isinstance(lines[0], Recordable)


def test_each_is_a_line_of_its_split_up_to_its_judged_word(corpus):
    for one in lines_of(corpus):
        split = corpus.lines(one.split)
        n = len(one.ids)
        rows = np.flatnonzero((split.tokens[:, :n] == one.ids).all(axis=1))
        judged = corpus.task.judged_places(split, corpus.vocabulary)
        assert judged[rows, n - 1].any()
        assert dict(one.told)["Right"] == corpus.vocabulary.decode(one.ids[-1:])
        last = np.where(judged, np.arange(judged.shape[1]), 0).max(axis=1)
        if not corpus.task.decodes:
            assert n - 1 in np.sort(last[last > 0])[:2]  # no line is shorter than the two shortest


def test_every_cell_is_what_the_lens_would_put_next(corpus):
    model = model_of(corpus)
    for one in lines_of(corpus):
        look = one.look(model)
        assert len(look.rows) == SMALL.n_layers + 1
        read, following = torch.tensor([one.ids[:-1]]), one.ids[1:]
        with torch.no_grad():
            shares = model(read).logits[-1, 0].softmax(-1)
            embedded = model.logits(model.embedded(read)[0]).softmax(-1)
        others = {name for _, (name,) in one.told[1:]}
        for (_, cells), wanted in ((look.rows[-1], shares), (look.rows[0], embedded)):
            best = wanted.max(-1)
            names = corpus.vocabulary.decode(best.indices.tolist())
            assert [cell.name for cell in cells] == names
            assert [cell.probability for cell in cells] == pytest.approx(best.values.tolist())
            for i, cell in enumerate(cells):
                right = cell.name == corpus.vocabulary.words[following[i]]
                by_rule = i == len(cells) - 1 and cell.name in others
                assert cell.role == ("answer" if right else "bridge" if by_rule else "")


def test_what_is_said_is_chosen_among_the_words_that_compete(corpus):
    model, words = model_of(corpus), corpus.vocabulary.words
    for one in lines_of(corpus):
        among = sorted(set(one.line.among[0].tolist()))
        with torch.no_grad():
            logits = model(torch.tensor([one.ids[:-1]])).logits[-1, 0, -1]
        shares = dict(
            zip((words[i] for i in among), logits[among].softmax(0).tolist(), strict=True)
        )
        says = one.look(model).says
        assert says[0].name == max(shares, key=shares.__getitem__)
        assert [cell.probability for cell in says] == pytest.approx(
            [shares[cell.name] for cell in says]
        )
        right = dict(one.told)["Right"]
        others = {name for _, (name,) in one.told[1:]}
        assert [cell.role for cell in says] == [
            "answer" if cell.name in right else "bridge" if cell.name in others else ""
            for cell in says
        ]
        assert corpus.task.competing in one.wording.says


def test_the_projected_tree_stands_beside_the_gold_one(corpus, monkeypatch):
    model, drawn = model_of(corpus), 0
    for one in lines_of(corpus):
        n = int(one.line.lines.words[0])
        ids = one.line.lines.tokens[0, : n + 1]
        words = corpus.vocabulary.decode(ids[1:].tolist())
        trees = one.look(model).trees
        if n > recorded_lines.LONGEST_TREE:
            assert trees is None
            continue
        drawn += 1
        predicted, gold = predicted_tree(model, ids), one.line.lines.tree(0)
        assert brackets(words, predicted) in trees.caption.title
        assert brackets(words, gold) in trees.caption.title
        assert trees.address.startswith("data:image/svg+xml;base64,") and trees.on_dark
        kinds = [row[0] for row in trees.behind[1:]]
        assert kinds.count("gold") == sum(last > first for first, last in gold)
        assert kinds.count("predicted") == sum(last > first for first, last in predicted)
        monkeypatch.setattr(recorded_lines, "LONGEST_TREE", n - 1)
        assert one.look(model).trees is None
        monkeypatch.undo()
    assert drawn


def test_a_model_that_projections_do_not_read_has_pictures_without_trees(corpus):
    model = model_of(corpus, replace(SMALL, window=3))
    look = lines_of(corpus)[0].look(model)
    assert look.trees is None and look.says


def test_words_of_one_s_own_trees_are_data(tmp_path):
    """They are drawn as text, and very long ones are cut."""
    evil = "<script>x</script>"
    words = [evil, "z" * 10_000, *(f"w{i}" for i in range(6))]
    trees = [f"(S (NP (N {a}) (N {b})) (V {c}))" for a in words for b in words for c in words[:3]]
    (tmp_path / "own.mrg").write_text("\n".join(trees))
    corpus = make_sentences(SentencesConfig(trees=str(tmp_path / "own.mrg")), seed=1)
    model = model_of(corpus)
    lines = [
        one
        for one in recorded_lines.shortest(corpus, "train", 1_000)
        if {evil, "z" * 10_000} <= {*one.tokens}
    ]
    assert lines
    for one in lines:
        look = one.look(model)
        svg = base64.b64decode(look.trees.address.partition(",")[2]).decode()
        assert "<script" not in svg and "z" * (LONGEST_NAME + 1) not in svg
        assert one.wording.says == "The model puts next"
