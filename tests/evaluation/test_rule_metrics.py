"""Which rule a model follows, told from models whose rule is known."""

import numpy as np
import pytest
import torch

import latebloom
from latebloom.evaluation.rule_metrics import score_rules
from latebloom.evaluation.scores import follow
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Pass, Transformer
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.dyck import DyckConfig, make_dyck
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tense import TenseConfig, make_tense

SIZES = {"train": 300, "test_id": 60, "test_ood": 90, "test_apart": 80}


class Follower(Transformer):
    """A model that chooses as a rule does; likelier still is a word that does not compete."""

    def __init__(self, corpus: Corpus, rule: str) -> None:
        super().__init__(ModelConfig(n_loops=1, feedback="none"), len(corpus.vocabulary))
        self.word = {}
        for name in corpus.splits:
            choice = corpus.task.choice(corpus.lines(name), corpus.vocabulary)
            for row, word in enumerate(choice.rules[rule]):
                read = choice.lines.tokens[row, : choice.lines.target[row]]
                self.word[tuple(read.tolist())] = int(word)

    def forward(self, tokens, at=None, **_):
        logits = torch.zeros(1, len(tokens), self.d_vocab)
        logits[:, :, 0] = 2.0
        for row, (ids, last) in enumerate(zip(tokens.tolist(), at.tolist(), strict=True)):
            logits[0, row, self.word[tuple(ids[: last + 1])]] = 1.0
        return Pass(logits)


@pytest.mark.parametrize(
    ("make", "config", "structural", "linear"),
    [
        (make_question, QuestionConfig(**SIZES), "main_auxiliary", "first_auxiliary"),
        (make_question, QuestionConfig(**SIZES), "main_auxiliary", "last_auxiliary"),
        (make_tense, TenseConfig(**SIZES), "subject", "first_noun"),
        (make_tense, TenseConfig(**SIZES), "subject", "nearest_noun"),
    ],
)
def test_a_model_is_found_to_follow_its_rule(make, config, structural, linear):
    corpus = make(config, 0)
    for rule, other in ((structural, linear), (linear, structural)):
        followed = score_rules(Follower(corpus, rule), corpus)
        assert list(followed) == list(corpus.splits)
        assert all(shares[rule] == 1 for shares in followed.values())
        assert followed["test_apart"][other] == 0


def test_the_share_is_that_of_the_lines(monkeypatch):
    """Recomputed from all logits, in small batches."""
    monkeypatch.setattr("latebloom.evaluation.sentence_metrics.TOKENS_AT_ONCE", 200)
    corpus = make_tense(TenseConfig(**SIZES), 0)
    torch.manual_seed(0)
    shape = {"d_model": 32, "n_layers": 1, "n_loops": 1, "feedback": "none"}
    model = Transformer(ModelConfig(**shape), len(corpus.vocabulary))
    choice = corpus.task.choice(corpus.lines("test_apart"), corpus.vocabulary)
    lines, row = choice.lines, np.arange(len(choice.lines))
    with torch.no_grad():
        logits = model.eval()(torch.from_numpy(lines.tokens.astype(np.int64))).logits[-1].numpy()
    told = logits[row, lines.target - 1]
    chosen = np.where(
        told[row, choice.among[:, 0]] >= told[row, choice.among[:, 1]],
        choice.among[:, 0],
        choice.among[:, 1],
    )
    share = float((chosen == choice.rules["subject"]).mean())
    followed = follow(model, corpus, splits=["test_apart"])["test_apart"]
    assert followed["subject"] == pytest.approx(share)
    assert followed["first_noun"] == followed["nearest_noun"] == pytest.approx(1 - share)
    assert 0.2 < share < 0.8
    few = follow(model, corpus, probe=10, splits=["test_apart"])["test_apart"]
    assert few["subject"] * 10 == pytest.approx(round(few["subject"] * 10))


def test_tasks_without_rules_follow_none():
    brackets = make_dyck(DyckConfig(train=600, test_id=200, test_ood=20, max_tokens=40), 0)
    model = Transformer(ModelConfig(n_loops=1, feedback="none"), len(brackets.vocabulary))
    assert follow(model, brackets) == {}


def test_a_run_tells_its_rules_at_every_evaluation_and_at_the_end(tmp_path):
    config = latebloom.RunConfig(
        recipe="question",
        world=QuestionConfig(**SIZES),
        model=ModelConfig(d_model=16, n_layers=1, n_loops=1, feedback="none", n_heads=2),
        feed=latebloom.SentenceFeedConfig(),
        train=latebloom.TrainConfig(steps=4, eval_every=2, batch_size=8, until=""),
    )
    run = latebloom.grow(config, tmp_path / "run", device="cpu")
    told = run.rules("test_apart")
    assert list(told) == ["test_apart"]
    assert run.summary["splits"]["test_apart"]["rules"] == told["test_apart"]
    assert "rules" not in run.summary["splits"]["train"]
    rows = run.metrics()
    assert len(rows) == 2
    assert rows[-1]["rules.test_apart.main_auxiliary"] == told["test_apart"]["main_auxiliary"]
    page = run.report().read_text()
    assert "Which rule it follows" in page
    assert "first not after who or that" in page
