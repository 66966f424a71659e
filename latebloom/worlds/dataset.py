"""The published JSON format: worlds out, worlds in.

Enters and leaves: a folder with `train.json`, `valid.json`, `test.json` and `vocab.json` as the
notebooks of arXiv:2405.15071 (OSU-NLP-Group/GrokkedTransformer) write them. An item is

    {"input_text": "<e_1><r_2><r_3>", "target_text": "<e_1><r_2><r_3><e_9></a>", "type": "..."}

`train.json` holds the atomic and the inferred facts, `test.json` the probes of every split with
their type, `valid.json` the OOD test again, `vocab.json` all tokens. Their composition data has no
type in `train.json`; ours has one, as their comparison data does.

Covers: composition, with any number of hops. Does not cover: comparison (whose questions
`<attr_0><q><e_1><mask><e_2>` are refused by name).

Differs: all our test items are written, not 3,000 of a split at most; further splits of ours have
types of their own (`test_inferred_oi`, `test_hops_5`, ...), which the published evaluation
reports under their names.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import ATOMIC, Facts, Split, World

SPECIAL = ("<mask>", "<sep>", "<a>", "</a>", "<q>", "</q>")
"""Tokens that every published vocabulary ends with."""
END = "</a>"
PROBES = 3000
"""Items of a split in a published `test.json` at most."""
TYPES: Mapping[str, str] = {
    Split.ATOMIC_ID: "id_atomic",
    Split.ATOMIC_OOD: "ood_atomic",
    Split.TRAIN_INFERRED: "train_inferred",
    Split.TEST_ID: "test_inferred_iid",
    Split.TEST_OOD: "test_inferred_ood",
    Split.TEST_OI: "test_inferred_oi",
    Split.TEST_IO: "test_inferred_io",
    Split.AUGMENTED: "train_augmented",
    Split.IDENTITY: "train_identity",
}
"""The type of each split's items; splits of longer chains have their own name as type."""
SPLITS = {type_: split for split, type_ in TYPES.items()}
LONGER = re.compile(r"(train_hops_\d+|test_hops_\d+(_ood)?)")


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetConfig:
    """A world that was written down before, with its splits; the seed changes nothing in it."""

    kind: Literal["dataset"] = "dataset"
    """Which world this is."""
    folder: str = ""
    """The folder that holds train.json, test.json and vocab.json."""


def make_dataset_world(config: DatasetConfig) -> World:
    """Reads the folder that the config names.

    Raises: FactsError as `read_dataset`.
    """
    if not config.folder:
        raise FactsError("world.folder is empty; name a folder with train.json, test.json, vocab.json")
    return read_dataset(Path(config.folder))


# ------------------------------------------------------------------------------------ words


def to_token(word: str) -> str:
    """A word as a published token: `e7` is `<e_7>`, `r7` is `<r_7>`, anything else `<word>`.

    What would be read as something else is written %XX, so that `to_word` undoes it.
    """
    if word in SPECIAL:
        return word
    if made := re.fullmatch(r"([er])(0|[1-9]\d*)", word, re.ASCII):
        return f"<{made[1]}_{made[2]}>"
    text = re.sub(r"[<>%]", lambda m: f"%{ord(m[0]):02X}", word)
    if re.fullmatch(r"[er]_(0|[1-9]\d*)", text, re.ASCII) or f"<{text}>" in SPECIAL:
        text = f"%{ord(text[0]):02X}{text[1:]}"
    return f"<{text}>"


def to_word(token: str) -> str:
    """The word behind a token; undoes `to_token`."""
    if token in SPECIAL:
        return token
    if made := re.fullmatch(r"<([er])_(0|[1-9]\d*)>", token, re.ASCII):
        return made[1] + made[2]
    return re.sub(r"%([0-7][0-9A-F])", lambda m: chr(int(m[1], 16)), token[1:-1])


# ---------------------------------------------------------------------------------- writing


