"""One's own trees as a corpus: Penn bracketed trees or CoNLL-U dependency trees.

Enters: a file. Leaves: a `Corpus` of plain sentences whose gold trees are spans of words. Penn
files are read by nltk, CoNLL-U by conllu (the extra `treebanks`).

A Penn tree gives the span of each constituent of two words or more; empty elements (`-NONE-`)
and function labels are dropped. A dependency tree gives, for each word, the span of the word and
all that depends on it, which needs a projective tree. Trees need not be binary: precision and
recall then differ.

Covers: one file, one sentence a tree. Does not cover: enhanced dependencies, several files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from latebloom.errors import CorpusError, LatebloomError
from latebloom.files import import_extra
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.sentences.lines import START, Lines
from latebloom.worlds.sentences.reaches import reached_words
from latebloom.worlds.sentences.tasks import SentenceTask
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.vocabulary import Vocabulary

MOST_WORDS = 10_000
"""Words of the longest sentence that is read: every other line is padded to its length."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentencesConfig(WorldSettings):
    """A corpus of one's own trees."""

    asks: ClassVar[str] = "sentences"
    """What kind of question it asks: chains, comparisons or sentences."""
    refuses: ClassVar[type[LatebloomError]] = CorpusError
    """The error of a setting that does not fit."""
    kind: Literal["sentences"] = "sentences"
    """Which world this is."""
    trees: str = ""
    """Path of the file: `.conllu` is CoNLL-U, anything else Penn brackets."""
    test_id_frac: float = 0.1
    """Share of the sentences that is held out as `test_id`, drawn at random."""
    lower: bool = True
    """Write all words in lower case."""

    def __post_init__(self) -> None:
        WorldSettings.__post_init__(self)
        if not 0 < self.test_id_frac < 1:
            raise CorpusError(
                f"world.test_id_frac is {self.test_id_frac}; it must lie between 0 and 1"
            )


@dataclass(frozen=True, slots=True)
class Tree:
    """A sentence and its tree.

    line: where it begins in its file, from 1.
    spans: the nodes of two words or more, as (first, last) word from 0.
    """

    line: int
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def make_sentences(config: SentencesConfig, seed: int) -> Corpus:
    """Reads the file and splits its sentences at random.

    Raises: CorpusError, naming file and line, for what cannot be read; for fewer than 2 sentences.
    """
    if not config.trees:
        raise CorpusError("world.trees is empty; give the path of a file of trees")
    trees = read_trees(Path(config.trees), lower=config.lower)
    if len(trees) < 2:
        raise CorpusError(
            f"{config.trees} holds one sentence; give 2 or more, to train and to test"
        )
    order = np.random.default_rng([seed, Draw.TREES]).permutation(len(trees))
    n_test = min(max(1, round(config.test_id_frac * len(trees))), len(trees) - 1)
    words = sorted({word for tree in trees for word in tree.words})
    vocabulary = Vocabulary((START, *words))
    splits = {
        "train": tree_lines([trees[i] for i in sorted(order[n_test:])], vocabulary),
        Split.TEST_ID: tree_lines([trees[i] for i in sorted(order[:n_test])], vocabulary),
    }
    return Corpus(task=SentenceTask(), vocabulary=vocabulary, splits=splits, trained=("train",))


