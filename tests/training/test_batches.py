"""Batches: every question once an epoch, the mixture as asked, nothing remembered."""

from collections import Counter

import torch

from latebloom.training.batches import Batches, Group
from latebloom.training.config import TrainConfig
from latebloom.worlds.composition import CompositionConfig, make_composition

CPU = torch.device("cpu")


def asked(batch: list[Group]) -> list[tuple[int, ...]]:
    return [
        (*question, answer)
        for group in batch
        for question, answer in zip(group.tokens.tolist(), group.answers.tolist(), strict=True)
    ]


def test_an_epoch_asks_every_training_question_once(small_world):
    everything = Counter(
        tuple(row) for split in small_world.trained for row in small_world.examples(split).tolist()
    )
    n = everything.total()
    size = next(size for size in (7, 6, 5, 4, 3, 2, 1) if n % size == 0)
    batches = Batches(small_world, TrainConfig(batch_size=size, atomic_frac=0), 0, CPU)
    seen = Counter()
    for step in range(1, n // size + 1):
        seen.update(asked(batches.batch(step)))
    assert seen == everything


def test_a_batch_larger_than_an_epoch_goes_round(small_world):
    n = sum(len(small_world.examples(split)) for split in small_world.trained)
    batches = Batches(small_world, TrainConfig(batch_size=2 * n, atomic_frac=0), 0, CPU)
    assert set(Counter(asked(batches.batch(1))).values()) == {2}


def test_no_held_out_question_is_ever_in_a_batch(small_world):
    held_out = {
        tuple(row) for split in small_world.tested for row in small_world.examples(split).tolist()
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
        rows = {group.atomic: len(group.answers) for group in batches.batch(step)}
        assert rows == {True: 6, False: 14}


def test_questions_of_one_length_stay_together():
    config = CompositionConfig(entities=12, relations=4, out_degree=4, phi=1, hops=3)
    world = make_composition(config, seed=0)
    batch = Batches(world, TrainConfig(batch_size=64), seed=0, device=CPU).batch(1)
    assert [group.tokens.shape[1] for group in batch] == [2, 3, 4]
    assert [group.atomic for group in batch] == [True, False, False]
