"""The question and tense corpora: definition, splits, knobs, and the reference's figures."""

from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import CorpusError, RunFolderError, UnknownNameError
from latebloom.trees import chart
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lexicon import DETERMINERS
from latebloom.worlds.sentences.lines import Lines, line_keys
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tense import TenseConfig, make_tense

SMALL = {"train": 4000, "test_id": 200, "test_ood": 400, "test_apart": 100}
AUXILIARIES = {"do", "don't", "does", "doesn't"}
PLURAL = {"do", "don't"}


@pytest.fixture(scope="module")
def question() -> Corpus:
    return make_question(QuestionConfig(**SMALL), seed=1)


@pytest.fixture(scope="module")
def tense() -> Corpus:
    return make_tense(TenseConfig(**SMALL), seed=1)


def texts(corpus: Corpus, split: str) -> list[list[str]]:
    return [corpus.text(split, row).split() for row in range(len(corpus.lines(split)))]


def halves(words: list[str]) -> tuple[list[str], str, list[str]]:
    """The sentence, the task word and the output without its last mark."""
    at = words.index(".")
    return words[:at], words[at + 1], words[at + 2 : -1]


def auxiliaries(sentence: list[str]) -> list[str]:
    return [word for word in sentence if word in AUXILIARIES]


def test_vocabulary_has_the_68_published_word_types(question):
    assert len(question.vocabulary) == 1 + 68
    assert question.vocabulary.words[0] == "<s>"


def test_outputs_follow_from_the_sentence(question):
    for row, words in enumerate(texts(question, "train")[:500]):
        sentence, task, output = halves(words)
        lines = question.lines("train")
        judged = words[lines.target[row] - 1]
        if task == "decl":
            assert output == sentence
            assert words[-1] == "."
        else:
            assert words[-1] == "?"
            assert output[0] == judged
            back = output[1:]
            place = next(
                i for i in range(len(sentence)) if sentence[:i] + sentence[i + 1 :] == back
            )
            assert sentence[place] == judged


def test_training_questions_fit_both_rules(question):
    for words in texts(question, "train") + texts(question, "test_id"):
        sentence, task, output = halves(words)
        if task == "quest":
            assert output[0] == auxiliaries(sentence)[0]


def test_generalisation_is_as_published(question):
    for words in texts(question, "test_ood"):
        sentence, task, output = halves(words)
        first = auxiliaries(sentence)[0]
        after_main = sentence[len(sentence) - 1 - sentence[::-1].index(output[0]) :]
        assert task == "quest"
        assert output[0] != first
        assert (output[0] in PLURAL) == (first in PLURAL)
        assert not {"who", "that"} & set(after_main)


@pytest.mark.parametrize("name", ["question", "tense"])
def test_lines_are_distinct_and_splits_disjoint(name, request):
    corpus = request.getfixturevalue(name)
    keys = np.concatenate([line_keys(corpus.lines(split).tokens) for split in corpus.splits])
    assert len(np.unique(keys)) == len(keys) == 4700


@pytest.mark.parametrize(
    ("make", "config"), [(make_question, QuestionConfig), (make_tense, TenseConfig)]
)
def test_the_same_seed_gives_the_same_bytes(make, config):
    one, same, other = (make(config(**SMALL), seed=s).lines("train") for s in (4, 4, 5))
    assert one.tokens.tobytes() == same.tokens.tobytes()
    assert one.spans.tobytes() == same.spans.tobytes()
    assert one.tokens.tobytes() != other.tokens.tobytes()


def number_of(word: str) -> bool:
    """Whether a noun is a plural, or a verb has the ending of the singular."""
    return word.endswith("s") and word not in ("tyrannosaurus", "walrus")


SINGULAR = (
    "newt orangutan peacock quail raven salamander tyrannosaurus unicorn vulture walrus xylophone"
    " yak zebra"
)
NOUNS = set(SINGULAR.split())
NOUNS |= {n + ("es" if n.endswith("s") else "s") for n in NOUNS}


def test_only_generalisation_tells_subject_from_nearest_noun(tense):
    for split, distracted in (("train", False), ("test_ood", True)):
        lines = tense.lines(split)
        for row, words in enumerate(texts(tense, split)[:800]):
            sentence, task, _ = halves(words)
            place = int(lines.target[row] - lines.prompt[row])
            nouns = [w for w in sentence[:place] if w in NOUNS]
            if task == "PRESENT":
                assert (number_of(nouns[0]) != number_of(nouns[-1])) == distracted
                # A plural subject has a verb without s.
                assert number_of(nouns[0]) != number_of(words[lines.target[row] - 1])
            else:
                assert not distracted


def right_branching_f1(lines: Lines) -> float:
    total = chart.Overlap(0, 0, 0)
    for n in np.unique(lines.words).tolist():
        part = lines.take(np.flatnonzero(lines.words == n))
        gold = chart.gold_mask(part.nodes, part.spans, n)
        total += chart.overlap(chart.right_branching(len(part), n), gold)
    return total.f1


def test_default_shares_stay_calibrated_to_the_reference_f1():
    corpus = make_question(QuestionConfig(train=30_000), seed=0)
    lines = corpus.lines("train")
    asked = lines.tokens[np.arange(len(lines)), lines.prompt - 1]
    questions = lines.take(np.flatnonzero(asked == corpus.vocabulary.ids["quest"]))
    assert right_branching_f1(questions) == pytest.approx(0.663, abs=0.01)
    assert questions.words.mean() == pytest.approx(9.7, abs=0.1)
    past = make_tense(TenseConfig(train=30_000), seed=0).lines("train")
    assert right_branching_f1(past) == pytest.approx(0.502, abs=0.01)


