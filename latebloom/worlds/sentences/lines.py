"""Lines of tokens with their gold trees: one split of a corpus.

A line is the start token, a sentence, and, where the task transforms the sentence, a task word
and the transformed sentence:

    <s> my yak does move . quest does my yak move ?
        `--- words ----'       ^ prompt ends here
                               here begins the output; `target` is the judged word in it
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Int
from numpy import ndarray

START = "<s>"
"""The token before every line; its id is 0. Padding has the same id: the lengths tell."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a split, one row each.

    tokens: start token, line, zeros up to the longest line.
    lengths: tokens of the line, the start token included.
    prompt: tokens up to the task word, included; 1 where there is none.
    target: the position of the judged word, 0 where there is none.
    words: words of the sentence that the gold tree spans; they stand at positions 1, 2, ...
    nodes: inner nodes of the gold tree with two words or more.
    spans: those of all lines, one line after the other, as (first, last) word from 0.
    """

    tokens: Int[ndarray, "line pos"]
    lengths: Int[ndarray, " line"]
    prompt: Int[ndarray, " line"]
    target: Int[ndarray, " line"]
    words: Int[ndarray, " line"]
    nodes: Int[ndarray, " line"]
    spans: Int[ndarray, "node 2"]

    def __len__(self) -> int:
        return len(self.tokens)

    def take(self, rows: Int[ndarray, " row"]) -> "Lines":
        """Some of the lines, in the order given; no wider than they need."""
        first = np.cumsum(self.nodes) - self.nodes
        nodes = self.nodes[rows]
        begin = np.repeat(first[rows] - (np.cumsum(nodes) - nodes), nodes)
        width = int(self.lengths[rows].max(initial=1))
        return Lines(
            tokens=np.ascontiguousarray(self.tokens[rows, :width]),
            lengths=self.lengths[rows],
            prompt=self.prompt[rows],
            target=self.target[rows],
            words=self.words[rows],
            nodes=nodes,
            spans=self.spans[begin + np.arange(len(begin))],
        )

    def tree(self, row: int) -> list[tuple[int, int]]:
        """The gold tree of one line as spans of words, from 0, both ends included."""
        first = int(self.nodes[:row].sum())
        return [(int(a), int(b)) for a, b in self.spans[first : first + int(self.nodes[row])]]


def joined(parts: Sequence[Lines]) -> Lines:
    """Several sets of lines as one."""
    width = max(part.tokens.shape[1] for part in parts)
    tokens = [np.pad(p.tokens, ((0, 0), (0, width - p.tokens.shape[1]))) for p in parts]
    rest = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Lines)
        if field.name != "tokens"
    }
    return Lines(tokens=np.concatenate(tokens), **rest)


def line_keys(tokens: Int[ndarray, "line pos"]) -> Int[ndarray, " line"]:
    """A 64-bit key of each line; equal lines have equal keys whatever their padding."""
    with np.errstate(over="ignore"):
        rng = np.random.default_rng(0)
        factor = rng.integers(1, 2**63, tokens.shape[1], dtype=np.uint64)
        return (tokens.astype(np.uint64) @ factor).view(np.int64)
