"""Pictures in place of the laboratory, for a model that its page cannot hold or run.

Enters: a run folder. Leaves: a few questions, or lines, with what every state says of them (the
logit lens) at a few checkpoints, worked out here and written into the page as tables. Nothing of it
can be changed in the page.

What is asked and what is right is told by `latebloom.reports.recorded_questions` and
`latebloom.reports.recorded_lines`.

Covers: runs on facts (one answer or sets, names of one token or of several, facts before the
questions) and runs on sentences. Does not cover: runs with parts or tasks of one's own.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.errors import LatebloomError
from latebloom.neutral import neutral
from latebloom.reports.laboratory import checkpoint, curves_of
from latebloom.reports.packing import MOST_CHARACTERS, most_telling
from latebloom.reports.recorded_lines import lines_of
from latebloom.reports.recorded_look import LONGEST_NAME, Look, Recordable, Wording, cut
from latebloom.reports.recorded_questions import questions_of
from latebloom.reports.recording import Record
from latebloom.training.opened import load_model
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.world import World

MOST_CHECKPOINTS = 5
"""Checkpoints at which they are recorded. Each is loaded whole, so few of a large model are."""
ROOM = MOST_CHARACTERS // 2
"""Bytes of a page that all pictures have together: half of what weights may take."""
MOST_CELLS = 2_000
"""Cells of one picture. Of a model with more layers some, evenly spread, are shown."""
BYTES_OF_NAME = 6 * LONGEST_NAME
"""Bytes that a name takes in a page at most: a quotation mark is written with five, or six."""
MARKUP, MARKUP_OF_CELL = 4_000 + 20 * BYTES_OF_NAME, 240
"""Bytes that a picture takes besides its cells, and each cell besides its name; at most."""

RECORDED: Mapping[str, Callable[[Any], Sequence[Recordable]]] = {
    World.reads: questions_of,
    Corpus.reads: lines_of,
}
"""What is recorded, by what a run's model reads."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a model says of a question at one checkpoint."""

    step: int
    phase: str
    look: Look


@dataclass(frozen=True, slots=True)
class Question:
    """A recorded question or line. split: where it comes from. tokens: as the model reads them.
    told: what is known of it (`Recordable.told`). shown: whether training showed it, as a
    sentence."""

    split: str
    tokens: Sequence[str]
    told: Sequence[tuple[str, Sequence[str]]]
    shown: str
    snapshots: Sequence[Snapshot]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded of a run. Each question has a snapshot at every step."""

    wording: Wording
    steps: Sequence[int]
    questions: Sequence[Question]


def record_run(run_dir: Path, records: Sequence[Record]) -> Recorded | None:
    """The recorded questions of a run; None where nothing of it can be recorded."""
    try:
        folder = RunFolder.open(run_dir)
        config, data = folder.config(), folder.data()
        asked = list(RECORDED[data.reads](data))
        found = {one.step: one for one in folder.checkpoints()}
        room, looks = ROOM, dict[int, list[Look]]()
        for step in most_telling(sorted(found), curves_of(records), MOST_CHECKPOINTS):
            model = load_model(config, data, found[step])  # one at a time: they are large
            seen = [with_room(one.look(model)) for one in asked]
            if not looks:  # the newest: as many questions as leave room for another checkpoint
                asked, seen = some_of(asked, seen, room // 2)
            room -= sum(map(size_of, seen))
            if room < 0:
                break
            looks[step] = seen
    except LatebloomError:  # parts or tasks of one's own, damaged weights
        return None
    steps = sorted(looks)
    if not steps or not asked:
        return None
    return Recorded(
        asked[0].wording,
        steps,
        [
            Question(
                one.split,
                [cut(word) for word in one.tokens],
                [(kind, [cut(name) for name in names]) for kind, names in one.told],
                one.shown,
                [
                    Snapshot(step, checkpoint(step, records)["phase"], looks[step][i])
                    for step in steps
                ],
            )
            for i, one in enumerate(asked)
        ],
    )


def with_room(look: Look) -> Look:
    """A look with as many of its rows as a picture may have, the first and the last among them."""
    rows = look.rows
    most = max(2, MOST_CELLS // max(1, len(rows[0][1])))
    kept = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)
    return replace(look, rows=[rows[i] for i in kept])


def some_of(
    asked: list[Recordable], seen: list[Look], room: int
) -> tuple[list[Recordable], list[Look]]:
    """The first questions with their looks, as many as there is room for; one at least."""
    ends = np.cumsum([size_of(look) for look in seen])
    n = max(1, int(np.searchsorted(ends, room, side="right")))
    return asked[:n], seen[:n]


def size_of(look: Look) -> int:
    """Bytes that a look takes in a page, at most: every word of the question stands in it three
    times, and is no longer than `LONGEST_NAME` characters."""
    cells = [cell for _, row in look.rows for cell in row]
    named = sum(MARKUP_OF_CELL + bytes_of(cell.name) for cell in [*cells, *look.says])
    words = 3 * BYTES_OF_NAME * max(len(row) for _, row in look.rows)
    trees = len(look.trees.address) + len(json.dumps(look.trees.behind)) if look.trees else 0
    return MARKUP + words + named + trees


def bytes_of(name: str) -> int:
    """Bytes that a name takes in a page."""
    return len(escape(neutral(name)).encode())
