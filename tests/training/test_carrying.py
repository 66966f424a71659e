"""Weights carried over from another run: which, how, and that the new run stands on its own."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.studies.grow import grow, resume
from latebloom.training.carrying import TABLES, carried, table_of
from latebloom.training.checkpoint import list_checkpoints
from latebloom.training.listener import Silence
from latebloom.training.lock import locked
from latebloom.training.opened import open_run
from latebloom.training.start import StartConfig
from latebloom.worlds.build import build_world
from latebloom.worlds.vocabulary import Vocabulary


@pytest.fixture
def source(small_grown, tmp_path):
    """A run of 24 steps, and the weights that it ended with."""
    shutil.copytree(small_grown, tmp_path / "source")
    return tmp_path / "source", open_run(tmp_path / "source").model.state_dict()


@pytest.fixture
def larger(small_config, source):
    """The config of a run over a few more entities that starts from the source."""
    config = replace(small_config, seed=5).replace("world", entities=15)
    return config.replace("start", run=str(source[0]))


def begin(config):
    """The weights that a config begins with, and those of the same seed drawn at random."""
    world = build_world(config.world, config.world_seed)
    torch.manual_seed(config.seed)
    drawn = Transformer(config.model, len(world.vocabulary)).state_dict()
    return carried(config, world), drawn


def test_the_body_comes_over_and_the_embeddings_are_drawn(larger, source):
    found, drawn = begin(larger.replace("start", carry="body"))
    assert set(found.weights) == set(drawn)
    for name, weights in found.weights.items():
        assert weights.equal(drawn[name] if name in TABLES else source[1][name]), name


def test_with_all_the_words_of_both_keep_their_embeddings(larger, source):
    found, drawn = begin(larger)
    before = open_run(source[0]).world.vocabulary
    now = build_world(larger.world, larger.world_seed).vocabulary
    shared = [word for word in now.words if word in before.ids]
    assert (found.shared, found.of) == (len(shared), len(now)) == (16, 19)
    table, old = found.weights["embed.weight"], source[1]["embed.weight"]
    # The relations have other numbers now: words are found by their names.
    assert now.id("r0") != before.id("r0")
    assert table[now.encode(shared)].equal(old[before.encode(shared)])
    assert not table[now.id("e14")].equal(drawn["embed.weight"][now.id("e14")])
    assert found.as_dict()["started_from"]["shared_words"] == 16


def test_other_words_are_drawn_like_those_of_the_old_run():
    generator = torch.Generator().manual_seed(0)
    old = torch.randn(50, 3, generator=generator) * torch.tensor([0.1, 1, 5]) + 2
    words = Vocabulary(tuple(f"n{i}" for i in range(20_000)))
    drawn = table_of(old, Vocabulary(tuple(f"o{i}" for i in range(50))), words, generator)
    scale = old.std(0, correction=0)
    assert ((drawn.mean(0) - old.mean(0)).abs() < 0.05 * scale).all()
    assert ((drawn.std(0) / scale - 1).abs() < 0.05).all()


def test_a_shuffled_body_has_the_same_numbers_elsewhere(larger, source):
    found, drawn = begin(larger.replace("start", carry="shuffled"))
    name = "blocks.0.mlp_in.weight"
    one, other = found.weights[name], source[1][name]
    assert one.flatten().sort().values.equal(other.flatten().sort().values)
    assert not one.equal(other)
    assert found.weights["embed.weight"].equal(drawn["embed.weight"])


def test_noise_is_measured_by_the_weights_that_it_is_added_to(larger, source):
    found, _ = begin(larger.replace("start", noise=0.5))
    name = "blocks.0.mlp_in.weight"
    added = (found.weights[name] - source[1][name]).numpy()
    assert np.std(added) / source[1][name].numpy().std() == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(
    ("section", "values", "said"),
    [
        ("model", {"d_model": 32}, "--model.d-model 16"),
        ("model", {"n_layers": 2}, "blocks.1."),
        ("model", {"mlp_ratio": 8}, "--model.mlp-ratio 4"),
        ("start", {"run": "nowhere"}, "there is no such run folder"),
    ],
)
def test_what_cannot_be_started_from_is_one_line(larger, section, values, said):
    with pytest.raises(LatebloomError, match=said) as told:
        begin(larger.replace(section, **values))
    assert "\n" not in str(told.value)


def test_what_has_no_weights_may_differ(larger, source):
    config = larger.replace("start", carry="body")
    found, _ = begin(config.replace("model", n_loops=3, dropout=0.0, tied=False))
    body = set(found.weights) & (set(source[1]) - set(TABLES))
    assert body and all(found.weights[name].equal(source[1][name]) for name in body)


def test_a_run_that_is_being_trained_is_no_start(larger, source):
    with locked(source[0]), pytest.raises(LatebloomError, match="being trained at this moment"):
        begin(larger)


@pytest.mark.parametrize("values", [{"carry": "body"}, {"noise": 0.1}, {"run": "r", "noise": -1.0}])
def test_a_start_without_effect_is_refused(values):
    with pytest.raises(LatebloomError, match=r"start\.(carry|noise)"):
        StartConfig(**values)


class Killed(BaseException):
    """Stands for a death that nobody catches."""


class DiesAt(Silence):
    """Dies at one step."""

    def __init__(self, step):
        self.at = step

    def step(self, step, loss, steps_per_second):
        if step == self.at:
            raise Killed


def weights_at_the_end(folder):
    return (list_checkpoints(folder / "checkpoints")[-1].folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize("from_scratch", [False, True])
def test_it_goes_on_bit_for_bit_when_the_old_run_has_gone(larger, source, tmp_path, from_scratch):
    grow(larger, tmp_path / "whole")
    with pytest.raises(Killed):
        grow(larger, tmp_path / "killed", listener=DiesAt(13))
    shutil.rmtree(source[0])
    resume(tmp_path / "killed", from_scratch=from_scratch)
    assert weights_at_the_end(tmp_path / "killed") == weights_at_the_end(tmp_path / "whole")
    # It began with what was carried over, and says so.
    run = open_run(tmp_path / "killed", step=0)
    assert run.model.state_dict()["embed.weight"][:12].equal(source[1]["embed.weight"][:12])
    told = json.loads((tmp_path / "killed" / "environment.json").read_text())["started_from"]
    assert (told["run"], told["step"]) == (str(source[0]), 24)
    assert run.config.start == larger.start


def test_damage_to_the_first_weights_is_told(larger, tmp_path):
    grow(larger, tmp_path / "run")
    path = tmp_path / "run" / "start.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(LatebloomError, match=r"start\.safetensors is not as the run was made"):
        resume(tmp_path / "run")
