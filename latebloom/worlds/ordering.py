"""What follows from comparisons: which of two nodes is known to be at least as great.

Enters: statements "a is greater than b" and "a equals b" about numbered nodes. Leaves: for the
nodes asked about, whether a chain of statements leads from one to the other. Exact: the chain is
followed to its end by transitive closure, with the reached nodes as bits.

Source: arXiv:2405.15071, section 5 (a question is decided by a path of >= in the graph of facts).
A path with one strict step makes it strict; a path of equalities leads back as well. So of two
nodes that reach each other both are equal, and if only one reaches the other it is greater.
Differs: nothing is concluded from values being whole numbers (that between 4 and 6 lies only 5).
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


def at_least_edges(
    first: Int[ndarray, " statement"],
    second: Int[ndarray, " statement"],
    label: Int[ndarray, " statement"],
) -> tuple[Int[ndarray, " edge"], Int[ndarray, " edge"]]:
    """Statements (first, second, label) as edges a -> b, "a is at least b"; an equality as two."""
    down, up = label != LESS, label != GREATER
    source = np.concatenate((first[down], second[up]))
    target = np.concatenate((second[down], first[up]))
    return source, target


def reaches(
    source: Int[ndarray, " edge"],
    target: Int[ndarray, " edge"],
    asked: Int[ndarray, " node"],
) -> Bool[ndarray, "node node"]:
    """Whether a path leads from asked node i (row) to asked node j (column); from itself, yes.

    Nodes are small integers; a step of the closure handles all edges at once and the closure is
    complete when a step adds nothing.
    """
    n_nodes = 1 + int(max(source.max(initial=-1), target.max(initial=-1), asked.max(initial=-1)))
    words = -(-len(asked) // 64)
    bits = np.zeros((n_nodes, words), np.uint64)
    column = np.arange(len(asked))
    bits[asked, column // 64] = np.uint64(1) << (column % 64).astype(np.uint64)
    if len(source):
        order = np.argsort(source, kind="stable")
        target = target[order]
        start = np.flatnonzero(np.diff(source[order], prepend=-1))
        node = source[order][start]
        while True:
            found = np.bitwise_or.reduceat(bits[target], start, axis=0) | bits[node]
            if np.array_equal(found, bits[node]):
                break
            bits[node] = found
    rows = np.ascontiguousarray(bits[asked].astype("<u8")).view(np.uint8)
    return np.unpackbits(rows, axis=1, bitorder="little", count=len(asked)).astype(bool)


def decide(reached: Bool[ndarray, "node node"]) -> Int[ndarray, "node node"]:
    """The label of (row, column) that follows from reachability, UNDECIDED where none does."""
    label = np.full(reached.shape, UNDECIDED, np.int32)
    label[reached] = GREATER
    label[reached.T] = LESS
    label[reached & reached.T] = EQUAL
    return label
