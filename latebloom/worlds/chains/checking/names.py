"""Names that look alike: perhaps one thing in two spellings, which a model takes for two.

Enters: the names of a table. Leaves: groups that differ in Unicode, in letter case, or in spaces
and hyphens only (`latebloom.worlds.spelling`), and pairs a letter or two apart.

Names whose digits differ are two (JAK1 and JAK2), and so are names that differ in a part of one
letter (vitamin C and vitamin D). Of up to `ALL_PAIRS` names all pairs are compared; of more, each
with its neighbours in the order of the alphabet, read forwards and backwards (the
sorted-neighbourhood method of Hernández and Stolfo, 1995): a typing error leaves two names
neighbours in one of the two orders, unless both ends are hit or many names are alike there.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Int
from numpy import ndarray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from latebloom.worlds.chains.checking.places import Places
from latebloom.worlds.chains.checking.trouble import Finding, Trouble, trouble
from latebloom.worlds.spelling import bare, folded, mixes_alphabets, skeleton_of

Names = Int[ndarray, "_"]

ALL_PAIRS = 3000
WINDOW = 4
"""Neighbours that each of very many names is compared with."""
MOST_PAIRS = 10_000
"""Pairs that are found at most."""
SHORTEST, LONG = 5, 14
"""Names with fewer letters are not compared; from `LONG` on two letters may differ."""
NUMBERS = re.compile(r"\d+|\b[ivx]+\b")
"""What tells numbered things apart: JAK1 and JAK2, factor IX and factor X."""
PARTS = re.compile(r"\d+|[^\W\d_]+")
"""The parts of a name: runs of digits and runs of letters."""

HOW = {
    "unicode": "names differ only in Unicode or in invisible characters",
    "case": "names differ only in letter case",
    "spacing": "names differ only in spaces, hyphens or Greek letters",
}


def look_alikes(names: Sequence[str], rows: Sequence[int] | ndarray, what: str) -> list[Trouble]:
    """The troubles of some names.

    rows: the number of the first row of each. what: the kind of names, "entity" or "relation".
    """
    keys = [folded(name) for name in names]
    first: dict[str, int] = {}
    groups: dict[str, list[int]] = {}
    for i, key in enumerate(map(skeleton_of, keys)):
        begun = first.setdefault(key, i)
        if begun != i:
            groups.setdefault(key, [begun]).append(i)
    by_kind: dict[str, list[list[int]]] = {kind: [] for kind in HOW}
    for group in groups.values():
        by_kind[kind_of([names[i] for i in group])].append(group)
    found = []
    for kind, some in by_kind.items():
        findings = (grouped(names, rows, group) for group in some)
        means = f"groups of {what} {HOW[kind]}"
        found += trouble(f"{what}-{kind}", means, "write each in one way", len(some), findings)
    distinct = list(first.values())
    close = near_pairs([keys[i] for i in distinct])
    pairs = [(distinct[i], distinct[j]) for i, j in close]
    findings = (grouped(names, rows, pair) for pair in sorted(pairs, key=max))
    means = f"pairs of {what} names are a letter or two apart"
    found += trouble(f"{what}-near", means, "mend them if they are one", len(pairs), findings)
    mixed = [i for i, name in enumerate(names) if mixes_alphabets(name)]
    findings = (Finding(int(rows[i]), repr(names[i])) for i in mixed)
    means = f"{what} names mix Latin and Cyrillic letters"
    return found + trouble(
        f"{what}-alphabets", means, "letters that look alike are others", len(mixed), findings
    )


def kind_of(names: Sequence[str]) -> str:
    """In what the names of a group differ at most."""
    if len({bare(name) for name in names}) == 1:
        return "unicode"
    return "case" if len({folded(name) for name in names}) == 1 else "spacing"


def grouped(names: Sequence[str], rows: Sequence[int] | ndarray, group: Sequence[int]) -> Finding:
    """A group of names, at the row of the last that came up; what cannot be seen is escaped."""
    told = [f"{ascii_where_alike(names, group, i)} (row {rows[i]})" for i in group]
    return Finding(int(max(rows[i] for i in group)), ", ".join(told))


def ascii_where_alike(names: Sequence[str], group: Sequence[int], i: int) -> str:
    """A name in quotes; escaped where another of its group is the same to the eye."""
    same = sum(bare(names[j]) == bare(names[i]) for j in group) > 1
    return ascii(names[i]) if same else repr(names[i])


def near_pairs(keys: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of names that are a letter or two apart and may be one."""
    length = np.array([len(key) for key in keys], np.int32)
    marks = np.array([hash(tuple(NUMBERS.findall(key))) for key in keys], np.int64)
    found: set[tuple[int, int]] = set()
    for one, other in compared(keys):
        least, most = np.minimum(length[one], length[other]), np.maximum(length[one], length[other])
        allowed = np.where(least >= LONG, 2, 1).astype(np.int32)
        may = (least >= SHORTEST) & (most - least <= allowed) & (marks[one] == marks[other])
        one, other, allowed = one[may], other[may], allowed[may]
        pairs = ([keys[i] for i in side.tolist()] for side in (one, other))
        apart = process.cpdist(*pairs, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
        close = apart <= allowed
        for i, j in zip(map(int, one[close]), map(int, other[close]), strict=True):
            if not differ_in_a_part(keys[i], keys[j]):
                found.add((min(i, j), max(i, j)))
            if len(found) == MOST_PAIRS:
                return sorted(found)
    return sorted(found)


def compared(keys: Sequence[str]) -> Iterator[tuple[Names, Names]]:
    """The pairs of names that are compared, some at a time."""
    if len(keys) <= ALL_PAIRS:
        for i in range(len(keys) - 1):
            others = np.arange(i + 1, len(keys))
            yield np.full(len(others), i), others
        return
    for turned in (False, True):
        written = [key[::-1] for key in keys] if turned else keys
        order = np.array(sorted(range(len(keys)), key=written.__getitem__), np.int32)
        for step in range(1, WINDOW + 1):
            yield order[:-step], order[step:]


def differ_in_a_part(one: str, other: str) -> bool:
    """Whether two names of as many parts differ in one of a single letter: CYP2D6 and CYP2B6."""
    parts, others = PARTS.findall(one), PARTS.findall(other)
    return len(parts) == len(others) and any(
        a != b and min(len(a), len(b)) == 1 for a, b in zip(parts, others, strict=True)
    )


def names_of(places: Places) -> list[Trouble]:
    """The look-alikes among the entities and among the relations of a table."""
    table = places.table
    return [
        *look_alikes(table.entities, table.line[places.entity], "entity"),
        *look_alikes(table.relations, table.line[places.relation], "relation"),
    ]
