"""What one can bring from outside the package, without patching it, and run from end to end.

A new chain world, a new kind of question, a position scheme, an instrument and a rival are defined
in this file alone; each is grown, scored, asked, traced, put to rivals and reported on through the
public names of latebloom.
"""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import latebloom
from latebloom.rivals.reply import Reply
from latebloom.worlds.chains.draw import ChainConfig, make_splits, mark_ood

N = 13
"""Entities on the ring, and the modulus."""


def ring_world(seed: int = 0) -> latebloom.World:
    """(a) A chain world: entity i stands on a ring, and the relation `+k` leads to i + k."""
    rng = np.random.default_rng(seed)
    steps = np.array([1, 2, 5])
    subject = np.repeat(np.arange(N), len(steps))
    turn = np.tile(np.arange(len(steps)), N)
    facts = latebloom.Facts(
        subject=subject.astype(np.int32),
        relation=(N + turn).astype(np.int32),
        object=((subject + steps[turn]) % N).astype(np.int32),
        ood=mark_ood(len(subject), 0.2, rng),
    )
    splits, trained = make_splits(facts, ChainConfig(phi=1.0, test_id_frac=0.2), rng)
    words = (*(f"house {i}" for i in range(N)), *(f"+{k}" for k in steps))
    return latebloom.World(
        task=latebloom.ChainTask(),
        vocabulary=latebloom.Vocabulary(words),
        facts=facts,
        splits=splits,
        trained=trained,
    )


@dataclass(frozen=True)
class Addition(latebloom.Task):
    """(b) A kind of question: `a b =`, answered with a + b mod p. No fact is behind it."""

    p: int
    name = "addition"

    def fields(self):
        return {"p": self.p}

    def places(self, n_tokens):
        return ("first number", "second number", "equals sign")

    def candidates(self, facts, n_tokens):
        return np.arange(self.p), np.arange(self.p), np.array([self.p])

    def solve(self, facts, questions):
        return (questions[:, 0] + questions[:, 1]) % self.p


def addition_world(p: int = N) -> latebloom.World:
    """All sums below p, a third of them held out."""
    a, b = (part.ravel() for part in np.meshgrid(np.arange(p), np.arange(p)))
    rows = np.stack((a, b, np.full_like(a, p), (a + b) % p), axis=1).astype(np.int32)
    rows = np.random.default_rng(0).permutation(rows)
    cut = len(rows) // 3
    return latebloom.World(
        task=Addition(p),
        vocabulary=latebloom.Vocabulary((*map(str, range(p)), "=")),
        facts=latebloom.Facts.none(),
        splits={"train_inferred": rows[cut:], "test_id": rows[:cut]},
        trained=("train_inferred",),
    )


class Alibi(latebloom.Positions):
    """(c) A position scheme: a penalty that grows with the distance (arXiv:2108.12409)."""

    def bias(self, distance, attention):
        n = attention.n_heads
        slopes = 2.0 ** (-8.0 / n * torch.arange(1, n + 1, device=distance.device))
        return -slopes.view(-1, *[1] * distance.ndim) * distance


@dataclass(frozen=True)
class NormConfig:
    """What the instrument below measures."""

    of: str = "embed.weight"


class EmbeddingNorm:
    """(d) An instrument: the norm of one weight at every checkpoint."""

    name = "norms"
    format = 1

    def __init__(self, config: NormConfig) -> None:
        self.config = config
        self.looked = 0

    def examine(self, model, step):
        self.looked += 1
        return {"norm": float(model.state_dict()[self.config.of].norm())}


class FirstOfAll:
    """(e) A rival: answers every question with the same name."""

    name = "the first name"

    def answer(self, questions):
        return [Reply("answered", 0) for _ in questions]


def config_for(**changes) -> latebloom.RunConfig:
    """A tiny run."""
    return latebloom.RunConfig(
        recipe="mine",
        model=latebloom.ModelConfig(
            d_model=16, n_layers=1, n_heads=2, n_loops=1, feedback="none", **changes
        ),
        feed=latebloom.QuestionFeedConfig(atomic_frac=0.0),
        train=latebloom.TrainConfig(
            steps=20, batch_size=16, warmup_steps=2, eval_every=10, checkpoint_every=10, until=""
        ),
    )


