"""Training on sentences: every line once an epoch, every word in the loss, the same loop."""

import json
import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from latebloom.errors import CorpusError, LatebloomError, RunFolderError
from latebloom.evaluation.sentence_metrics import score_corpus
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.run import load
from latebloom.studies.grow import grow, resume
from latebloom.training.averaging import WeightAverage
from latebloom.training.checkpoint import list_checkpoints
from latebloom.training.config import QuestionFeedConfig, RunConfig, SentenceFeedConfig, TrainConfig
from latebloom.training.listener import Silence
from latebloom.training.objective import NO_WORD, Sentences
from latebloom.training.sentences import POOL, SentenceFeed, even_cuts
from latebloom.worlds.build import build_world
from latebloom.worlds.published.sentences import write_published
from latebloom.worlds.sentences.dyck import DyckConfig, make_dyck
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tense import TenseConfig
from latebloom.worlds.sentences.treebank import SentencesConfig

CPU = torch.device("cpu")
SMALL = QuestionConfig(train=60, test_id=20, test_ood=20, test_apart=20)
SPLITS = {"train", "test_id", "test_ood", "valid_id", "valid_ood"}
APART = {"test_apart", "valid_apart"}
TOLD = TrainConfig(
    steps=24,
    batch_size=10,
    eval_every=8,
    checkpoint_every=8,
    warmup_steps=4,
    until="",
)
READER = ModelConfig(
    d_model=16, n_layers=2, n_heads=2, n_loops=1, feedback="none", positions="rotary", dropout=0.1
)
FEED = SentenceFeedConfig()
CONFIG = RunConfig(
    recipe="question", seed=3, world_seed=3, world=SMALL, model=READER, feed=FEED, train=TOLD
)


class Stop(Silence):
    """Dies at one step, as a process does that is killed."""

    def __init__(self, step):
        self.at = step

    def step(self, step, loss, steps_per_second):
        if step == self.at:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def corpus():
    return make_question(SMALL, seed=3)


def lines_of(batch: Sentences) -> list[tuple[int, ...]]:
    """The lines of a batch, put together again from words and next words."""
    return [
        (first[0], *[word for word in targets if word != NO_WORD])
        for first, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True)
    ]


def test_an_epoch_holds_every_line_once_and_every_word(corpus):
    lines = corpus.lines("train")
    whole = Counter(
        tuple(row[:n]) for row, n in zip(lines.tokens.tolist(), lines.lengths, strict=True)
    )
    # A pool would be 8 steps of 10 lines, which is more than there are: so it is an epoch.
    batches = SentenceFeed(corpus, FEED, TOLD, 0, CPU)
    for first in (1, 7, 13):
        steps = range(first, first + 6)
        assert Counter(line for step in steps for line in lines_of(batches.batch(step))) == whole
    assert lines_of(batches.batch(7)) != lines_of(batches.batch(1))


@pytest.mark.parametrize("batch_size", [1, 7, 90])
def test_any_batch_size_goes_through_the_lines(corpus, batch_size):
    batches = SentenceFeed(corpus, FEED, replace(TOLD, batch_size=batch_size), 0, CPU)
    n = math.lcm(batches.pool * batch_size, 60) // batch_size
    sizes = [len(batches.batch(step).tokens) for step in range(1, n + 1)]
    assert min(sizes) >= 1 and sum(sizes) == n * batch_size


def test_the_lines_of_a_pool_lie_together_by_length(corpus):
    batches = SentenceFeed(corpus, FEED, TOLD, 0, CPU)
    spans = sorted(
        (min(lengths), max(lengths))
        for step in range(1, batches.pool + 1)
        for lengths in [[len(line) for line in lines_of(batches.batch(step))]]
    )
    assert all(longest <= shortest for (_, longest), (shortest, _) in pairwise(spans))
    assert len(set(spans)) > 4


def test_the_batches_of_a_pool_have_like_numbers_of_tokens(corpus):
    batches = SentenceFeed(corpus, FEED, TOLD, 0, CPU)
    longest = int(corpus.lines("train").lengths.max())
    tokens = [sum(map(len, lines_of(batches.batch(s)))) for s in range(1, batches.pool + 1)]
    assert max(tokens) - min(tokens) <= 2 * longest


def test_short_lines_share_a_batch_with_many():
    brackets = make_dyck(DyckConfig(train=2000, test_id=20, test_ood=20), seed=0)
    batches = SentenceFeed(brackets, FEED, replace(TOLD, batch_size=100), 0, CPU)
    assert batches.pool == POOL
    made = [batches.batch(step) for step in range(1, POOL + 1)]
    words = [int((batch.targets != NO_WORD).sum()) for batch in made]
    lines = [len(batch.tokens) for batch in made]
    assert max(words) < 1.4 * min(words)
    assert max(lines) > 8 * min(lines)


