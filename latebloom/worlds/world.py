"""A world: what is true, what is trained on, and what is held out.

Every maker (`make_composition`, `make_facts_world`, ...) leaves one `World`; the model, the
training and the instruments know only this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.answers import AnswerSets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import (
    ATOMIC,
    Split,
    SplitMeaning,
    chosen_by,
    is_validation,
    meaning_of,
)
from latebloom.worlds.tasks.saved import task_of
from latebloom.worlds.tasks.task import Task
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.wording import NOTHING_SAID, Wording
from latebloom.worlds.written import read_written, write_written

EVERY = slice(None)
"""All rows of a split."""


@dataclass(frozen=True, slots=True)
class World:
    """Facts, splits and vocabulary. All that enters a training, and all that it is tested on.

    task: what a question is.
    facts: the atomic facts behind the questions.
    splits: for each split one integer matrix `[example, token]`; the last column is the answer,
        those before it the question. A split holds questions of one length.
    trained: the names of the splits that are trained on, in a fixed order.
    sets: the sets of answers of the splits whose sets do not follow from the facts, such as answers
        that need a fact nobody told; see `answers`.
    wording: how people call its names.
    """

    task: Task
    vocabulary: Vocabulary
    facts: Facts
    splits: Mapping[str, Int[ndarray, "example token"]]
    trained: tuple[str, ...]
    sets: Mapping[str, AnswerSets] = field(default_factory=dict)
    wording: Wording = NOTHING_SAID

    reads: ClassVar[str] = "questions"
    """What a model reads here."""
    start: ClassVar[None] = None
    """The word before every question: there is none."""

    def examples(self, split: str) -> Int[ndarray, "example token"]:
        """The examples of a split: question tokens, then the answer.

        Raises: WorldError, naming the splits that there are.
        """
        if split not in self.splits:
            raise WorldError(f"this world has no split {split!r}; it has {', '.join(self.splits)}")
        return self.splits[split]

    def answers(self, split: str, rows: Int[ndarray, " row"] | slice = EVERY) -> AnswerSets:
        """The set of right answers of each example of a split; a single answer is a set of one.

        rows: only these.
        """
        if split in self.sets:
            return self.sets[split].take(np.arange(len(self.examples(split)))[rows])
        return self.task.answers(self.facts, self.examples(split)[rows])

    def named(self, split: str) -> Int[ndarray, "example name"]:
        """The examples of a split as names in the order in which they are worked out, fillers left
        out, then the answer."""
        rows = self.examples(split)
        return np.concatenate((self.task.names(rows[:, :-1]), rows[:, -1:]), axis=1)

    def in_one_order(self, split: str) -> Int[ndarray, "example token"]:
        """The examples of a split with each name where the task's `places` say that it stands."""
        rows = self.examples(split)
        return np.concatenate((self.task.in_one_order(rows[:, :-1]), rows[:, -1:]), axis=1)

    def read(self, question: Sequence[str]) -> list[int]:
        """The tokens of a question that somebody wrote; synonyms stand for their names, fillers may
        be left out, and where a world has some, words such as "what is the" may stand with them.

        Raises: UnknownNameError, with the nearest names.
        """
        words = self.task.spoken(question, self.vocabulary.ids)
        names = [self.wording.name(word, self.vocabulary) for word in words]
        tokens = self.task.written(self.vocabulary.encode(names))
        return self.task.preceded(self.facts, np.array([tokens], np.int64))[0].tolist()

    @property
    def tested(self) -> tuple[str, ...]:
        """The held-out splits that are reported, in order."""
        held_out = (name for name in self.splits if name not in self.trained)
        return tuple(name for name in held_out if not is_validation(name))

    @property
    def validated(self) -> tuple[str, ...]:
        """The held-out splits that decisions are made by, in order."""
        return tuple(name for name in self.splits if is_validation(name))

    @property
    def asks(self) -> str:
        """What kind of question it asks: chains, comparisons, or questions of another task."""
        return self.task.asks

    @property
    def one_token(self) -> bool:
        """Whether the answer to every question is one token."""
        return not self.task.several and self.task.spelled is None

    @property
    def phi(self) -> float:
        """Inferred training facts for each ID atomic fact (arXiv:2405.15071, section 3.1)."""
        n_id = int((~self.facts.ood).sum())
        return len(self.splits.get(Split.TRAIN_INFERRED, ())) / n_id if n_id else 0.0

    def size_in_words(self) -> str:
        """How much it holds besides its splits, for people."""
        return f"{len(self.vocabulary):,} names, phi {self.phi:.2f}"

    def figures(self) -> dict[str, float | None]:
        """What a summary tells of it."""
        return {"phi": round(self.phi, 4)}

    def meaning(self, split: str) -> SplitMeaning:
        """What a split holds, in words, and whether a run is judged by it."""
        return meaning_of(split, self.task.meaning)

    @property
    def phases(self) -> tuple[tuple[str, str], ...]:
        """Phases of a training, the highest first, each with the split that it is told by here."""
        return tuple((phase, chosen_by(split, self.splits)) for phase, split in self.task.phases)

    def trained_facts(self) -> Int[ndarray, "fact 3"]:
        """The atomic facts that training tells: subject, relation, object."""
        told = []
        for name in self.trained:
            if name in ATOMIC:
                sets = self.answers(name)
                pairs = np.repeat(self.named(name)[:, :-1], sets.sizes, axis=0)
                told.append(np.concatenate((pairs, sets.member[:, None]), axis=1))
        rows = np.concatenate([np.empty((0, 3), np.int32), *told]).astype(np.int32)
        if len(rows) > len(self.facts):  # each was told in several orders
            rows = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]
        return rows

    @property
    def longest_trained(self) -> int:
        """Tokens of the longest question that is trained on."""
        return max(self.examples(split).shape[1] for split in self.trained) - 1

    def example(self) -> list[str]:
        """The names of a held-out question, of the OOD test if there is one."""
        named = (Split.TEST_OOD, Split.TEST_HARD, Split.TEST_ID)
        split = next((s for s in named if len(self.splits.get(s, ()))), self.trained[-1])
        return self.vocabulary.decode(self.examples(split)[0, :-1].tolist())

    def save(self, folder: Path) -> None:
        """Writes `vocabulary.json` and `world.safetensors` into an existing folder."""
        facts = {f"facts/{name}": getattr(self.facts, name) for name in Facts.__slots__}
        splits = {f"splits/{name}": rows for name, rows in self.splits.items()}
        sets = {
            f"sets/{name}/{part}": array
            for name, one in self.sets.items()
            for part, array in one.arrays().items()
        }
        write_written(self, facts | splits | sets, folder, self.wording.as_dict())

    @classmethod
    def load(cls, folder: Path, tasks: Sequence[Task] = ()) -> "World":
        """Reads what `save` wrote.

        tasks: tasks of one's own, for a world that asks questions of such a task.
        Raises: RunFolderError if a file is missing or damaged, or its task is not known.
        """
        return read_written(folder, lambda table, arrays: cls.of(table, arrays, tasks))

    @classmethod
    def of(
        cls, table: Mapping[str, Any], arrays: Mapping[str, ndarray], tasks: Sequence[Task] = ()
    ) -> "World":
        """The world of a table and arrays that `save` wrote."""
        vocabulary = Vocabulary(tuple(table["words"]))
        return cls(
            task=task_of(table["task"], vocabulary, tasks),
            vocabulary=vocabulary,
            wording=Wording.of(table, vocabulary),
            facts=Facts(**{name: arrays[f"facts/{name}"] for name in Facts.__slots__}),
            splits={name: arrays[f"splits/{name}"] for name in table["splits"]},
            trained=tuple(table["trained"]),
            sets={
                name: AnswerSets.of_arrays(
                    {part: arrays[f"sets/{name}/{part}"] for part in AnswerSets.__slots__}
                )
                for name in table["splits"]
                if f"sets/{name}/first" in arrays
            },
        )
