"""Files of the published format, in and out, each line parsed by our grammar.

A folder holds `question.train`, `question.val` and `question.test` (arXiv:2305.18741), or
`.train`, `.dev` and `.gen` (arXiv:2001.03632); the same for `tense`. A line is
`sentence . TASK<tab>output`. For Dyck, of 20 kinds and depth 10: `k-20_d-10_train.txt`, `_val`,
`_test`; a line is `(a (b b) a) END`. Blank lines are left out, and count as lines.

Covers: every line that the grammar can make, checked word by word. Does not cover: other
grammars; a line that does not parse is an error with its number.
"""

import re
import string
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import CorpusError
from latebloom.files import whole_folder
from latebloom.worlds.sentences import lexicon as words_of
from latebloom.worlds.sentences import question, tense
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.dyck import brackets_of, dyck_vocabulary
from latebloom.worlds.sentences.grammar import Grammar, make_grammar
from latebloom.worlds.sentences.lines import Lines, joined
from latebloom.worlds.sentences.tasks import DyckTask, kinds_of_brackets, sentence_task_of
from latebloom.worlds.splits import Split

Task = Literal["question", "tense", "dyck"]
ENDINGS = {"train": ("train",), Split.TEST_ID: ("val", "dev"), Split.TEST_OOD: ("gen", "test")}
"""For each split of the published format the endings of its file, the first one that exists."""
WRITTEN = {"train": "train", Split.TEST_ID: "val", Split.TEST_OOD: "test"}
"""For each split of the published format the ending of the file that is written."""
BRACKETS = re.compile(r"(k-(\d+)_d-\d+)_train\.txt", re.ASCII)
"""The name of Dyck's training file: the set, with its kinds and depth."""


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
    given: list[tuple[int, list[str]]] = []
    for number, text in enumerate(texts, 1):
        words = text.split()
        if not words:
            continue
        try:
            at = next((i for i, word in enumerate(words) if word in names), 0)
            if at < 2 or words[at - 1] != ".":
                raise CorpusError(f"expected 'SENTENCE . {'|'.join(names)} OUTPUT'")
            found.append((*parser.parse(words[: at - 1]), words[at] == names[1]))
        except CorpusError as error:
            raise CorpusError(f"line {number}: {error}") from error
        given.append((number, words))
    if not found:
        raise CorpusError(f"the file of {task} lines is empty; give at least one line")
    lines = _written(write, grammar, found)
    for row, (number, words) in enumerate(given):
        made = vocabulary.decode(lines.tokens[row, 1 : lines.lengths[row]])
        if made != words:
            wrong = next((w for w, m in zip(words, made, strict=False) if w != m), "its end")
            raise CorpusError(
                f"line {number}: {wrong!r} is not what the grammar writes there;"
                f" expected {' '.join(made)!r}"
            )
    return lines


