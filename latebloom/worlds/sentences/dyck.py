"""Dyck-(k, m): well-nested brackets of k kinds, at most m deep.

Enters: sizes and a seed. Leaves: a `Corpus` of lines such as `(a (b b) a) (c c)`, whose gold
tree has a node for every pair.

Inside, a bracket opens or closes with 1/2 each; at the greatest depth it closes; outside, the line
opens again or ends with 1/2 each, and goes on while it has fewer than 4 brackets. In `test_id`
every top-level component has a shape seen in training, in `test_ood` at least one has not.

Source: arXiv:2305.18741, section 3.
Differs: a line longer than `max_tokens` is drawn again (published: no limit).
"""

import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import CorpusError, LatebloomError
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.sentences.brackets import FAR, openers
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import START, Lines, joined, line_keys
from latebloom.worlds.sentences.tasks import DyckTask
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.vocabulary import Vocabulary

SHORTEST = 4
"""Brackets in the shortest line."""
ROUNDS = 400
"""Draws at most until there are enough lines of a split."""
CHUNK = 25_000
"""Lines drawn at once, at most: bounds the memory."""
ComponentKeys = tuple[Int[ndarray, " component"], Int[ndarray, " component"]]
"""Keys of the shapes of top-level components, and the lines that they stand in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DyckConfig(WorldSettings):
    """The bracket world."""

    asks: ClassVar[str] = "sentences"
    """What kind of question it asks: chains, comparisons or sentences."""
    refuses: ClassVar[type[LatebloomError]] = CorpusError
    """The error of a setting that does not fit."""
    kind: Literal["dyck"] = "dyck"
    """Which world this is."""
    kinds: int = 20
    """Kinds of brackets, at most 26."""
    depth: int = 10
    """Greatest depth."""
    train: int = 200_000
    """Training lines."""
    test_id: int = 20_000
    """Held-out lines, made of shapes seen in training."""
    test_ood: int = 20_000
    """Generalisation lines, each with a shape not seen in training."""
    max_tokens: int = 512
    """Longest line, in brackets; of the lines without a limit 2 in 1,000 are longer than 512."""
    files: str = ""
    """Folder of published files to read instead of drawing lines; nothing else here has an effect
    then: the files' names tell the kinds."""

    def __post_init__(self) -> None:
        WorldSettings.__post_init__(self)
        for name in ("kinds", "depth", "train", "test_id", "test_ood"):
            if getattr(self, name) < 1:
                raise CorpusError(f"world.{name} is {getattr(self, name)}; it must be at least 1")
        if self.kinds > len(string.ascii_lowercase):
            raise CorpusError(f"world.kinds is {self.kinds}; there are letters for at most 26")
        if self.max_tokens < FAR + 2:
            raise CorpusError(
                f"world.max_tokens is {self.max_tokens}; what is judged are brackets {FAR} tokens"
                f" after their opener, so it must be at least {FAR + 2}"
            )


def dyck_vocabulary(kinds: int = 20) -> Vocabulary:
    """The start token, the opening brackets, the closing ones in the same order."""
    letters = string.ascii_lowercase[:kinds]
    return Vocabulary((START, *[f"({x}" for x in letters], *[f"{x})" for x in letters]))


def draw_shapes(n: int, config: DyckConfig, rng: np.random.Generator) -> Int[ndarray, "line pos"]:
    """Lines as +1 (open), -1 (close) and 0 (after the end); lines that do not end in time are
    left out, so fewer than `n` may come back."""
    steps = np.zeros((n, config.max_tokens), np.int8)
    depth = np.zeros(n, np.int16)
    alive = np.arange(n)
    for t in range(config.max_tokens + 1):
        coin = rng.random(len(alive)) < 0.5
        here = depth[alive]
        go_on = (here > 0) | coin | (t < SHORTEST)
        alive, here, coin = alive[go_on], here[go_on], coin[go_on]
        if not len(alive) or t == config.max_tokens:
            break
        opens = (here == 0) | (coin & (here < config.depth))
        steps[alive, t] = np.where(opens, 1, -1)
        depth[alive] = here + steps[alive, t]
    done = np.ones(n, bool)
    done[alive] = False
    return steps[done]


def component_keys(steps: Int[ndarray, "line pos"]) -> ComponentKeys:
    """For each top-level component, line after line, a key of its shape, and its line."""
    row, _ = np.nonzero(steps)
    step = steps[steps != 0]
    ends = np.flatnonzero(np.cumsum(step, dtype=np.int16) == 0)
    begins = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    sizes = ends + 1 - begins
    place = np.arange(len(step)) - np.repeat(begins, sizes)
    factor = np.random.default_rng(1).integers(1, 2**62, steps.shape[1], dtype=np.int64)
    with np.errstate(over="ignore"):
        part = factor[place] * (step > 0)
        return np.add.reduceat(part, begins) if len(ends) else ends, row[ends]


