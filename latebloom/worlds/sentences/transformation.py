"""Lines that give a sentence, a task word, and the sentence again, copied or transformed.

Enters: sentences drawn from a grammar, and how each is transformed. Leaves: distinct `Lines`.
The question and tense worlds share this; what they transform is their own.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from latebloom.errors import CorpusError
from latebloom.worlds.sentences.grammar import Grammar, Pattern
from latebloom.worlds.sentences.lines import Lines, joined, line_keys
from latebloom.worlds.splits import Split

ROUNDS = 40
"""Draws at most until there are enough distinct lines."""


def assemble(
    source: Int[ndarray, "line word"],
    output: Int[ndarray, "line word"],
    words: Int[ndarray, " line"],
    *,
    task: Int[ndarray, " line"],
    stop: int,
    end: Int[ndarray, " line"],
) -> Int[ndarray, "line pos"]:
    """Rows `<s> source stop task output end`, padded with 0.

    words: the length of the source, which is that of the output.
    """
    n = words[:, None].astype(np.int64)
    column = np.arange(2 * source.shape[1] + 4)[None, :]

    def placed(part: Int[ndarray, "line word"], first: Int[ndarray, "_ _"]) -> ndarray:
        at = np.clip(column - first, 0, part.shape[1] - 1)
        return np.take_along_axis(part, at, 1)

    row = np.where(column <= n, placed(source, np.ones_like(n)), placed(output, n + 3))
    row = np.where(column == 0, 0, row)
    row = np.where(column == n + 1, stop, row)
    row = np.where(column == n + 2, task[:, None], row)
    row = np.where(column == 2 * n + 3, end[:, None], row)
    return np.where(column > 2 * n + 3, 0, row).astype(np.int16)


@dataclass(frozen=True)
class Spans:
    """The trees of a grammar's patterns, padded, so that many are looked up at once."""

    table: Int[ndarray, "pattern node 2"]
    count: Int[ndarray, " pattern"]
    words: Int[ndarray, " pattern"]

    @classmethod
    def of(cls, patterns: tuple[Pattern, ...]) -> "Spans":
        """The trees of these patterns."""
        count = np.array([len(pattern.spans) for pattern in patterns])
        table = np.zeros((len(patterns), count.max(), 2), np.int16)
        for row, pattern in zip(table, patterns, strict=True):
            row[: len(pattern.spans)] = pattern.spans
        return cls(table, count, np.array([len(pattern) for pattern in patterns]))

    def lines(
        self,
        tokens: Int[ndarray, "line pos"],
        pattern: Int[ndarray, " line"],
        target: Int[ndarray, " line"],
    ) -> Lines:
        """The lines whose sentences have these patterns.

        target: the position of the judged word in the output, from 0.
        """
        words = self.words[pattern]
        nodes = self.count[pattern]
        table = self.table[pattern]
        return Lines(
            tokens=tokens[:, : 2 * int(words.max(initial=0)) + 4],
            lengths=(2 * words + 4).astype(np.int32),
            prompt=(words + 3).astype(np.int32),
            target=(words + 3 + target).astype(np.int32),
            words=words.astype(np.int32),
            nodes=nodes.astype(np.int32),
            spans=table[np.arange(table.shape[1]) < nodes[:, None]],
        )


def choose_patterns(
    grammar: Grammar,
    allowed: Bool[ndarray, " pattern"],
    n: int,
    rng: np.random.Generator,
    *,
    what: str,
) -> Int[ndarray, " sentence"]:
    """Patterns drawn by their probability among those allowed.

    Raises: CorpusError, naming `what`, if the settings leave none.
    """
    weight: Float[ndarray, " pattern"] = np.array([p.probability for p in grammar.patterns])
    weight = np.where(allowed, weight, 0)
    if not weight.sum() > 0:
        raise CorpusError(
            f"these settings leave no sentence for {what}; raise world.tree_types, or a share"
        )
    edges = np.cumsum(weight) / weight.sum()
    last = int(np.flatnonzero(weight)[-1])
    return np.minimum(np.searchsorted(edges, rng.random(n), side="right"), last)


