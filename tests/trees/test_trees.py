"""The shortcut against plain masked passes, and the scores built on it."""

import numpy as np
import pytest
import torch

from latebloom.errors import CorpusError, LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.taps import Site, Taps
from latebloom.model.transformer import Transformer
from latebloom.trees import projection as trees
from latebloom.trees.attention_entropy import attention_entropy
from latebloom.trees.projection import Prefixes, span_scores
from latebloom.trees.record import Agreement
from latebloom.trees.scores import (
    brackets,
    predicted_tree,
    score_trees,
    sentences_to_project,
)
from latebloom.worlds.sentences.question import QuestionConfig, make_question

PUBLISHED = {"positions": "sinusoidal", "norm": "post", "activation": "relu", "tied": False}
KINDS = [
    PUBLISHED,
    {"positions": "learned"},
    {"positions": "rotary"},
    {"positions": "relative"},
    {"positions": "none", "n_loops": 2},
]


@pytest.fixture(scope="module")
def corpus():
    return make_question(QuestionConfig(train=400, test_id=20, test_ood=20), seed=0)


def model_of(corpus, **settings) -> Transformer:
    torch.manual_seed(0)
    shape = {"d_model": 32, "n_layers": 3, "n_heads": 4, "n_loops": 1, "feedback": "none"}
    if settings.get("positions") in ("sinusoidal", "learned"):
        shape["max_positions"] = 40
    shape |= settings
    model = Transformer(ModelConfig(**shape), len(corpus.vocabulary))
    for weight in model.parameters():  # far from the start, where all states look alike
        weight.data += 0.2 * torch.randn_like(weight)
    return model.eval()


@torch.no_grad()
def plain_scores(model: Transformer, ids: np.ndarray) -> np.ndarray:
    """Every span by a pass of its own with the mask of the definition."""
    n = len(ids) - 1
    tokens = torch.from_numpy(ids[None].astype(np.int64))
    last = Site(model.config.n_loops - 1, model.config.n_layers - 1, "resid_post")

    def states(visible: torch.Tensor) -> torch.Tensor:
        taps = Taps([last])
        model(tokens, visible=visible, taps=taps)
        return model.ln_final(taps.states[last])[0]

    causal = torch.ones(n + 1, n + 1, dtype=torch.bool).tril()
    full = states(causal)
    scores = np.zeros((n, n), np.float32)
    for i in range(1, n + 1):
        for j in range(i, n + 1):
            column = torch.arange(n + 1)
            inside = (column == 0) | ((column >= i) & (column <= j))
            visible = (causal & inside) | torch.eye(n + 1, dtype=torch.bool)
            c = states(visible)[i : j + 1].sum(0)
            scores[i - 1, j - 1] = torch.cosine_similarity(c, full[i : j + 1].sum(0), dim=0)
    return scores


@pytest.mark.parametrize("settings", KINDS, ids=lambda s: s["positions"])
def test_shortcut_equals_the_plain_masks(corpus, settings):
    model = model_of(corpus, **settings)
    lines = sentences_to_project(corpus, 60, seed=0)
    scores = span_scores(model, lines.tokens, lines.words)
    assert scores[:, 1:, :].min() < 0.98  # otherwise everything would look alike
    for row in (0, 7, 31):
        n = int(lines.words[row])
        plain = plain_scores(model, lines.tokens[row, : n + 1])
        np.testing.assert_allclose(scores[row, :n, :n], plain, atol=1e-5)
        assert not scores[row, n:].any()


def test_neither_company_nor_batch_size_matters(corpus, monkeypatch):
    model = model_of(corpus, **PUBLISHED)
    lines = sentences_to_project(corpus, 50, seed=1)
    together = span_scores(model, lines.tokens, lines.words)
    monkeypatch.setattr(trees, "SENTENCES_AT_ONCE", 9)
    monkeypatch.setattr(trees, "WINDOWS_AT_ONCE", 4)
    told = []
    apart = span_scores(model, lines.tokens, lines.words, lambda *at: told.append(at))
    np.testing.assert_allclose(together, apart, atol=1e-6)
    done = [at for at, of in told if of == 50]
    assert len(done) == len(told)
    assert done == sorted(done)
    assert {9, 18, 27, 36, 45, 50} < set(done)


