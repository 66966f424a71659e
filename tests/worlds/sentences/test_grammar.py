"""A grammar of a few rules, and the trees of the published grammars, against those by hand."""

import numpy as np
import pytest

from latebloom.errors import CorpusError
from latebloom.trees.scores import brackets
from latebloom.worlds.published.sentences import read_published_lines
from latebloom.worlds.sentences.grammar import make_grammar, read_right_side

RULES = {
    "S": [(1, "NP V!"), (3, "NP (V! NP)")],
    "NP": [(1, "Name"), (1, "Det Noun")],
}
LEXICON = {"Name": ("ann",), "Det": ("a", "the"), "Noun": ("cat", "dog", "owl"), "V": ("sees",)}


def test_patterns_by_hand():
    patterns = {p.classes: p for p in make_grammar(RULES, LEXICON, "S").patterns}
    assert len(patterns) == 6
    longest = patterns["Det", "Noun", "V", "Det", "Noun"]
    assert longest.probability == pytest.approx(0.75 * 0.25)
    assert longest.spans == ((0, 4), (2, 4), (0, 1), (3, 4))
    assert longest.main == 2
    assert patterns["Name", "V"].spans == ((0, 1),)
    assert sum(p.probability for p in patterns.values()) == pytest.approx(1)


def test_draws_follow_the_probabilities_and_stay_in_their_class():
    grammar = make_grammar(RULES, LEXICON, "S")
    pattern = np.repeat(np.arange(6), 3000)
    number = grammar.draw(pattern, np.random.default_rng(0))
    sizes = np.array([1, 2, 3, 1, 0])
    assert (number < np.maximum(sizes[grammar.table[pattern]], 1)).all()
    assert ((number < 0) == (grammar.table[pattern] < 0)).all()
    nouns = number[grammar.table[pattern] == 2]
    assert np.bincount(nouns) / len(nouns) == pytest.approx(np.full(3, 1 / 3), abs=0.02)


def test_weight_zero_leaves_a_rule_out():
    rules = RULES | {"S": [(1, "NP V!"), (0, "NP (V! NP)")]}
    assert {p.classes for p in make_grammar(rules, LEXICON, "S").patterns} == {
        ("Name", "V"),
        ("Det", "Noun", "V"),
    }


def test_brackets_of_a_right_side():
    assert read_right_side("(A B) (C (D E))") == (
        ["A", "B", "C", "D", "E"],
        [(0, 4), (2, 4), (3, 4), (0, 1)],
    )


@pytest.mark.parametrize(
    ("text", "told"), [("(A B", "leaves a bracket open"), ("A B)", "that was not opened")]
)
def test_unbalanced_rules_are_refused(text, told):
    with pytest.raises(CorpusError, match=told):
        read_right_side(text)


def test_a_symbol_without_rule_or_words_is_named():
    with pytest.raises(CorpusError, match="'Ghost'"):
        make_grammar({"S": [(1, "Ghost")]}, LEXICON, "S")


# Each noun phrase and relative clause, as subject and as object.
QUESTION_TREES = [
    "((her zebra) (doesn't eat))",
    "(((your quails) (behind (the walrus))) (do wait))",
    "(((my raven) (that (does swim))) (doesn't (admire (our newts))))",
    "(((the vultures) (who ((my unicorn) (does accept)))) (don't read))",
    "(((the vulture) (who ((my unicorns) (do accept)))) (does (amuse (some yak))))",
    "(((some peacock) (who (doesn't (amuse (her yaks))))) (does wait))",
    "((our salamander) (does (confuse ((the zebras) (near (my newt))))))",
    "((our salamander) (does (confuse ((the zebras) (that (do giggle))))))",
    "((our salamander) (does (confuse ((the zebras) (that ((her yak) (doesn't amuse)))))))",
    "((our salamander) (does (confuse ((the zebras) (that (do (accept (your quail))))))))",
]
TENSE_TREES = [
    "((her zebra) ate)",
    "(((your quails) (behind (the walrus))) waited)",
    "(((my raven) (that swam)) (admired (our newts)))",
    "(((the vultures) (who ((my unicorn) accepted))) read)",
    "(((the vulture) (who ((my unicorns) accepted))) (amused (some yak)))",
    "(((some peacock) (who (amused (her yaks)))) waited)",
    "((our salamander) (confused ((the zebras) (near (my newt)))))",
    "((our salamander) (confused ((the zebras) (that giggled))))",
    "((our salamander) (confused ((the zebras) (that ((her yak) amused)))))",
    "((our salamander) (confused ((the zebras) (that (accepted (your quail))))))",
]


@pytest.mark.parametrize(
    ("task", "copies", "trees"),
    [("question", "decl", QUESTION_TREES), ("tense", "PAST", TENSE_TREES)],
)
def test_gold_trees_by_hand(task, copies, trees):
    sentences = [tree.replace("(", "").replace(")", "") for tree in trees]
    lines = read_published_lines([f"{s} . {copies} {s} ." for s in sentences], task)
    found = [brackets(s.split(), lines.tree(row)) for row, s in enumerate(sentences)]
    assert found == trees
