"""Comparison and hidden attributes in the published JSON format.

Enters and leaves: the items of `train.json`, `test.json` and `valid.json`, and the tokens of
`vocab.json`, as the notebooks of arXiv:2405.15071 write them. A comparison item is

    {"input_text": "<attr_0><q><e_1><mask><e_2>",
     "target_text": "<attr_0><q><e_1><mask><e_2><attr_0_2></a>", "type": "train_inferred"}

with an answer for each attribute and label (0 less, 1 equal, 2 greater); hidden attributes close
the question with `</q>` and open the answer with `<a>`. Our rows hold neither the fillers nor the
attribute in the answer. `latebloom.worlds.published.folder` keeps the folder.

Covers: both tasks, both ways. Differs: `test.json` also has the types `test_easy` and
`test_undecidable`, and every test item of ours instead of 3,000 at most.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import FactsError, WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.published.items import (
    END,
    PROBES,
    SPECIAL,
    read_json,
    read_tokens,
    to_token,
    to_word,
    write_list,
)
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.comparison import LABELS, ComparisonTask, HiddenValuesTask
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

COMPARISON_TYPES: Mapping[str, str] = {
    Split.ATOMIC_ID: "id_atomic",
    Split.ATOMIC_OOD: "ood_atomic",
    Split.TRAIN_INFERRED: "train_inferred",
    Split.TEST_ID: "test_inferred_iid",
    Split.TEST_OOD: "test_inferred_ood",
}
HIDDEN_TYPES: Mapping[str, str] = {
    Split.ATOMIC_ID: "id_atomic",
    Split.TRAIN_INFERRED: "train_inferred_topleft",
    Split.TRAIN_CROSS: "train_inferred_cross",
    Split.TEST_ID: "test_inferred_iid",
    Split.TEST_OOD: "test_inferred_ood",
    Split.TEST_HARD: "test_hard",
    Split.TEST_EASY: "test_easy",
    Split.TEST_UNDECIDABLE: "test_undecidable",
    Split.TEST_VALUES: "ood_atomic",
}
TOKEN = re.compile(r"<[^<>]+>")
MADE = {"a": r"attr_(0|[1-9]\d*)", "v": r"(0|[1-9]\d*)"}


def compared_token(word: str) -> str:
    """A word as a token: `e7` is `<e_7>`, `a7` is `<attr_7>`, `v7` is `<7>`, else as `to_token`."""
    if made := re.fullmatch(r"([av])(0|[1-9]\d*)", word, re.ASCII):
        return f"<attr_{made[2]}>" if made[1] == "a" else f"<{made[2]}>"
    if any(re.fullmatch(pattern, word, re.ASCII) for pattern in MADE.values()):
        return f"<%{ord(word[0]):02X}{word[1:]}>"
    return to_token(word)


def compared_word(token: str) -> str:
    """The word behind a token; undoes `compared_token`."""
    for letter, pattern in MADE.items():
        if made := re.fullmatch(f"<{pattern}>", token, re.ASCII):
            return letter + made[1]
    return to_word(token)


def label_tokens(attribute: str) -> list[str]:
    """The three answers of an attribute's token: `<attr_0_0>`, `<attr_0_1>`, `<attr_0_2>`."""
    return [f"{attribute[:-1]}_{label}>" for label in range(len(LABELS))]


