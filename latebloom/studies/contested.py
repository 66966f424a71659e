"""A run against the rivals with external memory: the same questions put to all.

Enters: a loaded run and a `ContestConfig`. Leaves: a `Contest` whose first rows are the grown
model's own, kept as `RUN/rivals.json` and `RUN/rivals.md`. What takes long is kept in
`RUN/rivals/`, a language model's answers one by one, so that a contest that stopped goes on.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from latebloom.errors import RivalError, WorldError
from latebloom.evaluation.accuracy import correct_rows, loops_for
from latebloom.files import write_json, write_text
from latebloom.rivals.answer_cache import AnswerCache
from latebloom.rivals.bounds import BoundsRule, MajorityRule
from latebloom.rivals.bradley_terry import BradleyTerry
from latebloom.rivals.contest import Contest, Row, asked, default_splits, row_of_model
from latebloom.rivals.endpoint import Endpoint
from latebloom.rivals.language_model import Estimate, LanguageModel, LanguageModelConfig
from latebloom.rivals.memory import Memory
from latebloom.rivals.prompts import Style
from latebloom.rivals.reasoning import GraphQuery, Symbolic, SymbolicOnScale
from latebloom.rivals.reply import Rival
from latebloom.rivals.retrieval import Bm25, Dense, Retrieval
from latebloom.training.opened import OpenedRun
from latebloom.training.run_folder import RunFolder

Finder = Literal["none", "bm25", "dense"]
"""What finds the facts in a language model's prompt; none: all that fit are in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContestConfig:
    """Who takes part, and what is asked."""

    splits: tuple[str, ...] = ()
    """Splits to ask; empty: every test split."""
    limit: int = 0
    """Questions of a split at most, evenly spread over it; 0: all."""
    k: int = 20
    """Facts that retrieval reads in a round."""
    closure: tuple[int, ...] = (20, 100, 200)
    """Facts that retrieval to closure reads in a round: each is a rival, in which BM25 searches
    until nothing new comes up."""
    dense: bool = False
    """Whether retrieval by sentence embeddings takes part."""
    bradley_terry: bool = False
    """Whether the Bradley-Terry model takes part where values are hidden."""
    endpoint: str = ""
    """Address of a language model, such as http://127.0.0.1:8000/v1; empty: none takes part."""
    model: str = ""
    """Its name there."""
    styles: tuple[Style, ...] = ("direct",)
    """How it is asked: each style with each of `finders` is a rival."""
    finders: tuple[Finder, ...] = ("none",)
    """What finds the facts for it."""
    context_tokens: int = 100_000
    """Tokens of facts in its prompt at most, about."""
    at_once: int = 8
    """Its questions under way at the same time."""
    price_in: float = 0.0
    """Dollars for a million tokens it reads."""
    price_out: float = 0.0
    """Dollars for a million tokens it writes."""

    def __post_init__(self) -> None:
        if self.k < 1:
            raise RivalError(f"--k is {self.k}; it must be at least 1")
        if min(self.closure, default=1) < 1:
            raise RivalError(f"--closure has {min(self.closure)}; each must be at least 1")
        for option, values, kind in (
            ("--style", self.styles, Style),
            ("--retrieval", self.finders, Finder),
        ):
            for value in values or ("",):
                if value not in get_args(kind):
                    raise RivalError(f"{option} {value!r}: there are {', '.join(get_args(kind))}")
        if bool(self.endpoint) != bool(self.model):
            raise RivalError("a language model needs both --endpoint URL and --model NAME")


