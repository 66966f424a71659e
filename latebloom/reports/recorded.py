"""Pictures in place of the laboratory, for a model that its page cannot hold.

Enters: a run folder. Leaves: a few questions with what every state says of them (the logit lens) at
a few checkpoints, worked out here and written into the page as tables. Nothing of it can be changed
in the page; `latebloom explore` asks such a model.

Covers: runs on facts whose names are one token. Does not cover: sentences, names of several tokens,
runs with parts or tasks of one's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latebloom.circuits.look import Glimpse, look_at
from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.reports.laboratory import checkpoint, curves_of, shown
from latebloom.reports.packing import telling
from latebloom.reports.recording import Record
from latebloom.training.opened import load_model, open_run
from latebloom.worlds.world import World

MOST_QUESTIONS = 4
"""Questions that are recorded: the first of each split by which the run is judged, and of the
trained one."""
MOST_CHECKPOINTS = 5
"""Checkpoints at which they are recorded. Each is loaded whole, so few of a large model are."""
LONGEST_NAME = 40
"""Characters of a name that are shown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one state says: its likeliest name, and how probable that is; role: what it is to the
    question, `answer` or nothing."""

    name: str
    probability: float
    role: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A question at one checkpoint. rows: what a row is called, and a cell for each token."""

    step: int
    phase: str
    rows: Sequence[tuple[str, Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Question:
    """A recorded question. split: where it comes from. trained: whether training showed it.
    tokens: as the model reads them. answers: those that are right."""

    split: str
    trained: bool
    tokens: Sequence[str]
    answers: Sequence[str]
    pictures: Sequence[Picture]


def record_questions(run_dir: Path, records: Sequence[Record]) -> list[Question]:
    """The recorded questions of a run; none where nothing of it can be recorded."""
    try:
        run = open_run(run_dir)
        world = run.world
        if world.task.spelled is not None:
            return []
        found = {one.step: one for one in run.folder.checkpoints()}
        steps = telling(sorted(found), curves_of(records), MOST_CHECKPOINTS)
        asked = [(split, world.examples(split)[0, :-1].tolist()) for split in splits_of(world)]
        pictures: list[list[Picture]] = [[] for _ in asked]
        for step in steps:  # one model at a time: they are large
            model = load_model(run.config, run.data, found[step])
            phase = checkpoint(step, records)["phase"]
            for (split, tokens), drawn in zip(asked, pictures, strict=True):
                drawn.append(picture_of(model, world, split, tokens, step, phase))
        return [
            Question(
                split,
                split in world.trained,
                [cut(word) for word in world.vocabulary.decode(tokens)],
                [cut(word) for word in sorted(answers_of(world, split))],
                drawn,
            )
            for (split, tokens), drawn in zip(asked, pictures, strict=True)
        ]
    except LatebloomError:  # parts or tasks of one's own, sentences, damaged weights
        return []


def splits_of(world: World) -> list[str]:
    """The splits of which the first question is recorded, the hardest first."""
    asked = [name for name in shown(world) if len(world.splits[name])]
    judged = [name for name in asked if world.meaning(name).judged and name in world.tested]
    trained = [name for name in asked if name in world.trained]
    return [*reversed(judged[-MOST_QUESTIONS + 1 :]), *trained[-1:]]


def answers_of(world: World, split: str) -> set[str]:
    """The right answers to the first question of a split."""
    if world.task.several:
        answers = world.answers(split, slice(1))
        return set(world.vocabulary.decode(answers.member.tolist()))
    return set(world.vocabulary.decode(world.examples(split)[0, -1:].tolist()))


def picture_of(
    model: Transformer, world: World, split: str, tokens: Sequence[int], step: int, phase: str
) -> Picture:
    """What every state of a model says of the first question of a split."""
    glimpses = look_at(model, world, world.vocabulary.decode(list(tokens)))
    right, loops = answers_of(world, split), max(one.loop for one in glimpses)
    rows = [
        (
            row_name(one, loops),
            [
                Cell(cut(said.name), said.probability, "answer" if said.name in right else "")
                for said in one.guesses
            ],
        )
        for one in glimpses
    ]
    return Picture(step, phase, rows)


def row_name(glimpse: Glimpse, loops: int) -> str:
    """A boundary between layers, as the laboratory calls it."""
    where = "enters" if glimpse.layer == 0 else f"after layer {glimpse.layer}"
    return f"loop {glimpse.loop}, {where}" if loops > 1 else where


def cut(name: str) -> str:
    """A name, of which no more is shown than can be read."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
