"""Reproductions: the catalogue, and one put to the test from growing to the figure."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.reproductions import in_short, keep, rows_of, write_page
from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import FRESH
from latebloom.recipes.laws import BLOOMED
from latebloom.studies import reproductions
from latebloom.studies.judges import AtChance, Bloom
from latebloom.studies.reproduce import cells_of, reproduce
from latebloom.studies.reproductions import REPRODUCTIONS, Reproduction, find_reproduction
from latebloom.training.listener import Silence
from latebloom.worlds.build import build_world

STEPS = 24


@pytest.fixture
def tiny(small_config):
    """A claim about runs of two dozen steps."""
    config = small_config.replace(recipe="tiny").replace("train", eval_every=6)
    return Reproduction(
        name="tiny-bloom",
        claim="It blooms.",
        paper="a paper",
        source="figure 1",
        published="50 times",
        small=lambda: config,
        large=lambda: config.replace("world", entities=2000),
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
    assert other.folder == catalogued.folder
    more = Counts()
    told = reproduce(other, tmp_path, seeds=2, listener=more)
    assert not more.begun
    assert told["claims"]["tiny-bloom"] == record["claims"]["tiny-bloom"]


def test_runs_that_fail_are_told(tiny, tmp_path):
    config = tiny.small().replace("world", phi=900.0)
    with pytest.raises(LatebloomError, match=r"every run failed; tiny-seed100: world\.phi"):
        reproduce(replace(tiny, small=lambda: config), tmp_path, seeds=2)
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


OF_ONE_SETTING = {name: one for name, one in REPRODUCTIONS.items() if not one.compares}


@pytest.mark.parametrize("one", REPRODUCTIONS.values(), ids=REPRODUCTIONS)
def test_every_reproduction_has_its_runs(one):
    cells = cells_of(one, range(FRESH, FRESH + 1), Path("runs"))
    assert len({cell.name for cell in cells}) == len(one.names) == len(cells)
    assert {cell.config.recipe for cell in cells} == {one.series} == {one.large().recipe}
    assert len({cell.config.to_toml() for cell in cells}) == len(cells)
    # Every setting is one that its facts can have: no run is refused when it begins.
    for world in dict.fromkeys(cell.config.world for cell in cells):
        build_world(world, FRESH, print)


@pytest.mark.parametrize("one", OF_ONE_SETTING.values(), ids=OF_ONE_SETTING)
def test_every_reproduction_takes_the_data_as_they_lie(one):
    for config in (one.small(), one.large()):
        assert (config.feed.atomic_frac, config.feed.every_loop) == (0, False)
        assert (config.train.optimizer, config.train.schedule) == ("adamw", "constant")
        # A series that is asked when may end once it has happened; nothing else looks at accuracy.
        assert config.train.until in ("", BLOOMED) and config.model.feedback == "none"
        assert config.recipe == one.series
    assert "n_layers" in one.changes
    assert "eval_every" not in one.changes
    assert build_world(one.small().world, FRESH, print).splits["test_ood"].size


def test_two_claims_share_their_runs():
    assert find_reproduction("late-bloom").folder == find_reproduction("no-ood").folder
    with pytest.raises(LatebloomError, match="nearest: late-bloom"):
        find_reproduction("latebloom")
