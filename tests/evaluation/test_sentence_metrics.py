"""The published metrics against models whose answers are known, and plain recomputation."""

import numpy as np
import pytest
import torch

from latebloom.errors import CorpusError
from latebloom.evaluation.accuracy import Score
from latebloom.evaluation.decoding import decode
from latebloom.evaluation.scores import score
from latebloom.evaluation.sentence_metrics import (
    judge_outputs,
    judge_words,
    judged_lines,
    score_corpus,
    word_loss,
)
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Pass, Transformer
from latebloom.worlds.published.sentences import read_published_lines
from latebloom.worlds.sentences.brackets import far_closings
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.dyck import DyckConfig, brackets_of, dyck_vocabulary, make_dyck
from latebloom.worlds.sentences.question import QuestionConfig, make_question, question_vocabulary
from latebloom.worlds.sentences.tasks import DyckTask, QuestionTask, TenseTask, parts_of_speech
from latebloom.worlds.sentences.tense import tense_vocabulary

SIZES = {"train": 300, "test_id": 60, "test_ood": 90}


def small_model(d_vocab: int, **settings) -> Transformer:
    torch.manual_seed(1)
    shape = {"d_model": 32, "n_layers": 2, "n_heads": 4, "n_loops": 1, "feedback": "none"}
    if settings.get("positions") in ("sinusoidal", "learned"):
        shape["max_positions"] = 64
    model = Transformer(ModelConfig(**(shape | settings)), d_vocab)
    for weight in model.parameters():
        weight.data += 0.3 * torch.randn_like(weight)
    return model.eval()


class Oracle(Transformer):
    """A model that says after each line's beginning what a table says.

    wrong: words that it says in place of others. loud: words likelier still than what it says.
    """

    def __init__(
        self, lines, d_vocab: int, wrong: dict[int, int] | None = None, loud: tuple[int, ...] = ()
    ) -> None:
        super().__init__(ModelConfig(n_loops=1, feedback="none"), d_vocab)
        self.next = {}
        for row in range(len(lines)):
            ids = lines.tokens[row, : lines.lengths[row]].tolist()
            for place in range(1, len(ids)):
                self.next[tuple(ids[:place])] = ids[place]
        self.wrong, self.loud = wrong or {}, list(loud)

    def forward(self, tokens, at=None, **_):
        logits = torch.zeros(1, *tokens.shape, self.d_vocab)
        for row, ids in enumerate(tokens.tolist()):
            for place in range(len(ids)):
                answer = self.next.get(tuple(ids[: place + 1]), 0)
                logits[0, row, place, self.wrong.get(answer, answer)] = 1.0
                logits[0, row, place, self.loud] = 2.0
        if at is not None:
            return Pass(logits[:, torch.arange(len(tokens)), at])
        return Pass(logits)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary", "relative", "none"])
def test_decoding_with_a_cache_equals_decoding_without(positions):
    model = small_model(30, positions=positions, norm="post" if positions == "none" else "pre")
    prompts = torch.randint(0, 30, (5, 6), generator=torch.Generator().manual_seed(0))
    tokens = prompts
    for _ in range(7):
        with torch.no_grad():
            best = model(tokens).logits[-1][:, -1].argmax(-1, keepdim=True)
        tokens = torch.cat((tokens, best), dim=1)
    made = decode(model, prompts, 7)
    assert torch.equal(made, tokens[:, 6:])
    assert len({tuple(row) for row in made.tolist()}) > 1


def test_question_by_hand():
    text = "my raven that does swim doesn't admire our newts ."
    answer = "quest doesn't my raven that does swim admire our newts ?"
    lines = read_published_lines([f"{text} {answer}"] * 2, "question")
    words = question_vocabulary()
    assert judge_words(Oracle(lines, len(words)), lines, words, QuestionTask()).tolist() == [
        True,
        True,
    ]
    linear = Oracle(lines, len(words), {words.ids["doesn't"]: words.ids["does"]})
    assert judge_words(linear, lines, words, QuestionTask()).tolist() == [False, False]


