"""Judges: figures and verdicts of made curves, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from latebloom.studies.judges import AtChance, Bloom, Rise, Watched, together


@pytest.fixture
def watched(small_world):
    """A run with these curves, evaluated every 10 steps."""

    def make(train, test_id=None, test_ood=None, final=None):
        curves = {"train_inferred": train, "test_id": test_id, "test_ood": test_ood}
        curves = {split: values for split, values in curves.items() if values is not None}
        rows = zip(*curves.values(), strict=True)
        records = [
            {"step": 10 * i, "accuracy": dict(zip(curves, row, strict=True))}
            for i, row in enumerate(rows, start=1)
        ]
        last = final or records[-1]["accuracy"]
        return Watched(seed=100, records=records, final=last, world=small_world)

    return make


FIT = [0.5, 1, 1, 1, 1, 1, 1, 1]
"""Fitted from step 20 on."""


def test_a_bloom_is_measured_in_multiples_of_the_fit(watched):
    judge = Bloom("test_id", times=2.5)
    found = judge.of_seed(watched(FIT, [0.1, 0.2, 0.3, 0.5, 0.96, 0.97, 0.95, 1]))
    assert (found.figure, found.verdict) == (2.5, "held")
    assert "from step 20, when test_id was 0.20" in found.said
    assert "kept 0.95 from step 50" in found.said
    # A single evaluation at the level is none that was kept.
    found = judge.of_seed(watched(FIT, [0.1, 0.2, 0.96, 0.5, 0.5, 0.96, 0.96, 0.96]))
    assert (found.figure, found.verdict) == (3, "held")


@pytest.mark.parametrize(
    ("train", "test_id", "figure", "verdict"),
    [
        (FIT, [0.1, 0.2, 0.3, 0.96, 0.96, 1, 1, 1], 2, "weaker"),  # above sqrt(3)
        (FIT, [0.1, 0.2, 0.96, 0.96, 0.96, 1, 1, 1], 1.5, "not"),
        (FIT, [0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.6, 0.6], None, "weaker"),  # half of .2 to .95
        (FIT, [0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.5, 0.5], None, "not"),
        ([0.5] * 8, [1.0] * 8, None, "not"),
    ],
)
def test_what_a_bloom_falls_short_of(watched, train, test_id, figure, verdict):
    found = Bloom("test_id", times=3).of_seed(watched(train, test_id))
    assert (found.figure, found.verdict) == (figure, verdict)


def test_ratios_are_averaged_as_ratios():
    mean, (low, high) = Bloom("test_id", times=10).mean([10.0, 40.0])
    assert mean == pytest.approx(20)
    assert low * high == pytest.approx(400)


def test_at_chance_is_judged_over_the_whole_training(watched, small_world):
    # Three questions after relation 12, none of which training answers with entity 0.
    rows = np.array([[0, 12, 12, 0]] * 60, np.int32)
    never = replace(small_world, splits={**small_world.splits, "test_ood": rows})
    never.splits["train_inferred"] = np.array([[1, 12, 12, 5]] * 99, np.int32)
    judge = AtChance()

    def of(test_ood):
        return judge.of_seed(replace(watched(FIT, test_ood=test_ood), world=never))

    # A single evaluation may be high by luck; three in a row are not.
    found = of([0.0, 0.0, 0.9, 0.0, 0.02, 0.03, 0.05, 0.0])
    assert (found.figure, found.verdict) == (0.02, "held")
    assert "0 of 60 right" in found.said
    assert of([0.0, 0.15, 0.15, 0.15, 0.0, 0, 0, 0]).verdict == "weaker"
    assert of([0.0, 0.3, 0.3, 0.3, 0.0, 0, 0, 0]).verdict == "not"
    # Where guessing gets more than the limit, so may the model.
    never.splits["train_inferred"] = np.array([[1, 12, 12, 0]] * 99, np.int32)
    assert of([0.0, 0.3, 0.3, 0.3, 0.0, 0, 0, 0]).verdict == "held"


@pytest.mark.parametrize(("last", "verdict"), [(0.6, "held"), (0.25, "weaker"), (0.15, "not")])
def test_a_rise_counts_from_the_fit_to_the_end(watched, last, verdict):
    ood = [0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    found = Rise().of_seed(watched(FIT, test_ood=ood, final={"test_ood": last}))
    assert (found.figure, found.verdict) == (last, verdict)
    assert found.said.startswith("from 0.100 at the fit, step 20, to ")


def test_what_seeds_say_together():
    assert together(["held", "held", "held"]) == "held"
    assert together(["held", "held", "not"]) == "weaker"
    assert together(["held", "not", "not"]) == "not"
    assert together(["weaker", "not"]) == "weaker"