@pytest.mark.parametrize(
    ("lengths", "cuts"),
    [([1] * 8, [2, 4, 6]), ([2, 2, 2, 2, 2, 2, 2, 90], [5, 6, 7]), ([90, 2, 2, 2], [1, 2, 3])],
)
def test_every_part_has_a_line(lengths, cuts):
    assert even_cuts(np.array(lengths), 4).tolist() == cuts


def test_a_batch_is_as_wide_as_its_longest_line(corpus):
    batch = SentenceFeed(corpus, FEED, TOLD, 0, CPU).batch(2)
    real = (batch.targets != NO_WORD).sum(1)
    assert batch.tokens.shape[1] == int(real.max())
    assert (batch.tokens[:, 1:] == batch.targets[:, :-1])[batch.targets[:, 1:] != NO_WORD].all()


def test_nothing_is_remembered(corpus):
    walked = SentenceFeed(corpus, FEED, TOLD, 5, CPU)
    for step in range(1, 9):
        late = walked.batch(step)
    assert torch.equal(late.targets, SentenceFeed(corpus, FEED, TOLD, 5, CPU).batch(8).targets)


def test_the_loss_is_the_mean_over_words_by_hand(corpus):
    torch.manual_seed(0)
    model = Transformer(replace(READER, dropout=0.0), len(corpus.vocabulary)).double()
    feed = SentenceFeed(corpus, FEED, TOLD, 0, CPU)
    batch = feed.batch(1)
    total, n = 0.0, 0
    for line in lines_of(batch):
        chances = model(torch.tensor([line[:-1]])).logits[0, 0].detach().log_softmax(-1)
        total -= sum(float(chances[i, word]) for i, word in enumerate(line[1:]))
        n += len(line) - 1
    assert feed.loss(model, batch).item() == pytest.approx(total / n, rel=1e-6)


def test_padding_changes_nothing(corpus):
    torch.manual_seed(0)
    model = Transformer(replace(READER, dropout=0.0), len(corpus.vocabulary)).double()
    feed = SentenceFeed(corpus, FEED, TOLD, 0, CPU)
    batch = feed.batch(1)
    wider = Sentences(
        torch.nn.functional.pad(batch.tokens, (0, 5), value=7),
        torch.nn.functional.pad(batch.targets, (0, 5), value=NO_WORD),
    )
    first, second = feed.loss(model, batch), feed.loss(model, wider)
    assert first.item() == pytest.approx(second.item(), rel=1e-6)


