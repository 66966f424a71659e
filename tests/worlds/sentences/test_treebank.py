"""One's own trees: read, split, and refused with a line number."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latebloom.errors import CorpusError, MissingExtraError
from latebloom.worlds.sentences import treebank
from latebloom.worlds.sentences.reaches import reached_words
from latebloom.worlds.sentences.treebank import (
    SentencesConfig,
    make_sentences,
    read_trees,
    tree_lines,
)
from latebloom.worlds.vocabulary import Vocabulary

PENN = """( (S (NP-SBJ (DT The) (NN owl))
     (VP (VBZ sees) (NP (DT a) (NN cat)) (-NONE- *T*))) )

(S (NP (NNP Ann)) (VP (VBZ sleeps)))
"""
CONLLU = """# sent_id = 1
1\tThe\tthe\tDET\t_\t_\t2\tdet\t_\t_
2\towl\towl\tNOUN\t_\t_\t3\tnsubj\t_\t_
3\tsees\tsee\tVERB\t_\t_\t0\troot\t_\t_
4-5\tacat\t_\t_\t_\t_\t_\t_\t_\t_
4\ta\ta\tDET\t_\t_\t5\tdet\t_\t_
5\tcat\tcat\tNOUN\t_\t_\t3\tobj\t_\t_

1\tAnn\tAnn\tPROPN\t_\t_\t2\tnsubj\t_\t_
2\tsleeps\tsleep\tVERB\t_\t_\t0\troot\t_\t_
"""


def written(tmp_path, name: str, text: str):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_penn_trees_by_hand(tmp_path):
    first, second = read_trees(written(tmp_path, "own.mrg", PENN))
    assert first.words == ("The", "owl", "sees", "a", "cat")
    assert first.spans == ((0, 4), (0, 1), (2, 4), (3, 4))
    assert (second.line, second.words, second.spans) == (4, ("Ann", "sleeps"), ((0, 1),))


def test_dependency_trees_by_hand(tmp_path):
    first, second = read_trees(written(tmp_path, "own.conllu", CONLLU))
    assert first.words == ("The", "owl", "sees", "a", "cat")
    assert first.spans == ((0, 4), (0, 1), (3, 4))
    assert (second.line, second.spans) == (9, ((0, 1),))
    # A row of two words in one needs no further columns.
    short = CONLLU.replace("4-5\tacat\t_\t_\t_\t_\t_\t_\t_\t_", "4-5\tacat")
    assert read_trees(written(tmp_path, "short.conllu", short)) == [first, second]


def test_both_formats_make_a_corpus(tmp_path):
    for name, text in (("own.mrg", PENN), ("own.conllu", CONLLU)):
        path = written(tmp_path, name, text)
        corpus = make_sentences(SentencesConfig(trees=str(path), test_id_frac=0.5), seed=0)
        assert len(corpus.lines("train")) == len(corpus.lines("test_id")) == 1
        assert {corpus.text("train", 0), corpus.text("test_id", 0)} == {
            "the owl sees a cat",
            "ann sleeps",
        }


CROSSING = CONLLU.replace("5\tdet", "1\tdet")
CIRCLE = CONLLU.replace("1\tAnn\tAnn\tPROPN\t_\t_\t2", "1\tAnn\tAnn\tPROPN\t_\t_\t1")
NO_HEAD = CONLLU.replace("1\tAnn\tAnn\tPROPN\t_\t_\t2", "1\tAnn\tAnn\tPROPN\t_\t_\t9")
SPACED = CONLLU.replace("2\tsleeps\tsleep\tVERB\t_\t_\t0", "2  sleeps  sleep  VERB  _  _  9")
WORD_AS_HEAD = CONLLU.replace("VERB\t_\t_\t0", "VERB\t_\t_\tx", 1)
TOO_SHORT = CONLLU.replace("2\tsleeps\tsleep\tVERB\t_\t_\t0\troot\t_\t_", "2\tsleeps")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.mrg", PENN + "(S (NP x)", "line 5: the tree that begins here leaves 1 brackets open"),
        ("a.mrg", PENN + "(S (N x)))", "line 5: a bracket closes that was not opened"),
        ("a.mrg", PENN + "\nword", "line 6: 'w' stands outside all brackets"),
        ("a.mrg", PENN + "(S (-NONE- *))", "line 5: the tree has no words"),
        ("a.mrg", " \n", "is empty; give at least one tree"),
        ("a.conllu", CROSSING, "line 2: 'The', what depends on it has a gap"),
        ("a.conllu", CIRCLE, "line 9: 'Ann', its heads go round in a circle"),
        ("a.conllu", NO_HEAD, "line 9: 'Ann', its head 9 is no word of the sentence"),
        ("a.conllu", SPACED, "line 10: 'sleeps', its head 9 is no word of the sentence"),
        ("a.conllu", WORD_AS_HEAD, "line 4: this is no CoNLL-U (Failed parsing field 'head'"),
        ("a.conllu", TOO_SHORT, "line 10: no column HEAD; CoNLL-U has 10 columns"),
        ("a.conllu", "1 the the DET\n", "line 1: this is no CoNLL-U"),
        ("a.mrg", PENN + "(S (A x) (B <s>))", "line 5: the word '<s>' is the token that begins"),
        ("a.conllu", CONLLU.replace("Ann", "<s>"), "line 9: the word '<s>' is the token"),
        ("a.conllu", "# nothing but a comment\n\n", "line 1: the sentence has no words"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, name, text, told):
    path = written(tmp_path, name, text)
    with pytest.raises(CorpusError) as caught:
        read_trees(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(CorpusError, match="cannot be read"):
        read_trees(tmp_path / "none.mrg")
    (tmp_path / "binary.mrg").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(CorpusError, match="cannot be read"):
        read_trees(tmp_path / "binary.mrg")


def test_words_outside_a_given_vocabulary(tmp_path):
    trees = read_trees(written(tmp_path, "own.mrg", PENN), lower=True)
    known = Vocabulary(("<s>", "the", "owl", "sees", "a", "cat"))
    with pytest.raises(CorpusError, match="line 4: the word 'ann' is not in the vocabulary"):
        tree_lines(trees, known)


def test_the_start_token_in_capitals_is_no_word_either(tmp_path):
    path = written(tmp_path, "own.mrg", PENN.replace("Ann", "<S>"))
    assert read_trees(path)[1].words == ("<S>", "sleeps")
    with pytest.raises(CorpusError, match=r"own\.mrg, line 4: the word '<s>'"):
        make_sentences(SentencesConfig(trees=str(path)), seed=0)


def test_one_sentence_is_too_few(tmp_path):
    path = written(tmp_path, "one.mrg", "(S (A b) (C d))")
    with pytest.raises(CorpusError, match="holds one sentence"):
        make_sentences(SentencesConfig(trees=str(path)), seed=0)
    with pytest.raises(CorpusError, match="give the path"):
        make_sentences(SentencesConfig(), seed=0)


@pytest.mark.parametrize(
    ("package", "name", "text"), [("nltk.tree", "a.mrg", PENN), ("conllu", "a.conllu", CONLLU)]
)
def test_without_the_packages_the_extra_is_named(tmp_path, monkeypatch, package, name, text):
    monkeypatch.setitem(sys.modules, package, None)
    needed = package.partition(".")[0]
    told = rf"needs {needed}: pip install 'latebloom\[treebanks\]'"
    with pytest.raises(MissingExtraError, match=told):
        read_trees(written(tmp_path, name, text))


class Counted(list):
    """A list that counts how often an element of it is looked at by its place."""

    looks = 0

    def __getitem__(self, place):
        self.looks += 1
        return super().__getitem__(place)


def test_a_chain_of_words_is_walked_once():
    heads = Counted(range(-1, 1999))  # every word depends on the one before it
    reaches, circle = reached_words(heads)
    assert circle is None
    assert [(one.first, one.last, one.size) for one in reaches[:2]] == [
        (0, 1999, 2000),
        (1, 1999, 1999),
    ]
    assert heads.looks <= 2 * len(heads)


@given(st.lists(st.integers(-1, 8), min_size=1, max_size=9))
def test_reaches_are_those_of_climbing_from_every_word(drawn):
    heads = [min(head, len(drawn) - 1) for head in drawn]
    below = [{i} for i in range(len(heads))]
    for i, head in enumerate(heads):
        seen = set()
        while head >= 0 and head not in seen:
            seen.add(head)
            below[head].add(i)
            head = heads[head]
    on_circle = [i for i, one in enumerate(below) if heads[i] >= 0 and heads[i] in one]
    reaches, circle = reached_words(heads)
    assert circle == (on_circle[0] if on_circle else None)
    if not on_circle:
        told = [(one.first, one.last, one.size) for one in reaches]
        assert told == [(min(one), max(one), len(one)) for one in below]


def test_a_sentence_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(treebank, "MOST_WORDS", 3)
    path = written(tmp_path, "long.mrg", "(S (A a) (B b) (C c))\n(S (A a) (B b) (C c) (D d))")
    with pytest.raises(CorpusError, match="line 2: the sentence has 4 words; 3 are the limit"):
        read_trees(path)


def test_a_number_of_thousands_of_digits_is_no_conllu(tmp_path):
    text = CONLLU.replace("1\tAnn", "1" * 5000 + "\tAnn")
    with pytest.raises(CorpusError, match="line 9: this is no CoNLL-U"):
        read_trees(written(tmp_path, "a.conllu", text))