def test_only_the_four_auxiliaries_compete():
    lines = read_published_lines(["my yak does eat . quest does my yak eat ?"], "question")
    words = question_vocabulary()
    model = Oracle(lines, len(words), {words.ids["does"]: words.ids["the"]})
    # The model says `the`; among the auxiliaries, all equal, the first of the four wins: does.
    assert judge_words(model, lines, words, QuestionTask()).tolist() == [True]


def test_question_score_recomputed():
    corpus = make_question(QuestionConfig(**SIZES), 0)
    model = small_model(len(corpus.vocabulary))
    among = [corpus.vocabulary.ids[w] for w in ("does", "doesn't", "do", "don't")]
    for split in corpus.tested:
        lines = judged_lines(corpus, split)
        right = 0
        for row in range(len(lines)):
            ids = torch.from_numpy(lines.tokens[row, : lines.prompt[row]]).long()[None]
            with torch.no_grad():
                logits = model(ids).logits[-1][0, -1, among]
            right += among[int(logits.argmax())] == int(lines.tokens[row, lines.prompt[row]])
        score = score_corpus(model, corpus, splits=[split])[split]
        assert (score.n, score.correct) == (len(lines), right)
    assert score_corpus(model, corpus, probe=10)["test_ood"].n == 10


def test_no_splits_named_are_all_of_them():
    """As in `score` and `score_splits`: those that are trained on, too."""
    corpus = make_question(QuestionConfig(**SIZES), 0)
    model = small_model(len(corpus.vocabulary))
    every = score_corpus(model, corpus)
    assert list(every) == list(corpus.splits) == ["train", "test_id", "test_ood", "test_apart"]
    assert every == score(model, corpus)


def speaker(said: dict[int, str]) -> Transformer:
    """A model that says an output after a prompt of so many tokens, whatever it reads."""
    words = tense_vocabulary()
    shape = {"n_layers": 1, "n_loops": 1, "feedback": "none", "positions": "learned"}
    model = Transformer(ModelConfig(**shape, d_model=32, tied=False), len(words))
    weights = dict(model.named_parameters())
    for name, weight in weights.items():
        weight.data *= name == "ln_final.weight"
    weights["pos_embed.weight"].data += torch.eye(32)
    for prompt, output in said.items():
        for place, word in enumerate(words.encode(output.split()), prompt - 1):
            weights["unembed.weight"].data[word, place] = 1.0
    return model


@pytest.mark.parametrize(
    ("output", "right"),
    [
        ("the newts that her yak amuses sleep .", True),
        ("my zebra who our quails accept sleep .", True),  # other words, same parts of speech
        ("the newts that her yak amuses sleeps .", False),  # the wrong main verb
        ("the newts that amuse her yak sleep .", False),  # other parts of speech
        ("the newts that her yak amuses sleep yak", False),  # no stop
    ],
)
def test_tense_by_hand(output, right):
    text = "the newts that her yak amused slept . PRESENT the newts that her yak amuses sleep ."
    lines = read_published_lines([text], "tense")
    assert judge_outputs(
        speaker({10: output}), lines, tense_vocabulary(), TenseTask()
    ).tolist() == [right]


def test_tense_judges_each_line_by_its_own_output(monkeypatch):
    monkeypatch.setattr("latebloom.evaluation.sentence_metrics.TOKENS_AT_ONCE", 20)
    model = speaker({6: "my newts eat .", 10: "the newts that her yak amuses sleep ."})
    right = {
        "the newt that her yak amused slept . PRESENT the newt that her yak amuses sleeps .": False,
        "my newts ate . PRESENT my newts eat .": True,
        "the newts that amused her yak slept . PRESENT the newts that amuse her yak sleep .": False,
        "her yaks who my yak amused slept . PRESENT her yaks who my yak amuses sleep .": True,
        "my newts moved . PRESENT my newts move .": False,
    }
    lines, words = read_published_lines(right, "tense"), tense_vocabulary()
    assert judge_outputs(model, lines, words, TenseTask()).tolist() == list(right.values())
    corpus = Corpus(task=TenseTask(), vocabulary=words, splits={"test_ood": lines}, trained=())
    assert score_corpus(model, corpus) == {"test_ood": Score(n=5, correct=2)}


