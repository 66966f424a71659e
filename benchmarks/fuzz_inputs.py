"""Inputs that nobody meant to write: valid files with changes, and files that are made by a rule.

Enters: valid inputs, and dice. Leaves: bytes. `changed` takes a valid input and damages it as a
broken disk, an editor or an attacker would: bits, cuts, doubled pieces, odd words, another value in
a JSON object. The strategies below it are hypothesis's; they put together whole files of the right
form with contents that no form was made for.
"""

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import tomli_w
from hypothesis import strategies as st

ODD_NUMBERS = ("0", "-1", "1e999", "-0.0", "nan", "inf", "9" * 25, "2147483648", "1" * 5000, "٣")
"""Numbers on which arithmetic, or a conversion, may trip."""
ODD_WORDS = (
    *(number.encode() for number in ODD_NUMBERS),
    *(b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"(", b")", b",", b";", b"\t", b"\n", b"\r", b"#"),
    *(b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1b[31m", b"\\ud800", b"\\u0000"),
    *(b"null", b"true", b"NaN", b"<s>", b"^", b"and", b"=", b"_", b"4-5", b"4.1", b"[" * 2000),
    *("\u202e".encode(), "\u200b".encode(), "İ".encode(), "\u2028".encode(), "\x85".encode()),
)
"""Words that mean something in some of the formats, and letters that look like nothing."""
LONGEST = 20_000
"""Bytes of the longest input: a reader that is slow is slow at that length too."""
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 0.5, -0.0, 1e308, float("nan")),
    *("", "a", "e0", "\x00", "\u202e", "\ud800", "x" * 3000, [], [0], [[]], {}, {"": 0}, ["a"] * 9),
)
"""Values that a field of a JSON or TOML file may hold, whatever it should hold."""


def changed(content: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """A valid input with one to four changes."""
    for _ in range(dice.choice((1, 1, 2, 4))):
        content = dice.choice(CHANGES)(content, others, dice)[:LONGEST]
    return content


def flip(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    """Another bit."""
    at = dice.randrange(len(content) + 1)
    return content[:at] + bytes(b ^ 1 << dice.randrange(8) for b in content[at : at + 1]) + (
        content[at + 1 :]
    )  # fmt: skip


def cut(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    """Without a piece, long or short."""
    at, long = dice.randrange(len(content) + 1), dice.choice((1, 2, 8, 64, LONGEST))
    return content[:at] + content[at + long :]


def double(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    """With a piece of it once more, somewhere."""
    at, to = dice.randrange(len(content) + 1), dice.randrange(len(content) + 1)
    return content[:to] + content[at : at + dice.choice((1, 4, 16, 128))] + content[to:]


def put_in(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    """With an odd word in it, or in place of as much."""
    word, at = dice.choice(ODD_WORDS), dice.randrange(len(content) + 1)
    return content[:at] + word + content[at + dice.choice((0, len(word))) :]


def splice(content: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """Its beginning, and the end of another."""
    other = dice.choice(others)
    return content[: dice.randrange(len(content) + 1)] + other[dice.randrange(len(other) + 1) :]


def other_number(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    """With an odd number in place of one."""
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", content))
    if not found:
        return content
    one = dice.choice(found)
    return content[: one.start()] + dice.choice(ODD_NUMBERS).encode() + content[one.end() :]


def other_lines(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    """With its lines in another order, or one of them many times."""
    lines = content.splitlines(keepends=True) or [b""]
    if dice.random() < 0.5:
        dice.shuffle(lines)
        return b"".join(lines)
    return b"".join([*lines, *[dice.choice(lines)] * dice.choice((1, 3, 200))])


def other_value(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    """JSON, or a line of it, with an odd value in place of one; anything else as it is."""
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        return content
    holder, key = [table], 0
    places: list[tuple[Any, Any]] = [(holder, 0)]
    for here, at in places:  # it grows while it is read
        value = here[at]
        if isinstance(value, dict):
            places += [(value, name) for name in value]
        elif isinstance(value, list):
            places += [(value, i) for i in range(min(len(value), 20))]
    where, key = dice.choice(places)
    if isinstance(where, dict) and dice.random() < 0.2:
        del where[key]
    else:
        where[key] = dice.choice(ODD_VALUES)
    return json.dumps(holder[0]).encode()


CHANGES: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    *(flip, cut, double, put_in, splice, other_number, other_lines, other_value, other_value),
)

# --- Made by a rule -------------------------------------------------------------------------------

letters = st.text(st.characters(codec="utf-8"), max_size=6)
names = st.sampled_from(["a", "b", "c", "r", "s", "is", "^r", "e0", "and", "", " ", "A", "é"])
cells = names | letters | st.sampled_from(ODD_NUMBERS)
scalars = st.sampled_from([one for one in ODD_VALUES if one is not None]) | letters | st.integers()


def tables(delimiters: str = ",;\t|", width: int = 3) -> st.SearchStrategy[bytes]:
    """Rows of cells, mostly of one width."""

    @st.composite
    def whole(draw: st.DrawFn) -> bytes:
        delimiter = draw(st.sampled_from(delimiters))
        row = st.lists(cells, min_size=width, max_size=width) | st.lists(cells, max_size=5)
        rows = draw(st.lists(row, max_size=12))
        end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
        encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"]))
        return end.join(delimiter.join(row) for row in rows).encode(encoding)

    return whole()


def json_like(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """JSON objects with the keys that the valid inputs have, and any values."""
    keys = sorted({key for seed in seeds for key in re.findall(r'"(\w+)":', seed.decode())}) or [""]
    leaves = st.none() | scalars
    inner = st.recursive(
        leaves,
        lambda part: (
            st.lists(part, max_size=4)
            | st.dictionaries(st.sampled_from(keys) | letters, part, max_size=5)
        ),
        max_leaves=12,
    )
    whole = st.dictionaries(st.sampled_from(keys), inner, max_size=len(keys)) | inner
    return whole.map(lambda value: json.dumps(value).encode())


def toml_like(sections: Sequence[str], keys: Sequence[str]) -> st.SearchStrategy[bytes]:
    """TOML with known sections and keys, and any values."""
    clean = scalars.filter(lambda value: not isinstance(value, str) or value.isprintable())
    value = clean | st.lists(clean, max_size=3)
    table = st.dictionaries(st.sampled_from(keys), value, max_size=4)
    whole = st.dictionaries(st.sampled_from([*sections, *keys]), table | value, max_size=5)
    return whole.map(lambda found: tomli_w.dumps(found).encode("utf-8", "replace"))


def penn() -> st.SearchStrategy[bytes]:
    """Bracketed trees, and brackets that are none."""
    word = names | letters
    tree = st.recursive(
        word, lambda part: st.lists(part, max_size=4).map(lambda parts: f"({' '.join(parts)})")
    )
    return st.lists(tree, max_size=4).map(lambda trees: "\n".join(trees).encode())


def conllu() -> st.SearchStrategy[bytes]:
    """Rows of ten columns whose heads may lead anywhere."""
    number = st.integers(-1, 7).map(str) | st.sampled_from(["1-2", "1.1", "_", ""])
    row = st.tuples(number, names | letters, number).map(
        lambda told: "\t".join((told[0], told[1], *"____", told[2], *"___"))
    )
    block = st.lists(row, max_size=6).map("\n".join)
    return st.lists(block, max_size=3).map(lambda blocks: "\n\n".join(blocks).encode())
