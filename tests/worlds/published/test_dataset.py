"""The published format: a sample by hand, the round trip, and data that is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.made import CompositionConfig, make_composition
from latebloom.worlds.published.folder import (
    DatasetConfig,
    make_dataset_world,
    read_dataset,
    write_dataset,
)
from latebloom.worlds.published.items import to_token, to_word
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.world import World

SPECIAL = ["<mask>", "<sep>", "<a>", "</a>", "<q>", "</q>"]
VOCABULARY = ["<e_0>", "<e_1>", "<e_2>", "<r_0>", "<r_1>"]
E0, E1, E2, R0, R1 = range(5)


def item(question: str, answer: str, type_: str | None = None) -> dict[str, str]:
    """An item in the published form from `e_0 r_1` and `e_2`."""
    text = "".join(f"<{word}>" for word in question.split())
    entry = {"input_text": text, "target_text": f"{text}<{answer}></a>"}
    return entry | ({"type": type_} if type_ else {})


# (e_1, r_1) -> e_0 and (e_0, r_0) -> e_1 are OOD, one told by test.json, one by what it enters.
TRAIN = [
    item("e_0 r_0", "e_1"),
    item("e_1 r_0", "e_2"),
    item("e_2 r_0", "e_0"),
    item("e_0 r_1", "e_2"),
    item("e_1 r_1", "e_0"),
    item("e_2 r_1", "e_1"),
    item("e_1 r_0 r_0", "e_0"),
    item("e_2 r_1 r_0", "e_2"),
]
TEST = [
    item("e_1 r_0", "e_2", "id_atomic"),
    item("e_1 r_1", "e_0", "ood_atomic"),
    item("e_1 r_0 r_0", "e_0", "train_inferred"),
    item("e_0 r_1 r_0", "e_0", "test_inferred_iid"),
    item("e_0 r_0 r_1", "e_0", "test_inferred_ood"),
]


def write_sample(folder: Path, **changed: object) -> Path:
    """A data set as the published notebook writes it; None leaves a file out."""
    folder.mkdir(exist_ok=True)
    files = {
        "train": TRAIN,
        "test": TEST,
        "valid": [item("e_0 r_0 r_1", "e_0")],
        "vocab": VOCABULARY + SPECIAL,
    } | changed
    for name, content in files.items():
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_a_published_sample_by_hand(tmp_path):
    world = read_dataset(write_sample(tmp_path / "data"))
    assert world.vocabulary.words == ("e0", "e1", "e2", "r0", "r1")
    assert world.facts.ood.tolist() == [True, False, False, False, True, False]
    assert world.trained == ("atomic_id", "atomic_ood", "train_inferred")
    assert {split: rows.tolist() for split, rows in world.splits.items()} == {
        "atomic_id": [[E1, R0, E2], [E2, R0, E0], [E0, R1, E2], [E2, R1, E1]],
        "atomic_ood": [[E0, R0, E1], [E1, R1, E0]],
        "train_inferred": [[E1, R0, R0, E0], [E2, R1, R0, E2]],
        "test_id": [[E0, R1, R0, E0]],
        "test_ood": [[E0, R0, R1, E0]],
    }


def test_a_fact_that_nothing_tells_of_is_id_if_the_ood_facts_are_listed(tmp_path):
    test = [entry for entry in TEST if entry["type"] != "test_inferred_iid"]
    world = read_dataset(write_sample(tmp_path / "data", test=test))
    assert world.facts.ood.tolist() == [True, False, False, False, True, False]


def test_a_fact_that_nothing_tells_of_is_ood_if_they_are_a_sample(tmp_path, monkeypatch):
    monkeypatch.setattr("latebloom.worlds.published.chains.PROBES", 1)
    test = [entry for entry in TEST if entry["type"] != "test_inferred_iid"]
    world = read_dataset(write_sample(tmp_path / "data", test=test))
    assert world.facts.ood.tolist() == [True, False, False, True, True, False]


def assert_same(one: World, other: World) -> None:
    """Equal to the last byte, order included."""
    assert (one.task, one.vocabulary, one.trained) == (other.task, other.vocabulary, other.trained)
    assert list(one.splits) == list(other.splits)
    for split in one.splits:
        np.testing.assert_array_equal(one.splits[split], other.splits[split], strict=True)
    for name in Facts.__slots__:
        np.testing.assert_array_equal(
            getattr(one.facts, name), getattr(other.facts, name), strict=True
        )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"hops": 3, "test_hops": (5,)},
        {"augment": "first", "identity_bridge": True},
        {"ood_frac": 0, "phi": 0},
    ],
)
def test_round_trip(tmp_path, fields):
    sizes = {"entities": 12, "relations": 4, "out_degree": 4, "ood_frac": 0.2, "phi": 1}
    world = make_composition(CompositionConfig(**(sizes | fields)), 2)
    write_dataset(world, tmp_path / "new" / "data")
    assert_same(make_dataset_world(DatasetConfig(folder=str(tmp_path / "new" / "data"))), world)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["data"]


def test_what_is_written_has_the_published_form(small_world, tmp_path):
    folder = tmp_path / "data"
    write_dataset(small_world, folder)
    files = {name: json.loads((folder / f"{name}.json").read_text()) for name in
             ("train", "valid", "test", "vocab")}  # fmt: skip
    words = [f"<e_{i}>" for i in range(12)] + [f"<r_{i}>" for i in range(4)]
    assert files["vocab"] == words + SPECIAL
    facts = small_world.facts
    assert files["train"][0] == {
        "input_text": f"<e_0><r_{facts.relation[0] - 12}>",
        "target_text": f"<e_0><r_{facts.relation[0] - 12}><e_{facts.object[0]}></a>",
        "type": "ood_atomic" if facts.ood[0] else "id_atomic",
    }
    assert len(files["train"]) == 48 + len(small_world.splits["train_inferred"])
    assert [e for e in files["test"] if e["type"] == "test_inferred_ood"] == files["valid"]
    assert len(files["valid"]) == len(small_world.splits["test_ood"])
    kinds = {entry["type"] for entry in files["test"]}
    assert kinds >= {"id_atomic", "ood_atomic", "train_inferred", "test_inferred_iid"}


def test_names_of_every_kind_come_back(tmp_path):
    names = ("São Paulo", 'a "b" \\', "<mask>", "mask", "e_1", "50%", "e1", "r_0", "r0", "\n")
    rows = np.array([[i, 9, (i + 1) % 9] for i in range(9)], dtype=np.int32)
    facts = Facts(rows[:, 0], rows[:, 1], rows[:, 2], np.zeros(9, bool))
    chains = np.array([[i, 9, 9, (i + 2) % 9] for i in range(9)], dtype=np.int32)
    vocabulary = make_composition(
        CompositionConfig(entities=9, relations=1, out_degree=1, ood_frac=0, phi=0), 0
    ).vocabulary
    world = World(
        task=ChainTask(),
        vocabulary=type(vocabulary)(names),
        facts=facts,
        splits={"atomic_id": rows, "atomic_ood": rows[:0], "train_inferred": chains},
        trained=("atomic_id", "atomic_ood", "train_inferred"),
    )
    write_dataset(world, tmp_path / "data")
    assert_same(read_dataset(tmp_path / "data"), world)


@settings(database=None, deadline=None)
@given(st.text(min_size=1) | st.from_regex(r"[er]_?[0-9]{1,2}|%[0-9A-F]{2}|/?[aq]", fullmatch=True))
def test_a_token_tells_its_word(word):
    token = to_token(word)
    assert to_word(token) == word
    assert token[0] == "<"
    assert token[-1] == ">"
    assert not set("<>") & set(token[1:-1])
    assert token not in SPECIAL


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train": None}, r"train\.json is missing; a data set has train\.json, test\.json"),
        ({"train": '[{"input_text": '}, r"train\.json, line 1, column \d+: not JSON"),
        ({"train": {}}, r"train\.json holds no JSON array"),
        ({"train": []}, r"train\.json holds no atomic fact"),
        ({"train": [{"input_text": "<e_0><r_0>"}]}, r"item 1: it needs input_text and target_"),
        ({"train": ["<e_0>"]}, r"item 1: it needs input_text and target_text"),
        ({"train": [*TRAIN, item("e_0 r_7", "e_1")]}, r"item 9: the token <r_7> is not in vocab"),
        (
            {"train": [*TRAIN, item("e_0 q e_1", "e_1")]},
            r"item 9: the token <q> .* comparisons has .* at the end of vocab\.json",
        ),
        (
            {"train": [{"input_text": "<e_0><r_0>", "target_text": "<e_0><r_0><e_1>"}]},
            r"item 1: target_text '<e_0><r_0><e_1>' is not input_text, an answer, </a>",
        ),
        ({"train": [{"input_text": "e_0", "target_text": "e_0</a>"}]}, "is not of the form <e_1>"),
        ({"train": [*TRAIN, TRAIN[0]]}, r"train\.json: the fact \(e0, r0\) stands twice"),
        (
            {"train": [*TRAIN, item("e_0 r_1 r_1", "e_1", "test_inferred_iid")]},
            r"item 9: an item of type 'test_inferred_iid' must not be trained on",
        ),
        (
            {"train": [*TRAIN, item("e_0 r_1", "e_1", "train_inferred")]},
            r"item 9: an item of type 'train_inferred' has 3 tokens before the answer, this one 2",
        ),
        (
            {"train": [*TRAIN, item("e_1 r_1 r_1", "e_2")]},
            r"the fact \(e1, r1\) is OOD and yet composed",
        ),
        (
            {"train": [*TRAIN, item("e_0 r_1 r_0", "e_0")]},
            r"test\.json: test_id asks e0 r1 r0, which train\.json trains on",
        ),
        ({"test": [item("e_0 r_0", "e_1", "odd")]}, r"test\.json, item 1: unknown type 'odd'; the"),
        ({"test": [item("e_0 r_0", "e_1")]}, r"test\.json, item 1: unknown type None"),
        (
            {"test": [item("e_0 r_0", "e_2", "ood_atomic")]},
            r"an item of type ood_atomic is not in train\.json",
        ),
        ({"vocab": ["e_0"]}, r"vocab\.json, item 1: 'e_0' is no token of the form <name>"),
        ({"vocab": [*VOCABULARY, "<e_0>"]}, r"vocab\.json: the name 'e0' stands twice"),
    ],
)
def test_data_that_is_wrong_is_told_where(tmp_path, changed, message):
    with pytest.raises(FactsError, match=message) as refusal:
        read_dataset(write_sample(tmp_path / "data", **changed))
    assert "\n" not in str(refusal.value)


def test_another_encoding_is_refused(tmp_path):
    folder = write_sample(tmp_path / "data")
    (folder / "vocab.json").write_bytes('["<Zürich>"]'.encode("latin-1"))
    with pytest.raises(FactsError, match=r"vocab\.json: byte 5 is not UTF-8"):
        read_dataset(folder)


def test_an_existing_folder_is_left_alone(small_world, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine").write_text("keep")
    with pytest.raises(FactsError, match="data exists; give a new folder"):
        write_dataset(small_world, tmp_path / "data")
    assert [p.name for p in tmp_path.rglob("*")] == ["data", "mine"]


def test_a_failed_export_leaves_nothing(small_world, tmp_path, monkeypatch):
    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("latebloom.worlds.published.chains.write_list", disk_full)
    with pytest.raises(FactsError, match="data cannot be written: No space left on device"):
        write_dataset(small_world, tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(small_world, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FactsError, match="cannot be written: Not a directory"):
        write_dataset(small_world, tmp_path / "file" / "data")


class Sums(Task):
    name = "sums"

    def places(self, n_tokens):
        return ("number",) * n_tokens

    def solve(self, facts, questions):
        return questions.sum(axis=1)


def test_a_task_without_a_format_is_refused(small_world, tmp_path):
    other = World(
        task=Sums(),
        vocabulary=small_world.vocabulary,
        facts=small_world.facts,
        splits=small_world.splits,
        trained=small_world.trained,
    )
    with pytest.raises(WorldError, match="the task 'sums' has no published format here"):
        write_dataset(other, tmp_path / "data")
    with pytest.raises(FactsError, match=r"world\.folder is empty"):
        make_dataset_world(DatasetConfig())
