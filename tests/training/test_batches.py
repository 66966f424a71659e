"""Batches: every question once an epoch, the mixture as asked, nothing remembered."""

from collections import Counter

import torch

from latebloom.training.config import ComparisonFeedConfig, QuestionFeedConfig, TrainConfig
from latebloom.training.objective import Group
from latebloom.training.questions import QuestionFeed
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison

CPU = torch.device("cpu")


def feed_of(world, batch_size, seed=0, *, kind=QuestionFeedConfig, **settings) -> QuestionFeed:
    return QuestionFeed(world, kind(**settings), TrainConfig(batch_size=batch_size), seed, CPU)


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
    batches = feed_of(small_world, size, atomic_frac=0)
    seen = Counter()
    for step in range(1, n // size + 1):
        seen.update(asked(batches.batch(step)))
    assert seen == everything


def test_a_batch_larger_than_an_epoch_goes_round(small_world):
    n = sum(len(small_world.examples(split)) for split in small_world.trained)
    batches = feed_of(small_world, 2 * n, atomic_frac=0)
    assert set(Counter(asked(batches.batch(1))).values()) == {2}


def test_no_held_out_question_is_ever_in_a_batch(small_world):
    held_out = {
        tuple(row) for split in small_world.tested for row in small_world.examples(split).tolist()
    }
    batches = feed_of(small_world, 64)
    for step in range(1, 40):
        assert held_out.isdisjoint(asked(batches.batch(step)))


def test_a_batch_depends_on_seed_and_step_alone(small_world):
    one, two = feed_of(small_world, 16), feed_of(small_world, 16)
    for step in range(1, 30):
        one.batch(step)
    assert asked(one.batch(30)) == asked(two.batch(30))
    other = feed_of(small_world, 16, seed=1)
    assert asked(other.batch(30)) != asked(two.batch(30))


def test_the_share_of_atomic_facts_is_as_asked(small_world):
    batches = feed_of(small_world, 20, atomic_frac=0.3)
    for step in (1, 2, 9):
        rows = {group.atomic: len(group.answers) for group in batches.batch(step)}
        assert rows == {True: 6, False: 14}


def test_questions_of_one_length_stay_together():
    config = CompositionConfig(entities=12, relations=4, out_degree=4, phi=1, hops=3)
    world = make_composition(config, seed=0)
    batch = feed_of(world, 64).batch(1)
    assert [group.tokens.shape[1] for group in batch] == [2, 3, 4]
    assert [group.atomic for group in batch] == [True, False, False]


def test_values_are_those_that_training_tells():
    config = HiddenAttributesConfig(entities=30, attributes=2, across_frac=0.3, within_frac=0.2)
    world = make_hidden_attributes(config, seed=0)
    told = {(e, a): v for e, a, v in world.splits["atomic_id"].tolist()}
    hidden = 0
    batches = feed_of(world, 64, kind=ComparisonFeedConfig, values_first=True)
    for step in range(1, 20):
        for group in batches.batch(step):
            assert (group.asked is None) == group.atomic
            if group.asked is None:
                continue
            for question, values in zip(
                group.tokens.tolist(), group.asked.values.tolist(), strict=True
            ):
                expected = [told.get((entity, question[0]), -100) for entity in question[1:]]
                assert values == [-100, *expected]
                hidden += expected.count(-100)
    assert hidden > 0


def test_values_are_asked_only_where_told_to():
    world = make_comparison(ComparisonConfig(entities=30, attributes=2, phi=2), seed=0)
    for kind in (QuestionFeedConfig, ComparisonFeedConfig):
        batch = feed_of(world, 64, kind=kind).batch(1)
        assert len(batch) == 2 and all(group.asked is None for group in batch)


def test_facts_are_told_in_either_order():
    world = make_comparison(ComparisonConfig(entities=30, attributes=2, phi=2), seed=0)
    plain, turned = (
        feed_of(world, 64, kind=ComparisonFeedConfig, both_orders=both) for both in (False, True)
    )
    for step in range(1, 5):
        for one, two in zip(plain.batch(step), turned.batch(step), strict=True):
            assert torch.equal(one.answers, two.answers)
            same = (one.tokens == two.tokens).all(1)
            if one.atomic:
                assert same.tolist() == [row % 2 == 0 for row in range(len(same))]
                assert torch.equal(one.tokens.sort(1).values, two.tokens.sort(1).values)
            else:
                assert same.all()