def _written(
    write: Callable[[ndarray, ndarray, bool], Lines],
    grammar: Grammar,
    found: list[tuple[int, list[int], bool]],
) -> Lines:
    """The lines that a grammar writes for parsed sentences, in their order."""
    pattern = np.array([item[0] for item in found])
    number = np.full((len(found), grammar.table.shape[1]), -1, np.int16)
    for row, (_, numbers, _) in zip(number, found, strict=True):
        row[: len(numbers)] = numbers
    asked = np.array([item[2] for item in found])
    order: list[Int[ndarray, " _"]] = [np.flatnonzero(~asked), np.flatnonzero(asked)]
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
    stem, kinds = bracket_set(folder) if task == "dyck" else (task, 0)
    splits: dict[str, Lines] = {}
    for split, endings in ENDINGS.items():
        paths = [_path(folder, stem, ending) for ending in endings]
        path = next((p for p in paths if p.is_file()), None)
        if path is None:
            names = " or ".join(p.name for p in paths)
            raise CorpusError(f"{folder} holds no {names}; give the folder of the published files")
        try:
            with path.open(encoding="utf-8") as file:
                splits[split] = (
                    brackets_of(file, kinds) if task == "dyck" else read_published_lines(file, task)
                )
        except CorpusError as error:
            raise CorpusError(f"{path}: {error}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"{path} cannot be read: {error}") from error
    vocabulary = {
        "question": question.question_vocabulary,
        "tense": tense.tense_vocabulary,
        "dyck": lambda: dyck_vocabulary(kinds),
    }[task]()
    return Corpus(
        task=sentence_task_of(task), vocabulary=vocabulary, splits=splits, trained=("train",)
    )


def task_of_files(folder: Path) -> Task | None:
    """The task of the files in a folder; None if it holds none of these formats.

    Raises: CorpusError for files of several tasks.
    """
    names: dict[Task, str] = {
        "question": "question.train",
        "tense": "tense.train",
        "dyck": "k-*_d-*_train.txt",
    }
    found: list[Task] = [task for task, name in names.items() if any(folder.glob(name))]
    if len(found) > 1:
        raise CorpusError(f"{folder} holds files of {' and '.join(found)}; give a folder with one")
    return found[0] if found else None


def bracket_set(folder: Path) -> tuple[str, int]:
    """The one set of bracket files in a folder: its name, `k-20_d-10`, and its kinds.

    Raises: CorpusError for none, for several, and for more kinds than letters.
    """
    found = [
        m for p in sorted(folder.glob("k-*_d-*_train.txt")) if (m := BRACKETS.fullmatch(p.name))
    ]
    if not found:
        raise CorpusError(
            f"{folder} holds no k-KINDS_d-DEPTH_train.txt; give the folder of the published files"
        )
    if len(found) > 1:
        raise CorpusError(
            f"{folder} holds several sets of bracket files, {', '.join(m[1] for m in found)};"
            " give a folder with one"
        )
    stem, kinds, most = found[0][1], int(found[0][2]), len(string.ascii_lowercase)
    if not 1 <= kinds <= most:
        raise CorpusError(
            f"{folder / found[0][0]}: the name tells {kinds} kinds of brackets; there are letters"
            f" for 1 to {most}"
        )
    return stem, kinds


def write_published(corpus: Corpus, folder: Path) -> list[Path]:
    """Writes the splits that the format has; returns the paths. The folder appears when complete.

    The format has no file for other splits, such as `test_apart`: they are left out.
    Bracket files are named by the kinds of the vocabulary and the depth that the lines reach.
    Raises: CorpusError for a corpus of another task, or a folder that holds something or cannot be
    written.
    """
    if corpus.task.name not in ("question", "tense", "dyck"):
        raise CorpusError(
            f"a corpus of {corpus.task.name} has no published format; question, tense and dyck have"
        )
    stem = corpus.task.name
    if stem == "dyck":
        kinds = kinds_of_brackets(corpus.vocabulary)
        depth = max(greatest_depth(lines, kinds) for lines in corpus.splits.values())
        stem = f"k-{kinds}_d-{depth}"
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise CorpusError(f"{folder} exists; give a new folder")
    endings = {split: ending for split, ending in WRITTEN.items() if split in corpus.splits}
    try:
        with whole_folder(folder) as aside:
            for split, ending in endings.items():
                write_lines(corpus, corpus.lines(split), _path(aside, stem, ending))
    except OSError as error:
        raise CorpusError(f"{folder} cannot be written: {error.strerror or error}") from error
    return [_path(folder, stem, ending) for ending in endings.values()]


def write_lines(corpus: Corpus, lines: Lines, path: Path) -> None:
    """The lines of one split, as a published file has them."""
    with path.open("w", encoding="utf-8") as file:
        for row in range(len(lines)):
            words = corpus.vocabulary.decode(lines.tokens[row, 1 : lines.lengths[row]])
            if isinstance(corpus.task, DyckTask):
                file.write(" ".join([*words, "END"]) + "\n")
            else:
                cut = int(lines.prompt[row]) - 1
                file.write(" ".join(words[:cut]) + "\t" + " ".join(words[cut:]) + "\n")


def greatest_depth(lines: Lines, kinds: int) -> int:
    """The most brackets that are open at once in lines of brackets."""
    tokens = lines.tokens[lines.tokens > 0]
    # Every line ends at depth 0, so the depth goes on over all of them.
    return int(np.cumsum(np.where(tokens <= kinds, 1, -1)).max(initial=0))


def _path(folder: Path, stem: str, ending: str) -> Path:
    """The file of a task, or of a set of brackets."""
    return folder / (f"{stem}_{ending}.txt" if stem.startswith("k-") else f"{stem}.{ending}")
