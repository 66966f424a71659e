"""The random streams: which number each kind of draw adds to the seed.

Everything that is drawn at random comes from `numpy.random.default_rng([seed, stream])`. So two
kinds of draw do not run in step though they have one seed, and a further draw in one place changes
no number in another. Every stream that a seed has is listed here: a new one takes a number that
nobody has, from 23 on.

Some share a number, since they came about apart from each other. They keep it: with another, every
figure that was ever measured would change. Numbers 5 to 10 were never used.

Besides these there are torch's draws: the weights, seeded by the seed itself, and the dropout of
each step (see `latebloom.training.loop`); and keys for comparing lines, which no seed touches.
"""

from enum import IntEnum

from latebloom.errors import LatebloomError

MOST = 2**44 - 1
"""The largest seed: times the million and three of the dropout it still fits 64 bits."""


class Draw(IntEnum):
    """What a stream decides. Names of one number are aliases: they are equal."""

    COMPOSITION = 1
    """The facts of a made world of chains, and its splits."""
    OWN_FACTS = 1
    """The splits of facts from a file or the atlas; shares 1 with COMPOSITION, its made sibling."""
    BATCHES = 2
    """The order of questions in training; two further numbers follow, the group and the epoch."""
    LINES = 2
    """The order of sentences in training, an epoch's number after it; shares 2 with BATCHES."""
    PROBE = 2
    """The questions, replacements and donors of a probe; shares 2 with BATCHES."""
    COMPARISON = 3
    """The values of a made world of comparisons, and its splits."""
    OWN_NUMBERS = 3
    """The splits of a table of numbers or the elements; shares 3 with COMPARISON, its sibling."""
    DEALING = 3
    """The order of batches in a pool of lines of like length, the pool's number after it; shares 3
    with COMPARISON."""
    OPERANDS = 3
    """The replacements of a probe of operands; shares 3 with COMPARISON."""
    HIDDEN_ATTRIBUTES = 4
    """The hidden values of such a world, and its splits."""
    BRIDGES = 4
    """The questions grouped by their bridge; shares 4 with HIDDEN_ATTRIBUTES."""
    QUESTION = 11
    """The sentences of the question world."""
    TENSE = 12
    """The sentences of the tense world."""
    DYCK = 13
    """The brackets of Dyck's world."""
    TREES = 14
    """Which of one's own trees are held out."""
    PROJECTED = 15
    """Which sentences are projected onto trees."""
    RANDOM_TREES = 16
    """The random trees that a projection is compared with."""
    VALIDATION = 17
    """Which rows of the test splits are set aside for validation."""
    QUESTION_APART = 18
    """The questions that tell the main auxiliary from both the first and the last."""
    TENSE_APART = 19
    """The lines that tell the subject from both the first and the nearest noun."""
    OTHER_BRIDGE = 20
    """The donors of a probe that reach another bridge, the control of cross-query patching."""
    NOISE = 21
    """Which trained comparisons are told wrongly, and how."""
    SETS = 22
    """Which facts of a world of sets are never told, and which of its questions are held out."""
    MIXED = 23
    """The facts, the values and the splits of a mixed world."""
    TABLE = 28
    """Which facts of a table with numbers are never told, and which of its questions are held
    out."""
    NAMES = 24
    """The names of several tokens, the facts about them, and the splits."""
    LATER = 25
    """Which questions through facts that are learned later are held out."""
    NEW_NAMES = 26
    """Where the embeddings of new names begin."""
    CARRIED = 27
    """The embeddings, the noise and the order of weights that are carried over from another run."""
    MODULAR = 30
    """Which part of the table of modular arithmetic is trained on."""
    PERMUTATIONS = 31
    """Which part of the table of permutations is trained on."""
    PARITY = 32
    """Which bits count, and the bit strings."""
    LOGIC = 33
    """The formulas, and which pairs of gates are held out."""
    JOINED = 29
    """The questions that join branches, and which of them are held out."""
    FREQUENCIES = 34
    """The random frequencies that key frequencies are compared with."""
    DISTRACTORS = 35
    """Which facts stand before a question."""


def check_seed(seed: int, name: str = "seed") -> None:
    """Whether a seed can seed all streams.

    name: what the message calls it.
    Raises: LatebloomError if it is negative or too large.
    """
    if not 0 <= seed <= MOST:
        raise LatebloomError(f"{name} is {seed}; it must lie in [0, {MOST}]")
