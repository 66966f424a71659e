"""Folds: every question is held out once, nothing else changes, and too few give no share."""

import json
from dataclasses import replace

import numpy as np
import pytest

from latebloom.errors import LatebloomError, WorldError
from latebloom.recipes.chains import facts
from latebloom.studies.folds import FILE, Pooled, config_of_fold, grow_folds, pool
from latebloom.training.listener import Silence
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.own import FactsConfig


@pytest.fixture(scope="module", params=["one answer", "sets"])
def config(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("folds") / "facts.csv"
    rows = [f"n{i},r{r},n{(i + 3 * r + 1) % 30}" for i in range(30) for r in range(3)]
    if request.param == "sets":
        rows += [f"n{i},r0,n{(i + 11) % 30}" for i in range(0, 30, 2)]
    path.write_text("\n".join(rows))
    return facts().replace("world", facts=str(path), test_id_frac=0.1)


def questions(world, split):
    return {tuple(row) for row in world.examples(split)[:, :-1].tolist()}


def test_each_question_is_held_out_in_one_fold(config):
    worlds = [build_world(config_of_fold(config, 4, k).world, 0) for k in range(4)]
    tested = [questions(world, "test_id") for world in worlds]
    assert all(tested)
    assert sum(map(len, tested)) == len(set.union(*tested)) == 270
    for world, held in zip(worlds, tested, strict=True):
        assert questions(world, "train_inferred") == set.union(*tested) - held
        assert {name for name, rows in world.splits.items() if len(rows)} == {
            *("atomic_id", "train_inferred", "test_id")
        }


def test_missing_facts_differ_from_fold_to_fold(config):
    told = replace(config, world=replace(config.world, missing_frac=0.1))
    worlds = [build_world(config_of_fold(told, 3, k).world, 0) for k in range(3)]
    links = [questions(world, "test_links") for world in worlds]
    facts_told = [set(map(tuple, world.facts.rows().tolist())) for world in worlds]
    missing = [set.union(*facts_told) - some for some in facts_told]
    assert all(links) and all(missing)
    assert not missing[0] & missing[1] and not missing[1] & missing[2]


def test_without_folds_the_first_are_held_out_as_ever(config):
    whole = build_world(config.world, 0)
    again = build_world(replace(config.world, folds=0, fold=0), 0)
    for split, rows in whole.splits.items():
        assert np.array_equal(rows, again.splits[split])


def test_shares_are_pooled_and_too_few_have_none():
    one = {"splits": {"test_id": {"correct": 9, "n": 20}, "train": {"correct": 1, "n": 1}}}
    (pooled,) = pool([one, one])
    assert (pooled.right, pooled.questions) == (18, 40)
    assert pooled.as_dict()["accuracy"] == 0.45
    assert "45.0%" in pooled.line()
    few = Pooled("test_id", 6, 6)
    assert few.as_dict()["accuracy"] is None and few.as_dict()["ci95"] is None
    assert "too few to judge by" in few.line() and "%" not in few.line()


def test_what_cannot_be_folded_is_refused(config):
    with pytest.raises(LatebloomError, match="--folds is 1"):
        config_of_fold(config, 1, 0)
    with pytest.raises(LatebloomError, match="valid_id, which is held out"):
        config_of_fold(config.replace("train", until="valid_id>=0.9"), 5, 0)
    with pytest.raises(WorldError, match="fold below it"):
        FactsConfig(folds=5, fold=5)


def test_the_runs_of_folds_leave_their_counts(config, tmp_path):
    small = config.replace("train", steps=2, eval_every=1).replace("model", d_model=16)
    pooled = grow_folds(small, tmp_path, 2, listener=lambda _: Silence())
    table = json.loads((tmp_path / FILE).read_text())
    assert table["pooled"] == [one.as_dict() for one in pooled]
    assert pooled[0].questions == 270
    assert (tmp_path / "fold-2" / "summary.json").is_file()