@pytest.mark.parametrize("make", [ring_world, addition_world])
def test_a_world_of_ones_own_goes_all_the_way(tmp_path, make):
    world = make()
    run = latebloom.grow(
        config_for(positions="rotary"), tmp_path / "run", own=latebloom.Own(world=world)
    )
    scores = run.score()
    assert set(scores) == set(world.splits)
    assert scores["test_id"].n == len(world.splits["test_id"])

    question = world.vocabulary.decode(world.splits["test_id"][0, :-1].tolist())
    answer = run.ask(*question)
    right = world.vocabulary.words[world.splits["test_id"][0, -1]]
    assert answer.truth == right
    assert not answer.shown

    records = run.trace(examples=12)
    assert [record.step for record in records] == run.steps
    assert records[-1].verdict.accuracy == pytest.approx(scores["train_inferred"].accuracy, abs=0.5)
    traced = {name: effect.n for name, effect in records[-1].trace.items()}
    changeable = [p for p in world.task.places(len(question)) if p != "equals sign"]
    assert all(traced[place] > 0 for place in changeable)

    rows = run.rivals(FirstOfAll())
    mine = {row["split"]: row for row in rows if row["rival"] == "the first name"}
    wanted = world.splits["test_id"][:, -1] == 0
    assert mine["test_id"]["correct"] == int(wanted.sum())
    exact = {row["split"]: row["accuracy"] for row in rows if row["rival"] == "symbolic"}
    assert exact["test_id"] == 1.0, "the task's own rule solves what it asks"

    page = run.report().read_text()
    assert "the first name" in page
    assert "test_id" in page


def test_an_unknown_question_is_refused_in_the_words_of_its_task(tmp_path):
    own = latebloom.Own(world=addition_world())
    run = latebloom.grow(config_for(), tmp_path / "run", own=own)
    with pytest.raises(latebloom.LatebloomError, match="'=' cannot stand as the second number"):
        run.ask("1", "=", "=")


def test_no_file_names_code_so_the_task_is_handed_in_again(tmp_path):
    own = latebloom.Own(world=addition_world())
    latebloom.grow(config_for(), tmp_path / "run", own=own)
    assert json.loads((tmp_path / "run/vocabulary.json").read_text())["task"] == {
        "name": "addition",
        "p": N,
    }
    with pytest.raises(latebloom.LatebloomError, match=r"'addition'.*Own\(task="):
        latebloom.load(tmp_path / "run")
    run = latebloom.load(tmp_path / "run", own=latebloom.Own(task=Addition(N)))
    assert run.ask("5", "11", "=").truth == "3"
    assert run.config.world == run.config.world.__class__(name="addition")


def test_a_position_scheme_of_ones_own(tmp_path):
    own = latebloom.Own(world=ring_world(), parts=latebloom.Parts(positions=Alibi()))
    config = config_for(positions="own:alibi")
    run = latebloom.grow(config, tmp_path / "run", own=own)
    assert run.trace(step=20, examples=8)[0].verdict.accuracy >= 0
    with pytest.raises(latebloom.LatebloomError, match=r"own:alibi.*Parts\("):
        latebloom.load(tmp_path / "run")
    again = latebloom.load(
        tmp_path / "run", own=latebloom.Own(parts=latebloom.Parts(positions=Alibi()))
    )
    assert again.score() == run.score()
    plain = latebloom.grow(config_for(positions="none"), tmp_path / "plain", own=own.__class__(
        world=ring_world()
    ))  # fmt: skip
    assert list(plain.folder.metrics())[-1]["loss"] != list(run.folder.metrics())[-1]["loss"]


def test_an_instrument_of_ones_own_is_kept_and_goes_on(tmp_path):
    own = latebloom.Own(world=ring_world())
    run = latebloom.grow(config_for(), tmp_path / "run", own=own)
    instrument = EmbeddingNorm(NormConfig())
    records = list(run.examine(instrument))
    assert instrument.looked == len(run.steps)
    want = [float(run.at(step).model.embed.weight.detach().norm()) for step in run.steps]
    assert [record["norm"] for record in records] == pytest.approx(want)
    again = EmbeddingNorm(NormConfig())
    assert [record["norm"] for record in run.examine(again)] == pytest.approx(want)
    assert again.looked == 0, "kept records are not made again"
    other = EmbeddingNorm(NormConfig(of="ln_final.weight"))
    list(run.examine(other))
    assert other.looked == len(run.steps), "another config is another measurement"


def test_a_callback_a_loss_and_an_optimizer_of_ones_own(tmp_path):
    seen = []

    def watch(moment: latebloom.Moment):
        seen.append(moment.step)
        if moment.step == 12:
            moment.stop()
        if moment.record is not None:
            return {"norm": float(moment.model.embed.weight.detach().norm())}
        return None

    def loss(model, batch):
        (group,) = batch
        at = torch.full((len(group.tokens),), group.tokens.shape[1] - 1)
        logits = model(group.tokens, at, every_loop=False).logits[-1]
        return torch.nn.functional.cross_entropy(logits, group.answers)

    own = latebloom.Own(
        world=addition_world(),
        loss=loss,
        optimizers=lambda model, train: [torch.optim.SGD(model.parameters(), lr=0.1)],
        callbacks=(watch,),
    )
    run = latebloom.grow(config_for(), tmp_path / "run", own=own)
    assert seen == list(range(1, 13))
    assert run.summary["stopped_by"] == "callback"
    (record,) = run.metrics()
    assert record["norm"] > 0
    with pytest.raises(latebloom.LatebloomError, match="loss of one's own"):
        latebloom.resume(tmp_path / "run", own=latebloom.Own(task=Addition(N)))
