"""The late bloom: two runs on the same facts, what came when, and their page."""

from dataclasses import replace
from pathlib import Path

import pytest

from latebloom.recipes.catalogue import make_recipe
from latebloom.reports.beside import is_as_told, write_beside
from latebloom.studies.bloom import Bloomed, grow_bloom, models
from latebloom.training.config import RunConfig
from latebloom.training.milestones import Bloom, bloom_of


def small(config: RunConfig) -> RunConfig:
    """The same run, cut to a few steps of a narrow model."""
    return config.replace("model", d_model=16, n_heads=2).replace(
        "train", steps=4, eval_every=2, until=""
    )


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Bloomed]]:
    folder = tmp_path_factory.mktemp("bloom")
    return folder, grow_bloom(folder, {name: small(c) for name, c in models(3).items()})


def record(step: int, trained: float, held_out: float) -> dict:
    return {"step": step, "accuracy": {"train_inferred": trained, "test_id": held_out}}


def test_how_late_a_split_came() -> None:
    early = [record(10, 0.99, 0.1), record(15, 0.5, 0.0)]  # by luck, and not kept
    kept = [record(20, 0.99, 0.2), record(30, 1.0, 0.96), record(40, 1.0, 0.9)]
    late = [record(90, 1.0, 0.95), record(100, 1.0, 0.96), record(110, 1.0, 0.97)]
    bloom = bloom_of(early + kept + late, "test_id")
    assert bloom == Bloom(fitted=20, reached=90, when_fitted=0.2, at_last=0.97)
    assert bloom.times == 4.5


def test_what_never_came_has_no_times() -> None:
    assert bloom_of([record(10, 1.0, 0.5)] * 3, "test_id").times is None
    assert bloom_of([record(10, 0.5, 0.99)] * 3, "test_id").times is None
    assert bloom_of([record(10, 1.0, 0.5)] * 3, "test_ood") == Bloom(10, None, None, None)
    assert bloom_of([], "test_id") == Bloom(None, None, None, None)


def test_both_models_learn_the_same_world(grown: tuple[Path, list[Bloomed]]) -> None:
    plain, looped = (one.run.data() for one in grown[1])
    assert plain.splits.keys() == looped.splits.keys()
    assert all((plain.splits[name] == looped.splits[name]).all() for name in plain.splits)


def test_the_same_folder_again_grows_nothing(grown: tuple[Path, list[Bloomed]]) -> None:
    folder, found = grown
    before = [(one.run.path / "summary.json").stat().st_mtime_ns for one in found]
    again = grow_bloom(folder, {name: small(c) for name, c in models(3).items()})
    assert [(one.run.path / "summary.json").stat().st_mtime_ns for one in again] == before
    assert [one.as_dict() for one in again] == [one.as_dict() for one in found]


def test_the_page_holds_both_and_promises_nothing(grown: tuple[Path, list[Bloomed]]) -> None:
    """Four steps bloom in nobody, and the page does not say that they do."""
    folder, found = grown
    page = write_beside(folder, found).read_text()
    assert page.count("data:image/svg+xml;base64,") == 2
    assert 'href="plain/report.html"' in page and (folder / "plain/report.html").exists()
    assert "does not know its training questions yet" in page
    assert "Long after" not in page


def test_when_the_story_is_told(grown: tuple[Path, list[Bloomed]]) -> None:
    plain, looped = grown[1]
    late, never = Bloom(100, 900, 0.2, 0.97), Bloom(100, None, 0.0, 0.0)
    at_once = Bloom(80, 80, 1.0, 1.0)
    told = [replace(plain, inside=late, outside=never), replace(looped, outside=at_once)]
    assert is_as_told(told)
    assert not is_as_told([replace(plain, inside=at_once, outside=never), told[1]])
    assert not is_as_told([told[0], replace(looped, outside=never)])
    assert "9.0 times as many" in told[0].words()


def test_the_recipes_differ_in_the_model_alone() -> None:
    plain, looped = make_recipe("bloom"), make_recipe("bloom-looped")
    assert plain.world == looped.world
    assert plain.model.n_loops == 1 and looped.model.n_loops == 2
