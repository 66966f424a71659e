"""Validation: a part of every test, set aside; training knows nothing of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latebloom
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.chains.names import NamesConfig
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.classic.logic import LogicConfig
from latebloom.worlds.classic.parity import ParityConfig
from latebloom.worlds.classic.table import ModularConfig, PermutationsConfig
from latebloom.worlds.comparisons.elements import ElementsConfig
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig
from latebloom.worlds.comparisons.made import ComparisonConfig
from latebloom.worlds.mixed import MixedConfig
from latebloom.worlds.published.folder import DatasetConfig, read_folder, write_folder
from latebloom.worlds.sentences.dyck import DyckConfig
from latebloom.worlds.sentences.question import QuestionConfig
from latebloom.worlds.sentences.tense import TenseConfig
from latebloom.worlds.splits import as_test, as_valid, chosen_by, for_choosing, is_validation
from latebloom.worlds.validation import FEWEST, undivided, with_validation

WORLDS = {
    "chains": CompositionConfig(
        entities=20, relations=6, out_degree=4, phi=1, hops=3, test_hops=(4,), ood_frac=0.3
    ),
    "names": NamesConfig(entities=20, relations=6, out_degree=4, phi=1, ood_frac=0.3),
    "mixed": MixedConfig(
        entities=20, relations=6, attributes=3, values=6, phi=1, compared=2, ood_frac=0.3
    ),
    "elements": ElementsConfig(),
    "modular": ModularConfig(p=13),
    "permutations": PermutationsConfig(n=4),
    "parity": ParityConfig(trained=200, tested=100),
    "logic": LogicConfig(trained=300, tested=100),
    "comparisons": ComparisonConfig(entities=30, attributes=2, phi=2),
    "hidden": HiddenAttributesConfig(
        entities=40, attributes=3, values=6, ood_frac=0.25, within_frac=0.05, across_frac=0.15
    ),
    "question": QuestionConfig(train=200, test_id=60, test_ood=90),
    "tense": TenseConfig(train=200, test_id=60, test_ood=90),
    "dyck": DyckConfig(train=300, test_id=80, test_ood=80, max_tokens=64),
}


def tokens_of(data, split):
    """The rows of a split as sets of tuples, of sentences without their padding."""
    rows = data.splits[split]
    if not hasattr(rows, "tokens"):
        return [tuple(row) for row in rows.tolist()]
    return [tuple(row[:n]) for row, n in zip(rows.tokens.tolist(), rows.lengths, strict=True)]


@pytest.mark.parametrize("name", WORLDS)
def test_validation_and_test_are_the_test_as_it_was_drawn(name):
    whole = build_world(replace(WORLDS[name], valid_frac=0.0), 5)
    data = build_world(WORLDS[name], 5)
    assert not whole.validated
    assert data.trained == whole.trained
    assert data.tested == whole.tested
    assert data.validated == tuple(map(as_valid, whole.tested))
    for split in whole.trained:
        assert tokens_of(data, split) == tokens_of(whole, split)
    for split in whole.tested:
        test, valid = tokens_of(data, split), tokens_of(data, as_valid(split))
        assert not set(test) & set(valid)
        drawn = tokens_of(whole, split)
        assert sorted(test + valid) == sorted(drawn)
        chosen = set(valid)
        assert test == [row for row in drawn if row not in chosen]
        assert valid == [row for row in drawn if row in chosen]


@pytest.mark.parametrize("name", ["chains", "question"])
def test_training_is_the_same_to_the_byte(name, tmp_path):
    """The files hold the same arrays of what is trained on, the dtype included."""
    import safetensors.numpy

    arrays = []
    for share in (0.0, 0.2, 0.7):
        folder = tmp_path / str(share)
        folder.mkdir()
        data = build_world(replace(WORLDS[name], valid_frac=share), 5)
        data.save(folder)
        held = safetensors.numpy.load_file(folder / "world.safetensors")
        arrays.append(
            {
                k: (v.dtype, v.tobytes())
                for k, v in held.items()
                if not ("test_" in k or "valid_" in k)
            }
        )
    assert len(arrays[0]) > 3
    assert arrays[0] == arrays[1] == arrays[2]


@settings(max_examples=40, deadline=None, database=None)
@given(
    sizes=st.dictionaries(
        st.sampled_from(["test_id", "test_ood", "test_hops_4_ood", "other"]),
        st.integers(1, 30),
        min_size=1,
    ),
    share=st.floats(0, 0.99),
    seed=st.integers(0, 3),
)
def test_how_many_are_set_aside(sizes, share, seed):
    config = CompositionConfig(entities=12, relations=4, out_degree=4, ood_frac=0.2, phi=1)
    world = make_composition(config, 0)
    trained = {name: world.splits[name] for name in world.trained}
    tests = {name: np.arange(4 * n, dtype=np.int32).reshape(n, 4) for name, n in sizes.items()}
    data = with_validation(replace(world, splits=trained | tests), share, seed)
    for name, n in sizes.items():
        valid = len(data.splits.get(as_valid(name), ())) if name != "other" else 0
        wanted = min(round(share * n), n - 1) if n >= FEWEST and name != "other" else 0
        assert valid == wanted
        assert len(data.splits[name]) == n - valid >= 1
    # A split is drawn from as if it were alone.
    name = next(iter(sizes))
    alone = with_validation(replace(world, splits=trained | {name: tests[name]}), share, seed)
    np.testing.assert_array_equal(alone.splits[name], data.splits[name])


def test_another_seed_sets_others_aside():
    one, other, same = (
        with_validation(make_composition(WORLDS["chains"], 0), 0.3, seed) for seed in (1, 2, 1)
    )
    assert not np.array_equal(one.splits["valid_id"], other.splits["valid_id"])
    np.testing.assert_array_equal(one.splits["valid_id"], same.splits["valid_id"])


def test_of_sentences_those_that_are_judged_are_set_aside():
    """Half of the lines only copy; nothing in them tells how well a rule is known."""
    data = build_world(WORLDS["question"], 0)
    for split in data.validated:
        lines = data.splits[split]
        assert len(data.task.judged_lines(lines, data.vocabulary)) == len(lines) > 0


def test_validation_that_is_brought_along_is_taken_as_it_is():
    world = make_composition(WORLDS["chains"], 0)
    brought = replace(world, splits={**world.splits, "valid_id": world.splits["test_id"][:3]})
    assert with_validation(brought, 0.2, 0) is brought
    assert brought.validated == ("valid_id",)
    assert "valid_id" not in brought.tested


@pytest.mark.parametrize("name", WORLDS)
def test_the_way_back(name):
    whole = build_world(replace(WORLDS[name], valid_frac=0.0), 5)
    back = undivided(build_world(WORLDS[name], 5))
    assert list(back.splits) == list(whole.splits)
    for split in whole.splits:
        assert sorted(tokens_of(back, split)) == sorted(tokens_of(whole, split))


@pytest.mark.parametrize("name", ["chains", "hidden", "question"])
def test_published_files_hold_whole_tests_and_stay_whole_unless_it_is_said(name, tmp_path):
    data = build_world(WORLDS[name], 5)
    write_folder(data, tmp_path / "data")
    read = read_folder(tmp_path / "data")
    assert not read.validated
    # The published format has no file for the lines that tell rules apart.
    written = {split: part for split, part in data.splits.items() if "apart" not in split}
    assert sum(map(len, read.splits.values())) == sum(map(len, written.values()))
    config = DatasetConfig(folder=str(tmp_path / "data"))
    assert not build_world(config, 0).validated
    divided = build_world(replace(config, valid_frac=0.2), 0)
    assert divided.validated
    if name == "question":
        files = replace(WORLDS[name], files=str(tmp_path / "data"))
        assert not build_world(files, 0).validated


def test_facts_in_memory_are_divided_as_the_config_says():
    rows = [(f"e{i}", f"r{k}", f"e{(i * (k + 2)) % 17}") for i in range(17) for k in range(4)]
    config = FactsConfig(test_id_frac=0.3)
    world = latebloom.world_of_facts(rows, config=config)
    whole = latebloom.world_of_facts(rows, config=replace(config, valid_frac=0.0))
    assert "valid_id" in world.splits
    assert not whole.validated
    assert len(world.splits["test_id"]) + len(world.splits["valid_id"]) == len(
        whole.splits["test_id"]
    )


def test_a_validation_split_means_what_its_test_does():
    data = build_world(WORLDS["hidden"], 5)
    test, valid = (data.meaning(name) for name in ("test_hard", "valid_hard"))
    assert valid == replace(test, holds=f"{test.holds} (validation)", judged=False)
    assert dict(data.phases) == {"systematic": "valid_hard", "generalising": "valid_id"}
    whole = undivided(data)
    assert dict(whole.phases) == {"systematic": "test_hard", "generalising": "test_id"}


def test_names():
    assert as_valid("test_hops_5_ood") == "valid_hops_5_ood"
    assert as_test("valid_hops_5_ood") == "test_hops_5_ood"
    assert as_valid("train_inferred") == as_test("train_inferred") == "train_inferred"
    assert [is_validation(name) for name in ("valid_id", "test_id", "atomic_id")] == [1, 0, 0]
    assert chosen_by("test_id", ["test_id", "valid_id"]) == "valid_id"
    assert chosen_by("test_id", ["test_id", "test_ood"]) == "test_id"
    shares = {"test_id": 0.1, "test_ood": 0.2, "valid_id": 0.3, "atomic_id": 1.0}
    assert for_choosing(shares) == shares | {"test_id": 0.3}
