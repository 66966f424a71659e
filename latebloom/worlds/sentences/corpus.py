"""A corpus: lines of tokens with gold trees, what is trained on and what is held out.

Every maker of sentences (`make_question`, `make_tense`, `make_dyck`, `read_treebank`) leaves one
`Corpus`; training, metrics and tree projections know only this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import CorpusError
from latebloom.worlds.sentences.lines import START, Lines
from latebloom.worlds.sentences.tasks import SentenceTask, sentence_task_of
from latebloom.worlds.splits import SplitMeaning, chosen_by, is_validation, meaning_of
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.written import read_written, write_written


@dataclass(frozen=True, slots=True)
class Corpus:
    """Lines by split.

    task: by what the lines of this corpus are judged.
    trained: the names of the splits that are trained on.
    """

    task: SentenceTask
    vocabulary: Vocabulary
    splits: Mapping[str, Lines]
    trained: tuple[str, ...]

    reads: ClassVar[str] = "sentences"
    """What a model reads here."""
    start: ClassVar[str] = START
    """The word before every line."""
    asks: ClassVar[str] = "sentences"
    """What kind of data it is, as configs of worlds and feeds call it."""
    one_token: ClassVar[bool] = False
    """Whether the answer to every question is one token: no question is asked here."""

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
        """The held-out splits that are reported, in order."""
        held_out = (name for name in self.splits if name not in self.trained)
        return tuple(name for name in held_out if not is_validation(name))

    @property
    def validated(self) -> tuple[str, ...]:
        """The held-out splits that decisions are made by, in order."""
        return tuple(name for name in self.splits if is_validation(name))

    def size_in_words(self) -> str:
        """How much it holds besides its splits, for people."""
        return f"{len(self.vocabulary):,} words"

    def figures(self) -> dict[str, float | None]:
        """What a summary tells of it; the ratio phi is one of facts."""
        return {"phi": None}

    def meaning(self, split: str) -> SplitMeaning:
        """What a split holds, in words, and whether a run is judged by it."""
        return meaning_of(split, self.task.meaning)

    @property
    def phases(self) -> tuple[tuple[str, str], ...]:
        """Phases of a training, the highest first, each with the split that it is told by here."""
        return tuple((phase, chosen_by(split, self.splits)) for phase, split in self.task.phases)

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
            f"{split}/{field.name}": getattr(lines, field.name)
            for split, lines in self.splits.items()
            for field in fields(Lines)
        }
        write_written(self, arrays, folder)

    @classmethod
    def load(cls, folder: Path, tasks: Sequence[SentenceTask] = ()) -> "Corpus":
        """Reads what `save` wrote.

        tasks: tasks of one's own, for a corpus whose lines are judged by such a task.
        Raises: RunFolderError if a file is missing or damaged, or its task is not known.
        """
        return read_written(folder, lambda table, arrays: cls.of(table, arrays, tasks))

    @classmethod
    def of(
        cls,
        table: Mapping[str, Any],
        arrays: Mapping[str, ndarray],
        tasks: Sequence[SentenceTask] = (),
    ) -> "Corpus":
        """The corpus of a table and arrays that `save` wrote."""
        splits = {
            split: Lines(**{f.name: arrays[f"{split}/{f.name}"] for f in fields(Lines)})
            for split in table["splits"]
        }
        return cls(
            task=sentence_task_of(table["task"], tasks),
            vocabulary=Vocabulary(tuple(table["words"])),
            splits=splits,
            trained=tuple(table["trained"]),
        )