def test_gold_tree_by_hand(question):
    lines = question.lines("train")
    wanted = {
        (2, 6): [(0, 5), (0, 1), (2, 5), (3, 5), (4, 5)],  # Det N Aux Vt Det N
    }
    found = 0
    for row, words in enumerate(texts(question, "train")[:2000]):
        sentence, _, _ = halves(words)
        if len(sentence) == 6 and sentence[2] in AUXILIARIES:
            assert sorted(lines.tree(row)) == sorted(wanted[2, 6])
            found += 1
    assert found > 50


def share(corpus: Corpus, task_word: str, centre: bool) -> float:
    asked = [halves(w) for w in texts(corpus, "train")]
    asked = [sentence for sentence, task, _ in asked if task == task_word]
    return float(np.mean([(s[2] in ("who", "that")) == centre for s in asked]))


def test_knobs_of_the_data_mix():
    centre = make_question(QuestionConfig(**SMALL, centre_frac=0.1), seed=0)
    assert share(centre, "decl", True) == pytest.approx(0.1, abs=0.03)
    for own in (
        make_question(QuestionConfig(**SMALL, object_clause_frac=1.0), seed=0),
        make_tense(TenseConfig(**SMALL, object_clause_frac=1.0), seed=0),
    ):
        after_relative = {
            s[3] for s, _, _ in map(halves, texts(own, "train")) if s[2] in ("who", "that")
        }
        assert after_relative and after_relative <= set(DETERMINERS)
    telling = make_question(QuestionConfig(**SMALL, disambiguating_frac=0.2), seed=0)
    assert share(telling, "quest", True) == pytest.approx(0.2, abs=0.04)
    few = make_question(QuestionConfig(**SMALL, tree_types=5), seed=0).lines("train")
    trees = {tuple(few.tree(row)) for row in range(1000)}
    assert 1 < len(trees) <= 5
    mixed = make_tense(TenseConfig(**SMALL, disambiguating_frac=1.0, present_frac=1.0), seed=0)
    assert all(halves(w)[1] == "PRESENT" for w in texts(mixed, "train")[:100])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"centre_frac": 1.5}, "world.centre_frac is 1.5"),
        ({"train": 0}, "world.train is 0"),
        ({"tree_types": -1}, "world.tree_types is -1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, told):
    with pytest.raises(CorpusError, match=told):
        QuestionConfig(**settings)


def test_more_lines_than_there_are_is_an_error():
    config = QuestionConfig(
        train=5000, intransitive_frac=1, prepositional_frac=0, centre_frac=0, quest_frac=1
    )
    with pytest.raises(CorpusError, match="holds only about 2,80"):
        make_question(config, seed=0)


def test_saved_and_loaded(question, tmp_path):
    question.save(tmp_path)
    loaded = Corpus.load(tmp_path)
    assert loaded.vocabulary == question.vocabulary
    assert loaded.trained == question.trained
    for split in question.splits:
        for name in Lines.__dataclass_fields__:
            one, other = (getattr(c.lines(split), name) for c in (question, loaded))
            np.testing.assert_array_equal(one, other)
    (tmp_path / "world.safetensors").write_bytes(b"damaged")
    with pytest.raises(RunFolderError, match="cannot be read"):
        Corpus.load(tmp_path)


def test_examples_are_padded_with_zero(question):
    tokens, lengths = question.examples("train")
    assert tokens.dtype == np.int32
    assert (tokens[:, 0] == 0).all()
    column = np.arange(tokens.shape[1])
    assert ((tokens[:, 1:] > 0) == (column[1:] < lengths[:, None])).all()


def test_words_outside_the_vocabulary(question):
    assert question.encode("the newt does sleep").tolist()[0] == 0
    with pytest.raises(UnknownNameError, match="'newtt'; nearest: newt"):
        question.encode("the newtt does sleep")
    with pytest.raises(CorpusError, match="empty"):
        question.encode("  ")
    for start in ("<s>", "<S>"):
        with pytest.raises(CorpusError, match=f"'{start}' is the start token"):
            question.encode(f"{start} the newt does sleep")
    with pytest.raises(CorpusError, match="it has train, test_id, test_ood"):
        question.lines("test")


@pytest.mark.parametrize(
    ("config", "make"),
    [
        (QuestionConfig(train=500, test_id=50, test_ood=1500), make_question),
        (TenseConfig(train=500, test_id=50, test_ood=1500), make_tense),
    ],
)
def test_the_knobs_of_training_leave_the_generalisation_lines_alone(config, make):
    """Their trees come as often whatever training holds: a mixture cannot make the test easier."""
    shares = []
    for changed in ({}, {"centre_frac": 0.95, "intransitive_frac": 0.6, "object_clause_frac": 0.9}):
        corpus = make(replace(config, **changed), seed=1)
        lines = corpus.lines("test_ood")
        relative = np.isin(lines.tokens, corpus.vocabulary.encode(("who", "that"))).any(1)
        shares.append((relative.mean(), lines.words.mean() / 10))
    np.testing.assert_allclose(shares[0], shares[1], atol=0.04)
