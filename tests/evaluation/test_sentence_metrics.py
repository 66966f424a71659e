"""The published metrics against models whose answers are known, and plain recomputation."""

import numpy as np
import pytest
import torch

from latebloom.errors import CorpusError
from latebloom.evaluation.decoding import decode
from latebloom.evaluation.sentence_metrics import (
    far_closings,
    judge_dyck,
    judge_question,
    judge_tense,
    judged_lines,
    parts_of_speech,
    score_corpus,
    word_loss,
)
from latebloom.model.transformer import ModelConfig, Transformer
from latebloom.worlds.sentences.dyck import DyckConfig, brackets_of, dyck_vocabulary, make_dyck
from latebloom.worlds.sentences.published import read_published_lines
from latebloom.worlds.sentences.question import (
    QuestionConfig,
    make_question,
    question_vocabulary,
)
from latebloom.worlds.sentences.tense import TenseConfig, make_tense, tense_vocabulary

SIZES = {"train": 300, "test_id": 60, "test_ood": 90}


def small_model(d_vocab: int, **settings) -> Transformer:
    torch.manual_seed(1)
    shape = {"d_model": 32, "n_layers": 2, "n_heads": 4, "n_loops": 1, "feedback": "none"}
    shape |= {"max_positions": 64}
    model = Transformer(ModelConfig(**(shape | settings)), d_vocab)
    for weight in model.parameters():
        weight.data += 0.3 * torch.randn_like(weight)
    return model.eval()


class Oracle(Transformer):
    """A model that says after each line's beginning what a table says."""

    def __init__(self, lines, d_vocab: int, wrong: dict[int, int] | None = None) -> None:
        super().__init__(ModelConfig(n_loops=1, feedback="none", max_positions=300), d_vocab)
        self.next = {}
        for row in range(len(lines)):
            ids = lines.tokens[row, : lines.lengths[row]].tolist()
            for place in range(1, len(ids)):
                self.next[tuple(ids[:place])] = ids[place]
        self.wrong = wrong or {}

    def forward(self, tokens, at=None, **_):
        logits = torch.zeros(1, *tokens.shape, self.d_vocab)
        for row, ids in enumerate(tokens.tolist()):
            for place in range(len(ids)):
                answer = self.next.get(tuple(ids[: place + 1]), 0)
                logits[0, row, place, self.wrong.get(answer, answer)] = 1.0
        if at is not None:
            return logits[:, torch.arange(len(tokens)), at]
        return logits


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary", "relative", "none"])
def test_decoding_with_a_cache_equals_decoding_without(positions):
    model = small_model(30, positions=positions, norm="post" if positions == "none" else "pre")
    prompts = torch.randint(0, 30, (5, 6), generator=torch.Generator().manual_seed(0))
    tokens = prompts
    for _ in range(7):
        with torch.no_grad():
            best = model(tokens)[-1][:, -1].argmax(-1, keepdim=True)
        tokens = torch.cat((tokens, best), dim=1)
    made = decode(model, prompts, 7)
    assert torch.equal(made, tokens[:, 6:])
    assert len({tuple(row) for row in made.tolist()}) > 1


def test_question_by_hand():
    text = "my raven that does swim doesn't admire our newts ."
    answer = "quest doesn't my raven that does swim admire our newts ?"
    lines = read_published_lines([f"{text} {answer}"] * 2, "question")
    words = question_vocabulary()
    assert judge_question(Oracle(lines, len(words)), lines, words).tolist() == [True, True]
    linear = Oracle(lines, len(words), {words.ids["doesn't"]: words.ids["does"]})
    assert judge_question(linear, lines, words).tolist() == [False, False]


def test_only_the_four_auxiliaries_compete():
    lines = read_published_lines(["my yak does eat . quest does my yak eat ?"], "question")
    words = question_vocabulary()
    model = Oracle(lines, len(words), {words.ids["does"]: words.ids["the"]})
    # The model says `the`; among the auxiliaries, all equal, the first of the four wins: does.
    assert judge_question(model, lines, words).tolist() == [True]


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
                logits = model(ids)[-1][0, -1, among]
            right += among[int(logits.argmax())] == int(lines.tokens[row, lines.prompt[row]])
        score = score_corpus(model, corpus, splits=[split])[split]
        assert (score.n, score.correct) == (len(lines), right)
    assert score_corpus(model, corpus, probe=10)["test_ood"].n == 10


def tense_case(output: str, monkeypatch) -> bool:
    """Whether an output is right for one line whose main verb is `admire`."""
    text = "my newts who ate admired her yak . PRESENT my newts who eat admire her yak ."
    lines, words = read_published_lines([text], "tense"), tense_vocabulary()
    made = torch.tensor([words.encode(output.split())])
    monkeypatch.setattr(
        "latebloom.evaluation.sentence_metrics.decode", lambda model, prompts, n: made
    )
    return bool(judge_tense(small_model(len(words)), lines, words)[0])


@pytest.mark.parametrize(
    ("output", "right"),
    [
        ("my newts who eat admire her yak .", True),
        ("the walrus who eats admire our yaks .", True),  # other words, same parts of speech
        ("my newts who eat admires her yak .", False),  # the wrong main verb
        ("my newts who eat admire her yak yak", False),  # no stop
        ("my newts who admire eat her the .", False),  # other parts of speech
    ],
)
def test_tense_by_hand(output, right, monkeypatch):
    assert tense_case(output, monkeypatch) == right


def test_tense_score_of_a_model_that_repeats_its_prompt():
    corpus = make_tense(TenseConfig(**SIZES), 0)
    scores = score_corpus(small_model(len(corpus.vocabulary), positions="sinusoidal"), corpus)
    assert (scores["test_id"].n, scores["test_ood"].n) == (60, 90)
    assert scores["test_ood"].correct == 0


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


def test_dyck_by_hand():
    lines, words = brackets_of([LONG]), dyck_vocabulary()
    assert judge_dyck(Oracle(lines, len(words)), lines, words).tolist() == [True]
    wrong = Oracle(lines, len(words), {words.ids["a)"]: words.ids["f)"]})
    assert judge_dyck(wrong, lines, words).tolist() == [False]


def test_dyck_score_of_an_oracle():
    corpus = make_dyck(DyckConfig(**SIZES, max_tokens=60), 0)
    lines = corpus.lines("test_ood")
    oracle = Oracle(lines, len(corpus.vocabulary))
    score = score_corpus(oracle, corpus, splits=["test_ood"])["test_ood"]
    far = far_closings(lines.tokens.astype(np.int64), 20)
    assert score.correct == score.n == far.sum() > 50


def test_a_line_longer_than_the_model_is_told():
    corpus = make_question(QuestionConfig(**SIZES), 0)
    model = small_model(len(corpus.vocabulary), positions="learned", max_positions=12)
    with pytest.raises(CorpusError, match="but the model reads 12"):
        score_corpus(model, corpus)


def test_word_loss_is_each_lines_words_alone():
    lines = make_question(QuestionConfig(**SIZES), 0).lines("train")
    model = small_model(len(question_vocabulary()))
    told = []
    for row, length in enumerate(lines.lengths.tolist()):
        ids = torch.from_numpy(lines.tokens[row, :length]).long()
        log_probs = model(ids[None, :-1])[-1, 0].log_softmax(-1)
        told += log_probs[torch.arange(length - 1), ids[1:]].tolist()
    assert word_loss(model, lines) == pytest.approx(-np.mean(told), rel=1e-5)