def write_dataset(world: World, folder: Path) -> None:
    """Writes a composition world; the folder appears only when it is complete.

    Raises: FactsError if the folder exists or cannot be written; WorldError for another task.
    """
    check_task(world)
    if folder.exists():
        raise FactsError(f"{folder} exists; give a new folder")
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        aside.mkdir(parents=True)
        try:
            write_files(world, aside)
            aside.rename(folder)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    except OSError as error:
        raise FactsError(f"{folder} cannot be written: {error.strerror or error}") from error


def check_task(world: World) -> None:
    if world.task != "composition":
        raise WorldError(
            f"a world of the task {world.task!r} has no published format here; composition has"
        )


def write_files(world: World, folder: Path) -> None:
    """The four files, into an existing folder."""
    tokens = [to_token(word) for word in world.vocabulary.words]
    special = [token for token in SPECIAL if token not in tokens]
    write_list(folder / "vocab.json", map(json.dumps, tokens + special))
    encoded = np.array([json.dumps(token)[1:-1] for token in tokens], dtype=object)

    facts = world.facts
    atomic = np.stack((facts.subject, facts.relation, facts.object), axis=1)
    atomic_types = np.where(facts.ood, TYPES[Split.ATOMIC_OOD], TYPES[Split.ATOMIC_ID])
    train = [write_items(encoded, atomic, atomic_types)]
    probes = []
    for split in world.trained:
        rows, type_ = world.examples(split), TYPES.get(split, split)
        if split not in ATOMIC:
            train.append(write_items(encoded, rows, type_))
        some = np.linspace(0, len(rows) - 1, min(len(rows), PROBES)).astype(np.int64)
        if split in (*ATOMIC, Split.TRAIN_INFERRED):
            probes.append(write_items(encoded, rows[some], type_))
    for split in world.tested:
        probes.append(write_items(encoded, world.examples(split), TYPES.get(split, split)))
    write_list(folder / "train.json", (item for items in train for item in items))
    write_list(folder / "test.json", (item for items in probes for item in items))
    ood = world.splits.get(Split.TEST_OOD)
    valid = () if ood is None else write_items(encoded, ood, TYPES[Split.TEST_OOD])
    write_list(folder / "valid.json", valid)


def write_items(
    encoded: ndarray, rows: Int[ndarray, "example token"], types: str | ndarray
) -> Iterator[str]:
    """Each row as a JSON object; `encoded` holds the tokens as they stand within JSON quotes."""
    if not len(rows):
        return
    question = encoded[rows[:, :-1]].sum(axis=1)  # object arrays add up to joined strings
    answer = encoded[rows[:, -1]]
    for q, a, t in zip(question, answer, np.broadcast_to(types, len(rows)), strict=True):
        yield f'{{"input_text": "{q}", "target_text": "{q}{a}{END}", "type": "{t}"}}'


def write_list(path: Path, items: Iterable[str]) -> None:
    """Encoded items as one JSON array, an item a line, flushed to the disk."""
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        separator = "\n"
        for item in items:
            file.write(separator + item)
            separator = ",\n"
        file.write("\n]\n")
        file.flush()
        os.fsync(file.fileno())


# ---------------------------------------------------------------------------------- reading


def read_dataset(folder: Path) -> World:
    """Reads a folder in the published format; `valid.json` says nothing new and is not needed.

    Where an atomic fact's type is not given, a fact that enters a training inference or an ID test
    is ID, one that enters an OOD test is OOD; any other is ID if `test.json` lists the OOD facts
    completely (fewer than 3,000), else OOD.

    Raises: FactsError naming the file, the item, and what is wrong with it.
    """
    words, ids = read_vocabulary(folder / "vocab.json")
    train = read_items(folder / "train.json", ids)
    test = read_items(folder / "test.json", ids)
    probes = {SPLITS[t]: test.pop(t) for t in ("id_atomic", "ood_atomic") if t in test}
    test.pop(TYPES[Split.TRAIN_INFERRED], None)  # a sample of what train.json holds
    order = train.pop("order")
    test.pop("order")
    trained = {name_split(type_, folder / "train.json"): rows for type_, rows in train.items()}
    return World(
        task="composition",
        vocabulary=Vocabulary(tuple(words)),
        facts=Facts(),
        splits=trained,
        trained=tuple(trained),
    )
