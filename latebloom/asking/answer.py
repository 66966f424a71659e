"""Asking a model one question, in names.

Enters: a question such as `JFK country capital`, as the run's world lays it out (fillers may be
left out), or `melting_point Fe Cu` where a run compares.
Leaves: the likeliest answers with their probabilities, the bridges that the model went through, and
what it had been shown of all this. What a question is, is the world's task to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latebloom.errors import LatebloomError
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.tasks.spelling import Spelling
from latebloom.worlds.tasks.task import Step, Task
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World

TOLD, FOLLOWS = "told", "follows"
INFERRED, NEVER = "inferred", "never told"
"""What an answer rests on (`latebloom.asking.sets` says what each means)."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A name and the probability that the model gives it."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    question: as it was asked. names: its names in the order in which they are worked out.
    answers: the likeliest answers, best first.
    bridges: for every hop but the last, what the model takes its result to be. In a looped model
        this is what the last loop was fed; in others, its answer to the question so far. Empty
        where the place of a bridge cannot know it: a causal model, and the subject still to come.
    truth: the right answer, None where the facts do not tell.
    true_bridges: the right bridges, as far as the facts tell.
    hops: for each hop `id`, `ood` (trained alone, never composed), `unknown`, or `new` (told after
        training; `latebloom.asking.told_facts`).
    shown: whether this very question was trained on.
    notes: what the reader should know besides.
    leads_on: whether a told fact leads on from the bridge that the model takes, where none leads to
        it.
    untold: whether a value that the answer needs is one that nothing tells.
    """

    question: tuple[str, ...]
    names: tuple[str, ...]
    answers: tuple[Guess, ...]
    bridges: tuple[Guess, ...]
    truth: str | None
    true_bridges: tuple[str, ...]
    hops: tuple[str, ...]
    shown: bool
    notes: tuple[str, ...]
    leads_on: bool = False
    untold: bool = False

    @property
    def status(self) -> str | None:
        """What the answer rests on, as where answers are sets (`latebloom.asking.sets`); None of a
        question that is no chain.

        Inferred: one fact lacks on the way, the last, or the first of two while a told one leads on
        from the model's bridge.
        """
        if self.untold:
            return NEVER
        if not self.hops:
            return None
        n, lacks = len(self.hops), self.hops.count("unknown")
        if not lacks:
            return TOLD if n == 1 else FOLLOWS
        one_lacks = n > 1 and (lacks == 1 or (n == 2 and self.leads_on))
        return INFERRED if one_lacks else NEVER

    @property
    def supported(self) -> bool:
        """Whether some told fact supports an answer; of what is no chain it is not asked."""
        return self.status != NEVER

    def as_dict(self) -> dict[str, Any]:
        return {
            "question": list(self.question),
            "status": self.status,
            "answers": [{"name": g.name, "probability": g.probability} for g in self.answers],
            "bridges": [{"name": g.name, "probability": g.probability} for g in self.bridges],
            "truth": self.truth,
            "true_bridges": list(self.true_bridges),
            "hops": list(self.hops),
            "shown": self.shown,
            "notes": list(self.notes),
        }


def ask(model: Transformer, world: World, question: Sequence[str], top: int = 5) -> Answer:
    """Puts one question, in names, to a model.

    top: how many answers to give, 1 or more. Where labels compete (`<`, `=`, `>`) the probabilities
    are their shares of what the labels have together.
    Raises: UnknownNameError with the nearest names; LatebloomError if it is no question.
    """
    check_top(top)
    task, vocabulary = world.task, world.vocabulary
    tokens = world.read(question)
    task.check(tokens, world.facts, vocabulary)
    probabilities, fed = think(model, task, tokens)
    guesses, mass = guess(probabilities, task.labels(len(tokens)), vocabulary, top)
    bridges = read_bridges(fed, readable_steps(model, task, len(tokens)), vocabulary)
    told = task.tell(world.facts, tokens, vocabulary)
    truth = answer_in_splits(world, tokens) if told.answer is None else told.answer
    return Answer(
        question=tuple(vocabulary.decode(tokens)),
        names=tuple(vocabulary.decode(task.names(np.array([tokens]))[0])),
        answers=guesses,
        bridges=bridges,
        truth=None if truth is None else vocabulary.words[truth],
        true_bridges=tuple(vocabulary.decode(told.path[: len(told.hops) - 1])),
        hops=told.hops,
        shown=was_shown(world, tokens),
        notes=(*notes_on_length(model, world, len(tokens)), *told.notes, *notes_on_mass(mass)),
        leads_on=leads_on(world, tokens, bridges),
    )


def leads_on(world: World, tokens: Sequence[int], bridges: Sequence[Guess]) -> bool:
    """Whether a told fact leads on from the last bridge that the model takes."""
    if not bridges:
        return False
    here = world.vocabulary.encode([bridges[-1].name])
    last = world.task.names(np.array([tokens]))[0, -1:]
    return bool(world.facts.find(np.array(here), last)[0] >= 0)


def check_top(top: int) -> None:
    """Raises: LatebloomError if no answer is wanted."""
    if top < 1:
        raise LatebloomError(f"--top is {top}; ask for 1 answer or more")


def guess(
    probabilities: Float[Tensor, " d_vocab"],
    labels: Sequence[int],
    vocabulary: Vocabulary,
    top: int,
) -> tuple[tuple[Guess, ...], float]:
    """The likeliest answers, best first, and the probability of all that compete together.

    labels: the tokens that compete, by their shares; empty: all names, by their probabilities.
    """
    if not labels:
        best = probabilities.topk(min(top, len(probabilities)))
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return tuple(Guess(vocabulary.words[i], p) for i, p in pairs), 1.0
    of_labels = probabilities[list(labels)]
    mass = float(of_labels.sum())
    shares = (of_labels / max(mass, 1e-12)).tolist()
    guesses = map(Guess, vocabulary.decode(labels), shares)
    return tuple(sorted(guesses, key=lambda one: -one.probability))[:top], mass


def readable_steps(model: Transformer, task: Task, n_tokens: int) -> tuple[Step, ...]:
    """The steps of a chain, if the model can see at the place of each all that leads to it."""
    steps = task.steps(n_tokens) if task.is_chain(n_tokens) else ()
    sees = all(model.first_to_see(max(step.led_by)) <= step.position for step in steps)
    return steps if sees else ()


def read_bridges(
    fed: Float[Tensor, "pos d_vocab"], steps: Sequence[Step], vocabulary: Vocabulary
) -> tuple[Guess, ...]:
    """What the model takes each step of a chain to be, at its place."""
    if not steps:
        return ()
    best = fed[[step.position for step in steps]].max(dim=-1)
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return tuple(Guess(vocabulary.words[i], p) for i, p in pairs)


@torch.no_grad()
def think(
    model: Transformer, task: Task, tokens: Sequence[int]
) -> tuple[Float[Tensor, " d_vocab"], Float[Tensor, "pos d_vocab"]]:
    """Probabilities of the answer, and at every position those that the last loop was fed.

    Of an answer of several tokens, the probability of each whole name.
    """
    device = model.device
    model.eval()
    question = torch.tensor([list(tokens)], device=device)
    loops = loops_needed(model.config, len(tokens), task.hops(len(tokens)))
    logits = model(question, n_loops=loops).logits.float().softmax(-1)[:, 0].cpu()
    fed = logits[-2] if len(logits) > 1 else logits[-1]
    if task.spelled is not None:
        return of_whole_names(logits[-1], task.spelled), fed
    return logits[-1, -1], fed


def of_whole_names(
    probabilities: Float[Tensor, "pos d_vocab"], spelling: Spelling
) -> Float[Tensor, " d_vocab"]:
    """The probability of each entity's name: the product of its words' at the last places. What
    is left to one are words that are nobody's name."""
    words = torch.from_numpy(spelling.table)
    of_words = probabilities[-spelling.n_places :].gather(1, words.T)
    found = torch.zeros_like(probabilities[-1])
    found[: len(words)] = of_words.prod(0)
    return found


