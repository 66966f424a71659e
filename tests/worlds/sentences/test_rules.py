"""The rules by hand, and which of them each split tells apart."""

from itertools import pairwise

import numpy as np
import pytest

from latebloom.worlds.published.sentences import read_published_lines
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lexicon import DETERMINERS
from latebloom.worlds.sentences.question import QuestionConfig, make_question, question_vocabulary
from latebloom.worlds.sentences.rules import choice_of_auxiliary, choice_of_form
from latebloom.worlds.sentences.tense import TenseConfig, make_tense, tense_vocabulary

SIZES = {"train": 2000, "test_id": 200, "test_ood": 300, "test_apart": 300}


@pytest.fixture(scope="module")
def question() -> Corpus:
    return make_question(QuestionConfig(**SIZES), seed=3)


@pytest.fixture(scope="module")
def tense() -> Corpus:
    return make_tense(TenseConfig(**SIZES), seed=3)


def shares(corpus: Corpus, split: str) -> dict[str, float]:
    """The share of the lines that ask for a choice on which each rule chooses the right word."""
    choice = corpus.task.choice(corpus.lines(split), corpus.vocabulary)
    right = choice.lines.tokens[np.arange(len(choice.lines)), choice.lines.target]
    for word in choice.rules.values():
        assert (choice.among == word[:, None]).any(1).all()
    return {name: float((word == right).mean()) for name, word in choice.rules.items()}


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        # main, first, last, first that stands right after neither who nor that
        ("my raven that does swim doesn't admire our newts who do eat", "doesn't does do doesn't"),
        ("my raven who her yaks don't amuse does swim", "does don't does don't"),
        ("some newts do admire my yak that the quail doesn't amuse", "do do doesn't do"),
    ],
)
def test_auxiliary_rules_by_hand(sentence, words):
    main = words.split()[0]
    asked = sentence.split()
    # In these sentences no other auxiliary is the word of the main one.
    asked.remove(main)
    line = f"{sentence} . quest {main} {' '.join(asked)} ?"
    vocabulary = question_vocabulary()
    rules = choice_of_auxiliary(read_published_lines([line], "question"), vocabulary).rules
    said = [vocabulary.words[int(word[0])] for word in rules.values()]
    assert said == words.split()
    assert list(rules) == [
        "main_auxiliary",
        "first_auxiliary",
        "last_auxiliary",
        "first_not_after_who_or_that",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        # subject, first noun, nearest noun, last noun
        (
            "the newts that her yak amused confused my quail ."
            " PRESENT the newts that her yak amuses confuse my quail .",
            "confuse confuse confuses confuses",
        ),
        (
            "the yak near my newts read . PRESENT the yak near my newts reads .",
            "reads reads read read",
        ),
    ],
)
def test_agreement_rules_by_hand(line, words):
    vocabulary = tense_vocabulary()
    choice = choice_of_form(read_published_lines([line], "tense"), vocabulary)
    assert list(choice.rules) == ["subject", "first_noun", "nearest_noun", "last_noun"]
    assert [vocabulary.words[int(word[0])] for word in choice.rules.values()] == words.split()
    # The two forms of the verb compete.
    assert set(vocabulary.decode(choice.among[0])) == set(words.split())


def test_only_lines_that_transform_ask_for_a_choice():
    copied = "the newts by her yak read . PAST the newts by her yak read ."
    asked = "the newts read . PRESENT the newts read ."
    lines = read_published_lines([copied, asked], "tense")
    assert choice_of_form(lines, tense_vocabulary()).lines.words.tolist() == [3]
    told = "my yak does eat . decl my yak does eat ."
    lines = read_published_lines([told, "my yak does eat . quest does my yak eat ?"], "question")
    assert len(choice_of_auxiliary(lines, question_vocabulary()).lines) == 1