def write_comparison_files(world: World, folder: Path) -> None:
    """The four files, into an existing folder.

    Raises: WorldError if two tokens would be the same.
    """
    hidden = world.task.rests_on_inferred
    types = HIDDEN_TYPES if hidden else COMPARISON_TYPES
    tokens = [compared_token(word) for word in world.vocabulary.words[: -len(LABELS)]]
    attributes = np.unique(world.facts.relation)
    labels = [label_tokens(tokens[attribute]) for attribute in attributes]
    everything = [*tokens, *SPECIAL, *(token for three in labels for token in three)]
    if len(set(everything)) != len(everything):
        raise WorldError("a name of this world looks like a comparison's answer; rename it")
    write_list(folder / "vocab.json", map(json.dumps, everything))

    scribe = Scribe(tokens, attributes, labels, hidden)
    train, test = [], []
    for split, rows in world.splits.items():
        type_ = types.get(split, split)
        if split in world.trained:
            train.append(scribe.items(rows, type_))
            rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), PROBES)).astype(np.int64)]
        test.append(scribe.items(rows, type_))
    names = (
        (Split.TEST_OOD,)
        if Split.TEST_OOD in world.splits
        else (Split.TEST_EASY, Split.TEST_UNDECIDABLE)
    )
    valid = [
        scribe.items(world.splits[name], "test_inferred_ood")
        for name in names
        if name in world.splits
    ]
    for name, parts in (("train", train), ("test", test), ("valid", valid)):
        write_list(folder / f"{name}.json", (item for items in parts for item in items))


class Scribe:
    """Writes rows of token ids as items."""

    def __init__(
        self,
        tokens: Sequence[str],
        attributes: Int[ndarray, " attribute"],
        labels: Sequence[Sequence[str]],
        hidden: bool,
    ) -> None:
        self.tokens = np.array([json.dumps(token)[1:-1] for token in tokens], dtype=object)
        self.attributes = attributes
        escaped = [[json.dumps(token)[1:-1] for token in three] for three in labels]
        self.labels = np.array(escaped, dtype=object).reshape(-1, len(LABELS))
        self.hidden = hidden

    def items(self, rows: Int[ndarray, "example token"], type_: str) -> Iterator[str]:
        """Each row, atomic (three tokens) or comparison (four), as a JSON object."""
        close, open_ = ("</q>", "<a>") if self.hidden else ("", "")
        if rows.shape[1] == 3:
            begin, mask = ("<q>", "<mask>") if self.hidden else ("", "")
            subject, attribute, value = self.tokens[rows].T
            question, answer = begin + subject + attribute + mask + close, value
        else:
            attribute, first, second = self.tokens[rows[:, :3]].T
            question = attribute + "<q>" + first + "<mask>" + second + close
            place = np.searchsorted(self.attributes, rows[:, 0])
            answer = self.labels[place, rows[:, 3] - len(self.tokens)]
        for q, a in zip(question, answer, strict=True):
            yield f'{{"input_text": "{q}", "target_text": "{q}{open_}{a}{END}", "type": "{type_}"}}'


def is_comparison_vocabulary(path: Path) -> bool:
    """Whether a vocab.json has answers after its special tokens, as only comparisons have."""
    tokens = read_json(path)
    special = [i for i, token in enumerate(tokens) if token in SPECIAL]
    return bool(special) and len(tokens) > special[-1] + 1


