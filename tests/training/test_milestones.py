"""First and sustained steps and the stop rule: at once, never, a dip, few records, a resumption."""

from dataclasses import replace

import pytest

from latebloom.evaluation.scores import score as scored
from latebloom.studies.grow import grow, resume
from latebloom.training.listener import Silence
from latebloom.training.milestones import first_step, sustained_step
from latebloom.training.until import goal_reached, parse_until


def records(*shares, split="test_id"):
    """Evaluations at steps 10, 20, ...; None where the split was not measured."""
    return [
        {"step": 10 * i, "accuracy": {} if share is None else {split: share}}
        for i, share in enumerate(shares, 1)
    ]


@pytest.mark.parametrize(
    ("shares", "first", "sustained"),
    [
        ((), None, None),
        ((0.5, 0.98, 0.9899), None, None),
        ((0.99, 0.99, 0.99), 10, 10),
        ((1.0, 1.0, 1.0, 0.0), 10, 10),  # what comes later takes nothing back
        ((1.0,), 10, None),
        ((1.0, 1.0), 10, None),
        ((0.0, 1.0, 1.0), 20, None),
        ((1.0, 1.0, 0.98, 1.0, 1.0, 1.0), 10, 40),  # a dip begins the count anew
        ((1.0, 0.5, 1.0, 0.5, 1.0), 10, None),
        ((1.0, 1.0, None, 1.0, 1.0, 1.0), 10, 40),  # not measured is not reached
    ],
)
def test_first_and_sustained_steps(shares, first, sustained):
    told = records(*shares)
    assert (first_step(told, "test_id"), sustained_step(told, "test_id")) == (first, sustained)
    assert first_step(told, "test_ood") is None is sustained_step(told, "test_ood")


def test_the_level_is_the_one_that_is_asked_for():
    told = records(0.4, 0.5, 0.5, 0.5)
    assert (first_step(told, "test_id", 0.5), sustained_step(told, "test_id", 0.5)) == (20, 20)
    assert sustained_step(told, "test_id", 0.51) is None


@pytest.mark.parametrize(
    ("shares", "reached"),
    [
        ((1.0, 1.0), False),
        ((1.0, 1.0, 1.0), True),
        ((1.0, 1.0, 0.9), False),
        ((1.0, 1.0, 1.0, 0.9), False),  # the rule holds now or not at all
        ((0.0, 1.0, 1.0, 1.0), True),
    ],
)
def test_the_rule_looks_at_the_last_three(shares, reached):
    assert goal_reached(records(*shares), parse_until("test_id>=0.99")) is reached


class Interrupted(Silence):
    """Stands for a process that dies at a step."""

    def step(self, step, loss, steps_per_second):
        if step == 10:
            raise KeyboardInterrupt


def test_a_resumed_run_counts_the_evaluations_before_it(small_config, tmp_path):
    """Stopped between the second and the third evaluation: the third ends it, not the fifth."""
    train = replace(small_config.train, until="valid_id>=0", eval_every=4, checkpoint_every=4)
    config = replace(small_config, train=train)
    whole = grow(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        grow(config, tmp_path / "run", listener=Interrupted())
    gone_on = resume(tmp_path / "run")
    assert (gone_on["stopped_by"], gone_on["steps"]) == ("until", 12)
    assert gone_on["splits"] == whole["splits"]


def test_the_rule_reads_the_validation_split_and_nothing_else(small_config, tmp_path, monkeypatch):
    """Tests all right and validation all wrong: it goes on. The other way round: it stops."""
    for right, stopped_by in (("test", "steps"), ("valid", "until")):

        def measure(model, data, *, right=right, **kwargs):
            return {
                split: replace(one, correct=one.n * split.startswith(right))
                for split, one in scored(model, data, **kwargs).items()
            }

        monkeypatch.setattr("latebloom.studies.grow.score", measure)
        train = replace(
            small_config.train, until="valid_id>=0.99 and valid_ood>=0.99", eval_every=4
        )
        summary = grow(replace(small_config, train=train), tmp_path / right)
        assert summary["stopped_by"] == stopped_by
        assert {"valid_id", "test_id"} <= set(summary["splits"])
