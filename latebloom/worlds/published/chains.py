"""Composition in the published JSON format: what the items of a data set say of each other.

Enters: a composition world, or a folder as the notebooks of arXiv:2405.15071 write it. Leaves: the
folder's files, or the world. `train.json` holds the atomic and the inferred facts, `test.json` the
probes of every split with their type, `valid.json` the OOD test again, `vocab.json` all tokens;
`latebloom.worlds.published.items` has the items. Their composition data has no type in
`train.json`; ours has one, as their comparison data does.

Covers: questions with any number of hops. Does not cover: comparisons (`.comparisons`), sentences.

Differs: all our test items are written, not 3,000 of a split at most; further splits of ours have
types of their own (`test_inferred_oi`, `test_hops_5`, ...), which the published evaluation
reports under their names.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.published.items import (
    MARKS,
    PROBES,
    SPECIAL,
    TYPES,
    UNTOLD,
    Items,
    read_items,
    read_vocabulary,
    to_token,
    write_items,
    write_list,
)
from latebloom.worlds.splits import ATOMIC, Split
from latebloom.worlds.tasks.chain import ChainTask, follow
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World


def write_chain_files(world: World, folder: Path) -> None:
    """The four files of a composition world, into an existing folder.

    Raises: WorldError for a layout that the format does not know.
    """
    if isinstance(world.task, ChainTask) and world.task.layout != Layout.usual:
        raise WorldError(
            "the published format has questions as `subject relation relation`, and this world lays"
            " them out otherwise; make it with world.order subject-first, world.fillers false"
            " and world.distractors 0"
        )
    tokens = [to_token(word) for word in world.vocabulary.words]
    write_list(folder / "vocab.json", map(json.dumps, [*tokens, *SPECIAL]))
    encoded = np.array([json.dumps(token)[1:-1] for token in tokens], dtype=object)

    facts = world.facts
    atomic = facts.rows()
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
    probes += [
        write_items(encoded, world.examples(split), TYPES.get(split, split))
        for split in world.tested
    ]
    write_list(folder / "train.json", (item for items in train for item in items))
    write_list(folder / "test.json", (item for items in probes for item in items))
    ood = world.splits.get(Split.TEST_OOD)
    valid = () if ood is None else write_items(encoded, ood, TYPES[Split.TEST_OOD])
    write_list(folder / "valid.json", valid)


def read_chain_files(folder: Path) -> World:
    """Reads a folder of composition data; `valid.json` says nothing new and is not needed.

    Where an atomic fact's type is not given, a fact that enters a training inference or an ID test
    is ID, one that enters an OOD test is OOD; any other is ID if `test.json` lists the OOD facts
    completely (fewer than 3,000), else OOD.

    Raises: FactsError naming the file, the item, and what is wrong with it.
    """
    words, ids = read_vocabulary(folder / "vocab.json")
    train = read_items(folder / "train.json", ids, is_test=False)
    test = read_items(folder / "test.json", ids, is_test=True)
    atomic = [
        (row, split)
        for row, split in zip(train.rows, train.splits, strict=True)
        if split in (*ATOMIC, UNTOLD)
    ]
    if not atomic:
        raise FactsError(f"{train.path} holds no atomic fact (<subject><relation> -> object)")
    subject, relation, object_ = np.array([row for row, _ in atomic], dtype=np.int32).T
    facts = Facts(subject, relation, object_, np.zeros(len(atomic), bool))
    check_functional(facts, words, train.path)
    trained = {Split.TRAIN_INFERRED: 4} | split_widths(train)
    tested = {name: width for name, width in split_widths(test).items() if name.startswith("test_")}
    chains = {name: train.matrix(name, width) for name, width in trained.items()}
    tests = {name: test.matrix(name, width) for name, width in tested.items()}
    check_held_out(chains, tests, words, test.path)
    marks = np.array([MARKS[split] for _, split in atomic], dtype=np.int8)
    facts = replace(facts, ood=mark_facts(facts, marks, test, chains | tests, words))
    rows = facts.rows()
    learnt = {Split.ATOMIC_ID: rows[~facts.ood], Split.ATOMIC_OOD: rows[facts.ood]} | chains
    try:
        vocabulary = Vocabulary(tuple(words))
    except ValueError as error:
        raise FactsError(f"{folder / 'vocab.json'}: {error}") from error
    return World(
        task=ChainTask(),
        vocabulary=vocabulary,
        facts=facts,
        splits=learnt | tests,
        trained=tuple(learnt),
    )


def split_widths(items: Items) -> dict[str, int]:
    """The splits of inferred items in order of appearance, and the length of their rows."""
    return {
        split: len(row)
        for row, split in zip(items.rows, items.splits, strict=True)
        if split not in (*ATOMIC, UNTOLD)
    }


def check_functional(facts: Facts, words: list[str], path: Path) -> None:
    """Refuses a fact that stands twice, with the same object or another."""
    _, first, count = np.unique(
        facts.subject.astype(np.int64) * len(words) + facts.relation,
        return_index=True,
        return_counts=True,
    )
    if (count > 1).any():
        row = first[np.argmax(count > 1)]
        subject, relation = words[facts.subject[row]], words[facts.relation[row]]
        raise FactsError(f"{path}: the fact ({subject}, {relation}) stands twice; keep one")


def check_held_out(
    trained: Mapping[str, Int[ndarray, "_ _"]],
    tested: Mapping[str, Int[ndarray, "_ _"]],
    words: list[str],
    path: Path,
) -> None:
    """Refuses a test question that is trained on."""
    for split, rows in tested.items():
        seen = [known for known in trained.values() if known.shape[1] == rows.shape[1]]
        known = {row.tobytes() for row in np.concatenate(seen)[:, :-1]} if seen else set()
        for row in rows[:, :-1]:
            if row.tobytes() in known:
                question = " ".join(words[i] for i in row)
                raise FactsError(f"{path}: {split} asks {question}, which train.json trains on")


def mark_facts(
    facts: Facts,
    marks: Int[ndarray, " fact"],
    test: Items,
    chains: Mapping[str, Int[ndarray, "_ _"]],
    words: list[str],
) -> Bool[ndarray, " fact"]:
    """Which facts are OOD, by their types and by what is composed of them.

    marks: 0 for ID, 1 for OOD, -1 where train.json does not tell.
    """
    told = [np.flatnonzero(marks == value) for value in (0, 1)]
    n_listed = 0
    for split, value in ((Split.ATOMIC_ID, 0), (Split.ATOMIC_OOD, 1)):
        rows = test.matrix(split, 3)
        found = facts.find(rows[:, 0], rows[:, 1])
        if (found < 0).any() or (facts.object[found] != rows[:, 2]).any():
            raise FactsError(f"{test.path}: an item of type {TYPES[split]} is not in train.json")
        told[value] = np.union1d(told[value], found)
        n_listed += len(rows) if value else 0
    for split, rows in chains.items():
        inside = split in (Split.TRAIN_INFERRED, Split.TEST_ID) or split.startswith("train_hops_")
        outside = split == Split.TEST_OOD or split.endswith("_ood")
        if inside or outside:
            value = int(outside)
            passed = follow(facts, rows[:, :-1])[0]
            told[value] = np.union1d(told[value], passed[passed >= 0])
    both = np.intersect1d(told[0], told[1])
    if len(both):
        subject, relation = words[facts.subject[both[0]]], words[facts.relation[both[0]]]
        raise FactsError(
            f"{test.path.parent}: the fact ({subject}, {relation}) is OOD and yet composed in"
            " training or in an ID test; write the data again"
        )
    ood = np.full(len(facts), n_listed >= PROBES)
    ood[told[0]] = False
    ood[told[1]] = True
    return ood
