"""Asking a model one question, in names.

Enters: a question such as `JFK country capital`, or `melting_point Fe Cu` where a run compares.
Leaves: the likeliest answers with their probabilities, the bridges that the model went through, and
what it had been shown of all this. A comparison has neither bridges nor hops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from latebloom.errors import LatebloomError
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.comparison import COMPARING, LABELS
from latebloom.worlds.ordering import compare
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class Guess:
    """A name and the probability that the model gives it."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    answers: the likeliest answers, best first.
    bridges: for every hop but the last, what the model takes its result to be. In a looped model
        this is what the last loop was fed; in others, its answer to the question so far.
    truth: the right answer, None where the facts do not tell.
    true_bridges: the right bridges, as far as the facts tell.
    hops: for each hop `id`, `ood` (trained alone, never composed), `unknown`, or `new` (told after
        training; `latebloom.evaluation.both_memories`).
    shown: whether this very question was trained on.
    notes: what the reader should know besides.
    """

    question: tuple[str, ...]
    answers: tuple[Guess, ...]
    bridges: tuple[Guess, ...]
    truth: str | None
    true_bridges: tuple[str, ...]
    hops: tuple[str, ...]
    shown: bool
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "question": list(self.question),
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

    top: how many answers to give, 1 or more.
    Raises: UnknownNameError with the nearest names; LatebloomError if it is no question.
    """
    check_top(top)
    tokens = world.vocabulary.encode(question)
    if world.task in COMPARING and len(tokens) != 2:
        return ask_comparison(model, world, tokens, top)
    if len(tokens) < 2:
        raise LatebloomError(
            "a question is a subject and one relation or more: JFK country capital"
        )
    names = tuple(world.vocabulary.decode(tokens))
    probabilities, fed = think(model, tokens)
    best = probabilities.topk(min(top, len(probabilities)))
    guesses = tuple(
        Guess(world.vocabulary.words[i], p)
        for p, i in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    )
    is_chain = world.task == "composition"
    between = fed[1:-1].max(dim=-1) if is_chain else None
    bridges = (
        tuple(
            Guess(world.vocabulary.words[i], p)
            for p, i in zip(between.values.tolist(), between.indices.tolist(), strict=True)
        )
        if between
        else ()
    )
    path, hops = follow(world, tokens) if is_chain else ([], [])
    known = is_chain and len(path) == len(tokens) - 1
    looked_up = answer_in_splits(world, tokens)
    truth = path[-1] if known else looked_up
    return Answer(
        question=names,
        answers=guesses,
        bridges=bridges,
        truth=None if truth is None else world.vocabulary.words[truth],
        true_bridges=tuple(world.vocabulary.decode(path[: len(tokens) - 2])),
        hops=tuple(hops),
        shown=was_shown(world, tokens),
        notes=tuple(notes_on(model, world, tokens, hops)),
    )


def check_top(top: int) -> None:
    """Raises: LatebloomError if no answer is wanted."""
    if top < 1:
        raise LatebloomError(f"--top is {top}; ask for 1 answer or more")


def ask_comparison(model: Transformer, world: World, tokens: Sequence[int], top: int) -> Answer:
    """Puts `attribute e1 e2` to a model; the labels' probabilities are their shares of the three.

    Raises: LatebloomError if it is no comparison.
    """
    check_comparison(world, tokens)
    guesses, mass = label_guesses(world, think(model, tokens)[0])
    attribute, first, second = tokens
    at = world.facts.find(np.array([first, second]), np.array([attribute, attribute]))
    truth = answer_in_splits(world, tokens)
    if truth is None and (at >= 0).all():
        values = world.facts.object[at]
        truth = len(world.vocabulary) - len(LABELS) + int(compare(values[:1], values[1:])[0])
    return Answer(
        question=tuple(world.vocabulary.decode(tokens)),
        answers=guesses[:top],
        bridges=(),
        truth=None if truth is None else world.vocabulary.words[truth],
        true_bridges=(),
        hops=(),
        shown=was_shown(world, tokens),
        notes=tuple(notes_on_comparison(world, tokens, at, mass)),
    )


def label_guesses(
    world: World, probabilities: Float[Tensor, " d_vocab"]
) -> tuple[tuple[Guess, ...], float]:
    """The labels by their shares of the three, the likeliest first; and what the three sum to."""
    of_labels = probabilities[-len(LABELS) :]
    mass = float(of_labels.sum())
    shares = (of_labels / max(mass, 1e-12)).tolist()
    guesses = map(Guess, world.vocabulary.words[-len(LABELS) :], shares)
    return tuple(sorted(guesses, key=lambda guess: -guess.probability)), mass


