"""A corpus: lines of tokens with gold trees, what is trained on and what is held out.

Every maker of sentences (`make_question`, `make_tense`, `make_dyck`, `read_treebank`) leaves one
`Corpus`; training, metrics and tree projections know only this.

A line is the start token, a sentence, and, where the task transforms the sentence, a task word
and the transformed sentence:

    <s> my yak does move . quest does my yak move ?
        `--- words ----'       ^ prompt ends here
                               here begins the output; `target` is the judged word in it
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import safetensors.numpy
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import CorpusError, RunFolderError
from latebloom.worlds.vocabulary import Vocabulary

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


@dataclass(frozen=True, slots=True)
class Corpus:
    """Lines by split.

    task: `question`, `tense`, `dyck` or `sentences`.
    trained: the names of the splits that are trained on.
    """

    task: str
    vocabulary: Vocabulary
    splits: Mapping[str, Lines]
    trained: tuple[str, ...]

    def lines(self, split: str) -> Lines:
        """The lines of a split.

        Raises: CorpusError, naming the splits that there are.
        """
        if split not in self.splits:
            raise CorpusError(
                f"this corpus has no split {split!r}; it has {', '.join(self.splits)}"
            )
        return self.splits[split]

    def examples(self, split: str) -> tuple[Int[ndarray, "line pos"], Int[ndarray, " line"]]:
        """What a language model is trained on: padded tokens (int32), and their number."""
        lines = self.lines(split)
        return lines.tokens.astype(np.int32), lines.lengths

    @property
    def tested(self) -> tuple[str, ...]:
        """The held-out splits, in order."""
        return tuple(name for name in self.splits if name not in self.trained)

    @property
    def longest(self) -> int:
        """Tokens of the longest line: a model with fixed positions must have as many."""
        return max(int(lines.lengths.max(initial=1)) for lines in self.splits.values())

    def text(self, split: str, row: int) -> str:
        """One line as text, without the start token."""
        lines = self.lines(split)
        ids = lines.tokens[row, 1 : lines.lengths[row]]
        return " ".join(self.vocabulary.decode(ids))

    def encode(self, sentence: str) -> Int[ndarray, " pos"]:
        """A sentence as token ids, start token first.

        Raises: CorpusError for an empty sentence and for the start token in it, UnknownNameError
        for an unknown word.
        """
        words = sentence.split()
        if not words:
            raise CorpusError(
                "the sentence is empty; give words of the corpus, with spaces between"
            )
        ids = self.vocabulary.encode(words)
        if 0 in ids:
            raise CorpusError(
                f"{words[ids.index(0)]!r} is the start token, which is put before every sentence;"
                " leave it out"
            )
        return np.array([0, *ids], np.int32)

    def save(self, folder: Path) -> None:
        """Writes `vocabulary.json` and `world.safetensors` into an existing folder."""
        arrays = {
            f"{split}/{field.name}": np.ascontiguousarray(getattr(lines, field.name))
            for split, lines in self.splits.items()
            for field in fields(Lines)
        }
        safetensors.numpy.save_file(arrays, folder / "world.safetensors")
        table = {
            "task": self.task,
            "trained": list(self.trained),
            "splits": list(self.splits),
            "words": list(self.vocabulary.words),
        }
        (folder / "vocabulary.json").write_text(json.dumps(table, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Corpus":
        """Reads what `save` wrote.

        Raises: RunFolderError if a file is missing or damaged.
        """
        try:
            table = json.loads((folder / "vocabulary.json").read_text())
            arrays = safetensors.numpy.load_file(folder / "world.safetensors")
            splits = {
                split: Lines(**{f.name: arrays[f"{split}/{f.name}"] for f in fields(Lines)})
                for split in table["splits"]
            }
            return cls(
                task=table["task"],
                vocabulary=Vocabulary(tuple(table["words"])),
                splits=splits,
                trained=tuple(table["trained"]),
            )
        except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
            raise RunFolderError(
                f"the corpus in {folder} cannot be read ({error}); grow the run again"
            ) from error


def line_keys(tokens: Int[ndarray, "line pos"]) -> Int[ndarray, " line"]:
    """A 64-bit key of each line; equal lines have equal keys whatever their padding."""
    with np.errstate(over="ignore"):
        rng = np.random.default_rng(0)
        factor = rng.integers(1, 2**63, tokens.shape[1], dtype=np.uint64)
        return (tokens.astype(np.uint64) @ factor).view(np.int64)
