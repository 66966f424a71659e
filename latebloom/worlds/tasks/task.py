"""A task: what a question of a world is, in one object that everything else asks.

Enters: nothing but token ids and facts. Leaves: answers to what the model, the training, the
instruments, the rivals and the reports need to know of a question:

- its *places*: what stands at each position (`subject, relation 1, relation 2`);
- its *truth*: the right answer, and what has to be found on the way to it (`steps`, `found`);
- its *words*: the question, a fact and the possible answers as English sentences;
- its *splits*: what each holds, which of them a run is judged by, and the phases of a training.

A world holds its task, and `vocabulary.json` in a run folder its name and fields. To add a kind of
question, derive from `Task`, say `places` and `solve`, and hand the object to your world; the other
methods have defaults that suit questions which look their operands up side by side.

Covers: questions of token ids with one answer, or with a set of them. Does not cover: sentences
(`latebloom.worlds.sentences.tasks`), batches and losses (`latebloom.training.feed`).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import LatebloomError
from latebloom.worlds.answers import AnswerSets, FactSets, follow_sets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.splits import HOPS, Split, SplitMeaning
from latebloom.worlds.tasks.spelling import Spelling
from latebloom.worlds.vocabulary import Vocabulary

NOTHING = -1
"""Stands where a question has no answer, or a fact is missing."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that has to be found on the way to the answer.

    name: a key of `Task.found` (`bridge 1`, `first value`).
    position: where it is looked for: the first position that can know it in a model that sees all
        that leads to it from there.
    corruption: the place whose token decides it; changing that token changes what is found.
    leads: the positions of all tokens that lead to it; empty: all up to its own.
    """

    name: str
    position: int
    corruption: str
    leads: tuple[int, ...] = ()

    @property
    def led_by(self) -> tuple[int, ...]:
        """The positions of all tokens that lead to it."""
        return self.leads or tuple(range(self.position + 1))


@dataclass(frozen=True, slots=True)
class Told:
    """What the facts of a world say about one question.

    answer: the right answer's token, None where the facts do not tell.
    path: the objects on the way, as far as the facts go, the answer last.
    hops: the status of each fact on the way: `id`, `ood` or `unknown`; empty where a question has
    no hops.
    notes: what a reader should know besides.
    """

    answer: int | None = None
    path: tuple[int, ...] = ()
    hops: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


MEANINGS: Mapping[str, SplitMeaning] = {
    Split.ATOMIC_ID: SplitMeaning("facts that training also composes"),
    Split.ATOMIC_OOD: SplitMeaning("facts that training never composes", ood=True),
    Split.ATOMIC_LATER: SplitMeaning("facts that were learned later", ood=True),
    Split.TRAIN_INFERRED: SplitMeaning("composed questions that are trained on"),
    Split.IDENTITY: SplitMeaning("identity rows that are trained on"),
    Split.AUGMENTED: SplitMeaning("augmented questions that are trained on"),
    Split.TEST_ID: SplitMeaning("new questions over facts that training composes", judged=True),
    Split.TEST_OI: SplitMeaning("new questions, first fact OOD"),
    Split.TEST_IO: SplitMeaning("new questions, second fact OOD"),
    Split.TEST_OOD: SplitMeaning(
        "new questions over facts that training never composes", ood=True, judged=True
    ),
    Split.TEST_LATER: SplitMeaning(
        "two-hop answers that need a fact which was learned later", ood=True, judged=True
    ),
}
"""What the splits hold that most tasks have."""


def meaning_of_hops(split: str) -> SplitMeaning:
    """The meaning of a split of longer chains; an empty one for any other name."""
    match = HOPS.fullmatch(split)
    if not match:
        return SplitMeaning()
    trained, hops, ood = match[1] == "train", match[2], bool(match[3])
    over = " that are trained on" if trained else " over OOD facts" if ood else " over ID facts"
    return SplitMeaning(f"chains of {hops} hops{over}", ood=ood)


@dataclass(frozen=True)
class Task(ABC):
    """What a question of a world is. Questions are `[row, pos]` token ids without the answer."""

    name: ClassVar[str]
    """What `vocabulary.json` and messages call it."""
    asks: ClassVar[str] = "questions"
    """What kind of question it is, as configs of worlds and feeds call it."""
    chained: ClassVar[bool] = False
    """Whether each step needs the one before (hops); else all stand side by side (operands)."""
    several: ClassVar[bool] = False
    """Whether a question may have several answers, which are asked for as a set."""
    rests_on_inferred: ClassVar[bool] = False
    """Whether trained inferred rows are facts that held-out questions rest on."""
    derives: ClassVar[str] = ""
    """How the answer follows from the facts, for a page that has them and not this code: `chain`,
    each fact's object is the next one's subject; `order`, a label by the tokens of two entities'
    values; empty: the answer has to be looked up among the questions."""
    phases: ClassVar[tuple[tuple[str, str], ...]] = (
        ("systematic", Split.TEST_OOD),
        ("generalising", Split.TEST_ID),
    )
    """Phases of a training, the highest first, each with the split that it is told by."""

    @property
    def spelled(self) -> Spelling | None:
        """How names of several tokens are written, the answer's among them; None where every name
        is one token, and the answer is read at the last."""
        return None

    @property
    def facts_before(self) -> int:
        """How many facts stand before each question that have nothing to do with it."""
        return 0

    @property
    def numbers(self) -> Mapping[int, tuple[float, ...]] | None:
        """Of each relation whose answers are values that stand for numbers, by its token, these
        numbers, ascending; None where a world has none besides its names."""
        return None

    @property
    def value_tokens(self) -> tuple[int, int]:
        """The tokens of the least and of the greatest value that stands for a number; the last
        before the first where there are none."""
        return 0, -1

    @property
    def joins(self) -> Mapping[str, int]:
        """Of a task whose questions may join branches, the token of each kind of join
        (`latebloom.worlds.tasks.shapes`); none where none do."""
        return {}

    @property
    def trained_shapes(self) -> tuple[str, ...]:
        """The names of the shapes in which branches are joined in training."""
        return ()

    def fields(self) -> dict[str, Any]:
        """What JSON must hold besides the name to make the same object again."""
        return {}

    # What a question is.

    @abstractmethod
    def places(self, n_tokens: int) -> tuple[str, ...]:
        """What stands at each position of a question of so many tokens."""

    def hops(self, n_tokens: int) -> int:
        """How many look-ups in a row a question of so many tokens takes at most."""
        return n_tokens - 1

    def is_chain(self, n_tokens: int) -> bool:
        """Whether each step of a question of so many tokens needs the one before."""
        return self.chained

    def repeats(self, n_tokens: int) -> bool:
        """Whether one name stands at two places of a question of so many tokens."""
        return False

    def names(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row name"]:
        """The names of questions in the order in which they are worked out, fillers left out."""
        return tokens

    def lay(self, names: Int[ndarray, "row name"]) -> Int[ndarray, "row pos"]:
        """Questions as they are asked, from their names in the order in which `names` has them."""
        return names

    def written(self, tokens: Sequence[int]) -> list[int]:
        """A question as it is asked, from one as somebody may write it: fillers may be left out."""
        return list(tokens)

    def preceded(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, "row pos"]:
        """Questions as `lay` and `written` make them, with what has to stand before them."""
        return questions

    def behind_others(
        self, facts: Facts, questions: Int[ndarray, "row pos"], salt: int
    ) -> Int[ndarray, "row pos"]:
        """The same questions, with what stands before them drawn anew.

        salt: what is drawn follows from it and the question.
        """
        return questions

    def itself(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row bare"]:
        """Questions without what stands before them."""
        return tokens

    def spoken(self, words: Sequence[str], names: Container[str]) -> list[str]:
        """The words of a question without those that say nothing.

        names: all names that there are; what is one of them stays.
        """
        return list(words)

    def in_one_order(self, tokens: Int[ndarray, "row pos"]) -> Int[ndarray, "row pos"]:
        """The same questions, with each name where `places` and `steps` say that it stands; they
        may be asked in other orders too."""
        return tokens

    def untraceable(self, n_tokens: int) -> str:
        """Why questions of so many tokens have nothing inside to find; empty if they have."""
        return ""

    def steps(self, n_tokens: int) -> tuple[Step, ...]:
        """What has to be found on the way to the answer, in order."""
        return ()

    def labels(self, n_tokens: int) -> tuple[int, ...]:
        """The tokens that compete as answers; empty: every name may be one."""
        return ()

    def n_competing(self, n_words: int) -> int:
        """How many names may be answers at all; they are the first of the vocabulary.

        n_words: the size of the vocabulary.
        """
        return n_words

    def candidates(self, facts: Facts, n_tokens: int) -> tuple[Int[ndarray, " _"], ...]:
        """For each place the tokens that may stand there; none where it is always the same one,
        which is then neither checked nor corrupted."""
        raise LatebloomError(
            f"the task {self.name!r} does not say which tokens may stand at its places; define"
            " `candidates` to check, corrupt and trace its questions"
        )

    def check(self, tokens: Sequence[int], facts: Facts, vocabulary: Vocabulary) -> None:
        """Whether these tokens are a question.

        Raises: LatebloomError naming the token that stands in the wrong place, and what may.
        """
        allowed = self.candidates(facts, len(tokens))
        if len(allowed) != len(tokens):
            raise LatebloomError(
                f"{len(tokens)} names are no question; this run asks {len(allowed)}:"
                f" {' '.join(self.places(len(allowed))).upper()}"
            )
        for place, token, some in zip(self.places(len(tokens)), tokens, allowed, strict=True):
            if len(some) and token not in some:
                few = ", ".join(vocabulary.decode(some[:5].tolist()))
                more = ", ..." if len(some) > 5 else ""
                raise LatebloomError(
                    f"{vocabulary.words[token]!r} cannot stand as the {place}; there are"
                    f" {few}{more}"
                )

    def said_at(self, answers: Sequence[int], n_tokens: int) -> tuple[frozenset[int], ...]:
        """For each position of a question of so many tokens, the tokens with which a state there
        says that one of these is the answer; none where an answer is not read."""
        return (frozenset(answers),) * n_tokens

    # What is true.

    @abstractmethod
    def solve(self, facts: Facts, questions: Int[ndarray, "row pos"]) -> Int[ndarray, " row"]:
        """The right answer to each question, `NOTHING` where the facts do not tell."""

    def answers(self, facts: Facts, examples: Int[ndarray, "row token"]) -> AnswerSets:
        """The set of right answers of each example, a question and one of its answers."""
        return AnswerSets.of_one(examples[:, -1])

    def led_to(self, graph: FactSets, questions: Int[ndarray, "row pos"]) -> AnswerSets:
        """The sets of answers that some facts give to questions; of tasks whose questions may have
        several."""
        return follow_sets(self.names(questions), [graph])[-1]

    def found(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Mapping[str, Int[ndarray, " row"]]:
        """What is found on the way, by the names of the steps; `NOTHING` where a fact lacks."""
        return {}

    def on_the_way(self, facts: Facts, tokens: Sequence[int]) -> frozenset[int]:
        """All that is found on the way to the answers of one question, as far as the facts tell."""
        found = self.found(facts, np.array([tokens])).values()
        return frozenset(int(some[0]) for some in found) - {NOTHING}

    def tell(self, facts: Facts, tokens: Sequence[int], vocabulary: Vocabulary) -> Told:
        """What the facts say about one question, and what is unusual about it."""
        answer = int(self.solve(facts, np.array([tokens]))[0])
        return Told(answer=None if answer == NOTHING else answer)

    # What follows from facts that are kept outside a model.

    def solve_from(
        self,
        atomic: Int[ndarray, "fact 3"],
        inferred: Int[ndarray, "statement width"],
        questions: Int[ndarray, "row pos"],
    ) -> Int[ndarray, " row"]:
        """The answers that follow from some atomic and inferred facts, and from nothing else."""
        return self.solve(Facts.of_rows(atomic), questions)

    def missing(
        self,
        atomic: Int[ndarray, "fact 3"],
        inferred: Int[ndarray, "statement width"],
        question: Sequence[int],
    ) -> list[tuple[int, int]]:
        """The (subject, relation) pairs that a reader of these facts would like to have besides."""
        return []

    def needed(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Int[ndarray, "row needed"]:
        """The atomic facts that each answer rests on, by index; `NOTHING` where one is missing."""
        return np.empty((len(questions), 0), np.int64)

    def last_hop(
        self, facts: Facts, questions: Int[ndarray, "row pos"]
    ) -> Int[ndarray, "row short"]:
        """The last look-up on the way to each answer, asked alone; of questions with steps."""
        last = self.steps(questions.shape[1])[-1].name
        return np.stack((self.found(facts, questions)[last], questions[:, -1]), axis=1)

    def topics(self, names: Int[ndarray, "row _"]) -> Int[ndarray, "row topic"]:
        """The relations or attributes that questions are about, from their names."""
        return names[:, 1:]

    # In words.

    def kind_of_question(self, n_tokens: int) -> str:
        """What kind of question has so many tokens, in a word or two."""
        return self.name.replace("-", " ")

    def length_in_words(self, n_tokens: int) -> str:
        """How long a question is, in the unit in which people count it."""
        return f"{n_tokens} tokens"

    def fact_in_words(self, row: Sequence[int], words: Sequence[str]) -> str:
        """The names of a question, in their order, and its answer as a sentence."""
        *question, answer = (words[i] for i in row)
        return f"The answer to {' '.join(question)} is {answer}."

    def question_in_words(self, tokens: Sequence[int], words: Sequence[str]) -> str:
        """A question as a sentence."""
        return f"What is {' '.join(words[i] for i in tokens)}?"

    def answers_in_words(self) -> dict[str, int]:
        """How the labels are said, each with its token; empty where every name may be an answer."""
        return {}

    remark: ClassVar[str] = ""
    """What a reader of the facts must know besides, as a sentence."""

    # Its splits.

    def meaning(self, split: str) -> SplitMeaning:
        """What a split holds; an empty meaning for a name that the task does not know."""
        return MEANINGS.get(split) or meaning_of_hops(split)

    def phase(self, accuracy: Mapping[str, float], level: float) -> str:
        """What a model is doing, told from one evaluation: the highest phase whose split has at
        least `level` right answers, else `memorising`."""
        for phase, split in self.phases:
            if accuracy.get(split, 0) >= level:
                return phase
        return "memorising"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Some names for a message: `a, b, c, ...`."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def chain_in_words(tokens: Sequence[int], words: Sequence[str]) -> str:
    """`subject r1 r2` as "The r2 of the r1 of subject"."""
    relations = " of the ".join(words[i] for i in reversed(tokens[1:]))
    return f"The {relations} of {words[tokens[0]]}"


def asked_in_words(tokens: Sequence[int], words: Sequence[str]) -> str:
    """A chain as a question: "What is the r2 of the r1 of subject?"."""
    return f"What is the{re.sub(r'^The', '', chain_in_words(tokens, words))}?"
