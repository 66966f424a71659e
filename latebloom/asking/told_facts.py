"""Asking over what was trained on and what was told since: parametric and non-parametric memory.

Enters: a model, its world, facts told after training, and a chain as the world lays it out (fillers
may be left out). Leaves: an `Answer` whose `hops` and `notes` say which hop came from which memory.

The chain is walked hop by hop. If the new facts hold (current entity, relation), exactly, they
give the next entity; else the model is asked. A looped model is asked all hops that its vocabulary
allows at once: it composes them in its weights, and its bridges tell where a new fact enters. Any
other model is asked one hop at a time, since it composes no further than it was trained to.

A new fact is believed over a trained one. An entity that the model has no token for is reached
and left through new facts alone. A hop that the model takes wrongly leads the rest astray.

Covers: worlds whose questions are chains. Does not cover: comparisons
(`latebloom.asking.told_values`), learning (no weight changes), finding facts by likeness
(`latebloom.rivals`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latebloom.asking.answer import (
    Answer,
    Guess,
    check_top,
    guess,
    read_bridges,
    readable_steps,
    think,
    was_shown,
)
from latebloom.errors import FactsError, LatebloomError, UnknownNameError
from latebloom.model.transformer import Transformer
from latebloom.worlds.chains.files import FactTable, read_facts
from latebloom.worlds.tasks.chain import check_length, check_relation
from latebloom.worlds.tasks.task import Told
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class NewFacts:
    """Facts told after training, by name.

    source: where they come from, for messages. object: of each (subject, relation).
    """

    source: str
    object: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, table: FactTable, vocabulary: Vocabulary) -> "NewFacts":
        """The rows of a table; a name that the model knows is spelled as the model knows it.

        Raises: FactsError if a subject and relation have two objects.
        """
        objects: dict[tuple[str, str], str] = {}
        for row in range(len(table)):
            subject, relation, object_ = (spell(name, vocabulary) for name in table.names(row))
            before = objects.setdefault((subject, relation), object_)
            if before != object_:
                raise FactsError(
                    f"{table.source}: {subject} {relation} is both {before} and {object_};"
                    " keep one of them"
                )
        return cls(table.source, objects)

    @property
    def names(self) -> tuple[str, ...]:
        """All names in the facts, in order of appearance."""
        return tuple(dict.fromkeys(n for (s, r), o in self.object.items() for n in (s, r, o)))


@dataclass(frozen=True, slots=True)
class Step:
    """One hop as it was taken: by the model with this probability, or by a new fact."""

    subject: str
    relation: str
    object: Guess
    is_new: bool


def load_new_facts(path: Path, vocabulary: Vocabulary) -> NewFacts:
    """Reads a file of facts (CSV, TSV, JSON Lines, N-Triples).

    Raises: FactsError for the file, or if two of its facts contradict each other.
    """
    return NewFacts.of(read_facts(path), vocabulary)


def spell(name: str, vocabulary: Vocabulary) -> str:
    """The name as the vocabulary has it, letter case forgiven; unchanged if it has it not."""
    try:
        return vocabulary.words[vocabulary.id(name)]
    except UnknownNameError:
        return name


def ask_both(
    model: Transformer, world: World, new: NewFacts, question: Sequence[str], top: int = 5
) -> Answer:
    """Puts a chain, in names, to a model and the new facts together.

    top: how many answers to give; a hop that a new fact answers has one. The truth is what trained
    and new facts say together, the new ones first; `hops` are those that were taken.
    Raises: UnknownNameError for a name in neither memory; LatebloomError if it is no chain, or a
    hop asks the model about what it has no token for.
    """
    check_top(top)
    if not world.task.chained:
        raise LatebloomError("new facts enter a chain hop by hop, and this run asks no chains")
    if world.task.spelled is not None:
        raise LatebloomError(
            "new facts enter a chain name by name, and the names of this run have several tokens;"
            " ask it without them"
        )
    names = read_chain(world, new, question)
    check_relations(world, new, names)
    steps, answers = walk(model, world, new, names, top)
    path = true_path(world, new, names)
    hops = [
        "new" if step.is_new else told_of(world, step.subject, step.relation).hops[0]
        for step in steps
    ]
    return Answer(
        question=tuple(lay(world, names)),
        names=tuple(names),
        answers=answers,
        bridges=tuple(step.object for step in steps[:-1]),
        truth=path[-1] if len(path) == len(steps) else None,
        true_bridges=tuple(path[: len(steps) - 1]),
        hops=tuple(hops),
        shown="new" not in hops and was_shown(world, encode(world, names)),
        notes=tuple(notes_on_steps(world, new, steps, hops)),
    )


def read_chain(world: World, new: NewFacts, question: Sequence[str]) -> list[str]:
    """The names of a chain, subject first, as the memories have them.

    Raises: UnknownNameError for a name in neither memory; LatebloomError if it is no chain.
    """
    found = [find_name(name, world.vocabulary, new) for name in question]
    both = of_both(world.vocabulary, new)
    tokens = world.task.written(both.encode(found))
    names = both.decode(world.task.names(np.array([tokens]))[0].tolist())
    check_length(len(names))
    return names


def lay(world: World, names: Sequence[str]) -> list[str]:
    """A chain in names, subject first, as its question is asked."""
    both = Vocabulary(tuple(dict.fromkeys((*world.vocabulary.words, *names))))
    laid = world.task.lay(np.array([both.encode(names)]))
    return both.decode(world.task.itself(laid)[0].tolist())


def check_relations(world: World, new: NewFacts, names: Sequence[str]) -> None:
    """Whether each name after the subject is a relation, of the new facts or of the trained ones.

    Raises: LatebloomError naming the one that is none, and the relations that are like it.
    """
    told = {relation for _, relation in new.object}
    for position, name in enumerate(names[1:], start=1):
        if name not in told and name in world.vocabulary.words:
            token = world.vocabulary.id(name)
            check_relation(token, f"relation {position}", world.facts, world.vocabulary)


def find_name(name: str, vocabulary: Vocabulary, new: NewFacts) -> str:
    """A name as one of the memories has it, letter case forgiven.

    Raises: UnknownNameError, with the nearest names of both.
    """
    spelled = spell(name, vocabulary)
    if spelled in vocabulary.ids:
        return spelled
    both = of_both(vocabulary, new)
    return both.words[both.id(name)]


def of_both(vocabulary: Vocabulary, new: NewFacts) -> Vocabulary:
    """The names that the model has tokens for, then those of the new facts alone."""
    unknown = tuple(n for n in new.names if n not in vocabulary.ids)
    return Vocabulary((*vocabulary.words, *unknown))


def walk(
    model: Transformer, world: World, new: NewFacts, names: Sequence[str], top: int
) -> tuple[list[Step], tuple[Guess, ...]]:
    """The hops as they are taken, and the guesses at the answer."""
    steps: list[Step] = []
    answers: tuple[Guess, ...] = ()
    here, relations = names[0], list(names[1:])
    while relations:
        known = new.object.get((here, relations[0]))
        if known is not None:
            steps.append(Step(here, relations[0], Guess(known, 1.0), is_new=True))
            answers = (steps[-1].object,)
        else:
            run, answers = ask_run(model, world, new, here, relations, top)
            steps += run
        here = steps[-1].object.name
        relations = list(names[1 + len(steps) :])
    return steps, answers


def ask_run(
    model: Transformer,
    world: World,
    new: NewFacts,
    here: str,
    relations: Sequence[str],
    top: int,
) -> tuple[list[Step], tuple[Guess, ...]]:
    """The hops that the model takes from an entity on until a new fact enters, one at least.

    Raises: LatebloomError if the model has no token for the entity or the first relation.
    """
    ids = world.vocabulary.ids
    for name in (here, relations[0]):
        if name not in ids:
            raise LatebloomError(
                f"the model has no token for {name!r}, and {new.source} does not tell"
                f" {here} {relations[0]}; add that fact"
            )
    n_tokens = world.task.lay(np.zeros((1, 1 + len(relations)), np.int64)).shape[1]
    composes = model.feedback.looped and bool(readable_steps(model, world.task, n_tokens))
    most = len(relations) if composes else 1
    known = next((i for i, r in enumerate(relations[:most]) if r not in ids), most)
    asked = relations[:known]
    tokens = encode(world, [here, *asked])
    probabilities, fed = think(model, world.task, tokens)
    bridges = read_bridges(fed, readable_steps(model, world.task, len(tokens)), world.vocabulary)
    answers = guess(probabilities, (), world.vocabulary, top)[0]
    steps = []
    for hop, relation in enumerate(asked, start=1):
        is_last = hop == len(asked)
        taken = answers[0] if is_last else bridges[hop - 1]
        steps.append(Step(here, relation, taken, is_new=False))
        here = taken.name
        if not is_last and (here, asked[hop]) in new.object:
            return steps, (taken,)
    return steps, answers


def told_of(world: World, subject: str, relation: str) -> Told:
    """What the trained facts say of one hop, given by names that the vocabulary may lack."""
    ids = world.vocabulary.ids
    if subject not in ids or relation not in ids:
        return Told(hops=("unknown",))
    return world.task.tell(world.facts, encode(world, [subject, relation]), world.vocabulary)


def true_path(world: World, new: NewFacts, names: Sequence[str]) -> list[str]:
    """The objects along the chain as far as both memories' facts go, the new ones first."""
    path, here = [], names[0]
    for relation in names[1:]:
        known = new.object.get((here, relation))
        if known is None:
            told = told_of(world, here, relation).answer
            if told is None:
                break
            known = world.vocabulary.words[told]
        path.append(known)
        here = known
    return path


def notes_on_steps(
    world: World, new: NewFacts, steps: Sequence[Step], hops: Sequence[str]
) -> list[str]:
    """Which hop came from which memory, and what is unusual about it."""
    notes = []
    for number, (step, kind) in enumerate(zip(steps, hops, strict=True), start=1):
        hop = f"hop {number}, {step.subject} {step.relation}"
        if not step.is_new:
            doubt = "; the trained facts do not tell it" if kind == "unknown" else ""
            notes.append(f"{hop}: from the model{doubt}")
            continue
        told = told_of(world, step.subject, step.relation).answer
        before = None if told is None else world.vocabulary.words[told]
        other = f"; training had {before}" if before not in (None, step.object.name) else ""
        notes.append(f"{hop}: from {new.source}{other}")
    return notes


def encode(world: World, names: Sequence[str]) -> list[int]:
    """The tokens of a chain's question, from names that are all in the vocabulary."""
    row = np.array([[world.vocabulary.ids[name] for name in names]])
    return world.task.preceded(world.facts, world.task.lay(row))[0].tolist()