def dyck_lines(
    steps: Int[ndarray, "line pos"], kind: Int[ndarray, "line pos"], kinds: int
) -> Lines:
    """Lines with the kinds given at the opening brackets; a node for every pair, and the root."""
    opener = openers(steps)
    row, close = np.nonzero(opener >= 0)
    first = opener[row, close]
    tokens = np.zeros((len(steps), steps.shape[1] + 1), np.int8)
    tokens[row, first + 1] = 1 + kind[row, first]
    tokens[row, close + 1] = 1 + kinds + kind[row, first]
    words = np.count_nonzero(steps, axis=1).astype(np.int32)
    # The whole line is a node of its own unless one pair spans it.
    bare = np.flatnonzero(opener[np.arange(len(steps)), words - 1] != 0)
    rows = np.concatenate((bare, row))
    spans = np.stack(
        (
            np.concatenate((np.zeros(len(bare), np.int64), first)),
            np.concatenate((words[bare] - 1, close)),
        ),
        axis=1,
    )
    order = np.argsort(rows, kind="stable")
    return Lines(
        tokens=tokens,
        lengths=words + 1,
        prompt=np.ones(len(steps), np.int32),
        target=np.zeros(len(steps), np.int32),
        words=words,
        nodes=np.bincount(rows, minlength=len(steps)).astype(np.int32),
        spans=spans[order].astype(np.int16),
    )


def make_dyck(config: DyckConfig, seed: int) -> Corpus:
    """Draws the lines of every split; the same seed gives the same bytes.

    Raises: CorpusError if the settings do not hold enough lines of a split.
    """
    rng = np.random.default_rng([seed, Draw.DYCK])

    def draw(n: int) -> tuple[Lines, ComponentKeys]:
        steps = draw_shapes(n, config, rng)
        kind = rng.integers(0, config.kinds, steps.shape, dtype=np.int8)
        return dyck_lines(steps, kind, config.kinds), component_keys(steps)

    parts, shapes, taken, missing = [], [], [], config.train
    while missing > 0:
        lines, (keys, line) = draw(min(CHUNK, missing + missing // 8 + 16))
        parts.append(lines.take(np.arange(min(missing, len(lines)))))
        shapes.append(np.unique(keys[line < missing]))
        taken.append(line_keys(parts[-1].tokens))
        missing -= len(parts[-1])
    train = joined(parts)
    seen, trained = np.unique(np.concatenate(shapes)), np.unique(np.concatenate(taken))

    found: dict[str, list[Lines]] = {Split.TEST_ID: [], Split.TEST_OOD: []}
    wanted = {Split.TEST_ID: config.test_id, Split.TEST_OOD: config.test_ood}
    for _ in range(ROUNDS):
        if not any(wanted.values()):
            break
        lines, (keys, line) = draw(min(CHUNK, 2 * max(wanted.values()) + 64))
        known = np.ones(len(lines), bool)
        known[line[~np.isin(keys, seen)]] = False
        fresh = ~np.isin(line_keys(lines.tokens), trained)
        for split, fits in ((Split.TEST_ID, known & fresh), (Split.TEST_OOD, ~known)):
            rows = np.flatnonzero(fits)[: wanted[split]]
            if len(rows):
                found[split].append(lines.take(rows))
                wanted[split] -= len(rows)
    for split, missing in wanted.items():
        if missing:
            raise CorpusError(
                f"world.{split} asks for {missing:,} more lines than {ROUNDS} draws found; ask for"
                " fewer, or for greater world.depth or world.max_tokens"
            )
    splits = {"train": train} | {split: joined(parts) for split, parts in found.items()}
    vocabulary = dyck_vocabulary(config.kinds)
    return Corpus(task=DyckTask(), vocabulary=vocabulary, splits=splits, trained=("train",))


def brackets_of(texts: Iterable[str], kinds: int = 20) -> Lines:
    """Lines of text, `(a (b b) a) END` or without END, as `Lines`.

    Raises: CorpusError with the number of the line that is not well nested, or the unknown word.
    """
    letters = string.ascii_lowercase[:kinds]
    number = {f"({x}": (1, i) for i, x in enumerate(letters)}
    number |= {f"{x})": (-1, i) for i, x in enumerate(letters)}
    rows: list[list[tuple[int, int]]] = []
    for line, text in enumerate(texts, 1):
        words = text.split()
        if not words:
            continue
        words = words[:-1] if words[-1] == "END" else words
        unknown = next((word for word in words if word not in number), None)
        if unknown is not None or not words:
            raise CorpusError(f"line {line}: {unknown or 'an empty line'!r} is no bracket")
        stack: list[int] = []
        for place, (step, kind) in enumerate(number[word] for word in words):
            if step > 0:
                stack.append(kind)
            elif not stack or stack.pop() != kind:
                raise CorpusError(
                    f"line {line}: {words[place]!r}, word {place + 1}, closes no bracket like it"
                )
        if stack:
            raise CorpusError(f"line {line}: {len(stack)} brackets are left open")
        rows.append([number[word] for word in words])
    if not rows:
        raise CorpusError("the file of brackets is empty; give at least one line")
    width = max(len(row) for row in rows)
    table = np.zeros((len(rows), width, 2), np.int8)
    for place, row in zip(table, rows, strict=True):
        place[: len(row)] = row
    return dyck_lines(table[..., 0], table[..., 1], kinds)
