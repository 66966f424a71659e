"""A constructed run is a whole run: opened, asked, trained on; and what does not fit is refused."""

import json

import pytest

import latebloom
from latebloom.construction.build import shape_for
from latebloom.errors import LatebloomError
from latebloom.studies import construct as constructing
from latebloom.worlds.chains.own import FactsConfig

CONFIG = latebloom.make_recipe("composition").replace(
    "world", entities=30, relations=8, out_degree=6, ood_frac=0.2, phi=3.0
)


def test_a_constructed_run_answers_and_can_be_trained_on(tmp_path):
    config = CONFIG.replace("train", steps=2, eval_every=1, until="")
    run = latebloom.construct(config, tmp_path / "run")
    assert run.step == 0 and run.summary["stopped_by"] == "construction"
    assert all(row["accuracy"] == 1 for row in run.summary["splits"].values())
    question = run.world.example()
    told = run.world.task.tell(run.world.facts, run.world.read(question), run.world.vocabulary)
    assert run.ask(*question).answers[0].name == run.world.vocabulary.words[told.answer]
    assert json.loads((tmp_path / "run/environment.json").read_text())["constructed"] is True
    again = latebloom.resume(tmp_path / "run")
    assert again.step == 2 and [row["step"] for row in again.metrics()] == [0, 1, 2]


def test_what_does_not_fit_into_memory_is_said_before_it_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(constructing, "bytes_free", lambda: 2**20)
    with pytest.raises(LatebloomError, match="GiB of memory"):
        latebloom.construct(CONFIG, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_estimate_grows_with_the_facts():
    sizes = []
    for entities in (30, 300, 3000):
        config = CONFIG.replace("world", entities=entities)
        world = latebloom.build_world(config.world, 0)
        shape = shape_for(config.model, world)
        sizes.append(constructing.bytes_needed(shape, world))
    assert sizes == sorted(sizes) and sizes[-1] > 2 * sizes[0]


def test_what_is_made_wider_is_asked_for_and_noted(tmp_path):
    rows = [("a", "r", "b"), ("a", "r", "c"), ("b", "s", "d"), ("c", "s", "d"), ("c", "s", "e")]
    world = latebloom.world_of_facts(rows, config=FactsConfig(ood_frac=0.0))
    config = latebloom.make_recipe("facts").replace("model", d_model=8, n_heads=1, mlp_ratio=1)
    run = latebloom.construct(config, tmp_path / "run", data=world)
    shape = run.config.model
    assert shape.d_model >= len(world.vocabulary) + 2 and shape.d_mlp > 8
    assert run.summary["splits"]["atomic_id"]["accuracy"] == 1
    assert run.summary["table"]["told"] == 5 and "ranking" in run.summary
    assert run.ask("a", "r", "s").answers[0].name in ("d", "e")


def test_random_codes_are_for_sets_alone(tmp_path):
    with pytest.raises(LatebloomError, match="random-codes has no effect"):
        latebloom.construct(CONFIG, tmp_path / "run", random_codes=True)


@pytest.mark.parametrize(
    ("recipe", "sizes", "says"),
    [
        ("hidden-attributes", {}, "comparisons of told values"),
        ("dyck", {"train": 60, "test_id": 20, "test_ood": 20}, "trains on sentences"),
        ("modular", {}, "asks questions"),
        ("mixed", {}, "asks chains"),
    ],
)
def test_other_worlds_are_refused(tmp_path, recipe, sizes, says):
    config = latebloom.make_recipe(recipe)
    with pytest.raises(LatebloomError, match=says):
        latebloom.construct(config.replace("world", **sizes), tmp_path / "run")
