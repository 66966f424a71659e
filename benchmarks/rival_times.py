"""How long the grown model and its rivals take for one question.

`python -m benchmarks.rival_times RUN` puts hard questions of a grown `hidden-attributes` run to the
model and to every rival that needs no language model, one at a time, and writes
`results/rival_times.md`: CPU milliseconds until a rival is ready to be asked, and for a question.
CPU time, not wall time: it is the same beside busy neighbours.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from math import inf
from pathlib import Path

import numpy as np
from jaxtyping import Int
from numpy import ndarray

import latebloom
from latebloom.evaluation.accuracy import correct_rows, loops_for
from latebloom.rivals.bounds import BoundsRule, MajorityRule
from latebloom.rivals.bradley_terry import BradleyTerry
from latebloom.rivals.contest import asked
from latebloom.rivals.memory import Memory
from latebloom.rivals.reasoning import GraphQuery, Symbolic, SymbolicOnScale
from latebloom.rivals.reply import Rival
from latebloom.rivals.retrieval import Bm25, Retrieval
from latebloom.worlds.data import as_world
from latebloom.worlds.splits import Split

PAGE = Path(__file__).resolve().parent.parent / "results" / "rival_times.md"
QUESTIONS = 50
HEAD = f"""\
# Milliseconds for one question

CPU milliseconds on one core, printed by `python -m benchmarks.rival_times RUN`: until the rival is
ready to be asked, given the facts (of the model that is its training), and the median of
{QUESTIONS} hard questions asked one at a time.

| rival | ready | a question |
|---|---:|---:|
"""

Rows = Int[ndarray, "row 4"]


def spent(call: Callable[[], object]) -> float:
    """CPU milliseconds of a call."""
    begun = time.process_time_ns()
    call()
    return (time.process_time_ns() - begun) / 1e6


def retrieval(k: int, rounds: float) -> Callable[[Memory], Rival]:
    """What makes retrieval by words ready."""
    return lambda memory: Retrieval(memory, Bm25(memory.texts), k=k, rounds=rounds)


MAKERS: tuple[Callable[[Memory], Rival], ...] = (
    *(BoundsRule, MajorityRule, BradleyTerry, SymbolicOnScale, GraphQuery, Symbolic),
    *(retrieval(k, rounds) for k, rounds in ((20, 1), (20, 2), (20, inf), (100, inf), (200, inf))),
)


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    run = latebloom.load(sys.argv[1], device="cpu")
    world = as_world(run.world, sys.argv[1])
    rows = asked(world, Split.TEST_HARD, QUESTIONS)
    loops = loops_for(run.model, world.task, rows.shape[1] - 1)

    def line(name: str, ready: str, ask: Callable[[Rows], object]) -> str:
        ask(rows[:1])  # the first question is not the usual one
        each = [spent(partial(ask, one)) for one in np.split(rows, len(rows))]
        return f"| {name} | {ready} | {np.median(each):.2g} |"

    lines = [line("grown model", "-", partial(correct_rows, run.model, n_loops=loops))]
    memory = Memory.of(world)
    for make in MAKERS:
        begun = time.process_time()
        rival = make(memory)
        ready = f"{1000 * (time.process_time() - begun):.0f}"
        lines.append(line(rival.name, ready, lambda one, rival=rival: rival.answer(one[:, :-1])))
        print(lines[-1], flush=True)
    PAGE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
