"""Runs that begin with the weights of others: judges by hand, and a series from end to end."""

import shutil
from dataclasses import replace

import pytest

from latebloom.studies import reproductions
from latebloom.studies.carried import Between, Cheaper
from latebloom.studies.claims import SIZES, Reproduction, Rung, Runs
from latebloom.studies.climbing import CLIMBED, RATIOS
from latebloom.studies.comparing import Gain
from latebloom.studies.grow import grow
from latebloom.studies.judges import Watched
from latebloom.studies.reproduce import reproduce, tokens_of
from latebloom.training.run_folder import RunFolder

ANY = Gain("test_id", least=-1.0)
"""Holds whatever comes out."""
NAMES = ("low", "high", "high-from-low")


@pytest.fixture
def seed_of(small_world):
    """A seed whose runs keep .95 from these steps on (None: never) and end at step 100."""

    def make(tokens=1.0, **kept):
        runs = {
            name: Watched(
                seed=100,
                records=[
                    {"step": at, "accuracy": {"test_id": float(step is not None and at >= step)}}
                    for at in range(10, 110, 10)
                ],
                final={"test_id": float(step is not None)},
                world=small_world,
                tokens_a_step=tokens,
            )
            for name, step in kept.items()
        }
        return replace(next(iter(runs.values())), varied=runs)

    return make


@pytest.mark.parametrize(
    ("alone", "carried", "figure", "verdict"),
    [
        (60, 40, 1.5, "held"),
        (50, 40, 1.25, "weaker"),
        (40, 40, 1, "not"),
        (40, 80, 0.5, "not"),
        (None, 50, 2, "held"),  # 100 steps at least
        (50, None, 0.5, "not"),  # 100 steps at least
        (None, None, None, "not"),
    ],
)
def test_cheaper(seed_of, alone, carried, figure, verdict):
    found = Cheaper("a", "c").of_seed(seed_of(a=alone, c=carried))
    assert (found.figure, found.verdict) == (figure, verdict)
    assert f"a: {alone or 'never'}, c: {carried or 'never'}" in found.said


def test_the_training_before_counts_whole(seed_of):
    run = seed_of(tokens=3.0, a=80, c=20, b=40)
    other = replace(run.varied["b"], tokens_a_step=0.6)  # shorter questions, and 100 steps
    found = Cheaper("a", "c", before=("b",)).of_seed(
        replace(run, varied={**run.varied, "b": other})
    )
    assert found.figure == pytest.approx(80 * 3 / (20 * 3 + 100 * 0.6))


def test_a_judge_between_two_sees_no_others(seed_of):
    run = seed_of(a=None, b=30, c=None)
    assert Between(Gain("test_id"), "a", "b").of_seed(run).figure == 1
    assert Between(Gain("test_id"), "a", "c").of_seed(run).figure == 0
    assert "first: a; last: b" in Between(Gain("test_id"), "a", "b").figure


def test_a_step_reads_the_mean_length_of_the_training_set(small_world):
    facts = sum(len(small_world.examples(name)) for name in ("atomic_id", "atomic_ood"))
    inferred = len(small_world.examples("train_inferred"))
    mean = (2 * facts + 3 * inferred) / (facts + inferred)
    assert tokens_of(10, small_world) == pytest.approx(10 * mean)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sizes", [CLIMBED, RATIOS])
def test_every_rung_begins_with_one_before_it_and_has_its_shape(sizes, size):
    rungs = sizes[size].rungs
    names = list(rungs)
    for place, rung in enumerate(rungs.values()):
        assert not rung.after or rung.after in names[:place]
        assert rung.config().model == rungs[names[0]].config().model


def test_a_series_of_rungs_is_grown_and_judged(small_config, tmp_path, monkeypatch):
    config = small_config.replace(recipe="tiny").replace("train", eval_every=6)

    def higher():
        return config.replace("world", phi=1.0)

    one = Reproduction(
        name="tiny",
        claim="It is so.",
        paper="a paper",
        source="figure 1",
        published="2 times",
        sizes=dict.fromkeys(
            SIZES,
            Runs(
                config=lambda: config,
                rungs={
                    "low": Rung(config=lambda: config, panel="low"),
                    "high": Rung(config=higher, panel="high"),
                    "high from low": Rung(config=higher, after="low", carry="body", panel="high"),
                },
            ),
        ),
        judge=Between(ANY, "high", "high from low"),
    )
    # Another claim about the same runs, of which it needs two.
    some = replace(one, name="some", needs=("low", "high"), judge=Between(ANY, "low", "high"))
    monkeypatch.setattr(reproductions, "REPRODUCTIONS", {"tiny": one, "some": some})
    record = reproduce(one, tmp_path, seeds=2)
    assert record["claims"]["tiny"]["verdict"] == "held"
    told = [(curve["seed"], curve["setting"], curve["panel"]) for curve in record["curves"]]
    assert told[1:3] == [(100, "high", "high"), (100, "high from low", "high")]
    assert len(told) == 6
    start = RunFolder.open(tmp_path / "tiny-high-from-low-seed101").config().start
    assert (start.run, start.carry) == (str(tmp_path / "tiny-low-seed101"), "body")

    # A seed more, of which nothing is grown: the others are judged, and it is told.
    record = reproduce(one, tmp_path, seeds=3, grow=False)
    assert record["seeds"] == [100, 101]
    assert [run["run"] for run in record["failed"]] == [f"tiny-{n}-seed102" for n in NAMES]

    # Once the lower rung is another run, what was grown upon it is no longer judged.
    shutil.rmtree(tmp_path / "tiny-low-seed101")
    other = one.runs.configs(101, tmp_path)["low"]
    grow(other.replace("train", steps=12), tmp_path / "shorter")
    checkpoints = tmp_path / "tiny-low-seed101" / "checkpoints"
    grow(other, tmp_path / "tiny-low-seed101")
    shutil.rmtree(checkpoints)
    shutil.copytree(tmp_path / "shorter" / "checkpoints", checkpoints)
    record = reproduce(one, tmp_path, seeds=2)
    assert [len(record["claims"][name]["by_seed"]) for name in ("tiny", "some")] == [1, 2]
    assert "has gone on since" in record["failed"][0]["reason"]
