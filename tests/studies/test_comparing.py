"""Judges of claims that compare settings: figures and verdicts of made curves, by hand."""

from dataclasses import replace

import pytest

from latebloom.studies import reproductions
from latebloom.studies.claims import PAPER, SMALL, Reproduction, Runs
from latebloom.studies.comparing import Behind, Gain, Middle, SameEpochs, Sooner
from latebloom.studies.judges import Watched
from latebloom.studies.laws import ratios
from latebloom.studies.reproduce import cells_of, reproduce


@pytest.fixture
def seed_of(small_world):
    """A seed whose settings keep .95 from these steps on (None: never), or end at these shares."""

    def make(kept=(), finals=()):
        runs = {}
        for number, step in enumerate(kept):
            records = [
                {"step": at, "accuracy": {"test_id": float(step is not None and at >= step)}}
                for at in range(10, 110, 10)
            ]
            runs[f"s{number}"] = Watched(seed=100, records=records, final={}, world=small_world)
        for number, share in enumerate(finals):
            final = {"test_ood": share}
            runs[f"s{number}"] = Watched(seed=100, records=[], final=final, world=small_world)
        return replace(next(iter(runs.values())), varied=runs)

    return make


@pytest.mark.parametrize(
    ("kept", "figure", "verdict"),
    [
        ((40, 30, 20), 2, "held"),
        ((40, 50, 20), 2, "weaker"),  # the middle one is late
        ((30, 30, 20), 1.5, "weaker"),
        ((20, 20, 20), 1, "not"),
        ((None, 40, 20), 5, "held"),  # 100 steps at least
        ((20, 30, None), None, "not"),
    ],
)
def test_sooner(seed_of, kept, figure, verdict):
    found = Sooner(times=2).of_seed(seed_of(kept))
    assert (found.figure, found.verdict) == (figure, verdict)
    assert "s0: " + ("never" if kept[0] is None else str(kept[0])) in found.said


@pytest.mark.parametrize(
    ("kept", "figure", "verdict"),
    [((20, 30), 1.5, "held"), ((20, 40), 2, "weaker"), ((20, 50), 2.5, "not"),
     ((50, 20), 0.4, "not"), ((20, None), None, "not")],
)  # fmt: skip
def test_the_same_epochs(seed_of, kept, figure, verdict):
    found = SameEpochs(within=1.5).of_seed(seed_of(kept))
    assert (found.figure, found.verdict) == (pytest.approx(figure), verdict)


def test_gains_and_middles(seed_of):
    told = [Gain().of_seed(seed_of(finals=some)).verdict for some in ((0, 0.5), (0, 0.4), (0, 0))]
    assert told == ["held", "weaker", "not"]
    middles = ((0.5, 0.75, 0.25), (0.5, 0.51, 0.25), (0.5, 0.5, 0.25))
    found = [Middle().of_seed(seed_of(finals=some)) for some in middles]
    assert [one.verdict for one in found] == ["held", "weaker", "not"]
    assert found[0].figure == 0.25
    run = replace(seed_of(finals=(1,)), final={"test_id": 0.9, "test_hops_3": 0.5})
    assert Behind("test_hops_3").of_seed(run).verdict == "held"


def test_a_claim_about_settings_is_grown_and_judged(small_config, tmp_path, monkeypatch):
    config = small_config.replace(recipe="tiny").replace("train", eval_every=6)
    one = Reproduction(
        name="tiny",
        claim="It is so.",
        paper="a paper",
        source="figure 1",
        published="2 times",
        sizes={
            SMALL: Runs(config=lambda: config, settings=ratios(1.0, 2.0)),
            PAPER: Runs(config=lambda: config.replace("world", relations=5), settings=ratios(3.0)),
        },
        judge=Gain("test_id", least=-1.0),
    )
    monkeypatch.setattr(reproductions, "REPRODUCTIONS", {"tiny": one})
    # What the settings vary is no change of the config: the settings themselves are.
    assert one.changes == "relations 4 for 5, phi 1, phi 2 in place of phi 3"
    assert one.at(PAPER).changes == ""
    names = [cell.name for cell in cells_of(one, 2, 100, tmp_path)]
    assert names[:2] == ["tiny-phi-1-seed100", "tiny-phi-2-seed100"]
    seen = []
    record = reproduce(one, tmp_path, seeds=2, on_record=lambda r: seen.append(r["seeds"]))
    # A seed is judged when all of its settings are grown.
    assert seen == [[100], [100], [100, 101]]
    told = record["claims"]["tiny"]
    assert told["verdict"] == "held"
    finals = [
        [curve["accuracy"]["test_id"][-1] for curve in record["curves"][i : i + 2]] for i in (0, 2)
    ]
    for found, (first, last) in zip(told["by_seed"], finals, strict=True):
        assert found["figure"] == pytest.approx(last - first, abs=1e-3)
    assert [curve["setting"] for curve in record["curves"]] == ["phi 1", "phi 2"] * 2
