"""Folds: an estimate of a small table that rests on all of its questions.

Enters: the config of a run on chains of facts. Leaves: a run for each fold, which holds out another
part of the questions (and, with `missing_frac`, other facts), and `folds.json` with the right
answers of all of them together.

Of a small table a single run holds out a handful of questions, and a share of these says little.
The folds' runs are only for the estimate; the run that one asks is trained as ever.

Nothing is decided by held-out questions in these runs (they hold out no validation, and the stop
rule may read none), and OOD facts, which would be the same in every fold, are left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.files import write_json
from latebloom.intervals import wilson
from latebloom.studies.grow import grow
from latebloom.training.config import RunConfig
from latebloom.training.listener import Listener
from latebloom.training.until import parse_until
from latebloom.worlds.splits import ENOUGH, is_test, is_validation

FILE = "folds.json"
MOST = 20
"""Folds at most."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """A test split over all folds. right, questions: of all of them together."""

    split: str
    right: int
    questions: int

    @property
    def enough(self) -> bool:
        """Whether there are enough to judge by."""
        return self.questions >= ENOUGH

    def as_dict(self) -> dict[str, Any]:
        """The counts for JSON; no share of too few."""
        share = self.right / self.questions if self.enough else None
        low, high = wilson(self.right, self.questions)
        return {
            "split": self.split,
            "right": self.right,
            "questions": self.questions,
            "accuracy": share,
            "ci95": [low, high] if self.enough else None,
        }

    def line(self) -> str:
        """The estimate in words."""
        told = f"{self.split}: {self.right:,} of {self.questions:,} right"
        if not self.enough:
            return f"{told}, too few to judge by ({ENOUGH} are needed)"
        low, high = wilson(self.right, self.questions)
        return f"{told}, {self.right / self.questions:.1%} (95 % interval {low:.1%} to {high:.1%})"


def config_of_fold(config: RunConfig, folds: int, fold: int) -> RunConfig:
    """The config of the run of one fold.

    Raises: LatebloomError for a world without folds, for too few or too many of them, or for a stop
    rule that reads held-out questions.
    """
    if not hasattr(config.world, "folds"):
        raise LatebloomError(
            f"--folds has no effect on {config.recipe}; it is for facts: latebloom grok facts"
            " --facts FILE"
        )
    if not 2 <= folds <= MOST:
        raise LatebloomError(f"--folds is {folds}; use 2 to {MOST}")
    for split, _ in parse_until(config.train.until):
        if is_test(split) or is_validation(split):
            raise LatebloomError(
                f"--until {config.train.until!r} reads {split}, which is held out: with --folds a"
                " run stops by what it was told, or by its steps"
            )
    return config.replace("world", folds=folds, fold=fold, ood_frac=0.0, valid_frac=0.0)


def grow_folds(
    config: RunConfig,
    folder: Path,
    folds: int,
    *,
    listener: Callable[[int], Listener],
    device: str = "auto",
    threads: int = 0,
    overwrite: bool = False,
) -> list[Pooled]:
    """Grows the run of every fold under a folder, pools their tests and writes `folds.json`.

    listener: who is told how each fold goes.
    Raises: LatebloomError as `config_of_fold` and `grow`.
    """
    configs = [config_of_fold(config, folds, fold) for fold in range(folds)]
    summaries = [
        grow(
            replace(one, train=replace(one.train, keep=1)),
            folder / f"fold-{fold + 1}",
            listener=listener(fold),
            device=device,
            threads=threads,
            overwrite=overwrite,
        )
        for fold, one in enumerate(configs)
    ]
    pooled = pool(summaries)
    write_json(folder / FILE, {"folds": folds, "pooled": [one.as_dict() for one in pooled]})
    return pooled


def pool(summaries: list[dict[str, Any]]) -> list[Pooled]:
    """The test splits of several runs, each taken together."""
    counts: dict[str, tuple[int, int]] = {}
    for summary in summaries:
        splits: Mapping[str, Any] = summary["splits"]
        for split, row in splits.items():
            if is_test(split):
                right, of = counts.get(split, (0, 0))
                counts[split] = (right + row["correct"], of + row["n"])
    return [Pooled(split, right, of) for split, (right, of) in counts.items()]
