"""The runs of the golden records: every family, short; and the tiny runs that are kept whole.

Enters: nothing. Leaves: `FAMILIES` and `OLD_RUNS`, names of runs with what is set for each, and
`write_made_files`, which makes the files of facts, numbers and trees that some of them read.

What is shrunk is the number of steps and, where a family would take long, the width, the batch or
the corpus: a run takes a few seconds and still goes through all the code of its kind.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Family:
    """Runs that go one way through the code.

    settings: what is set besides the recipe's, as text; `{files}` is the folder of made files.
    needs: the package that its world comes from.
    """

    recipe: str
    settings: Mapping[str, str] = field(default_factory=dict)
    is_sentences: bool = False
    needs: str = "numpy"


# Early on five checkpoints are saved where later there is one: so these are 0, 15 and 30. The
# middle one lies between two evaluations, where a resumed run must know the losses so far.
SHORT = {
    "train.steps": "30",
    "train.eval_every": "10",
    "train.checkpoint_every": "75",
    "train.warmup_steps": "5",
    "train.probe": "100",
    "train.until": "",
}
FEW_LINES = {"world.train": "2000", "world.test_id": "200", "world.test_ood": "200"}
FEW_APART = FEW_LINES | {"world.test_apart": "200"}
TINY = {
    "world.entities": "12",
    "world.relations": "4",
    "world.out_degree": "4",
    "world.ood_frac": "0.2",
    "world.phi": "2",
    "world.test_id_frac": "0.1",
    "model.d_model": "32",
    "model.n_heads": "2",
    "train.batch_size": "32",
}
"""A composition world of 48 facts."""
NARROW = {"model.d_model": "64", "train.batch_size": "64"}
WIDE = {"model.window": "0", "model.n_layers": "2"}
"""Every token sees all earlier ones; with a window of 2, positions hardly tell on anything."""

SETTINGS: dict[str, dict[str, str]] = {
    "feedback-added": {"model.feedback": "added"},
    "feedback-gated": {"model.feedback": "gated"},
    "feedback-restart": {"model.feedback": "restart"},
    "positions-relative": WIDE,
    "positions-rotary": WIDE | {"model.positions": "rotary"},
    "positions-none": WIDE | {"model.positions": "none"},
    "positions-sinusoidal": WIDE | {"model.positions": "sinusoidal"},
    "positions-learned": WIDE | {"model.positions": "learned"},
    "window-3": {"model.window": "3"},
    "post-relu": {"model.norm": "post", "model.activation": "relu", "model.n_layers": "2"},
    "untied": {"model.tied": "false"},
    "loops-3": {"model.n_loops": "3"},
    "dropout": {"model.dropout": "0.2"},
    "adamw": {"train.optimizer": "adamw", "train.schedule": "constant"},
    "cosine": {"train.schedule": "cosine"},
    "average": {"train.average_frac": "0.3"},
    "label-smoothing": {"train.label_smoothing": "0.1"},
    "atomic-frac-0": {"feed.atomic_frac": "0"},
    "last-loop-only": {"feed.every_loop": "false"},
    "bf16": {"train.precision": "bf16"},
    "augmented": {"world.augment": "both", "world.identity_bridge": "true"},
    "four-hops": {"world.hops": "3", "world.test_hops": "4", "model.n_loops": "3"},
}
"""What no recipe sets, or only a large one, each on the tiny world."""

FAMILIES: dict[str, Family] = {
    "composition": Family("composition"),
    "composition-hops": Family("composition-hops", NARROW | {"world.max_test": "300"}),
    "composition-vanilla": Family("composition-vanilla", NARROW),
    "composition-shared": Family("composition-shared", NARROW),
    "comparison": Family("comparison", {"world.max_test": "500"}),
    "comparison-vanilla": Family("comparison-vanilla", NARROW | {"world.max_test": "500"}),
    "elements": Family("elements", {"world.max_test": "500"}, needs="mendeleev"),
    "hidden-attributes": Family("hidden-attributes", {"world.max_test": "300"}),
    "facts": Family("facts", {"world.facts": "{files}/facts.csv", "world.many_valued": "drop"}),
    "numeric-table": Family("numeric-table", {"world.facts": "{files}/numbers.csv"}),
    "numeric-bins": Family(
        "numeric-table",
        {"world.facts": "{files}/numbers.csv", "world.scale": "bins", "world.bins": "5"},
    ),
    "atlas": Family("atlas", NARROW | {"world.max_test": "500"}, needs="airportsdata"),
    "question": Family("question", NARROW | FEW_APART, is_sentences=True),
    "tense": Family("tense", NARROW | FEW_APART, is_sentences=True),
    "dyck": Family("dyck", FEW_LINES | {"world.max_tokens": "64"}, is_sentences=True),
    "sentences": Family(
        "sentences", NARROW | {"world.trees": "{files}/trees.conllu"}, True, needs="conllu"
    ),
    "lines-in-order": Family(
        "question",
        NARROW
        | FEW_APART
        | {
            "model.positions": "sinusoidal",
            "model.max_positions": "64",
            "model.norm": "post",
            "model.activation": "relu",
            "model.tied": "false",
            "feed.by_length": "false",
            "train.optimizer": "adamw",
            "train.schedule": "constant",
            "train.batch_size": "8",
        },
        is_sentences=True,
    ),
    "reader": Family("reader", TINY),
    "reader-mixed": Family("reader", TINY | {"world.order": "mixed", "world.fillers": "false"}),
    "reader-comparison": Family("reader-comparison", {"world.max_test": "500"}),
} | {name: Family("composition", TINY | told) for name, told in SETTINGS.items()}

SMALL = {"model.d_model": "16", "model.n_heads": "2", "train.keep": "2"}
"""Settings of runs that are kept whole: the last two checkpoints take some 100 KB."""

OLD_RUNS: dict[str, Family] = {
    "composition": Family("composition", TINY | SMALL),
    "comparison": Family(
        "comparison", SMALL | {"world.entities": "16", "world.attributes": "2", "world.phi": "4"}
    ),
    "question": Family(
        "question",
        SMALL
        | {
            "world.train": "120",
            "world.test_id": "20",
            "world.test_ood": "20",
            "world.test_apart": "20",
            "model.n_layers": "1",
            "train.batch_size": "8",
        },
        is_sentences=True,
    ),
}
"""One of each kind of run, small enough to be kept whole."""


def write_made_files(folder: Path) -> None:
    """Facts that chain, a table of numbers and a few dependency trees, the same every time."""
    folder.mkdir()
    steps = {"mother": (3, 1), "teacher": (5, 2), "friend": (7, 4), "rival": (1, 9)}
    facts = [
        (f"p{i}", name, f"p{(a * i + b) % 23}") for i in range(23) for name, (a, b) in steps.items()
    ]
    # One relation of one subject with two objects: they are left out.
    facts.append(("p0", "mother", "p5"))
    write_csv(folder / "facts.csv", [("subject", "relation", "object"), *facts])
    numbers = [
        (
            f"town{i}",
            i * i % 37,
            (5 * i) % 29,
            "NA" if i % 9 == 4 else round(0.7 * (11 * i % 31), 1),
        )
        for i in range(26)
    ]
    write_csv(folder / "numbers.csv", [("town", "height", "people", "rain"), *numbers])
    (folder / "trees.conllu").write_text("\n".join(made_sentences()))


def made_sentences() -> Iterator[str]:
    """Two kinds of sentences in CoNLL-U: `the dog sees a cat`, `the old dog sees cat`."""
    nouns, verbs = ("dog", "cat", "child", "teacher"), ("sees", "hears", "calls")
    for place, (one, verb, other) in enumerate(product(nouns, verbs, nouns)):
        words, heads = (
            (("the", one, verb, "a", other), (2, 3, 0, 5, 3))
            if place % 2
            else (("the", "old", one, verb, other), (3, 3, 4, 0, 4))
        )
        rows = enumerate(zip(words, heads, strict=True), 1)
        yield "".join(f"{i}\t{word}\t_\t_\t_\t_\t{head}\t_\t_\t_\n" for i, (word, head) in rows)


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