class Arena:
    """The rivals of one run."""

    def __init__(
        self, run: OpenedRun, config: ContestConfig, endpoint: Endpoint | None = None
    ) -> None:
        """endpoint: the connection to the language model; without it only its cost can be told.

        Raises: WorldError if a split is not there; RivalError if there is none, or the limit is
        negative.
        """
        self.run, self.config = run, config
        self.folder = run.folder.path / "rivals"
        self.splits = config.splits or default_splits(run.world)
        if not self.splits:
            raise RivalError("this run holds out no question to ask; name others with --splits")
        self.examples = {split: asked(run.world, split, config.limit) for split in self.splits}
        self.memory = Memory.of(run.world)
        self.endpoint = endpoint
        self.finders: dict[str, Bm25 | Dense] = {}

    def finder(self, name: str) -> Bm25 | Dense:
        """The index of that name over the memory, made once."""
        if name not in self.finders:
            texts = self.memory.texts
            self.finders[name] = (
                Bm25(texts) if name == "bm25" else Dense(texts, self.folder / "minilm.npy")
            )
        return self.finders[name]

    def own_rows(self) -> Iterator[Row]:
        """The grown model's rows; seconds are those of a question in a large batch."""
        run, spelling = self.run, self.run.world.task.spelled
        for split, rows in self.examples.items():
            loops = loops_for(run.model, run.world.task, rows.shape[1] - 1)
            # The first pass of a shape is not the usual one.
            correct_rows(run.model, rows[:1], loops, spelling)
            begun = time.perf_counter()
            right = correct_rows(run.model, rows, loops, spelling)
            seconds = (time.perf_counter() - begun) / max(len(rows), 1)
            name = f"grown model, step {run.step}"
            yield row_of_model(name, run.world, split, right, seconds)

    def plain_rivals(self) -> Iterator[Rival]:
        """The rivals that need no language model."""
        # Where questions rest on a rule there is no fact to find.
        if len(self.memory):
            finders = ("bm25", "dense") if self.config.dense else ("bm25",)
            for name in finders:
                for rounds in (1, 2):
                    yield Retrieval(self.memory, self.finder(name), k=self.config.k, rounds=rounds)
            for k in self.config.closure:
                yield Retrieval(self.memory, self.finder("bm25"), k=k, rounds=math.inf)
        yield from exact_rivals(self.memory, bradley_terry=self.config.bradley_terry)

    def language_models(self) -> list[LanguageModel]:
        """A rival for each style and finder; none without an endpoint."""
        if not self.config.endpoint:
            return []
        cache = AnswerCache(self.folder / "answers.jsonl")
        return [
            LanguageModel(
                self.memory,
                language_model_config(self.config, style),
                retrieval=None
                if finder == "none"
                else Retrieval(self.memory, self.finder(finder), k=self.config.k),
                cache=cache,
                endpoint=self.endpoint,
            )
            for finder in self.config.finders
            for style in self.config.styles
        ]

    def estimate(self, rival: LanguageModel) -> Estimate:
        """What a language model's answers to all questions will cost at most; asks nothing."""
        parts = [rival.estimate(rows[:, :-1]) for rows in self.examples.values()]
        sizes = [max(len(rows), 1) for rows in self.examples.values()]
        return Estimate(
            requests=sum(part.requests for part in parts),
            cached=sum(part.cached for part in parts),
            prompt_tokens=sum(part.prompt_tokens for part in parts),
            completion_tokens=sum(part.completion_tokens for part in parts),
            dollars=sum(part.dollars for part in parts),
            facts_left_out=float(
                np.average([part.facts_left_out for part in parts], weights=sizes)
            ),
        )


def exact_rivals(memory: Memory, *, bradley_terry: bool) -> Iterator[Rival]:
    """The rivals that take in all facts by number; some only where values are hidden.

    Raises: MissingExtraError if the Bradley-Terry model is to take part and its extra is missing.
    """
    if memory.task.rests_on_inferred and len(memory.statements):
        yield BoundsRule(memory)
        yield MajorityRule(memory)
        if bradley_terry:
            yield BradleyTerry(memory)
        yield SymbolicOnScale(memory)
    yield GraphQuery(memory)
    yield Symbolic(memory)


def language_model_config(config: ContestConfig, style: Style) -> LanguageModelConfig:
    """How the language model is asked in one style."""
    names = ("endpoint", "model", "context_tokens", "at_once", "price_in", "price_out")
    return LanguageModelConfig(style=style, **{name: getattr(config, name) for name in names})


def estimate_contest(run: OpenedRun, config: ContestConfig) -> dict[str, Estimate]:
    """What each language model will cost, by its name in the table; asks nothing.

    Raises: WorldError for a split that is not there; MissingExtraError if an extra is missing.
    """
    arena = Arena(run, config)
    return {rival.name: arena.estimate(rival) for rival in arena.language_models()}


def hold_contest(
    run: OpenedRun,
    config: ContestConfig,
    *,
    rivals: Iterable[Rival] = (),
    tell: Callable[[str], None] = lambda line: None,
    tell_cost: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Puts the test questions to the grown model and its rivals; writes and returns the table.

    rivals: rivals of one's own that take part beside latebloom's.
    tell: hears of each rival before it begins. tell_cost: hears what each language model will
        cost, before anything is asked.
    Raises: RivalError if a rival cannot be asked (what was answered is kept: hold the same contest
    again to go on); MissingExtraError if an extra is missing; WorldError for a split that is not
    there, or for questions that have several answers.
    """
    if run.world.task.several:
        raise WorldError(
            f"the questions of {run.folder.path} have several answers, and a contest judges one;"
            " how they are ranked stands in its summary, under `ranking`"
        )
    with ExitStack() as opened:
        endpoint = None
        if config.endpoint:  # first of all: without a key or its package no work is begun
            endpoint = Endpoint(language_model_config(config, config.styles[0]))
            opened.callback(endpoint.close)
        arena = Arena(run, config, endpoint)
        models = arena.language_models()
        for rival in models:
            tell_cost(f"{rival.name}: {arena.estimate(rival)}")
        tell("grown model")
        rows = list(arena.own_rows())
        for rival in (*arena.plain_rivals(), *models, *rivals):
            tell(rival.name)
            rows += Contest.run(run.world, [rival], splits=arena.splits, limit=config.limit).rows
    return write_table(run.folder, run, config, rows)


def write_table(
    folder: RunFolder, run: OpenedRun, config: ContestConfig, rows: Sequence[Row]
) -> dict[str, Any]:
    """Keeps the table beside the run; returns what the JSON holds."""
    contest = Contest(tuple(rows))
    about = {"recipe": run.config.recipe, "seed": run.config.seed, "step": run.step}
    table = about | {"limit": config.limit, "k": config.k} | contest.as_dict()
    write_json(folder.path / "rivals.json", table)
    write_text(folder.path / "rivals.md", contest.to_markdown())
    return table