@dataclass(slots=True)
class Reader:
    """Items become rows; the ids are those of vocab.json without special tokens and answers."""

    ids: Mapping[str, int]
    labels: Mapping[str, tuple[int, int]]
    """Answer -> id of its attribute, label."""
    rows: dict[str, list[list[int]]] = field(default_factory=dict)

    def read(self, path: Path, types: Mapping[str, str], *, trained: bool) -> None:
        """Adds the items of a file; of test.json only those that are tests.

        Raises: FactsError naming the file, the item, and what is wrong with it.
        """
        splits = {type_: split for split, type_ in types.items()}
        for number, item in enumerate(read_json(path), 1):
            place = f"{path}, item {number}"
            type_ = item.get("type") if isinstance(item, dict) else None
            if type_ not in splits:
                raise FactsError(
                    f"{place}: unknown type {type_!r}; the types are {', '.join(splits)}"
                )
            split = splits[type_]
            if trained == split.startswith("test_"):
                if trained:
                    raise FactsError(f"{place}: an item of type {type_!r} must not be trained on")
                continue
            self.rows.setdefault(split, []).append(self.row(item, place))

    def row(self, item: Mapping[str, Any], place: str) -> list[int]:
        """`entity attribute value` or `attribute e1 e2 label`, the label as -1, -2 or -3."""
        question, target = item.get("input_text"), item.get("target_text")
        if not (isinstance(question, str) and isinstance(target, str)):
            raise FactsError(f"{place}: it needs input_text and target_text")
        if not (target.startswith(question) and target.endswith(END)):
            raise FactsError(f"{place}: target_text {target!r} is not input_text, an answer, {END}")
        asked = [token for token in TOKEN.findall(question) if token not in SPECIAL]
        answer = [token for token in TOKEN.findall(target[len(question) :]) if token not in SPECIAL]
        if len(asked) not in (2, 3) or len(answer) != 1:
            raise FactsError(f"{place}: {target!r} is neither an atomic fact nor a comparison")
        try:
            ids = [self.ids[token] for token in asked]
            if len(asked) == 2:
                return [*ids, self.ids[answer[0]]]
            attribute, label = self.labels[answer[0]]
        except KeyError as error:
            raise FactsError(f"{place}: the token {error.args[0]} is not in vocab.json") from error
        if attribute != ids[0]:
            raise FactsError(f"{place}: the answer {answer[0]} is not one of {asked[0]}")
        return [*ids, -1 - label]


def read_comparison_dataset(folder: Path) -> World:
    """Reads a folder of either task; `valid.json` says nothing new and is not needed.

    Raises: FactsError naming the file, the item, and what is wrong with it.
    """
    tokens = [token for token in read_tokens(folder / "vocab.json") if token not in SPECIAL]
    known = set(tokens)
    answers = {
        answer: (attribute, label)
        for attribute in tokens
        for label, answer in enumerate(label_tokens(attribute))
        if known.issuperset(label_tokens(attribute))
    }
    names = [token for token in tokens if token not in answers]
    ids = {token: i for i, token in enumerate(names)}
    reader = Reader(ids, {answer: (ids[a], label) for answer, (a, label) in answers.items()})
    train = read_json(folder / "train.json")
    hidden = any(isinstance(i, dict) and i.get("type") == "train_inferred_cross" for i in train)
    types = HIDDEN_TYPES if hidden else COMPARISON_TYPES
    reader.read(folder / "train.json", types, trained=True)
    trained = tuple(name for name in types if name in reader.rows)
    reader.read(folder / "test.json", types, trained=False)
    splits = {
        str(name): matrix(reader.rows[name], name, len(names), folder)
        for name in types
        if name in reader.rows
    }
    told = [
        name for name in (Split.ATOMIC_ID, Split.ATOMIC_OOD, Split.TEST_VALUES) if name in splits
    ]
    if not told:
        raise FactsError(f"{folder / 'train.json'} holds no atomic fact (<entity><attribute>)")
    rows = np.concatenate([splits[name] for name in told])
    ood = np.concatenate([np.full(len(splits[name]), name != Split.ATOMIC_ID) for name in told])
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    subject, relation, object_ = rows[order].T
    words = [compared_word(token) for token in names]
    try:
        vocabulary = Vocabulary((*words, *LABELS))
    except ValueError as error:
        raise FactsError(f"{folder / 'vocab.json'}: {error}") from error
    return World(
        task=(HiddenValuesTask if hidden else ComparisonTask).of(vocabulary),
        vocabulary=vocabulary,
        facts=Facts(subject, relation, object_, ood[order]),
        splits=splits,
        trained=tuple(str(name) for name in trained),
    )


def matrix(
    rows: Sequence[Sequence[int]], split: str, first_label: int, folder: Path
) -> Int[ndarray, "example token"]:
    """The rows of a split, labels as token ids.

    Raises: FactsError if they are of different kinds.
    """
    if len({len(row) for row in rows}) > 1:
        raise FactsError(f"{folder}: the items of {split} are partly atomic, partly comparisons")
    table = np.array(rows, dtype=np.int32)
    return np.where(table < 0, first_label - 1 - table, table).astype(np.int32)