def distinct_lines(
    draw: Callable[[int], Lines], n: int, taken: Collection[int] | ndarray
) -> tuple[Lines, Int[ndarray, " line"]]:
    """`n` lines that are all different and not among the `taken` keys; and their keys.

    Raises: CorpusError if the grammar does not hold so many.
    """
    parts: list[Lines] = []
    known = np.unique(np.asarray(taken, np.int64))
    keys: list[ndarray] = []
    missing = n
    for _ in range(ROUNDS):
        drawn = draw(max(64, int(1.1 * missing)))
        key = line_keys(drawn.tokens)
        _, first = np.unique(key, return_index=True)
        new = np.sort(first[~np.isin(key[first], known)])[:missing]
        parts.append(drawn.take(new))
        keys.append(key[new])
        known = np.union1d(known, key[new])
        missing -= len(new)
        if not missing:
            return joined(parts), np.concatenate(keys)
    raise CorpusError(
        f"the grammar as set holds only about {n - missing:,} of the {n:,} distinct lines asked"
        " for; ask for fewer, or for more tree types"
    )


@runtime_checkable
class Writer(Protocol):
    """Writes sentences of a grammar as lines."""

    def lines(
        self, pattern: Int[ndarray, " line"], transformed: bool, rng: np.random.Generator, /
    ) -> Lines:
        """Lines of these patterns with words drawn for them, copied or transformed."""
        ...


Part = tuple[int, Bool[ndarray, " pattern"], bool, str]
"""How many lines, of which patterns, whether transformed, and what to call them in an error."""


def mixed_lines(
    writer: Writer, grammar: Grammar, parts: Sequence[Part], rng: np.random.Generator
) -> Lines:
    """The lines of several parts as one set, shuffled.

    Raises: CorpusError if the settings leave no pattern to a part.
    """
    drawn = [
        writer.lines(choose_patterns(grammar, allowed, n, rng, what=what), transformed, rng)
        for n, allowed, transformed, what in parts
        if n
    ]
    lines = joined(drawn)
    return lines.take(rng.permutation(len(lines)))


@runtime_checkable
class Sizes(Protocol):
    """How many lines each split is to hold."""

    @property
    def train(self) -> int: ...
    @property
    def test_id(self) -> int: ...
    @property
    def test_ood(self) -> int: ...
    @property
    def test_apart(self) -> int: ...


Draws = Callable[[int], Lines]
"""So many lines, not all of them distinct."""


def distinct_splits(sizes: Sizes, *, train: Draws, ood: Draws, apart: Draws) -> dict[str, Lines]:
    """The splits of a world: lines that are all different, none of the tests' in training.

    Raises: CorpusError if the grammar does not hold so many.
    """
    total = sizes.train + sizes.test_id
    lines, keys = distinct_lines(train, total, ())
    return {
        "train": lines.take(np.arange(sizes.train)),
        Split.TEST_ID: lines.take(np.arange(sizes.train, total)),
        Split.TEST_OOD: distinct_lines(ood, sizes.test_ood, keys)[0],
        Split.TEST_APART: distinct_lines(apart, sizes.test_apart, keys)[0],
    }


def some_trees(
    grammar: Grammar, allowed: Bool[ndarray, " pattern"], n: int, rng: np.random.Generator
) -> Bool[ndarray, " pattern"]:
    """The patterns that have one of `n` trees, drawn at random; 0: all patterns.

    allowed: the patterns of which at least one must be among them.
    """
    if not n:
        return np.ones(len(grammar.patterns), bool)
    trees = list(dict.fromkeys(pattern.spans for pattern in grammar.patterns))
    needed = {p.spans for p, ok in zip(grammar.patterns, allowed, strict=True) if ok}
    order = [trees[i] for i in rng.permutation(len(trees))]
    first = next((tree for tree in order if tree in needed), order[0])
    kept = {first, *[tree for tree in order if tree != first][: n - 1]}
    return np.array([pattern.spans in kept for pattern in grammar.patterns])
