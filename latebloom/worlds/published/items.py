"""The published JSON format, item by item: words as tokens, rows as items, splits as types.

Enters and leaves: `train.json`, `test.json` and `vocab.json` as the notebooks of arXiv:2405.15071
(OSU-NLP-Group/GrokkedTransformer) write them. An item is

    {"input_text": "<e_1><r_2><r_3>", "target_text": "<e_1><r_2><r_3><e_9></a>", "type": "..."}

Covers: composition questions of any length. Does not cover: what the items of a data set say of
each other, which is `latebloom.worlds.published.chains`'s part.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import FactsError
from latebloom.reading import parse_json
from latebloom.worlds.splits import Split, hops_split

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
WIDTHS: Mapping[str, int] = {Split.ATOMIC_ID: 3, Split.ATOMIC_OOD: 3, Split.IDENTITY: 2}
"""Tokens of a row where they are not four: subject, two relations, answer."""
UNTOLD = ""
"""The split of an atomic fact of which train.json does not tell whether it is OOD."""
MARKS = {Split.ATOMIC_ID: 0, Split.ATOMIC_OOD: 1, UNTOLD: -1}
FILES = ("train.json", "test.json", "vocab.json")
LONGER = re.compile(r"(train_hops_\d+|test_hops_\d+(_ood)?)")


def to_token(word: str) -> str:
    """A word as a published token: `e7` is `<e_7>`, `r7` is `<r_7>`, anything else `<word>`.

    What would be read as something else is written %XX, so that `to_word` undoes it.
    """
    if made := re.fullmatch(r"([er])(0|[1-9]\d*)", word, re.ASCII):
        return f"<{made[1]}_{made[2]}>"
    text = re.sub(r"[<>%]", lambda m: f"%{ord(m[0]):02X}", word)
    if re.fullmatch(r"[er]_(0|[1-9]\d*)", text, re.ASCII) or f"<{text}>" in SPECIAL:
        text = f"%{ord(text[0]):02X}{text[1:]}"
    return f"<{text}>"


def to_word(token: str) -> str:
    """The word behind a token; undoes `to_token`."""
    if made := re.fullmatch(r"<([er])_(0|[1-9]\d*)>", token, re.ASCII):
        return made[1] + made[2]
    return re.sub(r"%([0-7][0-9A-F])", lambda m: chr(int(m[1], 16)), token[1:-1])


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


@dataclass(frozen=True, slots=True)
class Items:
    """The items of one file, in order.

    rows: question and answer as ids, of any length; splits: the split of each, "" where an item
    has no type.
    """

    path: Path
    rows: list[list[int]]
    splits: list[str]

    def matrix(self, split: str, width: int) -> Int[ndarray, "example token"]:
        """The items of a split as one matrix."""
        rows = [row for row, name in zip(self.rows, self.splits, strict=True) if name == split]
        return np.array(rows, dtype=np.int32).reshape(-1, width)


def read_json(path: Path) -> list[Any]:
    """A file that holds one JSON array."""
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FactsError(f"{path} is missing; a data set has {', '.join(FILES)}") from error
    except OSError as error:
        raise FactsError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FactsError(f"{path}: byte {error.start + 1} is not UTF-8; write it again") from error
    except json.JSONDecodeError as error:
        raise FactsError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg});"
            " write the file again"
        ) from error
    except ValueError as error:
        raise FactsError(f"{path}: {error}; write the file again") from error
    if not isinstance(content, list):
        raise FactsError(f"{path} holds no JSON array; a published file is one array of items")
    return content


def read_tokens(path: Path) -> list[str]:
    """The tokens of a vocabulary, special ones too.

    Raises: FactsError naming the item that is none.
    """
    tokens = read_json(path)
    for number, token in enumerate(tokens, 1):
        if not (isinstance(token, str) and re.fullmatch(r"<[^<>]+>", token)):
            raise FactsError(
                f"{path}, item {number}: {token!r:.200} is no token of the form <name>"
            )
    return tokens


def read_vocabulary(path: Path) -> tuple[list[str], dict[str, int]]:
    """The words of a vocabulary without its special tokens, and the id behind each token."""
    words: list[str] = []
    ids: dict[str, int] = {}
    for token in read_tokens(path):
        if token not in SPECIAL:
            ids[token] = len(words)
            words.append(to_word(token))
    return words, ids


def read_items(path: Path, ids: Mapping[str, int], *, is_test: bool) -> Items:
    """The items of train.json or test.json as ids, each with its split."""
    rows: list[list[int]] = []
    splits: list[str] = []
    for number, item in enumerate(read_json(path), 1):
        place = f"{path}, item {number}"
        row = read_row(item, ids, place)
        split = read_split(item, len(row), place, is_test=is_test)
        rows.append(row)
        splits.append(split)
    return Items(path, rows, splits)


def read_row(item: Any, ids: Mapping[str, int], place: str) -> list[int]:
    """Question and answer of an item as ids."""
    try:
        question, target = item["input_text"], item["target_text"]
    except (TypeError, KeyError) as error:
        raise FactsError(f"{place}: it needs input_text and target_text") from error
    if not (isinstance(question, str) and isinstance(target, str)):
        raise FactsError(f"{place}: input_text and target_text must be text")
    if not (question.startswith("<") and question.endswith(">")):
        raise FactsError(f"{place}: input_text {question!r} is not of the form <e_1><r_2>")
    if not (target.startswith(question) and target.endswith(END)):
        raise FactsError(f"{place}: target_text {target!r} is not input_text, an answer, {END}")
    tokens = [f"<{name}>" for name in question[1:-1].split("><")]
    tokens.append(target[len(question) : -len(END)])
    try:
        return [ids[token] for token in tokens]
    except KeyError as error:
        token = error.args[0]
        why = (
            "is no part of a composition question; a data set of comparisons has their answers"
            " at the end of vocab.json, after the special tokens"
            if token in SPECIAL
            else "is not in vocab.json; add it there, or mend the item"
        )
        raise FactsError(f"{place}: the token {token} {why}") from error


def read_split(item: Mapping[str, Any], width: int, place: str, *, is_test: bool) -> str:
    """The split of an item by its type; in train.json, where types are optional, by its length."""
    type_ = item.get("type")
    if type_ is None and not is_test:
        by_width = {2: Split.IDENTITY, 3: UNTOLD, 4: Split.TRAIN_INFERRED}
        return by_width.get(width, hops_split(width - 2, train=True))
    known = str(type_)
    split = SPLITS.get(known, known if LONGER.fullmatch(known) else "")
    if not split:
        raise FactsError(
            f"{place}: unknown type {type_!r}; the types are {', '.join(SPLITS)} and test_hops_K"
        )
    if split.startswith("test_") and not is_test:
        raise FactsError(f"{place}: an item of type {type_!r} must not be trained on")
    hops = re.search(r"hops_(\d+)", split)
    wanted = int(hops[1]) + 2 if hops else WIDTHS.get(split, 4)
    if width != wanted:
        raise FactsError(
            f"{place}: an item of type {type_!r} has {wanted - 1} tokens before the answer, this"
            f" one {width - 1}"
        )
    return split
