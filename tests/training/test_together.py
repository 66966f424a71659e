"""Several processes that train one run: shares that are the whole, and the same curve."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latebloom import launched
from latebloom.errors import TrainingError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.training.config import (
    ComparisonFeedConfig,
    RunConfig,
    SentenceFeedConfig,
    TrainConfig,
)
from latebloom.training.feed import make_feed
from latebloom.training.objective import Group, Several
from latebloom.training.shares import questions_for
from latebloom.training.together import ALONE, Together
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.made import CompositionConfig
from latebloom.worlds.comparisons.made import ComparisonConfig
from latebloom.worlds.sentences.dyck import DyckConfig

CPU = torch.device("cpu")
MODEL = ModelConfig(d_model=16, n_layers=1, n_heads=2, window=2, dropout=0.0)
TRAIN = TrainConfig(steps=4, batch_size=15, warmup_steps=1, label_smoothing=0.1)
CONFIGS = {
    "chains": RunConfig(
        world=CompositionConfig(entities=12, relations=4, out_degree=4, phi=2),
        model=MODEL,
        train=TRAIN,
    ),
    "comparisons": RunConfig(
        recipe="comparison",
        world=ComparisonConfig(entities=12, attributes=2, values=5, ood_frac=0.3, phi=3),
        model=replace(MODEL, feedback="replace"),
        feed=ComparisonFeedConfig(values_first=True, both_orders=True),
        train=TRAIN,
    ),
}


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 4))
def test_the_shares_of_a_batch_are_the_batch(sizes, of):
    ends = np.cumsum(sizes).tolist()
    batch = [
        Group(
            tokens=torch.arange(end - n, end)[:, None].repeat(1, 2),
            answers=torch.arange(end - n, end),
            atomic=n > 2,
        )
        for n, end in zip(sizes, ends, strict=True)
    ]
    shares = [questions_for(batch, number, of) for number in range(of)]
    found = sorted(int(a) for share in shares for group in share for a in group.answers)
    assert found == list(range(ends[-1]))
    counts = [sum(len(group.answers) for group in share) for share in shares]
    assert max(counts) - min(counts) <= 1


def test_a_share_keeps_the_answers_of_each_question():
    sets = Several(
        rows=torch.tensor([0, 0, 1, 2, 2]),
        members=torch.tensor([7, 8, 5, 3, 4]),
        weights=torch.tensor([0.5, 0.5, 1.0, 0.5, 0.5]),
        n_names=9,
    )
    group = Group(torch.zeros(3, 2).long(), torch.tensor([7, 5, 3]), atomic=False, asked=sets)
    part = group.take(torch.tensor([0, 2]))
    assert part.answers.tolist() == [7, 3]
    assert part.asked.rows.tolist() == [0, 0, 1, 1]
    assert part.asked.members.tolist() == [7, 8, 3, 4]


def gradient(model, feed, batch):
    model.zero_grad()
    feed.loss(model, batch).backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("of", [2, 3])
def test_the_gradients_of_the_shares_add_up_to_that_of_the_batch(name, of):
    config = CONFIGS[name]
    data = build_world(config.world, 0)
    torch.manual_seed(0)
    model = Transformer(config.model, len(data.vocabulary))
    feed = make_feed(config, data, CPU)
    for step in (1, 2):
        batch = feed.batch(step)
        summed = 0.0
        for number in range(of):
            part, share = Together(number, of, CPU).share(feed, batch)
            summed = summed + share * gradient(model, feed, part)
        torch.testing.assert_close(summed, gradient(model, feed, batch), rtol=1e-4, atol=1e-6)


def test_lines_are_shared_by_their_words():
    config = RunConfig(
        recipe="dyck",
        world=DyckConfig(kinds=2, depth=2, train=40, test_id=10, test_ood=10, max_tokens=12),
        model=replace(MODEL, feedback="none", n_loops=1),
        feed=SentenceFeedConfig(),
        train=TRAIN,
    )
    data = build_world(config.world, 0)
    torch.manual_seed(0)
    model = Transformer(config.model, len(data.vocabulary))
    feed = make_feed(config, data, CPU)
    batch = feed.batch(1)
    shares = [Together(number, 2, CPU).share(feed, batch) for number in range(2)]
    assert sum(share for _, share in shares) == pytest.approx(1)
    summed = sum(share * gradient(model, feed, part) for part, share in shares)
    torch.testing.assert_close(summed, gradient(model, feed, batch), rtol=1e-4, atol=1e-6)


def test_a_batch_that_leaves_nothing_to_a_process_is_refused():
    config = CONFIGS["chains"]
    feed = make_feed(config, build_world(config.world, 0), CPU)
    with pytest.raises(TrainingError, match="a batch of 15 leaves nothing to one of 16 processes"):
        Together(15, 16, CPU).share(feed, feed.batch(1))


def test_one_process_does_all_of_it():
    config = CONFIGS["chains"]
    feed = make_feed(config, build_world(config.world, 0), CPU)
    batch = feed.batch(1)
    part, share = ALONE.share(feed, batch)
    assert part is batch and share == 1.0
    assert ALONE.first and ALONE.shift() == 0 and ALONE.agree(True) and not ALONE.agree(False)


# --- With torchrun --------------------------------------------------------------------------------

SMALL = [
    *("--world.entities", "60", "--train.steps", "24", "--train.eval-every", "6", "--seed", "0"),
    *("--train.checkpoint-every", "6", "--model.d-model", "32", "--model.dropout", "0"),
    *("--until", "", "--threads", "1", "--quiet"),
]


def command(processes, *words):
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [sys.executable, *(run if processes > 1 else []), "-m", "latebloom", *words]


def grown(processes, *words):
    done = subprocess.run(command(processes, *words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def curve(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def assert_alike(one, other):
    assert [r["step"] for r in one] == [r["step"] for r in other]
    losses = [[r["loss"] for r in run] for run in (one, other)]
    assert np.allclose(*losses, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_two_processes_have_the_curve_of_one(tmp_path):
    grown(1, "grok", "composition", *SMALL, "--out", str(tmp_path / "one"))
    grown(2, "grok", "composition", *SMALL, "--out", str(tmp_path / "two"))
    one, two = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert len(one) == 4
    assert_alike(one, two)
    assert json.loads((tmp_path / "two" / "environment.json").read_text())["processes"] == 2
    # Stopped half-way by SIGTERM and gone on with alone, and the other way round.
    for first, then in ((2, 1), (1, 2)):
        place = tmp_path / f"{first}-{then}"
        stop_early(first, place)
        assert 0 < len(curve(place)) < 4
        done = grown(then, "grok", "--resume", str(place), "--quiet")
        assert f"began with processes {first} and goes on with {then}" in done.stderr
        assert_alike(one, curve(place))


def stop_early(processes, place):
    """Grows the same run, and stops it after its first evaluation."""
    words = command(processes, "grok", "composition", *SMALL, "--out", str(place))
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    metrics = place / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.stat().st_size):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGTERM)
    process.communicate()


@pytest.mark.slow
def test_what_is_wrong_is_said_once(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    words = ("grok", "composition", *SMALL, "--out", str(tmp_path / "full"))
    done = subprocess.run(command(2, *words), capture_output=True, text=True, check=False)
    assert done.returncode
    assert done.stderr.count("full exists; choose another --out") == 1
    done = subprocess.run(command(2, "recipes"), capture_output=True, text=True, check=False)
    assert done.stderr.count("torchrun trains one run") == 1


def test_torchrun_is_told_from_other_launchers(monkeypatch):
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.delenv(launched.MARK, raising=False)
    assert (launched.number(), launched.how_many()) == (0, 1)
    monkeypatch.setenv(launched.MARK, "x")
    assert (launched.number(), launched.how_many()) == (3, 4)