def test_prefixes_by_hand():
    tokens = np.array([[1, 2, -1], [1, 2, 5], [1, 3, 5], [4, -1, -1]])
    prefixes = Prefixes.of(tokens)
    assert [rows.tolist() for rows in prefixes.first] == [[0, 3], [0, 2], [1, 2]]
    assert prefixes.node.tolist() == [[1, 3, -1], [1, 3, 5], [1, 4, 6], [2, -1, -1]]
    assert len(prefixes) == 6


def test_scores_of_a_model(corpus):
    model = model_of(corpus, **PUBLISHED)
    lines = sentences_to_project(corpus, 80, seed=0)
    found = score_trees(model, lines)
    assert found == score_trees(model, lines)
    assert found.n == 80
    right = found.parseval["right_branching"]
    shares = [
        sum(b == n - 1 for _, b in lines.tree(row)) / (n - 1)
        for row, n in enumerate(lines.words.tolist())
    ]
    weights = lines.words - 1
    assert right.f1 == pytest.approx(np.average(shares, weights=weights))
    for name in ("greedy", "chart", "random", "left_branching"):
        one = found.parseval[name]
        assert one.predicted == one.gold == weights.sum()
    assert Agreement.of(found.parseval["chart"]).f1 == found.parseval["chart"].f1


def greedy_gain(s: np.ndarray, i: int, j: int) -> float:
    """Sum over the greedy tree's nodes below [i, j] of the best split minus the average one."""
    if i == j:
        return 0.0
    options = [s[i, k] + s[k + 1, j] for k in range(i, j)]
    k = i + int(np.argmax(options))
    return max(options) - np.mean(options) + greedy_gain(s, i, k) + greedy_gain(s, k + 1, j)


def all_sums(s: np.ndarray, i: int, j: int) -> list[float]:
    """The children's scores summed over the nodes of each binary tree over words i..j."""
    if i == j:
        return [0.0]
    return [
        s[i, k] + s[k + 1, j] + left + right
        for k in range(i, j)
        for left in all_sums(s, i, k)
        for right in all_sums(s, k + 1, j)
    ]


def test_both_t_scores_from_their_definitions(corpus):
    model = model_of(corpus, **PUBLISHED)
    lines = sentences_to_project(corpus, 10_000, seed=0)
    lines = lines.take(np.flatnonzero(lines.words <= 7)[:8])
    assert len(np.unique(lines.words)) > 1
    published, paper = [], []
    for row, n in enumerate(lines.words.tolist()):
        scores = plain_scores(model, lines.tokens[row, : n + 1]).astype(np.float64)
        sums = all_sums(scores, 0, n - 1)
        published.append(greedy_gain(scores, 0, n - 1))
        paper.append(max(sums) - np.mean(sums))
    found = score_trees(model, lines)
    assert found.t_score_published == pytest.approx(np.mean(published), abs=1e-4)
    assert found.t_score_paper == pytest.approx(np.mean(paper), abs=1e-4)
    assert abs(found.t_score_published - found.t_score_paper) > 1e-2


def test_one_sentence(corpus):
    model = model_of(corpus, **PUBLISHED)
    ids = corpus.encode("the newt that does sleep doesn't amuse my yak")
    spans = predicted_tree(model, ids)
    assert spans[0] == (0, 8)
    assert len(spans) == len(set(spans)) == 8
    assert brackets(["a", "b", "c"], [(0, 2), (1, 2)]) == "(a (b c))"


def test_only_questions_are_projected(corpus):
    lines = sentences_to_project(corpus, 10_000, seed=0)
    quest = corpus.vocabulary.ids["quest"]
    assert 0 < len(lines) < 400
    assert (lines.tokens[np.arange(len(lines)), lines.prompt - 1] == quest).all()