def test_the_published_questions_do_not_tell_main_from_last(question):
    """Why there is `test_apart`."""
    for split in ("train", "test_id"):
        told = shares(question, split)
        assert told["main_auxiliary"] == told["first_auxiliary"] == 1
        assert told["first_not_after_who_or_that"] == 1
        assert 0.5 < told["last_auxiliary"] < 0.8
    told = shares(question, "test_ood")
    assert told["main_auxiliary"] == told["last_auxiliary"] == 1
    assert told["first_auxiliary"] == 0
    assert shares(question, "test_apart") == {
        "main_auxiliary": 1,
        "first_auxiliary": 0,
        "last_auxiliary": 0,
        "first_not_after_who_or_that": pytest.approx(0.8, abs=0.08),
    }


def test_the_published_lines_do_not_tell_the_subject_from_the_first_noun(tense):
    """Why there is `test_apart`."""
    for split in ("train", "test_id"):
        told = shares(tense, split)
        assert told["subject"] == told["first_noun"] == told["nearest_noun"] == 1
        assert 0.45 < told["last_noun"] < 0.7
    told = shares(tense, "test_ood")
    assert told["subject"] == told["first_noun"] == 1
    assert told["nearest_noun"] == 0
    told = shares(tense, "test_apart")
    assert told["subject"] == 1
    assert told["first_noun"] == told["nearest_noun"] == 0
    assert 0.3 < told["last_noun"] < 0.7


def sentences(corpus: Corpus, split: str) -> list[list[str]]:
    texts = (corpus.text(split, row).split() for row in range(len(corpus.lines(split))))
    return [words[: words.index(".")] for words in texts]


def test_questions_apart_have_a_clause_on_both_sides_and_words_that_differ(question):
    auxiliaries = [
        [word for word in sentence if word in ("do", "don't", "does", "doesn't")]
        for sentence in sentences(question, "test_apart")
    ]
    for first, main, last in auxiliaries:
        assert main not in (first, last)
        assert ("does" in first) == ("does" in main)
    # In the other half the last auxiliary agrees with the subject, and is the word of the first.
    assert np.mean([len(set(three)) == 3 for three in auxiliaries]) == pytest.approx(0.5, abs=0.1)
    # `decl` lines of this shape are trained on.
    clauses = [sum(w in ("who", "that") for w in s) for s in sentences(question, "train")]
    assert np.mean(np.array(clauses) == 2) > 0.05
    assert max(map(len, sentences(question, "test_apart"))) <= max(
        map(len, sentences(question, "train"))
    )


def test_tense_lines_apart_are_published_sentences_with_a_known_phrase_in_front(tense):
    known = {words for text in sentences(tense, "train") for words in pairwise(text)}
    for split in ("train", "test_ood"):
        assert all(text[0] in DETERMINERS for text in sentences(tense, split))
    apart = sentences(tense, "test_apart")
    bare = [" ".join(text[3:]) for text in apart]
    for phrase, rest in ((text[:3], text[3:]) for text in apart):
        assert (phrase[0], phrase[1]) in known
        assert rest[0] in DETERMINERS
    # Each parses, and its own first noun is the subject.
    read = read_published_lines([f"{one} . PAST {one} ." for one in bare], "tense")
    assert len(read) == len(apart)
    assert max(map(len, apart)) <= max(map(len, sentences(tense, "train")))


@pytest.mark.parametrize(
    ("make", "config"), [(make_question, QuestionConfig), (make_tense, TenseConfig)]
)
def test_the_lines_apart_are_drawn_beside_the_others(make, config):
    """Another number of them changes no other line."""
    few, many = (make(config(**SIZES | {"test_apart": n}), seed=5) for n in (10, 400))
    for split in ("train", "test_id", "test_ood"):
        np.testing.assert_array_equal(few.lines(split).tokens, many.lines(split).tokens)
    assert [len(corpus.lines("test_apart")) for corpus in (few, many)] == [10, 400]


def test_the_gold_tree_of_a_phrase_in_front(tense):
    lines = tense.lines("test_apart")
    for row in range(50):
        tree = lines.tree(row)
        n = int(lines.words[row])
        assert {(0, n - 1), (0, 2), (1, 2), (3, n - 1)} <= set(tree)