def check_comparison(world: World, tokens: Sequence[int]) -> None:
    """Raises: LatebloomError, with the way to ask, if the tokens are no comparison."""
    trained = [rows for rows in map(world.examples, world.trained) if rows.shape[1] == 4]
    asked = np.concatenate(trained)[:, 0] if trained else world.facts.relation
    attributes = world.vocabulary.decode(np.unique(asked))
    some = ", ".join(attributes[:5]) + (", ..." if len(attributes) > 5 else "")
    way = f"this run compares: ask ATTRIBUTE ENTITY ENTITY, as in {attributes[0]} "
    way += " ".join(world.vocabulary.words[:2])
    if len(tokens) != 3:
        raise LatebloomError(f"{len(tokens)} names are no question; {way}")
    first, *others = world.vocabulary.decode(tokens)
    if tokens[0] not in asked:
        raise LatebloomError(f"{first!r} is no attribute ({some}); {way}")
    for token, name in zip(tokens[1:], others, strict=True):
        if token in asked or token not in world.facts.subject:
            raise LatebloomError(f"{name!r} is no entity that anything was told of; {way}")


def notes_on_comparison(
    world: World, tokens: Sequence[int], at: Int[np.ndarray, " entity"], mass: float
) -> list[str]:
    """What the model had been told of the values, where it is not the usual.

    tokens: the attribute and the entities whose values the model is to know.
    at: the facts that hold the values, -1 where there is none. mass: the labels' probability.
    """
    told = "its value was told, but compared with none"
    if world.task == "hidden-attributes":
        told = "its value was never told"
    attribute, *entities = world.vocabulary.decode(tokens)
    notes = [
        f"{attribute} of {entity}: {'no value is known' if fact < 0 else told}"
        for entity, fact in dict(zip(entities, at.tolist(), strict=True)).items()
        if fact < 0 or world.facts.ood[fact]
    ]
    if mass < 0.5:
        notes.append(f"the model takes it for no comparison: {mass:.0%} on the three answers")
    return notes


@torch.no_grad()
def think(
    model: Transformer, tokens: Sequence[int]
) -> tuple[Float[Tensor, " d_vocab"], Float[Tensor, "pos d_vocab"]]:
    """Probabilities of the answer, and at every position those that the last loop was fed."""
    device = model.device
    model.eval()
    question = torch.tensor([list(tokens)], device=device)
    loops = loops_needed(model.config, len(tokens))
    logits = model(question, n_loops=loops).logits.float().softmax(-1)[:, 0].cpu()
    fed = logits[-2] if len(logits) > 1 else logits[-1]
    return logits[-1, -1], fed


def follow(world: World, tokens: Sequence[int]) -> tuple[list[int], list[str]]:
    """The objects along a chain as far as the facts go, and the kind of every hop."""
    path, hops, here = [], [], tokens[0]
    for relation in tokens[1:]:
        fact = int(world.facts.find(np.array([here]), np.array([relation]))[0])
        if fact < 0:
            break
        hops.append("ood" if world.facts.ood[fact] else "id")
        here = int(world.facts.object[fact])
        path.append(here)
    return path, hops + ["unknown"] * (len(tokens) - 1 - len(hops))


def rows_of(world: World, split: str, tokens: Sequence[int]) -> np.ndarray:
    """The examples of a split that ask exactly this."""
    rows = world.examples(split)
    if rows.shape[1] != len(tokens) + 1:
        return rows[:0]
    return rows[(rows[:, :-1] == np.asarray(tokens)).all(axis=1)]


def was_shown(world: World, tokens: Sequence[int]) -> bool:
    return any(len(rows_of(world, split, tokens)) for split in world.trained)


def answer_in_splits(world: World, tokens: Sequence[int]) -> int | None:
    """The answer that some split gives to this question, if one does."""
    for split in world.splits:
        rows = rows_of(world, split, tokens)
        if len(rows):
            return int(rows[0, -1])
    return None


def notes_on(
    model: Transformer, world: World, tokens: Sequence[int], hops: Sequence[str]
) -> list[str]:
    """What is unusual about a question."""
    notes = []
    longest = max(world.examples(split).shape[1] for split in world.trained) - 1
    if len(tokens) > longest:
        how = (
            f"{loops_needed(model.config, len(tokens))} loops were run"
            if model.feedback.looped
            else "this model has no more loops to run than it was trained with"
        )
        notes.append(f"{len(tokens) - 1} hops; training had {longest - 1} at most ({how})")
    if "unknown" in hops:
        notes.append("the facts hold no answer: some hop asks for what was never told")
    return notes
