"""Files of the published format, in and out, each line parsed by our grammar.

A folder holds `question.train`, `question.val` and `question.test` (arXiv:2305.18741), or
`.train`, `.dev` and `.gen` (arXiv:2001.03632); the same for `tense`. A line is
`sentence . TASK<tab>output`. For Dyck: `k-20_d-10_train.txt`, `_val`, `_test`; a line is
`(a (b b) a) END`.

Covers: every line that the grammar can make, checked word by word. Does not cover: other
grammars; a line that does not parse is an error with its number.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import CorpusError
from latebloom.worlds.sentences import lexicon as words_of
from latebloom.worlds.sentences import question, tense
from latebloom.worlds.sentences.corpus import Corpus, Lines, joined
from latebloom.worlds.sentences.dyck import brackets_of, dyck_vocabulary
from latebloom.worlds.sentences.grammar import Grammar, make_grammar
from latebloom.worlds.world import Split

Task = Literal["question", "tense", "dyck"]
ENDINGS = {"train": ("train",), Split.TEST_ID: ("val", "dev"), Split.TEST_OOD: ("gen", "test")}
"""For each split the endings of its file, the first one that exists."""


class SentenceParser:
    """Finds the pattern of a sentence: its word classes leave only one.

    Verbs of all forms count as one class, since the past tense shows no number; the nouns do.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.forms: dict[str, tuple[str, int]] = {}
        for name, members in grammar.lexicon.items():
            for number, word in enumerate(members):
                alike = name[:2] if name.startswith("V") else name
                self.forms[word] = (alike, number)
                if alike == "Vi" or alike == "Vt":
                    verbs = words_of.INTRANSITIVE if alike == "Vi" else words_of.TRANSITIVE
                    self.forms[words_of.past(verbs[number])] = (alike, number)
        self.pattern = {
            tuple(name[:2] if name.startswith("V") else name for name in pattern.classes): i
            for i, pattern in enumerate(grammar.patterns)
        }

    def parse(self, words: list[str]) -> tuple[int, list[int]]:
        """The number of the pattern, and that of each word in its class.

        Raises: CorpusError naming the unknown word, or saying that the grammar does not make it.
        """
        unknown = next((word for word in words if word not in self.forms), None)
        if unknown is not None:
            raise CorpusError(f"the word {unknown!r} is not in the vocabulary of the grammar")
        found = [self.forms[word] for word in words]
        key = tuple(name for name, _ in found)
        if key not in self.pattern:
            raise CorpusError(f"the grammar does not make the sentence {' '.join(words)!r}")
        return self.pattern[key], [number for _, number in found]


def read_published_lines(texts: Iterable[str], task: Literal["question", "tense"]) -> Lines:
    """Lines of text as `Lines`, with the gold tree that the grammar gives each.

    Raises: CorpusError with the number of the line that does not parse, or whose output is not
    what its task word asks for.
    """
    if task == "question":
        grammar = make_grammar(
            question.question_rules(question.QuestionConfig()), question.LEXICON, "S"
        )
        vocabulary = question.question_vocabulary()
        write = question.QuestionWriter(grammar, vocabulary).write
        names = ("decl", "quest")
    else:
        grammar = make_grammar(tense.tense_rules(tense.TenseConfig()), tense.LEXICON, "S")
        vocabulary = tense.tense_vocabulary()
        write = tense.TenseWriter(grammar, vocabulary).write
        names = ("PAST", "PRESENT")
    parser = SentenceParser(grammar)
    found: list[tuple[int, list[int], bool]] = []
    given: list[list[str]] = []
    for number, text in enumerate(texts, 1):
        words = text.split()
        try:
            at = next((i for i, word in enumerate(words) if word in names), 0)
            if at < 2 or words[at - 1] != ".":
                raise CorpusError(f"expected 'SENTENCE . {'|'.join(names)} OUTPUT'")
            found.append((*parser.parse(words[: at - 1]), words[at] == names[1]))
        except CorpusError as error:
            raise CorpusError(f"line {number}: {error}") from error
        given.append(words)
    if not found:
        raise CorpusError(f"the file of {task} lines is empty; give at least one line")
    lines = _written(write, grammar, found)
    for number, words in enumerate(given, 1):
        row = lines.tokens[number - 1, 1 : lines.lengths[number - 1]]
        made = vocabulary.decode(row)
        if made != words:
            wrong = next((w for w, m in zip(words, made, strict=False) if w != m), "its end")
            raise CorpusError(
                f"line {number}: {wrong!r} is not what the grammar writes there;"
                f" expected {' '.join(made)!r}"
            )
    return lines


