"""Batches: every question once an epoch, the mixture as asked, nothing remembered."""

from collections import Counter

import torch

from latebloom.training.batches import Batches
from latebloom.training.config import TrainConfig
from latebloom.worlds.composition import CompositionConfig, make_composition

CPU = torch.device("cpu")


def asked(batch) -> list[tuple[int, ...]]:
    return [
        (*row[: at + 1], answer)
        for row, at, answer in zip(
            batch.tokens.tolist(), batch.at.tolist(), batch.answers.tolist(), strict=True
        )
    ]


def test_an_epoch_asks_every_training_question_once(small_world):
    n = sum(len(small_world.examples(split)) for split in small_world.trained)
    config = TrainConfig(batch_size=7, atomic_frac=0)
    batches = Batches(small_world, config, seed=0, device=CPU)
    seen = Counter()
    for step in range(1, 2 * n + 1):
        if step * 7 > n:
            rest = n - (step - 1) * 7
            seen.update(asked(batches.batch(step))[:rest])
            break
        seen.update(asked(batches.batch(step)))
    everything = Counter(
        tuple(row)
        for split in small_world.trained
        for row in small_world.examples(split).tolist()
    )
    assert seen == everything


def test_no_held_out_question_is_ever_in_a_batch(small_world):
    held_out = {
        tuple(row)
        for split in small_world.tested
        for row in small_world.examples(split).tolist()
    }
    batches = Batches(small_world, TrainConfig(batch_size=64), seed=0, device=CPU)
    for step in range(1, 40):
        assert held_out.isdisjoint(asked(batches.batch(step)))


def test_a_batch_depends_on_seed_and_step_alone(small_world):
    config = TrainConfig(batch_size=16)
    one = Batches(small_world, config, seed=0, device=CPU)
    two = Batches(small_world, config, seed=0, device=CPU)
    for step in range(1, 30):
        one.batch(step)
    assert asked(one.batch(30)) == asked(two.batch(30))
    other = Batches(small_world, config, seed=1, device=CPU)
    assert asked(other.batch(30)) != asked(two.batch(30))


def test_the_share_of_atomic_facts_is_as_asked(small_world):
    batches = Batches(small_world, TrainConfig(batch_size=20, atomic_frac=0.3), 0, CPU)
    for step in (1, 2, 9):
        batch = batches.batch(step)
        assert int(batch.atomic.sum()) == 6
        assert torch.equal(batch.atomic, batch.at == 1)


def test_questions_of_several_lengths_are_padded_to_the_longest():
    config = CompositionConfig(entities=12, relations=4, out_degree=4, phi=1, hops=3)
    world = make_composition(config, seed=0)
    batch = Batches(world, TrainConfig(batch_size=64), seed=0, device=CPU).batch(1)
    assert batch.tokens.shape[1] == 4
    assert set(batch.at.tolist()) == {1, 2, 3}
