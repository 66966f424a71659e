"""Frequencies, of models whose embedding is made of known ones."""

import numpy as np
import pytest
import torch

from latebloom.circuits.fourier import (
    FourierConfig,
    FourierInstrument,
    at_frequencies,
    cycle_of,
    key_frequencies,
    power_of,
)
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Pass, Transformer
from latebloom.worlds.build import build_world
from latebloom.worlds.classic.parity import ParityConfig
from latebloom.worlds.classic.table import ModularConfig
from latebloom.worlds.tasks.modular import ModularTask

P = 11
PLAIN = ModelConfig(
    d_model=16, n_layers=1, n_heads=2, n_loops=1, feedback="none", positions="learned", tied=False
)


def waves(**amplitudes):
    """Columns of cosines and sines over the numbers 0 to P - 1: `f2=3.0` is frequency 2."""
    angle = 2 * np.pi * np.arange(P)[:, None] / P
    columns = [
        amplitude * wave(angle * int(name[1:]))
        for name, amplitude in amplitudes.items()
        for wave in (np.cos, np.sin)
    ]
    return np.concatenate(columns, axis=1)


def test_power_is_the_square_of_the_amplitude():
    power = power_of(waves(f2=3.0, f4=1.0) + 7)
    assert power == pytest.approx([0, 0.9, 0, 0.1, 0])


def test_power_of_an_even_number_counts_the_highest_frequency_once():
    signal = np.stack([[1.0, -1, 1, -1], [1, 0, -1, 0]], axis=1)
    assert power_of(signal) == pytest.approx([2 / 6, 4 / 6])


def test_key_frequencies_are_those_that_stand_out():
    power = np.array([0.05, 0.5, 0.05, 0.4])
    assert key_frequencies(power, 2.0).tolist() == [2]
    assert key_frequencies(power, 1.5).tolist() == [2, 4]
    assert key_frequencies(np.full(4, 0.25), 2.0).tolist() == []


def test_the_part_at_some_frequencies():
    two, four = waves(f2=3.0), waves(f4=1.0)
    part = at_frequencies(torch.from_numpy(two + four + 5), np.array([4]))
    assert part.numpy() == pytest.approx(four, abs=1e-9)


def test_multiplication_is_addition_of_places_in_the_cycle():
    task = ModularTask(P, "*")
    cycle = task.cycle()
    place = {int(number): i for i, number in enumerate(cycle)}
    assert sorted(place) == list(range(1, P))
    for a, b, _, answer in task.table().tolist():
        if a and b:
            assert place[answer] == (place[a] + place[b]) % (P - 1)


@pytest.mark.parametrize("config", [ParityConfig(), ModularConfig(operation="a^2+ab+b^2")])
def test_worlds_without_a_cycle_are_refused(config):
    with pytest.raises(LatebloomError, match=r"this one is on (parity|a\^2)"):
        cycle_of(build_world(config, 0))


class ByAngle(Transformer):
    """A model set by hand: answers a + b by the angles of frequency 2 in its embedding alone."""

    def forward(self, tokens, at=None, **_):
        a, b = (self.embed(tokens[:, i])[:, :2] for i in (0, 1))
        cos = a[:, 0] * b[:, 0] - a[:, 1] * b[:, 1]
        sin = a[:, 1] * b[:, 0] + a[:, 0] * b[:, 1]
        angle = 2 * np.pi * 2 * torch.arange(P) / P
        logits = torch.zeros(1, len(tokens), self.d_vocab) - 99
        logits[0, :, :P] = cos[:, None] * angle.cos() + sin[:, None] * angle.sin()
        return Pass(logits)


def test_a_circuit_set_by_hand_needs_its_frequency_and_no_other():
    world = build_world(ModularConfig(p=P, valid_frac=0), 0)
    model = ByAngle(PLAIN, P + 1)
    model.embed.weight.data.zero_()
    model.embed.weight.data[:P, :4] = torch.from_numpy(waves(f2=1.0, f5=0.1)).float()
    before = model.embed.weight.detach().clone()
    record = FourierInstrument(world, FourierConfig()).examine(model, 7)
    assert (record.step, record.key, record.accuracy) == (7, (2,), 1.0)
    assert record.by_key.kept == 1.0
    assert record.by_key.removed < 0.3
    assert record.by_random.kept < 0.3
    assert record.by_random.removed == 1.0
    assert (model.embed.weight == before).all()