def test_what_cannot_be_projected_is_refused(corpus):
    short = model_of(corpus, positions="sinusoidal", max_positions=6)
    lines = sentences_to_project(corpus, 20, seed=0)
    at = int(np.argmax(lines.words + 1 > 6))
    with pytest.raises(CorpusError, match=f"sentence {at + 1}, of {lines.words[at]} words"):
        span_scores(short, lines.tokens, lines.words)
    model = model_of(corpus, **PUBLISHED)
    with pytest.raises(CorpusError, match="sentence 2 has no words"):
        span_scores(model, lines.tokens[:2], np.array([3, 0]))
    with pytest.raises(CorpusError, match="window"):
        span_scores(model_of(corpus, window=3), lines.tokens, lines.words)
    looped = model_of(corpus, n_loops=2, feedback="ahead")
    with pytest.raises(LatebloomError, match="feedback"):
        span_scores(looped, lines.tokens, lines.words)


def test_uniform_attention_has_the_entropy_of_its_width(corpus):
    model = model_of(corpus, **PUBLISHED)
    for block in model.blocks:
        block.attn.qkv.weight.data.zero_()
        block.attn.qkv.bias.data.zero_()
    lines = corpus.lines("train").take(np.arange(5))
    found = attention_entropy(model, lines.tokens, lines.lengths)
    wanted = np.concatenate([np.log(np.arange(2, n + 1)) for n in lines.lengths]).mean()
    assert found == pytest.approx(np.full(3, wanted), abs=1e-5)


def test_attention_entropy_reads_each_layers_own_input(corpus):
    model = model_of(corpus, positions="relative")
    lines = corpus.lines("train").take(np.arange(3))
    found = attention_entropy(model, lines.tokens, lines.lengths)
    sites = [Site(0, layer, "resid_pre") for layer in range(3)]
    for layer, block in enumerate(model.blocks):
        total, count = 0.0, 0
        for row in range(3):
            ids = torch.from_numpy(lines.tokens[row, : lines.lengths[row]]).long()[None]
            taps = Taps(sites)
            with torch.no_grad():
                model(ids, taps=taps)
                q, k, _ = block.attn.project(block.ln_1(taps.states[sites[layer]]))
                place = torch.arange(ids.shape[1])
                distance = place[:, None] - place
                bias = model.positions.bias(distance, block.attn).masked_fill(
                    distance < 0, -torch.inf
                )
                pattern = (q @ k.transpose(-1, -2) / 8**0.5 + bias).softmax(-1)
                entropy = torch.special.entr(pattern).sum(-1).mean(1)[0, 1:]
            total, count = total + float(entropy.sum()), count + len(entropy)
        assert found[layer] == pytest.approx(total / count, abs=1e-5)


def test_longer_sentences_are_left_out(corpus):
    every = sentences_to_project(corpus, 10_000, seed=0)
    short = sentences_to_project(corpus, 10_000, seed=0, max_words=7)
    assert len(short) == int((every.words <= 7).sum()) > 0
    assert int(short.words.max()) == 7
    with pytest.raises(CorpusError, match="no sentence of at most 2 words"):
        sentences_to_project(corpus, 10, seed=0, max_words=2)


def test_the_exact_tree_is_the_best_one_and_the_other_the_greedy_one(monkeypatch):
    # Greedy: of (1, 3) it takes (2, 3), which is not worth what (1, 2) is with all beneath it.
    scores = np.random.default_rng(0).random((1, 4, 4))
    monkeypatch.setattr("latebloom.trees.scores.span_scores", lambda *rest: scores)
    model = Transformer(ModelConfig(), 5)
    greedy, exact = (predicted_tree(model, np.arange(5), exact=exact) for exact in (False, True))
    words = [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert set(greedy) - set(words) == {(0, 3), (1, 3), (2, 3)}
    assert set(exact) - set(words) == {(0, 3), (1, 3), (1, 2)}
