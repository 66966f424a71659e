"""Reproductions: the catalogue, and one put to the test from growing to the figure."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from benchmarks.reproductions import in_short, keep, rows_of, write_page
from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import FRESH
from latebloom.recipes.laws import BLOOMED
from latebloom.studies import reproductions
from latebloom.studies.claims import SIZES, Reproduction, alone
from latebloom.studies.judges import AtChance, Bloom
from latebloom.studies.reproduce import cells_of, reproduce
from latebloom.studies.reproductions import REPRODUCTIONS, claims_about, find_reproduction
from latebloom.training.listener import Silence
from latebloom.worlds.build import build_world

STEPS = 24


@pytest.fixture
def tiny(small_config):
    """A claim about runs of two dozen steps."""
    config = small_config.replace(recipe="tiny").replace("train", eval_every=6)
    larger = config.replace("world", entities=2000).replace(recipe="tiny-paper")
    return Reproduction(
        name="tiny-bloom",
        claim="It blooms.",
        paper="a paper",
        source="figure 1",
        published="50 times",
        sizes=alone(lambda: config, lambda: larger),
        judge=Bloom("test_id", times=10),
    )


@pytest.fixture
def catalogued(tiny, monkeypatch):
    """The claim and another one about the same runs, in the catalogue."""
    other = replace(tiny, name="tiny-chance", judge=AtChance(most=1.0))
    both = {one.name: one for one in (tiny, other)}
    monkeypatch.setattr(reproductions, "REPRODUCTIONS", both)
    monkeypatch.setattr("benchmarks.reproductions.REPRODUCTIONS", both)
    return tiny


class Counts(Silence):
    """How many trainings were begun, and at which step each."""

    def __init__(self, dies_in=0):
        self.begun, self.dies_in = [], dies_in

    def start(self, total_steps, first_step, title, judged=()):
        self.begun.append(first_step)

    def step(self, step, loss, steps_per_second):
        if len(self.begun) == self.dies_in and step == 15:
            raise KeyboardInterrupt


def test_a_claim_is_grown_over_fresh_seeds_and_judged(catalogued, tmp_path):
    seen = []
    record = reproduce(catalogued, tmp_path, seeds=2, on_record=lambda r: seen.append(r["seeds"]))
    assert seen == [[FRESH], [FRESH, FRESH + 1]]
    assert json.loads((tmp_path / "reproduce.json").read_text()) == json.loads(json.dumps(record))
    told = record["claims"]["tiny-bloom"]
    assert told["changes"] == "entities 12 for 2,000"
    # Two dozen steps fit nothing.
    assert (told["verdict"], told["mean"], told["here"]) == ("not", None, "in none of 2 seeds")
    assert [one["said"] for one in told["by_seed"]] == ["training never fitted"] * 2
    chance = record["claims"]["tiny-chance"]
    assert chance["verdict"] == "held"
    assert re.fullmatch(r"0\.\d{3} \(0\.\d{3} to [01]\.\d{3}\), 2 seeds", chance["here"])
    low, high = chance["ci95_over_seeds"]
    assert low <= chance["mean"] <= high
    for seed, curve in zip((FRESH, FRESH + 1), record["curves"], strict=True):
        assert (curve["seed"], curve["steps"]) == (seed, [6, 12, 18, STEPS])
        assert set(curve["accuracy"]) == {"train_inferred", "test_id", "test_ood"}


def test_it_goes_on_where_it_was_stopped_and_another_claim_grows_nothing(catalogued, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        reproduce(catalogued, tmp_path, seeds=2, listener=Counts(dies_in=2))
    assert json.loads((tmp_path / "reproduce.json").read_text())["seeds"] == [FRESH]
    again = Counts()
    record = reproduce(catalogued, tmp_path, seeds=2, listener=again)
    assert len(again.begun) == 1
    assert again.begun[0] > 0
    other = reproductions.find_reproduction("tiny-chance")
    assert other.runs.folder == catalogued.runs.folder
    more = Counts()
    told = reproduce(other, tmp_path, seeds=2, listener=more)
    assert not more.begun
    assert told["claims"]["tiny-bloom"] == record["claims"]["tiny-bloom"]


def test_runs_that_fail_are_told(tiny, tmp_path):
    config = tiny.runs.config().replace("world", phi=900.0)
    too_many = replace(tiny, sizes=alone(lambda: config, lambda: config))
    with pytest.raises(LatebloomError, match=r"every run failed; tiny-seed100: world\.phi"):
        reproduce(too_many, tmp_path, seeds=2)
    with pytest.raises(LatebloomError, match="--seeds is 0"):
        reproduce(tiny, tmp_path, seeds=0)


def test_what_is_kept_with_the_results(catalogued, tmp_path):
    record = reproduce(catalogued, tmp_path / "runs", seeds=1)
    keep({"commit": "abc"} | record, tmp_path / "results")
    names = {path.name for path in (tmp_path / "results").iterdir()}
    assert names == {"tiny.json", "tiny.svg", "tiny.png"}
    found = in_short(tmp_path / "results")
    assert set(found) == {"tiny-bloom", "tiny-chance"}
    assert found["tiny-bloom"]["commit"] == "abc"
    assert found["tiny-chance"]["here"] == record["claims"]["tiny-chance"]["here"]
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- findings -->\nold\n<!-- end of findings -->\nb\n")
    write_page(found, page)
    assert "old" not in page.read_text()
    assert page.read_text().startswith("a\n<!-- findings -->\n| name |")
    assert "| `tiny-bloom` | It blooms. |" in rows_of({})[2]
    assert rows_of({})[2].endswith("| not grown yet | - |")


OF_ONE_SETTING = {name: one for name, one in REPRODUCTIONS.items() if not one.runs.compares}


@pytest.mark.parametrize("one", REPRODUCTIONS.values(), ids=REPRODUCTIONS)
@pytest.mark.parametrize("size", SIZES)
def test_every_reproduction_has_its_runs(one, size):
    runs = one.at(size).runs
    cells = cells_of(one.at(size), 1, FRESH, Path("runs"))
    assert len({cell.name for cell in cells}) == len(runs.names) == len(cells)
    assert {cell.config.recipe for cell in cells} == {runs.series}
    assert len({cell.config.to_toml() for cell in cells}) == len(cells)
    assert set(one.at(size).judged_by) <= set(runs.names)
    for cell in cells:
        assert not cell.config.train.idle()
        made_from_facts(cell.config.world)


@cache
def made_from_facts(world):
    """That its facts can have such a setting, so that no run is refused when it begins."""
    build_world(world, FRESH, lambda _: None)


def test_no_two_series_share_a_name():
    """Each series and size has a folder of its own; the two sizes of a claim are not the same."""
    every = [one.at(size).runs for one in REPRODUCTIONS.values() for size in SIZES]
    first = {}
    for one in every:
        assert one.same_as(first.setdefault(one.series, one))
        assert one.folder == Path("runs") / f"reproduce-{one.series}"
    for one in REPRODUCTIONS.values():
        assert not one.runs.same_as(one.at("paper").runs)


def test_the_settings_of_the_papers_are_theirs():
    """The figures of arXiv:2405.15071, and what arXiv:2305.18741 compares."""
    runs = {name: one.at("paper").runs for name, one in REPRODUCTIONS.items()}
    worlds = {name: one.configs(FRESH, Path()) for name, one in runs.items()}
    assert [c.world.phi for c in worlds["phi"].values()] == [3.6, 5.4, 7.2, 9.0, 12.6, 18.0]
    assert [c.world.entities for c in worlds["size"].values()] == [2000, 5000, 10_000]
    assert {c.world.phi for c in worlds["size"].values()} == {9.0}
    assert [c.model.n_layers for c in worlds["depth"].values()] == [8, 24, 36]
    for name in ("question-depth", "tense-depth"):
        assert [c.model.n_layers for c in worlds[name].values()] == [2, 4, 6, 8, 10]
    assert worlds["hops"][""].world.hops == 3
    for name in ("phi", "size", "hops"):
        for config in worlds[name].values():
            assert (config.world.relations, config.world.out_degree) == (200, 20)
            assert (config.model.n_layers, config.model.d_model) == (8, 768)
            assert (config.train.lr, config.train.batch_size) == (1e-4, 512)
            # A checkpoint of such a model takes a gigabyte: few are kept, and few evaluations made.
            assert config.train.keep and config.train.steps // config.train.eval_every < 5000


def test_a_run_of_a_papers_size_starts(monkeypatch, tmp_path):
    """Two steps of the smallest of them, judged."""
    asked = REPRODUCTIONS["weight-decay"].at("paper")
    usual = asked.runs.config

    def two_steps():
        return usual().replace("train", steps=2, eval_every=1, until="")

    paper = replace(asked.runs, config=two_steps)
    short = replace(asked, sizes=asked.sizes | {"paper": paper})
    monkeypatch.setattr(reproductions, "REPRODUCTIONS", {short.name: short})
    record = reproduce(short, tmp_path, seeds=1)
    assert (record["size"], record["series"]) == ("paper", "weight-decay-paper")
    assert [curve["steps"] for curve in record["curves"]] == [[1, 2], [1, 2]]
    assert record["claims"]["weight-decay"]["verdict"] == "not"


@pytest.mark.parametrize("one", OF_ONE_SETTING.values(), ids=OF_ONE_SETTING)
@pytest.mark.parametrize("size", SIZES)
def test_every_reproduction_takes_the_data_as_they_lie(one, size):
    config = one.at(size).runs.config()
    assert (config.feed.atomic_frac, config.feed.every_loop) == (0, False)
    assert (config.train.optimizer, config.train.schedule) == ("adamw", "constant")
    # A series that is asked when may end once it has happened; nothing else looks at accuracy.
    assert config.train.until in ("", BLOOMED)
    assert config.model.feedback == "none"
    assert "n_layers" in one.changes
    assert "eval_every" not in one.changes
    assert build_world(config.world, FRESH, print).splits["test_ood"].size


def test_two_claims_share_their_runs():
    one, other = find_reproduction("late-bloom"), find_reproduction("no-ood")
    assert one.runs.folder == other.runs.folder != one.at("paper").runs.folder
    assert claims_about(one.at("paper")) == [one.at("paper"), other.at("paper")]
    assert find_reproduction("ladder") is find_reproduction("climb")
    with pytest.raises(LatebloomError, match="nearest: late-bloom"):
        find_reproduction("latebloom")
