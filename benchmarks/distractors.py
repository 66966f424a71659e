"""Runs of chains, asked behind facts that have nothing to do with the question.

    python -m benchmarks.distractors RUN ...  [--facts 0,1,2,4] [--questions 1000]

Before each test question stand so many true facts (`e5 r2 e9 .`), drawn as a world with
`world.distractors` draws them, whatever the run was trained on. A run that was trained without any
has no word that ends them; the word that ends its questions stands there, and as a second trial the
one between names. A world laid out without either is refused. Prints the shares that are right;
leaves nothing.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from latebloom.errors import LatebloomError
from latebloom.evaluation.accuracy import correct_rows, loops_for
from latebloom.run import Run, load
from latebloom.worlds.data import as_world
from latebloom.worlds.splits import Split
from latebloom.worlds.tasks.chain import ChainTask
from latebloom.worlds.tasks.layout import Layout
from latebloom.worlds.world import World

SPLITS = (Split.ATOMIC_ID, Split.ATOMIC_OOD, Split.TRAIN_INFERRED, Split.TEST_ID, Split.TEST_OOD)
"""What is asked."""


def stops_of(layout: Layout) -> list[int]:
    """The tokens that may end a fact before a question.

    Raises: LatebloomError if a run has none.
    """
    if layout.facts:
        return [layout.stop]
    if not layout.has_fillers:
        raise LatebloomError("this run has no word but names, so nothing can end a fact")
    return [layout.end, layout.of]


def share_right(
    run: Run, world: World, task: ChainTask, split: str, layout: Layout, n: int
) -> float:
    """How many of at most `n` questions are answered, laid out so."""
    names = world.named(split)
    names = names[:: max(1, len(names) // n)][:n]
    asked = replace(task, layout=layout)
    questions = asked.preceded(world.facts, asked.lay(names[:, :-1]))
    rows = np.concatenate((questions, names[:, -1:]), axis=1)
    loops = loops_for(run.model, asked, questions.shape[1])
    return float(correct_rows(run.model, rows, loops).mean())


def measure(folder: Path, facts: Sequence[int], n: int) -> None:
    """Prints the shares of one run."""
    run = load(folder)
    world = as_world(run.data, folder)
    task = world.task
    if type(task) is not ChainTask:
        raise LatebloomError(f"{folder} asks no chains over facts of one answer")
    for stop in stops_of(task.layout):
        print(f"{folder}, each fact ended by {world.vocabulary.words[stop]!r}")
        print("facts before", *SPLITS, sep="\t")
        for count in facts:
            layout = replace(task.layout, facts=count, stop=stop, salt=task.layout.salt or 1)
            some = [share_right(run, world, task, split, layout, n) for split in SPLITS]
            print(count, *(f"{share:.3f}" for share in some), sep="\t", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs asked behind facts before the question.")
    parser.add_argument("runs", nargs="+", type=Path, help="run folders")
    parser.add_argument("--facts", default="0,1,2,4", help="how many stand before a question")
    parser.add_argument("--questions", type=int, default=1000, help="of a split, at most")
    options = parser.parse_args()
    for folder in options.runs:
        measure(folder, [int(count) for count in options.facts.split(",")], options.questions)


if __name__ == "__main__":
    main()