def rows_of(world: World, split: str, tokens: Sequence[int]) -> np.ndarray:
    """The examples of a split that ask exactly this, whatever stands before the question."""
    rows, itself = world.examples(split), world.task.itself
    if rows.shape[1] != len(tokens) + 1:
        return rows[:0]
    return rows[(itself(rows[:, :-1]) == itself(np.array([tokens]))).all(axis=1)]


def was_shown(world: World, tokens: Sequence[int]) -> bool:
    return any(len(rows_of(world, split, tokens)) for split in world.trained)


def answer_in_splits(world: World, tokens: Sequence[int]) -> int | None:
    """The answer that some split gives to this question, if one does."""
    for split in world.splits:
        rows = rows_of(world, split, tokens)
        if len(rows):
            return int(rows[0, -1])
    return None


def notes_on_length(model: Transformer, world: World, n_tokens: int) -> list[str]:
    """That a question is longer than those that were trained on, and what the model did then."""
    task, longest = world.task, world.longest_trained
    if n_tokens <= longest:
        return []
    how = (
        f"{loops_needed(model.config, n_tokens, task.hops(n_tokens))} loops were run"
        if model.feedback.looped
        else "this model has no more loops to run than it was trained with"
    )
    most = task.length_in_words(longest).split()[0]
    return [f"{task.length_in_words(n_tokens)}; training had {most} at most ({how})"]


def notes_on_mass(mass: float) -> list[str]:
    """That the model hardly takes a question for one of those whose answers are labels."""
    if mass >= 0.5:
        return []
    return [f"low confidence: only {mass:.0%} of the probability is on the possible answers"]
