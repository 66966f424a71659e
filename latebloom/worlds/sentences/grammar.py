"""A probabilistic context-free grammar without recursion, as a table of sentence patterns.

Enters: weighted rules, written as text, and a lexicon. Leaves: `Pattern`s, one for each way in
which the rules can be applied, with its probability, its word classes and its tree. A draw from
the grammar is then a draw of patterns and a draw of words, both for all sentences at once, and
a parse is one look-up.

The right side of a rule names symbols, and brackets name the inner nodes of its tree:
`NP -> (Det N) (Prep (Det N))`. A symbol that no rule expands is a word class. `Aux!` marks the
word that the questions turn on: the main auxiliary, the main verb.

Covers: finite grammars with at most a few thousand patterns. Does not cover: recursion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import CorpusError

Rules = Mapping[str, Sequence[tuple[float, str]]]
"""For each symbol its expansions: (weight, right side)."""

Span = tuple[int, int]
"""The first and the last word of a node, from 0, both included."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way through the rules.

    probability: of this way, in [0, 1].
    classes: the word class of each word.
    spans: the nodes of the binary tree with two words or more, the root first.
    main: the word that was marked, or -1.
    """

    probability: float
    classes: tuple[str, ...]
    spans: tuple[Span, ...]
    main: int = -1

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True)
class Grammar:
    """Patterns and the words of their classes.

    lexicon: the words of each class.
    """

    patterns: tuple[Pattern, ...]
    lexicon: Mapping[str, tuple[str, ...]]

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The word classes, in the lexicon's order."""
        return tuple(self.lexicon)

    @cached_property
    def table(self) -> Int[ndarray, "pattern word"]:
        """The class of each word of each pattern, as an index into `class_names`; -1: no word."""
        width = max(len(pattern) for pattern in self.patterns)
        number = {name: i for i, name in enumerate(self.class_names)}
        table = np.full((len(self.patterns), width), -1, np.int16)
        for row, pattern in zip(table, self.patterns, strict=True):
            row[: len(pattern)] = [number[name] for name in pattern.classes]
        return table

    def draw(
        self, pattern: Int[ndarray, " sentence"], rng: np.random.Generator
    ) -> Int[ndarray, "sentence word"]:
        """A word for each place of these patterns, as its number in its class; -1: no word."""
        classes = self.table[pattern]
        sizes = np.array([len(words) for words in self.lexicon.values()] + [0])
        words = (rng.random(classes.shape, dtype=np.float32) * sizes[classes]).astype(np.int16)
        return np.where(classes < 0, -1, words).astype(np.int16)


def make_grammar(rules: Rules, lexicon: Mapping[str, Sequence[str]], root: str) -> Grammar:
    """Expands the rules from `root` into patterns; the weights of a symbol are made to sum to 1.

    Expansions of weight 0 are left out.
    Raises: CorpusError for a symbol that is neither expanded nor in the lexicon.
    """
    lexicon = {name: tuple(words) for name, words in lexicon.items()}
    found: dict[str, tuple[Pattern, ...]] = {}
    patterns = tuple(_expand(root, rules, lexicon, found))
    return Grammar(patterns=patterns, lexicon=lexicon)


def _expand(
    symbol: str,
    rules: Rules,
    lexicon: Mapping[str, tuple[str, ...]],
    found: dict[str, tuple[Pattern, ...]],
) -> tuple[Pattern, ...]:
    """All patterns of a symbol."""
    if symbol in found:
        return found[symbol]
    name = symbol.removesuffix("!")
    if name in lexicon:
        return (Pattern(1.0, (name,), (), 0 if symbol.endswith("!") else -1),)
    if name not in rules:
        raise CorpusError(f"the symbol {name!r} has no rule and no words; give it one of them")
    total = sum(weight for weight, _ in rules[name])
    patterns = []
    for weight, right in rules[name]:
        if not weight:
            continue
        symbols, inner = read_right_side(right)
        options = [_expand(part, rules, lexicon, found) for part in symbols]
        patterns += [_joined(weight / total, parts, inner) for parts in product(*options)]
    found[symbol] = tuple(patterns)
    return found[symbol]


def read_right_side(text: str) -> tuple[list[str], list[Span]]:
    """The symbols of a right side, and its nodes as spans of symbols, the whole side first.

    Raises: CorpusError if the brackets do not match.
    """
    symbols: list[str] = []
    spans: list[Span] = []
    open_at: list[int] = []
    for token in text.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(":
            open_at.append(len(symbols))
        elif token != ")":
            symbols.append(token)
        elif open_at:
            spans.append((open_at.pop(), len(symbols) - 1))
        else:
            raise CorpusError(f"the rule {text!r} closes a bracket that was not opened")
    if open_at:
        raise CorpusError(f"the rule {text!r} leaves a bracket open")
    return symbols, [(0, len(symbols) - 1), *reversed(spans)]


def _joined(weight: float, parts: Sequence[Pattern], inner: Sequence[Span]) -> Pattern:
    """The pattern of a rule's symbols side by side, below the rule's own nodes."""
    starts = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    spans = [(starts[first], starts[last + 1] - 1) for first, last in inner]
    main, probability = -1, weight
    for start, part in zip(starts, parts, strict=False):
        spans += [(first + start, last + start) for first, last in part.spans]
        main = start + part.main if part.main >= 0 else main
        probability *= part.probability
    return Pattern(
        probability=probability,
        classes=tuple(name for part in parts for name in part.classes),
        spans=tuple(dict.fromkeys(span for span in spans if span[1] > span[0])),
        main=main,
    )