def _written(write, grammar: Grammar, found: list[tuple[int, list[int], bool]]) -> Lines:
    """The lines that a grammar writes for parsed sentences, in their order."""
    pattern = np.array([item[0] for item in found])
    number = np.full((len(found), grammar.table.shape[1]), -1, np.int16)
    for row, (_, numbers, _) in zip(number, found, strict=True):
        row[: len(numbers)] = numbers
    asked = np.array([item[2] for item in found])
    order: list[Int[ndarray, " row"]] = [np.flatnonzero(~asked), np.flatnonzero(asked)]
    parts = [
        write(pattern[rows], number[rows], which)
        for which, rows in zip((False, True), order, strict=True)
        if len(rows)
    ]
    return joined(parts).take(np.argsort(np.concatenate(order), kind="stable"))


def read_published(folder: Path, task: Task) -> Corpus:
    """A folder of published files as a corpus.

    Raises: CorpusError naming the file that is missing, or the file and line that do not parse.
    """
    splits: dict[str, Lines] = {}
    for split, endings in ENDINGS.items():
        path = next((p for p in _paths(folder, task, endings) if p.is_file()), None)
        if path is None:
            names = " or ".join(p.name for p in _paths(folder, task, endings))
            raise CorpusError(f"{folder} holds no {names}; give the folder of the published files")
        try:
            with path.open(encoding="utf-8") as file:
                texts = (line for line in file if line.strip())
                splits[split] = (
                    brackets_of(texts) if task == "dyck" else read_published_lines(texts, task)
                )
        except CorpusError as error:
            raise CorpusError(f"{path}: {error}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"{path} cannot be read: {error}") from error
    vocabulary = {
        "question": question.question_vocabulary,
        "tense": tense.tense_vocabulary,
        "dyck": dyck_vocabulary,
    }[task]()
    return Corpus(task=task, vocabulary=vocabulary, splits=splits, trained=("train",))


def write_published(corpus: Corpus, folder: Path) -> list[Path]:
    """Writes every split as a published file; returns the paths.

    Raises: CorpusError for a corpus of another task.
    """
    if corpus.task not in ("question", "tense", "dyck"):
        raise CorpusError(
            f"a corpus of {corpus.task} has no published format; question, tense and dyck have"
        )
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    names = {"train": "train", Split.TEST_ID: "val", Split.TEST_OOD: "test"}
    for split, lines in corpus.splits.items():
        path = _paths(folder, corpus.task, (names[split],))[0]
        with path.open("w", encoding="utf-8") as file:
            for row in range(len(lines)):
                ids = lines.tokens[row, 1 : lines.lengths[row]]
                words = corpus.vocabulary.decode(ids)
                if corpus.task == "dyck":
                    file.write(" ".join([*words, "END"]) + "\n")
                else:
                    cut = int(lines.prompt[row]) - 1
                    file.write(" ".join(words[:cut]) + "\t" + " ".join(words[cut:]) + "\n")
        written.append(path)
    return written


def _paths(folder: Path, task: str, endings: tuple[str, ...]) -> list[Path]:
    if task == "dyck":
        return [folder / f"k-20_d-10_{ending}.txt" for ending in endings]
    return [folder / f"{task}.{ending}" for ending in endings]