def read_trees(path: Path, *, lower: bool = False) -> list[Tree]:
    """All trees of a file.

    Raises: CorpusError for a file that cannot be read or is empty, for brackets that do not
    match, for trees that are not projective, for more than `MOST_WORDS` words in a sentence and
    for the start token as a word, with the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error
    if not text.strip():
        raise CorpusError(f"{path} is empty; give at least one tree")
    try:
        read = read_conllu if path.suffix == ".conllu" else read_penn
        trees = [
            Tree(t.line, tuple(w.lower() for w in t.words), t.spans) if lower else t
            for t in read(text)
        ]
        for tree in trees:
            if len(tree.words) > MOST_WORDS:
                raise CorpusError(
                    f"line {tree.line}: the sentence has {len(tree.words):,} words;"
                    f" {MOST_WORDS:,} are the limit: divide it, or leave it out"
                )
            if START in tree.words:
                raise CorpusError(
                    f"line {tree.line}: the word {START!r} is the token that begins every line;"
                    " write it otherwise"
                )
    except CorpusError as error:
        raise CorpusError(f"{path}, {error}") from error
    if not trees:
        raise CorpusError(f"{path} holds no tree; expected Penn brackets, or CoNLL-U in a .conllu")
    return trees


def tree_lines(trees: Sequence[Tree], vocabulary: Vocabulary) -> Lines:
    """Trees as lines of known words.

    Raises: CorpusError with the line of the tree that has an unknown word.
    """
    width = 1 + max((len(tree.words) for tree in trees), default=0)
    small = len(vocabulary) < 2**15
    tokens = np.zeros((len(trees), width), np.int16 if small else np.int32)
    for row, tree in zip(tokens, trees, strict=True):
        unknown = next((word for word in tree.words if word not in vocabulary.ids), None)
        if unknown is not None:
            raise CorpusError(
                f"line {tree.line}: the word {unknown!r} is not in the vocabulary of the run;"
                " leave the sentence out, or grow a run on this file"
            )
        row[1 : len(tree.words) + 1] = [vocabulary.ids[word] for word in tree.words]
    words = np.array([len(tree.words) for tree in trees], np.int32)
    spans = [span for tree in trees for span in tree.spans]
    return Lines(
        tokens=tokens,
        lengths=words + 1,
        prompt=np.ones(len(trees), np.int32),
        target=np.zeros(len(trees), np.int32),
        words=words,
        nodes=np.array([len(tree.spans) for tree in trees], np.int32),
        spans=np.array(spans, np.int16).reshape(-1, 2),
    )


def bracketed(text: str) -> Iterator[tuple[int, str]]:
    """The top-level bracketed pieces of a text, each with the line on which it begins.

    Raises: CorpusError with the line of a bracket that has no partner, or of text outside.
    """
    depth, begin, first = 0, 0, 1
    line = 1
    for place, letter in enumerate(text):
        if letter == "(":
            if not depth:
                begin, first = place, line
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth < 0:
                raise CorpusError(f"line {line}: a bracket closes that was not opened")
            if not depth:
                yield first, text[begin : place + 1]
        elif not depth and not letter.isspace():
            raise CorpusError(f"line {line}: {letter!r} stands outside all brackets")
        line += letter == "\n"
    if depth:
        raise CorpusError(f"line {first}: the tree that begins here leaves {depth} brackets open")


def read_penn(text: str) -> Iterator[Tree]:
    """The trees of a Penn bracketed text.

    Raises: CorpusError with the line for unbalanced brackets and for a tree without words.
    """
    PennTree = import_extra("nltk.tree", "treebanks", "reading Penn trees").Tree
    for line, piece in bracketed(text):
        try:
            tree = PennTree.fromstring(piece, remove_empty_top_bracketing=True)
        except (ValueError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise CorpusError(f"line {line}: this is no tree ({reason})") from error
        words: list[str] = []
        spans: list[tuple[int, int]] = []
        _penn_spans(tree, words, spans)
        if not words:
            raise CorpusError(f"line {line}: the tree has no words")
        yield Tree(line, tuple(words), tuple(dict.fromkeys(sorted(spans, key=_outer_first))))


def _penn_spans(node: Any, words: list[str], spans: list[tuple[int, int]]) -> None:
    """Appends the words below a node, and the spans of the node and those below."""
    if isinstance(node, str):
        words.append(node)
        return
    if node.label() == "-NONE-":
        return
    first = len(words)
    for child in node:
        _penn_spans(child, words, spans)
    if len(words) - first >= 2:
        spans.append((first, len(words) - 1))


def _outer_first(span: tuple[int, int]) -> tuple[int, int]:
    return span[0], -span[1]


def read_conllu(text: str) -> Iterator[Tree]:
    """The sentences of a CoNLL-U text, with the spans that their dependencies give.

    Raises: CorpusError with the line for what is no CoNLL-U, for a head that does not exist, for
    a cycle, and for two arcs that cross.
    """
    conllu = import_extra("conllu", "treebanks", "reading CoNLL-U")
    line, block, begin = 0, [], 1
    for line, row in enumerate([*text.splitlines(), ""], 1):
        if row.strip():
            begin = begin if block else line
            block.append(row)
            continue
        if not block:
            continue
        try:
            found = conllu.parse("\n".join(block) + "\n\n")
        except (conllu.exceptions.ParseException, ValueError) as error:
            # A ValueError: a number of thousands of digits, which Python does not convert.
            reason, line = " ".join(str(error).split()), begin + first_unread(block)
            raise CorpusError(f"line {line}: this is no CoNLL-U ({reason})") from error
        for sentence in found:
            yield _dependency_tree(sentence, begin, block)
        block = []


def first_unread(block: Sequence[str]) -> int:
    """The first row of a block that conllu cannot read alone, from 0."""
    conllu = import_extra("conllu", "treebanks", "reading CoNLL-U")
    for i, row in enumerate(block):
        try:
            conllu.parse(row + "\n\n")
        except (conllu.exceptions.ParseException, ValueError):
            return i
    return 0


def _dependency_tree(sentence: Any, begin: int, block: list[str]) -> Tree:
    """The tree of one sentence, whose lines are `block`, from line `begin` on."""
    told = [begin + i for i, row in enumerate(block) if not row.lstrip().startswith("#")]
    lines = {}
    for token, line in zip(sentence, told, strict=True):
        # Rows such as `4-5` and `4.1` are no words and need no head.
        missing = {"id", "form", "head"} - set(token)
        if missing and not isinstance(token.get("id"), tuple):
            raise CorpusError(
                f"line {line}: no column {' or '.join(sorted(missing)).upper()}; CoNLL-U has 10"
                " columns with tabs between, HEAD is the 7th"
            )
        lines[token.get("id")] = line
    words = [token for token in sentence if isinstance(token["id"], int)]
    place = {token["id"]: i for i, token in enumerate(words)}

    def complain(token: Any, reason: str) -> CorpusError:
        return CorpusError(f"line {lines[token['id']]}: {token['form']!r}, {reason}")

    n = len(words)
    if not n:
        raise CorpusError(f"line {begin}: the sentence has no words")
    heads = []
    for token in words:
        if token["head"] != 0 and token["head"] not in place:
            raise complain(token, f"its head {token['head']!r} is no word of the sentence")
        heads.append(place.get(token["head"], -1))
    reaches, circle = reached_words(heads)
    if circle is not None:
        raise complain(words[circle], "its heads go round in a circle")
    for token, reach in zip(words, reaches, strict=True):
        if reach.last - reach.first + 1 != reach.size:
            raise complain(
                token,
                "what depends on it has a gap: the tree is not projective; leave the sentence out",
            )
    spans = {(reach.first, reach.last) for reach in reaches if reach.last > reach.first}
    spans |= {(0, n - 1)} if n > 1 else set()
    ordered = tuple(sorted(spans, key=_outer_first))
    return Tree(begin, tuple(token["form"] for token in words), ordered)
