"""The tasks of sentences: which words of a line are judged, and against which others.

- **question**: after `quest`, the most likely of the four auxiliaries is the main one.
- **tense**: the greedily decoded output has the gold sequence of parts of speech and the right
  main verb.
- **dyck**: before each closing bracket at least 10 tokens after its opener, the most likely
  closing bracket is the right one.
- **sentences**: the most likely next word is the right one.

Enters: lines. Leaves: places and candidates, as arrays; the model is put to them by
`latebloom.evaluation.sentence_metrics`.
Source: arXiv:2305.18741, section 3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import RunFolderError
from latebloom.worlds.sentences import lexicon as words_of
from latebloom.worlds.sentences.brackets import FAR, far_closings
from latebloom.worlds.sentences.lines import Lines
from latebloom.worlds.sentences.rules import (
    AUXILIARIES,
    Choice,
    choice_of_auxiliary,
    choice_of_form,
)
from latebloom.worlds.splits import Split, SplitMeaning
from latebloom.worlds.vocabulary import Vocabulary

MEANINGS: Mapping[str, SplitMeaning] = {
    Split.TRAIN: SplitMeaning("lines that are trained on"),
    Split.TEST_ID: SplitMeaning("new lines like those trained on", judged=True),
    Split.TEST_OOD: SplitMeaning("lines unlike those trained on", ood=True, judged=True),
}
"""What the splits of a corpus hold."""
QUESTION_MEANINGS: Mapping[str, SplitMeaning] = {
    Split.TEST_OOD: SplitMeaning(
        "questions whose main auxiliary is not the first", ood=True, judged=True
    ),
    Split.TEST_APART: SplitMeaning(
        "questions whose main auxiliary is neither the first nor the last", ood=True, judged=True
    ),
}
TENSE_MEANINGS: Mapping[str, SplitMeaning] = {
    Split.TEST_OOD: SplitMeaning(
        "lines whose verb does not agree with the nearest noun", ood=True, judged=True
    ),
    # Not judged by: models that never saw a phrase in front write other sentences than these, so
    # the share of right outputs is nothing to go by, but what the verb agrees with is.
    Split.TEST_APART: SplitMeaning(
        "lines with a phrase in front, whose verb agrees with neither the first nor the nearest"
        " noun",
        ood=True,
    ),
}


@dataclass(frozen=True)
class SentenceTask:
    """By what the lines of a corpus are judged: here, by every next word."""

    name: ClassVar[str] = "sentences"
    """What `vocabulary.json` and messages call it."""
    judges: ClassVar[str] = "word"
    """What is judged, for the message that there is none."""
    decodes: ClassVar[bool] = False
    """Whether the output is decoded and judged whole; else single next words are."""
    competing: ClassVar[str] = ""
    """What competes at a judged place, in words; empty: all words."""
    derives: ClassVar[str] = ""
    """How the next word follows from those before it, where it does at every place."""
    several: ClassVar[bool] = False
    """Whether what is asked may have several answers, a set."""
    phases: ClassVar[tuple[tuple[str, str], ...]] = (
        ("systematic", Split.TEST_OOD),
        ("generalising", Split.TEST_ID),
    )
    """Phases of a training, the highest first, each with the split that it is told by."""

    def fields(self) -> dict[str, Any]:
        """What JSON must hold besides the name to make the same object again."""
        return {}

    def judged_lines(self, lines: Lines, vocabulary: Vocabulary) -> Int[ndarray, " line"]:
        """The lines that the metric, and a projection of trees, looks at."""
        return np.arange(len(lines))

    def judged_places(self, lines: Lines, vocabulary: Vocabulary) -> Bool[ndarray, "line pos"]:
        """Where a word stands that is judged, foretold from those before it."""
        position = np.arange(lines.tokens.shape[1])
        return (position > 0) & (position < lines.lengths[:, None])

    def among(self, vocabulary: Vocabulary) -> Int[ndarray, " candidate"]:
        """The words that compete at a judged place."""
        return np.arange(len(vocabulary))

    def right_output(
        self,
        made: Int[ndarray, "line word"],
        gold: Int[ndarray, "line word"],
        target: Int[ndarray, " line"],
        vocabulary: Vocabulary,
    ) -> Bool[ndarray, " line"]:
        """Which decoded outputs count as right, of a task that `decodes`.

        target: the judged word's place in the output, from 0.
        """
        return (made == gold).all(axis=1)

    def choice(self, lines: Lines, vocabulary: Vocabulary) -> Choice | None:
        """What a model chooses between, and what each rule would choose; None: there are no rules
        between which the lines could tell."""
        return None

    def meaning(self, split: str) -> SplitMeaning:
        """What a split holds; an empty meaning for a name that the task does not know."""
        return MEANINGS.get(split, SplitMeaning())

    def phase(self, accuracy: Mapping[str, float], level: float) -> str:
        """What a model is doing, told from one evaluation: the highest phase whose split has at
        least `level` right answers, else `memorising`."""
        for phase, split in self.phases:
            if accuracy.get(split, 0) >= level:
                return phase
        return "memorising"


class QuestionTask(SentenceTask):
    """Question formation: the auxiliary after `quest`."""

    name: ClassVar[str] = "question"
    judges: ClassVar[str] = "line with quest"
    competing: ClassVar[str] = "auxiliaries"

    def judged_lines(self, lines: Lines, vocabulary: Vocabulary) -> Int[ndarray, " line"]:
        """Those with `quest`; `decl` only copies."""
        task_word = lines.tokens[np.arange(len(lines)), lines.prompt - 1]
        return np.flatnonzero(task_word == vocabulary.ids["quest"])

    def judged_places(self, lines: Lines, vocabulary: Vocabulary) -> Bool[ndarray, "line pos"]:
        """The first word of the output."""
        return np.arange(lines.tokens.shape[1]) == lines.target[:, None]

    def among(self, vocabulary: Vocabulary) -> Int[ndarray, " candidate"]:
        return np.array(vocabulary.encode(AUXILIARIES))

    def choice(self, lines: Lines, vocabulary: Vocabulary) -> Choice:
        """The main auxiliary, or another one."""
        return choice_of_auxiliary(lines, vocabulary)

    def meaning(self, split: str) -> SplitMeaning:
        return QUESTION_MEANINGS.get(split) or SentenceTask.meaning(self, split)


class TenseTask(SentenceTask):
    """Tense inflection: the whole output, by its parts of speech and its main verb."""

    name: ClassVar[str] = "tense"
    judges: ClassVar[str] = "line"
    decodes: ClassVar[bool] = True
    competing: ClassVar[str] = "forms of the verb"

    def right_output(
        self,
        made: Int[ndarray, "line word"],
        gold: Int[ndarray, "line word"],
        target: Int[ndarray, " line"],
        vocabulary: Vocabulary,
    ) -> Bool[ndarray, " line"]:
        part = parts_of_speech(vocabulary)
        verb = (np.arange(len(gold)), target)
        return (part[made] == part[gold]).all(1) & (made[verb] == gold[verb])

    def choice(self, lines: Lines, vocabulary: Vocabulary) -> Choice:
        """The form that agrees with the subject, or with another noun."""
        return choice_of_form(lines, vocabulary)

    def meaning(self, split: str) -> SplitMeaning:
        return TENSE_MEANINGS.get(split) or SentenceTask.meaning(self, split)


class DyckTask(SentenceTask):
    """Nested brackets: every far closing bracket, among the closing ones."""

    name: ClassVar[str] = "dyck"
    judges: ClassVar[str] = f"bracket that closes {FAR} tokens or more after its opener"
    competing: ClassVar[str] = "closing brackets"
    derives: ClassVar[str] = "brackets"

    def judged_places(self, lines: Lines, vocabulary: Vocabulary) -> Bool[ndarray, "line pos"]:
        return far_closings(lines.tokens.astype(np.int64), kinds_of_brackets(vocabulary))

    def among(self, vocabulary: Vocabulary) -> Int[ndarray, " candidate"]:
        return np.arange(kinds_of_brackets(vocabulary) + 1, len(vocabulary))

    def meaning(self, split: str) -> SplitMeaning:
        if split == Split.TEST_OOD:
            return SplitMeaning("brackets in shapes never trained", ood=True, judged=True)
        return SentenceTask.meaning(self, split)


def kinds_of_brackets(vocabulary: Vocabulary) -> int:
    """Kinds of brackets of a vocabulary: the start token, the opening ones, the closing ones."""
    return (len(vocabulary) - 1) // 2


def parts_of_speech(vocabulary: Vocabulary) -> Int[ndarray, " word"]:
    """The part of speech of each word of the tense corpus; forms of a noun or verb share theirs."""
    verbs = words_of.INTRANSITIVE + words_of.TRANSITIVE
    kinds: list[Iterable[str]] = [
        words_of.DETERMINERS,
        [*words_of.NOUNS, *words_of.PLURAL_NOUNS],
        words_of.PREPOSITIONS,
        words_of.RELATIVES,
        [f(v) for v in verbs for f in (str, words_of.third_person, words_of.past)],
        ["."],
    ]
    part = np.zeros(len(vocabulary), np.int64)
    for number, members in enumerate(kinds, 1):
        part[vocabulary.encode(members)] = number
    return part


SENTENCE_TASKS = (QuestionTask(), TenseTask(), DyckTask(), SentenceTask())
"""The tasks that latebloom has."""


def sentence_task_of(
    written: str | Mapping[str, Any], own: Sequence[SentenceTask] = ()
) -> SentenceTask:
    """The task that was written; a bare name is how run folders of format 1 have it.

    Raises: RunFolderError if the name is neither one of latebloom's nor one of `own`.
    """
    name = written if isinstance(written, str) else written["name"]
    for task in (*own, *SENTENCE_TASKS):
        if task.name == name:
            return task
    raise RunFolderError(
        f"its lines are of the task {name!r}, which is not one of latebloom's; hand the task in,"
        " as in latebloom.load(RUN, own=latebloom.Own(task=MyTask()))"
    )
