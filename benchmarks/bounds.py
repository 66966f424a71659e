"""What bounds alone tell of hidden values: the rule that a trained model has to be seen beside.

`python -m benchmarks.bounds` makes the worlds of `hidden-attributes` (seeds 100 to 104) and of
`hidden-attributes-paper` (seed 100), puts their held-out questions to the bounds rule, to exact
inference, and to exact inference that knows the scale, and writes `results/bounds.md`. Nothing is
trained.
"""

import argparse
import time

import numpy as np

from benchmarks.record import RESULTS, in_words, provenance
from latebloom.intervals import wilson
from latebloom.recipes.catalogue import FRESH, make_recipe
from latebloom.rivals.bounds import BoundsRule
from latebloom.rivals.memory import Memory
from latebloom.rivals.reasoning import Symbolic, SymbolicOnScale
from latebloom.worlds.build import build_world
from latebloom.worlds.data import as_world
from latebloom.worlds.splits import Split

SPLITS = (Split.TEST_ID, Split.TEST_HARD, Split.TEST_EASY, Split.TEST_UNDECIDABLE)
RUNS = [
    *(("hidden-attributes", seed) for seed in range(FRESH, FRESH + 5)),
    ("hidden-attributes-paper", FRESH),
]


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    made = provenance()
    lines = ["| world | seed | rival | ms a question |", "|---|---|---|---:|"]
    for split in SPLITS:
        lines[0] += f" {split} |"
        lines[1] += "---|"
    for recipe, seed in RUNS:
        world = as_world(build_world(make_recipe(recipe).world, seed), recipe)
        memory = Memory.of(world)
        for rival in (BoundsRule(memory), SymbolicOnScale(memory), Symbolic(memory)):
            cells, asked, begun = [], 0, time.perf_counter()
            for split in SPLITS:
                rows = world.examples(split)
                said = np.array([reply.answer for reply in rival.answer(rows[:, :-1])])
                right, n = int((said == rows[:, -1]).sum()), len(rows)
                low, high = wilson(right, n)
                cells.append(f"{right} of {n} ({100 * low:.1f} to {100 * high:.1f})")
                asked += n
            each = 1000 * (time.perf_counter() - begun) / asked
            lines.append(f"| {recipe} | {seed} | {rival.name} | {each:.3f} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    head = (
        "# Hidden values by their bounds\n\n"
        "Printed by `python -m benchmarks.bounds`: right answers, with Wilson's 95 % interval in"
        " percent. What is not right is wrong for the bounds rule, which always answers, and"
        f" `cannot decide` for exact inference. {in_words(made)}\n\n"
    )
    (RESULTS / "bounds.md").write_text(head + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
