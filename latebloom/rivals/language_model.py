"""A language model as a rival: facts in the prompt, the answer in its text.

Enters: a memory, an endpoint, a style. Leaves: replies. Questions are asked at once up to a limit;
every answer is cached as it comes, so that what was stopped, or ran into an endpoint that went
down, goes on where it was. What it will cost is told before (`estimate`).
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from threading import Event
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import RivalError
from latebloom.rivals.answer_cache import AnswerCache, Completion, key_of
from latebloom.rivals.endpoint import Endpoint, EndpointConfig, MalformedAnswerError
from latebloom.rivals.memory import Memory
from latebloom.rivals.prompts import (
    Message,
    Style,
    count_tokens,
    read_reply,
    write_messages,
)
from latebloom.rivals.reply import Reply
from latebloom.rivals.retrieval import Retrieval

ANSWER_TOKENS = {"direct": 24, "cot": 768}
"""Tokens that the model may write."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageModelConfig(EndpointConfig):
    """How a language model is asked."""

    style: Style = "direct"
    """`direct`: the answer at once; `cot`: step by step first."""
    context_tokens: int = 100_000
    """Tokens of facts in a prompt at most, about; further facts are left out at random."""
    at_once: int = 8
    """Questions under way at the same time."""
    temperature: float = 0.0
    """Of the model's draw; 0: its likeliest text."""
    price_in: float = 0.0
    """Dollars for a million tokens read."""
    price_out: float = 0.0
    """Dollars for a million tokens written."""

    def __post_init__(self) -> None:
        EndpointConfig.__post_init__(self)
        if self.at_once < 1 or self.context_tokens < 1:
            raise RivalError(
                f"{self.at_once} questions at once and {self.context_tokens} tokens of facts: both"
                " must be at least 1"
            )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What questions will cost at most.

    requests: to be sent; cached: answered before. prompt_tokens, completion_tokens: of the
    requests, about, at most. dollars: at the config's prices. facts_left_out: mean share of the
    facts about what is asked that has no room in the prompt.
    """

    requests: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    dollars: float
    facts_left_out: float

    def __str__(self) -> str:
        return (
            f"{self.requests:,} requests ({self.cached:,} answered before), about"
            f" {self.prompt_tokens:,} tokens to read and at most {self.completion_tokens:,} to"
            f" write, {self.dollars:.2f} dollars; {self.facts_left_out:.0%} of the facts left out"
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class LanguageModel:
    """Asks an endpoint; with `retrieval` about the facts it finds, else about all that fit."""

    def __init__(
        self,
        memory: Memory,
        config: LanguageModelConfig,
        *,
        retrieval: Retrieval | None = None,
        cache: AnswerCache | None = None,
        endpoint: Endpoint | None = None,
    ) -> None:
        self.memory = memory
        self.config = config
        self.retrieval = retrieval
        self.cache = cache or AnswerCache()
        self.endpoint = endpoint

    @property
    def name(self) -> str:
        how = f" + {self.retrieval.name}" if self.retrieval else ""
        return f"{self.config.model}, {self.config.style}{how}"

    def estimate(self, questions: Int[ndarray, "question token"]) -> Estimate:
        """What asking these questions will cost; asks nothing."""
        prompts, left_out = self.prompts(questions)
        new = [p for p in prompts if key_of(self.request(p)) not in self.cache]
        read = sum(map(count_tokens, new))
        written = len(new) * ANSWER_TOKENS[self.config.style]
        return Estimate(
            requests=len(new),
            cached=len(prompts) - len(new),
            prompt_tokens=read,
            completion_tokens=written,
            dollars=(read * self.config.price_in + written * self.config.price_out) / 1e6,
            facts_left_out=left_out,
        )

    def answer(self, questions: Int[ndarray, "question token"]) -> list[Reply]:
        """One reply for each question.

        Raises: RivalError if the endpoint cannot be had; what it answered until then is cached.
        """
        prompts, _ = self.prompts(questions)
        endpoint = self.endpoint or Endpoint(self.config)
        pool = ThreadPoolExecutor(self.config.at_once)
        failed = Event()

        def complete(prompt: list[Message]) -> Completion | None:
            if failed.is_set():
                return None
            try:
                return self.complete(endpoint, prompt)
            except BaseException:
                failed.set()  # nothing more is asked of an endpoint that is down
                raise

        try:
            tasks = [pool.submit(complete, prompt) for prompt in prompts]
            done, _ = wait(tasks, return_when=FIRST_EXCEPTION)
            for task in done:
                if error := task.exception():
                    raise self.stopped(error) from error
            return [self.read(task.result()) for task in tasks]
        finally:
            pool.shutdown(cancel_futures=True)
            if self.endpoint is None:
                endpoint.close()

    def stopped(self, error: BaseException) -> BaseException:
        """The error, with how to go on."""
        if not isinstance(error, RivalError) or self.cache.path is None:
            return error
        return RivalError(
            f"{error}; the {len(self.cache.kept)} answers so far are in {self.cache.path}: say the"
            " same again to go on"
        )

    def request(self, prompt: Sequence[Message]) -> dict[str, Any]:
        """All that decides the answer to a prompt."""
        return {
            "endpoint": self.config.endpoint,
            "model": self.config.model,
            "messages": list(prompt),
            "max_tokens": ANSWER_TOKENS[self.config.style],
            "temperature": self.config.temperature,
        }

    def complete(self, endpoint: Endpoint, prompt: Sequence[Message]) -> Completion | None:
        """The model's text, from the cache if it is there; None if it gave nothing readable."""
        key = key_of(self.request(prompt))
        known = self.cache.get(key)
        if known is not None:
            return known
        try:
            completion = endpoint.complete(
                prompt,
                max_tokens=ANSWER_TOKENS[self.config.style],
                temperature=self.config.temperature,
            )
        except MalformedAnswerError:
            return None
        if not completion.prompt_tokens:
            completion = replace(
                completion,
                prompt_tokens=count_tokens(prompt),
                completion_tokens=len(completion.text) // 4,
            )
        self.cache.put(key, completion)
        return completion

    def read(self, completion: Completion | None) -> Reply:
        """The reply in a completion."""
        if completion is None:
            return Reply("invalid")
        return replace(
            read_reply(completion.text, self.answers, self.config.style),
            seconds=completion.seconds,
            tokens=completion.prompt_tokens + completion.completion_tokens,
        )

    @cached_property
    def answers(self) -> dict[str, int]:
        """The token id of each possible answer, as it is written and in lower case.

        Where names differ by case alone, only the written form counts.
        """
        if labels := self.memory.task.answers_in_words():
            return labels
        objects = np.unique(self.memory.atomic[:, 2]).tolist()
        names = self.memory.vocabulary.decode(objects)
        folded = Counter(name.casefold() for name in names)
        alone = {
            name.casefold(): i
            for name, i in zip(names, objects, strict=True)
            if folded[name.casefold()] == 1
        }
        return alone | dict(zip(names, objects, strict=True))

    def prompts(
        self, questions: Int[ndarray, "question token"]
    ) -> tuple[list[list[Message]], float]:
        """The prompt of each question, and the mean share of facts that had no room."""
        if self.retrieval is not None:
            shares = [1.0] * len(questions)
            chosen = self.retrieval.find(questions)
        else:
            found = [self.about(row) for row in questions]
            chosen = [facts for facts, _ in found]
            shares = [share for _, share in found]
        task, texts = self.memory.task, self.memory.texts
        prompts = [
            write_messages(
                [texts[i] for i in facts],
                self.memory.question(row),
                style=self.config.style,
                labels=tuple(task.answers_in_words()),
                remark=task.remark,
            )
            for row, facts in zip(questions.tolist(), chosen, strict=True)
        ]
        return prompts, 1 - float(np.mean(shares)) if shares else 0.0

    def about(self, question: Int[ndarray, " token"]) -> tuple[Int[ndarray, " fact"], float]:
        """The facts about the asked attribute or relations, as many as have room, and their share.

        Which have room is drawn at random, the same for the same attribute or relations.
        """
        task = self.memory.task
        topics = task.topics(task.names(question[None]))[0]
        facts = np.flatnonzero(np.isin(self.memory.topics, topics))
        if not len(facts):
            return facts, 1.0
        order = np.random.default_rng(0).permutation(len(facts))
        ends = np.cumsum(self.lengths[facts[order]])
        room = int(np.searchsorted(ends, self.config.context_tokens, side="right"))
        return np.sort(facts[order[:room]]), room / len(facts)

    @cached_property
    def lengths(self) -> Int[ndarray, " fact"]:
        """About how many tokens each fact has."""
        return np.array([1 + len(text) // 4 for text in self.memory.texts], np.int64)