def test_the_average_by_hand():
    torch.manual_seed(0)
    model = Transformer(READER, 5)
    average, recent = WeightAverage(model, 0.5), WeightAverage(model, 0.3)
    seen, by_hand = [], torch.zeros(5, 16)
    for step in range(1, 30):
        with torch.no_grad():
            model.embed.weight.add_(step)
        average.update(step)
        recent.update(step)
        seen.append(model.embed.weight.detach().clone())
        by_hand += (seen[-1] - by_hand) / (1 + 0.3 * (step - 1))
    # With a fraction of 1/2 the weights after step t count t times.
    mean = sum(step * weight for step, weight in enumerate(seen, 1)) / sum(range(1, 30))
    assert torch.allclose(average.model.embed.weight, mean, rtol=1e-4)
    assert torch.allclose(recent.model.embed.weight, by_hand, rtol=1e-4)
    assert WeightAverage(model, 0.0).model is model


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_stopped_and_resumed_equals_uninterrupted(tmp_path, average):
    config = replace(CONFIG, train=replace(TOLD, average_frac=average))
    whole = grow(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        grow(config, tmp_path / "halted", listener=Stop(13))
    resumed = resume(tmp_path / "halted")
    assert resumed["splits"] == whole["splits"]
    newest = [list_checkpoints(tmp_path / run / "checkpoints")[-1] for run in ("whole", "halted")]
    for name in ("model", "training"):
        a, b = ((one.folder / f"{name}.safetensors").read_bytes() for one in newest)
        assert a == b
    holds = {key.split("/")[0] for key in newest[0].tensors("training")}
    assert ("weights" in holds) == bool(average)


def test_what_is_saved_is_what_was_measured(tmp_path):
    summary = grow(replace(CONFIG, train=replace(TOLD, average_frac=0.9)), tmp_path / "run")
    run = load(tmp_path / "run")
    for split, score in score_corpus(run.model, run.corpus).items():
        assert summary["splits"][split]["correct"] == score.correct
    records = list(run.folder.metrics())
    assert [r["step"] for r in records] == [8, 16, 24]
    assert set(records[-1]["accuracy"]) == SPLITS | APART
    assert summary["phi"] is None


@pytest.mark.parametrize(
    "world",
    [
        TenseConfig(train=40, test_id=10, test_ood=10, test_apart=10),
        DyckConfig(kinds=3, train=400, test_id=200, test_ood=10, max_tokens=40),
    ],
)
def test_every_world_of_sentences_goes_through_the_loop(tmp_path, world):
    summary = grow(replace(CONFIG, world=world, train=replace(TOLD, steps=8)), tmp_path / "run")
    assert set(summary["splits"]) - APART == SPLITS
    assert ("test_apart" in summary["splits"]) == hasattr(world, "test_apart")
    assert RunConfig.from_toml((tmp_path / "run" / "config.toml").read_text()).world == world


@pytest.mark.parametrize(
    "drawn",
    [
        SMALL,
        TenseConfig(train=40, test_id=10, test_ood=10, test_apart=10),
        DyckConfig(kinds=3, train=400, test_id=200, test_ood=10, max_tokens=40),
    ],
    ids=lambda world: world.kind,
)
def test_published_files_are_trained_on_like_the_lines_that_were_drawn(tmp_path, drawn):
    drawn = replace(drawn, valid_frac=0.0)
    write_published(build_world(drawn, CONFIG.world_seed), tmp_path / "files")
    read = type(drawn)(files=str(tmp_path / "files"))
    notes: list[str] = []
    assert len(build_world(read, 0, notes.append).lines("train")) == drawn.train
    assert notes == [
        f"lines read: {drawn.train} train, {drawn.test_id} test_id, {drawn.test_ood} test_ood;"
        " the other settings of world have no effect"
    ]
    told = [
        grow(replace(CONFIG, world=world, train=replace(TOLD, steps=8)), tmp_path / name)
        for world, name in ((drawn, "drawn"), (read, "read"))
    ]
    # The published files hold no lines apart.
    assert told[1]["splits"] == {k: v for k, v in told[0]["splits"].items() if k != "test_apart"}
    weights = [
        list_checkpoints(tmp_path / name / "checkpoints")[-1].folder / "model.safetensors"
        for name in ("drawn", "read")
    ]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_ones_own_trees_go_through_the_loop(tmp_path):
    pytest.importorskip("nltk")
    (tmp_path / "own.mrg").write_text("(S (NP the newt) (VP sleeps))\n(S (NP a yak) (VP eats))\n")
    config = replace(CONFIG, train=replace(TOLD, batch_size=2, steps=4))
    config = replace(config, world=SentencesConfig(trees=str(tmp_path / "own.mrg")))
    summary = grow(config, tmp_path / "run")
    assert summary["splits"]["test_id"]["n"] == 3


def test_the_loss_falls_on_what_can_be_learned(tmp_path):
    train = replace(TOLD, steps=60, lr=0.02, eval_every=10)
    grow(replace(CONFIG, train=train), tmp_path / "run")
    last = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["loss"] < 0.75 * np.log(70)


def test_the_feed_of_questions_is_refused():
    with pytest.raises(LatebloomError, match=r"this world asks sentences: give feed=SentenceFeed"):
        replace(CONFIG, feed=QuestionFeedConfig())


def test_feedback_is_refused():
    with pytest.raises(LatebloomError, match="feedback"):
        replace(CONFIG, model=replace(READER, n_loops=2, feedback="ahead"))


def test_a_line_longer_than_the_model_is_named_and_leaves_no_folder(tmp_path, corpus):
    model = replace(READER, positions="sinusoidal", max_positions=8)
    with pytest.raises(CorpusError, match=r"--model\.max-positions") as caught:
        grow(replace(CONFIG, model=model), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    lines = [
        (1 + len(corpus.text(split, row).split()), split, row)
        for split in corpus.splits
        for row in range(len(corpus.lines(split)))
    ]
    longest, split, row = max(lines, key=lambda line: line[0])
    told = str(caught.value)
    assert told.startswith(f"the longest line, line {row + 1} of {split} (")
    assert corpus.text(split, row)[:40] in told
    assert f"has {longest} tokens, but the model reads 8 (model.max_positions);" in told


def test_who_asks_for_facts_is_told_where_to_go(tmp_path, small_config):
    grow(replace(CONFIG, train=replace(TOLD, steps=1)), tmp_path / "run")
    with pytest.raises(RunFolderError, match="latebloom trees"):
        load(tmp_path / "run").ask("the", "newt")
    grow(replace(small_config, train=replace(small_config.train, steps=1)), tmp_path / "facts")
    with pytest.raises(RunFolderError, match="latebloom grok question"):
        assert load(tmp_path / "facts").corpus