def test_parts_of_speech():
    words = tense_vocabulary()
    part = parts_of_speech(words)
    names = ("newt", "newts", "eat", "eats", "ate", "read", "admired", "the", "who", "near", ".")
    of = {word: int(part[words.ids[word]]) for word in names}
    assert of["newt"] == of["newts"]
    assert of["eat"] == of["eats"] == of["ate"] == of["read"] == of["admired"]
    assert len({of[w] for w in ("newt", "eat", "the", "who", "near", ".")}) == 6
    assert part[words.ids["PRESENT"]] == 0


LONG = "(a (b b) (c c) (d d) (e e) (f (g g) f) a) (h h)"


def test_far_brackets_by_hand():
    lines = brackets_of([LONG])
    far = far_closings(lines.tokens.astype(np.int64), 20)
    # Position 0 is the start token; `(a` stands at 1 and closes at 14, 13 tokens later.
    assert np.argwhere(far).tolist() == [[0, 14]]
    assert far_closings(lines.tokens.astype(np.int64), 20, 3).sum() == 2


def test_the_first_distance_that_is_far():
    # What a pair encloses is even, so distances are odd: `(a` closes after 9, `(c` after 11.
    lines = brackets_of([f"(a {'(b b) ' * 4}a) (c {'(d d) ' * 5}c)"])
    assert np.argwhere(far_closings(lines.tokens.astype(np.int64), 20)).tolist() == [[0, 22]]


def test_dyck_by_hand():
    lines, words = brackets_of([LONG]), dyck_vocabulary()
    assert judge_words(Oracle(lines, len(words)), lines, words, DyckTask()).tolist() == [True]
    wrong = Oracle(lines, len(words), {words.ids["a)"]: words.ids["f)"]})
    assert judge_words(wrong, lines, words, DyckTask()).tolist() == [False]


def test_only_the_closing_brackets_compete():
    lines, words = brackets_of([LONG]), dyck_vocabulary()
    opening = tuple(range(21))  # the start token and the opening brackets
    assert judge_words(Oracle(lines, 41, loud=opening), lines, words, DyckTask()).tolist() == [True]
    other = Oracle(lines, 41, loud=(words.ids["f)"],))
    assert judge_words(other, lines, words, DyckTask()).tolist() == [False]


def distances(brackets: list[str]) -> list[int]:
    """How far back each closing bracket's opener stands."""
    found, stack = [], []
    for place, bracket in enumerate(brackets):
        if bracket[0] == "(":
            stack.append(place)
        else:
            found.append(place - stack.pop())
    return found


def test_dyck_score_of_an_oracle():
    corpus = make_dyck(DyckConfig(**SIZES, max_tokens=60), 0)
    lines = corpus.lines("test_ood")
    score = score_corpus(Oracle(lines, 41), corpus, splits=["test_ood"])["test_ood"]
    texts = [corpus.text("test_ood", row) for row in range(len(lines))]
    far = sum(d >= 10 for text in texts for d in distances(text.split()))
    assert score.correct == score.n == far > 50


def test_a_line_longer_than_the_model_is_told():
    corpus = make_question(QuestionConfig(**SIZES), 0)
    model = small_model(len(corpus.vocabulary), positions="learned", max_positions=12)
    first = int(np.argmax(corpus.lines("train").lengths > 12))
    with pytest.raises(
        CorpusError, match=rf"^line {first + 1} has \d+ tokens, but the model reads 12"
    ):
        score_corpus(model, corpus)


def test_word_loss_is_each_lines_words_alone():
    lines = make_question(QuestionConfig(**SIZES), 0).lines("train")
    model = small_model(len(question_vocabulary()))
    told = []
    for row, length in enumerate(lines.lengths.tolist()):
        ids = torch.from_numpy(lines.tokens[row, :length]).long()
        log_probs = model(ids[None, :-1]).logits[-1, 0].log_softmax(-1)
        told += log_probs[torch.arange(length - 1), ids[1:]].tolist()
    assert word_loss(model, lines) == pytest.approx(-np.mean(told), rel=1e-5)
