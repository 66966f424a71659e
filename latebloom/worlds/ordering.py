"""What follows from comparisons: which of two nodes is known to be the greater.

Enters: statements "a is less than, equal to, greater than b" about numbered nodes. Leaves: for
every pair of the nodes asked about the label that follows. Exact: nodes that are said to be equal
are one, and from there the chain of statements "greater" is followed to its end by transitive
closure, with the reached nodes as bits.

Source: arXiv:2405.15071, section 5 (a question is decided by a path of >= in the graph of facts).
Differs: statements may contradict each other. Of nodes that exceed each other, or themselves,
nothing follows; what exceeds them all still exceeds what they all exceed.
Does not cover: whole numbers (that between 4 and 6 lies only 5 is not concluded).
"""

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

LESS, EQUAL, GREATER = 0, 1, 2
"""The three labels, in the order of their tokens."""
UNDECIDED = -1


def compare(first: Int[ndarray, "*a"], second: Int[ndarray, "*b"]) -> Int[ndarray, "*pair"]:
    """The label of each pair of values (shapes broadcast): LESS, EQUAL or GREATER."""
    return (1 + np.sign(np.subtract(first, second, dtype=np.int64))).astype(np.int32)


def decide(
    first: Int[ndarray, " statement"],
    second: Int[ndarray, " statement"],
    label: Int[ndarray, " statement"],
    asked: Int[ndarray, " node"],
) -> Int[ndarray, "node node"]:
    """The label of (row, column) of the asked nodes; UNDECIDED where none follows.

    Nodes are small integers. Each label says how `first` compares with `second`.
    """
    n_nodes = 1 + int(max(one.max(initial=-1) for one in (first, second, asked)))
    equal = label == EQUAL
    node = merge(first[equal], second[equal], n_nodes)
    first, second, label = node[first[~equal]], node[second[~equal]], label[~equal]
    greater, less = np.where(label == GREATER, (first, second), (second, first))
    asked = node[asked]
    exceeds = reaches(greater, less, asked, n_nodes)
    out = np.full(exceeds.shape, UNDECIDED, np.int32)
    out[exceeds] = GREATER
    out[exceeds.T] = LESS
    out[asked[:, None] == asked] = EQUAL
    out[exceeds & exceeds.T] = UNDECIDED
    return out


def merge(
    first: Int[ndarray, " equality"], second: Int[ndarray, " equality"], n_nodes: int
) -> Int[ndarray, " node"]:
    """For each node the least of those that equalities tie to it, itself included."""
    least = np.arange(n_nodes)
    while True:
        tied = np.minimum(least[first], least[second])
        new = least.copy()
        np.minimum.at(new, least[first], tied)
        np.minimum.at(new, least[second], tied)
        new = new[new]
        if np.array_equal(new, least):
            return least
        least = new


def reaches(
    source: Int[ndarray, " edge"],
    target: Int[ndarray, " edge"],
    asked: Int[ndarray, " asked"],
    n_nodes: int,
) -> Bool[ndarray, "asked asked"]:
    """Whether a path of one edge or more leads from asked node i (row) to asked node j (column).

    A step of the closure handles all edges at once and the closure is complete when a step adds
    nothing.
    """
    words = -(-len(asked) // 64)
    own = np.zeros((n_nodes, words), np.uint64)
    column = np.arange(len(asked))
    np.bitwise_or.at(own, (asked, column // 64), np.uint64(1) << (column % 64).astype(np.uint64))
    bits = np.zeros_like(own)
    if len(source):
        order = np.argsort(source, kind="stable")
        target = target[order]
        start = np.flatnonzero(np.diff(source[order], prepend=-1))
        node = source[order][start]
        while True:
            found = np.bitwise_or.reduceat((bits | own)[target], start, axis=0)
            if np.array_equal(found, bits[node]):
                break
            bits[node] = found
    rows = np.ascontiguousarray(bits[asked].astype("<u8")).view(np.uint8)
    return np.unpackbits(rows, axis=1, bitorder="little", count=len(asked)).astype(bool)
